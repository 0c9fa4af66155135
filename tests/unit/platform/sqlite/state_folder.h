#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "platform/sqlite/connection.h"
#include "platform/sqlite/sqlite_store.h"
#include "tests/support/temporary_folder.h"

namespace sov::sqlite {

/// A directory that lives as long as the test.
class StateFolder {
  public:
    const std::string& path() const { return folder_.path(); }
    std::string database() const { return folder_.path("state.db"); }
    StoreOptions options() const {
        StoreOptions options;
        options.directory = path();
        options.retry_after = std::chrono::milliseconds(0);
        return options;
    }
    /// Names in the directory that contain `part`.
    std::vector<std::string> names_with(const std::string& part) const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(path())) {
            const std::string name = entry.path().filename().string();
            if (name.find(part) != std::string::npos) names.push_back(name);
        }
        return names;
    }

  private:
    // In memory where that can be had: hundreds of damaged files are synced in these tests.
    support::TemporaryFolder folder_{access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                                   : testing::TempDir()};
};

/// Changes a database that no store has open.
inline void run_sql(const std::string& path, const std::string& sql) {
    Connection connection(file_uri(path), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    ASSERT_EQ(connection.execute(sql), SQLITE_OK) << connection.message();
}

inline Bytes content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void replace_content(const std::string& path, const Bytes& content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
}

inline constexpr UnixMillis kNow = 1'700'000'000'000;

inline ports::StoredRecord record_of(std::uint32_t number, std::size_t size = 100,
                                     UnixMillis expires = kNow + 1000) {
    ports::StoredRecord record;
    store_u32(record.key.bytes.data(), number);
    record.owner.bytes[5] = 7;
    record.kind = 2;
    record.record = Bytes(size, static_cast<std::uint8_t>(number));
    record.expires = expires;
    return record;
}

/// Submits the writes together and waits for every answer, in order.
inline std::vector<bool> write_all(SqliteStore& store, std::vector<ports::StoreWrite> writes) {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<int> answers(writes.size(), -1);
    std::size_t missing = writes.size();
    for (std::size_t at = 0; at < answers.size(); ++at) {
        store.submit(std::move(writes[at]), [&, at](bool ok) {
            const std::lock_guard lock(mutex);
            answers[at] = ok ? 1 : 0;
            if (--missing == 0) changed.notify_one();
        });
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return missing == 0; });
    return {answers.begin(), answers.end()};
}

inline bool write_one(SqliteStore& store, ports::StoreWrite write) {
    return write_all(store, {std::move(write)}).front();
}

/// Opens the store anew and returns what it holds.
inline ports::StoredState reload(const StoreOptions& options, UnixMillis now = kNow) {
    SqliteStore store(options);
    auto state = store.load(now);
    EXPECT_TRUE(state.has_value()) << store.problem();
    return state.has_value() ? *state : ports::StoredState{};
}

}  // namespace sov::sqlite
