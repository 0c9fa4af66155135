#pragma once

namespace sov::host {

/// Keeps the heap in two arenas (mallopt(3)). glibc would make eight for each processor, one for
/// nearly every thread here, and what a thread gave back would stay in its arena. Before the first
/// thread is made.
void keep_heap_together();

/// Gives back what is not in use: free pages of the heap (malloc_trim(3)), and the pages of
/// programs and libraries that were only needed for a moment, such as those of starting. What is
/// needed again comes back from the page cache at the first touch, 64 KiB at a time, in less than a
/// microsecond each. Written pages are never touched. Takes a millisecond.
void give_back_spare_memory();

}  // namespace sov::host
