#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/ports/store.h"
#include "platform/sqlite/state_file.h"

namespace sov::sqlite {

struct StoreOptions {
    std::string directory;  ///< made with mode 0700 when missing; its parent must exist
    std::string file = "state.db";
    std::size_t queue_max = 8192;  ///< writes waiting; beyond it submit() refuses
    int pages_most = 262144;       ///< pages of 4 KiB: 1 GiB, so the store alone can't fill a disk
    std::chrono::milliseconds retry_after{1000};  ///< between attempts to open a failing disk again
    /// Erasing a message that is done waits this long for another write to share a transaction
    /// with: whoever dies meanwhile tells or sends it once more.
    std::chrono::milliseconds linger{20};
};

/// The store in one SQLite file. Files in `directory`, all of mode 0600:
///
///   state.db, -wal, -shm        the tables (state_tables.h), write-ahead logged
///   state.db.lock               held while the process lives; contains its pid
///   state.db.corrupt-<seconds>  a damaged file that was set aside; the newest five are kept
///
/// A write is confirmed when its transaction is in the log: that survives the death of the process,
/// and power failures up to the last checkpoint. ReserveSequence is confirmed after the log has
/// been synced to the disk. Writes that wait together share a transaction (up to kBatchMost of
/// them).
///
/// Full, read-only or failing disk: the write is answered done(false), health() says what to do,
/// and later writes try again; after an I/O error the file is opened anew first, at most once in
/// `retry_after`, since a handle whose sync failed can't be trusted (the kernel may have dropped
/// the pages). A damaged file found while running is set aside like one found at the start.
///
/// load() fails, and the file is not touched, for kBusy (another process has it), kUnsupported (a
/// database of another program or of a newer version) and kUnauthorized (permissions): problem()
/// then tells the operator what to do. A disk that takes no writes is no failure: load() returns
/// what can be read: health() says so, and a notice when that is nothing.
class SqliteStore final : public ports::Store {
  public:
    static constexpr std::size_t kBatchMost = 512;

    explicit SqliteStore(StoreOptions options);
    /// Carries out or refuses everything queued, then closes.
    ~SqliteStore() override;
    SqliteStore(const SqliteStore&) = delete;
    SqliteStore& operator=(const SqliteStore&) = delete;

    Result<ports::StoredState> load(UnixMillis now) override;
    /// `done` may be empty. Past `queue_max`, before a successful load() and after it failed,
    /// done(false) is called before submit() returns, on the caller's thread.
    void submit(ports::StoreWrite write, std::function<void(bool ok)> done) override;
    std::string health() const override;

    /// Why load() failed, in words for the operator; empty otherwise.
    const std::string& problem() const { return problem_; }
    /// What was set aside while running, in words for `status`; empty if nothing was.
    std::string notice() const;

  private:
    using Steady = std::chrono::steady_clock;
    struct Waiting {
        ports::StoreWrite write;
        std::function<void(bool)> done;
    };
    using Batch = std::vector<Waiting>;

    void run();
    void carry_out(Batch& batch);
    bool ready_to_write();
    void carry_out_singly(Batch& batch);
    void after_failure(Code code);
    void set_health(std::string words);

    const StoreOptions options_;
    std::string problem_;
    StateFile file_;  ///< the loader's, from the start of thread_ on the writer's alone
    Steady::time_point retry_at_{};

    mutable std::mutex mutex_;  ///< guards what follows, between submitters and the writer
    std::condition_variable wake_;
    std::deque<Waiting> queue_;
    std::string health_;
    std::string notice_;
    bool accepting_ = false;
    bool urgent_ = false;   ///< there is more in the queue than what can wait
    bool looking_ = false;  ///< the writer comes back by itself soon
    std::thread thread_;
};

}  // namespace sov::sqlite
