#include "platform/sqlite/sqlite_store.h"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "daemon/core/base/check.h"

namespace sov::sqlite {

namespace {

void answer(std::function<void(bool)>& done, bool ok) {
    if (done) done(ok);
}

template <typename Batch>
void answer_all(Batch& batch, bool ok) {
    for (auto& waiting : batch) answer(waiting.done, ok);
}

bool must_reach_platter(const ports::StoreWrite& write) {
    return std::holds_alternative<ports::ReserveSequence>(write);
}

/// Nobody waits for it, and without it nothing worse comes than a repetition.
bool can_wait(const ports::StoreWrite& write) {
    return std::holds_alternative<ports::EraseOutgoing>(write) ||
           std::holds_alternative<ports::EraseIncoming>(write);
}

UnixMillis wall_clock() {
    return static_cast<UnixMillis>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count());
}

Errc errc_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::kBusy: return Errc::kBusy;
        case Outcome::kForeign: return Errc::kUnsupported;
        case Outcome::kDone:
        case Outcome::kForbidden:
        case Outcome::kUnavailable:
        case Outcome::kDamaged: break;
    }
    return Errc::kUnauthorized;
}

}  // namespace

SqliteStore::SqliteStore(StoreOptions options)
    : options_(std::move(options)), file_(options_.directory, options_.file, options_.pages_most) {}

SqliteStore::~SqliteStore() {
    {
        const std::lock_guard lock(mutex_);
        accepting_ = false;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

Result<ports::StoredState> SqliteStore::load(UnixMillis now) {
    SOV_CHECK(!thread_.joinable());
    ports::StoredState state;
    Outcome outcome = file_.open(now);
    if (outcome == Outcome::kDone) outcome = file_.read(now, state);
    if (outcome == Outcome::kUnavailable) {
        const std::string words = file_.problem();
        const bool read = file_.read_frozen(now, state);
        // What was read is complete once writes succeed; what was not is missing until a restart.
        if (!read) state.notice = words + "; it could not be read, the node starts without it";
        set_health(read ? words + "; what it holds was read, nothing new is kept" : words);
    } else if (outcome != Outcome::kDone) {
        problem_ = file_.problem();
        return errc_of(outcome);
    } else {
        state.notice = file_.take_notice();
    }
    accepting_ = true;
    try {
        thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
        accepting_ = false;
        problem_ = std::string("cannot start the store's thread: ") + error.what();
        return Errc::kBusy;
    }
    return state;
}

void SqliteStore::submit(ports::StoreWrite write, std::function<void(bool ok)> done) {
    bool taken = false, wakes = false;
    {
        const std::lock_guard lock(mutex_);
        taken = accepting_ && queue_.size() < options_.queue_max;
        if (taken) {
            const bool waits = can_wait(write);
            wakes = !(waits && looking_) && !urgent_;
            urgent_ = urgent_ || !waits;
            queue_.push_back({std::move(write), std::move(done)});
        }
    }
    // Not under the lock, which the writer would wait for right after it was woken.
    if (wakes) wake_.notify_one();
    if (!taken) answer(done, false);
}

std::string SqliteStore::health() const {
    const std::lock_guard lock(mutex_);
    return health_;
}

std::string SqliteStore::notice() const {
    const std::lock_guard lock(mutex_);
    return notice_;
}

void SqliteStore::set_health(std::string words) {
    const std::lock_guard lock(mutex_);
    health_ = std::move(words);
}

void SqliteStore::run() {
    for (;;) {
        Batch batch;
        {
            std::unique_lock lock(mutex_);
            looking_ = true;
            wake_.wait_for(lock, options_.linger, [this] { return urgent_ || !accepting_; });
            looking_ = false;
            wake_.wait(lock, [this] { return !queue_.empty() || !accepting_; });
            if (queue_.empty()) break;
            const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kBatchMost));
            std::move(queue_.begin(), queue_.begin() + count, std::back_inserter(batch));
            queue_.erase(queue_.begin(), queue_.begin() + count);
            urgent_ = !queue_.empty();
        }
        carry_out(batch);
    }
    file_.close();
}

void SqliteStore::carry_out(Batch& batch) {
    if (!ready_to_write()) return answer_all(batch, false);
    const bool platter = std::any_of(batch.begin(), batch.end(), [](const Waiting& waiting) {
        return must_reach_platter(waiting.write);
    });
    const Code code = file_.transact(batch.begin(), batch.end(), platter);
    if (code == SQLITE_OK) {
        set_health({});
        return answer_all(batch, true);
    }
    after_failure(code);
    // With no room for all of them there may be room for some, and an erasure makes more.
    if (file_.is_open() && batch.size() > 1) return carry_out_singly(batch);
    answer_all(batch, false);
}

void SqliteStore::carry_out_singly(Batch& batch) {
    bool all_written = true;
    for (auto waiting = batch.begin(); waiting != batch.end(); ++waiting) {
        Code code = SQLITE_IOERR;
        if (file_.is_open()) {
            code = file_.transact(waiting, waiting + 1, must_reach_platter(waiting->write));
            if (code != SQLITE_OK) after_failure(code);
        }
        all_written = all_written && code == SQLITE_OK;
        answer(waiting->done, code == SQLITE_OK);
    }
    if (all_written) set_health({});
}

bool SqliteStore::ready_to_write() {
    if (file_.is_open()) return true;
    if (Steady::now() < retry_at_) return false;
    if (file_.open(wall_clock()) == Outcome::kDone) {
        const std::lock_guard lock(mutex_);
        if (std::string words = file_.take_notice(); !words.empty()) notice_ = std::move(words);
        return true;
    }
    set_health(file_.problem());
    retry_at_ = Steady::now() + options_.retry_after;
    return false;
}

void SqliteStore::after_failure(Code code) {
    const std::string words = file_.message();
    switch (code & 0xff) {
        case SQLITE_FULL:
            set_health("the disk is full, or " + file_.path() +
                       " has reached its limit: nothing new is kept; make room on the disk of " +
                       options_.directory);
            return;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            set_health("another program holds " + file_.path() + " (" + words + "): close it");
            return;
        case SQLITE_NOMEM: set_health("out of memory: nothing new is kept"); return;
        case SQLITE_TOOBIG: return;  // one write's own fault
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: file_.distrust(words); break;
    }
    set_health("writing to " + file_.path() + " fails (" + words +
               "): nothing new is kept; check the disk and its mount with dmesg");
    file_.close();
    retry_at_ = Steady::now() + options_.retry_after;
}

}  // namespace sov::sqlite
