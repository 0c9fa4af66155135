#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/base/bytes.h"

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

    /// What the disk holds if the power goes now, by path: of what was written to a file since its
    /// last sync only some came through, in any order, and the last of it in part.
    std::map<std::string, Bytes> after_power_loss(std::minstd_rand& random);

    // What the files of SQLite tell.
    void opened(const std::string& path);
    void changed(const std::string& path, sqlite3_int64 offset, Bytes bytes);
    void truncated(const std::string& path, sqlite3_int64 size);
    void synced(const std::string& path);
    void removed(const std::string& path);

  private:
    /// A write, or with `cut` the end of the file at `offset`.
    struct Change {
        std::size_t offset = 0;
        Bytes bytes;
        bool cut = false;
        void apply(Bytes& content) const;
    };
    struct Volatile {
        Bytes durable;
        std::vector<Change> pending;
    };
    std::mutex mutex_;
    std::map<std::string, Volatile> files_;
};

inline void FaultyDisk::Change::apply(Bytes& content) const {
    const std::size_t end = offset + bytes.size();
    if (cut || end > content.size()) content.resize(end);
    std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
}

inline void FaultyDisk::opened(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::ifstream file(path, std::ios::binary);
    files_.try_emplace(path,
                       Volatile{{std::istreambuf_iterator<char>(file), {}}, std::vector<Change>{}});
}

inline void FaultyDisk::changed(const std::string& path, sqlite3_int64 offset, Bytes bytes) {
    const std::lock_guard lock(mutex_);
    files_[path].pending.push_back({static_cast<std::size_t>(offset), std::move(bytes), false});
}

inline void FaultyDisk::truncated(const std::string& path, sqlite3_int64 size) {
    const std::lock_guard lock(mutex_);
    files_[path].pending.push_back({static_cast<std::size_t>(size), {}, true});
}

inline void FaultyDisk::synced(const std::string& path) {
    const std::lock_guard lock(mutex_);
    Volatile& file = files_[path];
    for (const Change& change : file.pending) change.apply(file.durable);
    file.pending.clear();
}

inline void FaultyDisk::removed(const std::string& path) {
    const std::lock_guard lock(mutex_);
    files_.erase(path);
}

inline std::map<std::string, Bytes> FaultyDisk::after_power_loss(std::minstd_rand& random) {
    const std::lock_guard lock(mutex_);
    std::map<std::string, Bytes> left;
    for (const auto& [path, file] : files_) {
        Bytes& content = left[path] = file.durable;
        for (std::size_t at = 0; at < file.pending.size(); ++at) {
            Change change = file.pending[at];
            if (random() % 2 == 0) continue;
            const bool torn = at + 1 == file.pending.size() && !change.bytes.empty();
            if (torn) change.bytes.resize(random() % change.bytes.size());
            change.apply(content);
        }
    }
    return left;
}

namespace faults {

inline FaultyDisk* g_disk = nullptr;
inline sqlite3_vfs* g_real = nullptr;
inline sqlite3_vfs g_faulty;
inline sqlite3_io_methods g_methods;

struct FaultyFile {
    sqlite3_file base;  // SQLite's view; must be first
    bool is_log;
    const char*
        path;  // SQLite keeps it for as long as the file is open; null for a file without a name
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

inline FaultyFile* faulty(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file); }
inline sqlite3_file* real(sqlite3_file* file) { return faulty(file)->real(); }
inline const sqlite3_io_methods* calls(sqlite3_file* file) { return real(file)->pMethods; }

inline int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    if (g_disk->full) return SQLITE_FULL;
    if (g_disk->writes_fail) return SQLITE_IOERR_WRITE;
    const int code = calls(file)->xWrite(real(file), bytes, size, offset);
    if (code == SQLITE_OK && faulty(file)->path != nullptr) {
        const auto* const from = static_cast<const std::uint8_t*>(bytes);
        g_disk->changed(faulty(file)->path, offset, Bytes(from, from + size));
    }
    return code;
}

inline int sync_file(sqlite3_file* file, int flags) {
    if (faulty(file)->is_log) ++g_disk->syncs;
    if (g_disk->syncs_fail) return SQLITE_IOERR_FSYNC;
    const int code = calls(file)->xSync(real(file), flags);
    if (code == SQLITE_OK && faulty(file)->path != nullptr) g_disk->synced(faulty(file)->path);
    return code;
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
        if (faulty(file)->path != nullptr) g_disk->truncated(faulty(file)->path, size);
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
    made->path = name;
    if (code == SQLITE_OK && name != nullptr) g_disk->opened(name);
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
    faults::g_faulty.xDelete = [](sqlite3_vfs*, const char* name, int sync_folder) {
        const int code = faults::g_real->xDelete(faults::g_real, name, sync_folder);
        if (code == SQLITE_OK) faults::g_disk->removed(name);
        return code;
    };
    EXPECT_EQ(sqlite3_vfs_register(&faults::g_faulty, 1), SQLITE_OK);
}

inline FaultyDisk::~FaultyDisk() {
    sqlite3_vfs_unregister(&faults::g_faulty);
    sqlite3_vfs_register(faults::g_real, 1);
    faults::g_disk = nullptr;
}

}  // namespace sov::sqlite
