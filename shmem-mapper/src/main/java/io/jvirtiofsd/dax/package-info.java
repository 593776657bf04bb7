/**
 * Pages of our files in the guest's DAX window.
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
 * <ul>
 *   <li>{@link io.jvirtiofsd.dax.DaxWindow}: the window; start reading here
 *   <li>{@link io.jvirtiofsd.dax.DaxFile}: a file that is mapped, whatever node or handle leads to
 *       it
 *   <li>{@code Layout}: which pieces serve a range; {@code WindowPieces}: what the front-end holds
 *   <li>{@code ShadowPages}: memory of ours that stands for pages a file does not fill
 *   <li>{@link io.jvirtiofsd.dax.TruncationGuard}: holds up a program that cuts a mapped file;
 *       {@code BlockedCall} reads what a held thread is about to do, {@code PendingCuts} remembers
 *       it
 * </ul>
 *
 * <p>Two words are the house's own. To <i>settle</i> a file is to make its shadow pages and the
 * file equal: what the guest has stored goes into the file, what others have written goes to the
 * guest. A piece is <i>doubtful</i> when the front-end was asked to map or unmap it and has not
 * answered: it may be mapped or not, and is seen to before its place is used again.
 */
package io.jvirtiofsd.dax;
