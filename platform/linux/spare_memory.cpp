#include "platform/linux/spare_memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace sov::host {
namespace {

constexpr int kArenas = 2;

/// Drops what is mapped of one program or library and can't have been written: relocations are
/// only made in segments that are writable while it is loaded.
int drop_pages(dl_phdr_info* info, std::size_t, void*) {
    // The kernel's own, which is no file.
    if (info->dlpi_addr == getauxval(AT_SYSINFO_EHDR)) return 0;
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int at = 0; at < info->dlpi_phnum; ++at) {
        const ElfW(Phdr)& segment = info->dlpi_phdr[at];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const std::uintptr_t begin = (info->dlpi_addr + segment.p_vaddr) & ~(page - 1);
        const std::uintptr_t end = info->dlpi_addr + segment.p_vaddr + segment.p_memsz;
        // Where it is refused, on locked memory, the pages stay.
        madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void keep_heap_together() { mallopt(M_ARENA_MAX, kArenas); }

void give_back_spare_memory() {
    malloc_trim(0);
    dl_iterate_phdr(drop_pages, nullptr);
}

}  // namespace sov::host
