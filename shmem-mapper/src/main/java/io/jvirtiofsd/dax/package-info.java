/**
 * Pages of our files in the guest's DAX window.
 *
 * <pre>
 *  DaxWindow ── ranges the guest has set up: DaxRange, by window offset
 *      │            Layout: one piece of the file's whole pages + one piece of ShadowPages for the rest
 *      ├── WindowPieces ──▶ ShmemChannel ──SHMEM_MAP + fd──▶ front-end
 *      ├── DaxFile: one host file, its ranges, its size as seen
 *      └── FileWatch (after the fact, inotify), TruncationGuard (before the fact, fanotify)
 * </pre>
 *
 * <ul>
 *   <li>{@link io.jvirtiofsd.dax.DaxWindow}: the window; start reading here
 *   <li>{@link io.jvirtiofsd.dax.DaxFile}: a file that is mapped, whatever node or handle leads to
 *       it
 *   <li>{@code Layout}: which pieces serve a range; {@code WindowPieces}: what the front-end holds
 *   <li>{@code ShadowPages}: memory of ours that stands for pages a file does not fill
 *   <li>{@link io.jvirtiofsd.dax.TruncationGuard}: holds up who cuts a mapped file; {@code
 *       BlockedCall} reads what a held thread is about to do, {@code ExpectedCuts} remembers it
 * </ul>
 */
package io.jvirtiofsd.dax;
