/**
 * Pages of our files in the guest's DAX window.
 *
 * <pre>
 *  window   │  range: a file from its start        │  free  │  range: another file  │
 *  pieces   │  the file's pages  │  shadow pages   │        │  the file's pages     │
 *  file     │  whole pages       │  bytes ┊ no more│        │  longer than the range│
 * </pre>
 *
 * <p>The guest sets up ranges, the front-end maps pieces. A range is served by one piece or two.
 * Who owns whom:
 *
 * <pre>
 *  DaxWindow ── RangeTable: the ranges the guest has set up, each a DaxRange
 *      │            Layout: one piece of the file's whole pages + one piece of ShadowPages for the rest
 *      ├── WindowPieces ──▶ ShmemChannel ──SHMEM_MAP + fd──▶ front-end
 *      ├── DaxFile: one host file, its ranges, its size as seen
 *      ├── PendingCuts: what the guest and other programs are about to cut off files
 *      └── FileWatch (after the fact, inotify), TruncationGuard (before the fact, fanotify)
 * </pre>
 *
 * <p>Read first, in this order: {@link io.jvirtiofsd.dax.DaxWindow}, what the guest asks for;
 * {@code DaxRange}, what a range is; {@code Layout}, which pieces serve it; {@link
 * io.jvirtiofsd.dax.DaxFile}, how shadow pages and a file are kept equal. {@link
 * io.jvirtiofsd.dax.TruncationGuard} is a chapter of its own: it holds up a program that cuts a
 * mapped file; {@code BlockedCall} reads what a held thread is about to do.
 *
 * <p>The threads that serve requests enter the window. {@code dax-files} runs {@code FileWatch},
 * and {@code dax-guard}, {@code dax-cutter}, {@code dax-looker} run the guard. The control thread
 * uses the few methods that take no monitor, and others only while no front-end can be asked.
 *
 * <p>Two words are the house's own. To <i>settle</i> a file is to make its shadow pages and the
 * file equal: what the guest has stored goes into the file, what others have written goes to the
 * guest. A piece is <i>doubtful</i> when the front-end was asked to map or unmap it and has not
 * answered: it may be mapped or not, and is seen to before its place is used again.
 */
package io.jvirtiofsd.dax;
