#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <new>

namespace sov::sqlite {

/// What the disk under SQLite does. While one exists, every database that is opened lives on it; it
/// sits between SQLite and the system's files (https://www.sqlite.org/vfs.html).
class FaultyDisk {
  public:
    FaultyDisk();
    ~FaultyDisk();
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;

    std::atomic<bool> full{false};         ///< writing gives ENOSPC
    std::atomic<bool> writes_fail{false};  ///< writing gives EIO
    std::atomic<bool> syncs_fail{false};   ///< fsync gives EIO
    std::atomic<bool> opening_fails{false};
    std::atomic<int> syncs{0};  ///< of write-ahead logs
    std::atomic<int> opens{0};  ///< of main files
};

namespace faults {

inline FaultyDisk* g_disk = nullptr;
inline sqlite3_vfs* g_real = nullptr;
inline sqlite3_vfs g_faulty;
inline sqlite3_io_methods g_methods;

struct FaultyFile {
    sqlite3_file base;  // SQLite's view; must be first
    bool is_log;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

inline FaultyFile* faulty(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file); }
inline sqlite3_file* real(sqlite3_file* file) { return faulty(file)->real(); }
inline const sqlite3_io_methods* calls(sqlite3_file* file) { return real(file)->pMethods; }

inline int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    if (g_disk->full) return SQLITE_FULL;
    if (g_disk->writes_fail) return SQLITE_IOERR_WRITE;
    return calls(file)->xWrite(real(file), bytes, size, offset);
}

inline int sync_file(sqlite3_file* file, int flags) {
    if (faulty(file)->is_log) ++g_disk->syncs;
    if (g_disk->syncs_fail) return SQLITE_IOERR_FSYNC;
    return calls(file)->xSync(real(file), flags);
}

// Everything else goes straight through.
inline sqlite3_io_methods pass_through() {
    sqlite3_io_methods methods{};
    methods.iVersion = 2;
    methods.xClose = [](sqlite3_file* file) { return calls(file)->xClose(real(file)); };
    methods.xRead = [](sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
        return calls(file)->xRead(real(file), to, size, offset);
    };
    methods.xWrite = write_file;
    methods.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
        return calls(file)->xTruncate(real(file), size);
    };
    methods.xSync = sync_file;
    methods.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
        return calls(file)->xFileSize(real(file), size);
    };
    methods.xLock = [](sqlite3_file* file, int level) {
        return calls(file)->xLock(real(file), level);
    };
    methods.xUnlock = [](sqlite3_file* file, int level) {
        return calls(file)->xUnlock(real(file), level);
    };
    methods.xCheckReservedLock = [](sqlite3_file* file, int* held) {
        return calls(file)->xCheckReservedLock(real(file), held);
    };
    methods.xFileControl = [](sqlite3_file* file, int operation, void* argument) {
        return calls(file)->xFileControl(real(file), operation, argument);
    };
    methods.xSectorSize = [](sqlite3_file* file) { return calls(file)->xSectorSize(real(file)); };
    methods.xDeviceCharacteristics = [](sqlite3_file* file) {
        return calls(file)->xDeviceCharacteristics(real(file));
    };
    methods.xShmMap = [](sqlite3_file* file, int page, int size, int extend, void volatile** to) {
        return calls(file)->xShmMap(real(file), page, size, extend, to);
    };
    methods.xShmLock = [](sqlite3_file* file, int offset, int count, int flags) {
        return calls(file)->xShmLock(real(file), offset, count, flags);
    };
    methods.xShmBarrier = [](sqlite3_file* file) { calls(file)->xShmBarrier(real(file)); };
    methods.xShmUnmap = [](sqlite3_file* file, int remove) {
        return calls(file)->xShmUnmap(real(file), remove);
    };
    return methods;
}

inline int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags,
                     int* out_flags) {
    auto* const made = new (file) FaultyFile{};
    made->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    if (g_disk->opening_fails) return SQLITE_CANTOPEN;
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) ++g_disk->opens;
    const int code = g_real->xOpen(g_real, name, made->real(), flags, out_flags);
    made->base.pMethods = made->real()->pMethods == nullptr ? nullptr : &g_methods;
    return code;
}

}  // namespace faults

inline FaultyDisk::FaultyDisk() {
    faults::g_disk = this;
    faults::g_real = sqlite3_vfs_find(nullptr);
    faults::g_methods = faults::pass_through();
    faults::g_faulty = *faults::g_real;
    faults::g_faulty.zName = "faulty";
    faults::g_faulty.szOsFile =
        static_cast<int>(sizeof(faults::FaultyFile)) + faults::g_real->szOsFile;
    faults::g_faulty.xOpen = faults::open_file;
    EXPECT_EQ(sqlite3_vfs_register(&faults::g_faulty, 1), SQLITE_OK);
}

inline FaultyDisk::~FaultyDisk() {
    sqlite3_vfs_unregister(&faults::g_faulty);
    sqlite3_vfs_register(faults::g_real, 1);
    faults::g_disk = nullptr;
}

}  // namespace sov::sqlite
