#include "platform/sqlite/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

namespace sov::sqlite {

namespace {

constexpr const char* kSchemaQuery = "SELECT schema FROM meta WHERE what = 'sovereign state'";
constexpr const char* kSides[] = {"", "-wal", "-shm"};

bool is_environment(Code code) {
    if (code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS) return false;
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_NOMEM:
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_PROTOCOL:
        case SQLITE_INTERRUPT: return true;
    }
    return false;
}

bool file_has_content(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && status.st_size > 0;
}

// A file whose header alone forbids writing is damaged; one that the system forbids to write is
// not.
bool system_lets_write(const std::string& path) {
    const int opened = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (opened >= 0) close(opened);
    return opened >= 0;
}

// Reads without a lock, a log or a shared-memory file: nothing is created or changed.
std::unique_ptr<Connection> open_frozen(const std::string& path) {
    return std::make_unique<Connection>(file_uri(path) + "?immutable=1", SQLITE_OPEN_READONLY);
}

}  // namespace

StateFile::StateFile(std::string directory, std::string name, int pages_most)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      path_(directory_ + "/" + name_),
      pages_most_(pages_most) {}

Outcome StateFile::open(UnixMillis now) {
    if (is_open()) return Outcome::kDone;
    problem_.clear();
    Outcome outcome = open_files();
    if (outcome == Outcome::kDone) outcome = judge_untouched();
    if (outcome == Outcome::kDone) {
        outcome = open_database(now);
        if (outcome == Outcome::kDone && !distrusted_.empty()) {
            problem_ = distrusted_;
            outcome = Outcome::kDamaged;
        }
    }
    if (outcome == Outcome::kDamaged) {
        close();
        outcome = set_aside(now);
        if (outcome == Outcome::kDone) outcome = open_files();
        if (outcome == Outcome::kDone) outcome = open_database(now);
        // A new file that is damaged at once is the disk's fault.
        if (outcome == Outcome::kDamaged) outcome = Outcome::kUnavailable;
    }
    if (outcome != Outcome::kDone) close();
    return outcome;
}

void StateFile::close() {
    failure_.clear();
    tables_.reset();
    connection_.reset();
}

std::string StateFile::message() const {
    if (!failure_.empty()) return failure_;
    return connection_ ? connection_->message() : std::string("not open");
}

std::string StateFile::take_notice() { return std::exchange(notice_, {}); }

// Directory, lock and, where there is none, an empty file of mode 0600.
Outcome StateFile::open_files() {
    if (mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
        const int number = errno;
        problem_ = "cannot make the state directory " + directory_ + ": " + std::strerror(number) +
                   "; make it with: mkdir -p -m 0700 " + directory_;
        return outcome_of_errno(number);
    }
    const Outcome locked = lock_.take(path_ + ".lock", problem_);
    if (locked != Outcome::kDone) return locked;

    const int opened = ::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    struct stat status {};
    if (opened < 0 || fstat(opened, &status) != 0) {
        const int number = errno;
        if (opened >= 0) ::close(opened);
        problem_ = "cannot open the state file " + path_ + ": " + std::strerror(number) +
                   "; it must be a plain file that this user can read and write";
        return outcome_of_errno(number);
    }
    ::close(opened);
    if (S_ISREG(status.st_mode)) return Outcome::kDone;
    problem_ = "the state file " + path_ + " is not a plain file; move it away";
    return Outcome::kForbidden;
}

// Tells whose file it is before anything is opened for writing. The row in `meta` and the header
// say the same twice: where they differ, the header has flipped bits, and the file is ours but
// damaged.
Outcome StateFile::judge_untouched() {
    const auto frozen = open_frozen(path_);
    const std::int64_t application = frozen->integer("PRAGMA application_id", 0);
    const std::int64_t version = frozen->integer("PRAGMA user_version", 0);
    const std::int64_t tables = frozen->integer("SELECT count(*) FROM sqlite_schema", -1);
    const std::int64_t schema = frozen->integer(kSchemaQuery, -1);
    if (schema > StateTables::kSchemaVersion ||
        (application == StateTables::kApplicationId && version > StateTables::kSchemaVersion &&
         schema < 0)) {
        problem_ = "the state file " + path_ + " was written by a newer version (schema " +
                   std::to_string(std::max(schema, version)) + ", this one knows " +
                   std::to_string(StateTables::kSchemaVersion) +
                   "): install that version again, or for a downgrade: restore the backup of " +
                   path_ + " that was made before the upgrade";
        return Outcome::kForeign;
    }
    // A file whose tables can't even be counted is nobody's database; it is set aside, not lost.
    if (schema < 0 && application != StateTables::kApplicationId &&
        (tables > 0 || (tables == 0 && application != 0))) {
        problem_ = "the state file " + path_ +
                   " is a database of another program: move it away or use another directory";
        return Outcome::kForeign;
    }
    return Outcome::kDone;
}

Outcome StateFile::open_database(UnixMillis now) {
    // SQLite gives its side files the mode of the main one.
    struct stat status {};
    if (stat(path_.c_str(), &status) == 0 && (status.st_mode & 077) != 0 &&
        chmod(path_.c_str(), 0600) != 0) {
        problem_ = "the state file " + path_ + " is readable by others: chmod 600 " + path_;
        return Outcome::kForbidden;
    }
    connection_ = std::make_unique<Connection>(file_uri(path_), SQLITE_OPEN_READWRITE);
    if (connection_->code() != SQLITE_OK) return failed(connection_->code(), "open");
    // trusted_schema, cell_size_check: a damaged file must not be able to do more than fail.
    const std::string settings =
        "PRAGMA busy_timeout = 2000; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304; PRAGMA max_page_count "
        "= " +
        std::to_string(pages_most_);
    Code code = connection_->execute(settings);
    if (code != SQLITE_OK) return failed(code, "settings");
    syncs_ = false;
    code = connection_->execute("PRAGMA journal_mode = WAL");
    if (code != SQLITE_OK) return failed(code, "write-ahead log");
    const std::string check = printable(connection_->text("PRAGMA quick_check(1)"));
    // No row at all means that the check itself failed; the next statement then says how.
    if (!check.empty() && check != "ok") {
        note_sequence();
        problem_ = check;
        return Outcome::kDamaged;
    }
    Statement count;
    code = connection_->prepare("SELECT count(*) FROM sqlite_schema", count);
    if (code == SQLITE_OK && (code = count.step()) == SQLITE_ROW) {
        const bool empty = count.integer(0) == 0;
        count = Statement();
        code = empty ? StateTables::create(*connection_) : SQLITE_OK;
    }
    if (code != SQLITE_OK) return failed(code, "tables");
    return check_database(now);
}

Outcome StateFile::check_database(UnixMillis now) {
    if (connection_->integer("PRAGMA application_id", 0) != StateTables::kApplicationId ||
        connection_->integer("PRAGMA user_version", 0) != StateTables::kSchemaVersion ||
        connection_->integer(kSchemaQuery, 0) != StateTables::kSchemaVersion) {
        note_sequence();
        problem_ = "its header and its tables contradict each other";
        return Outcome::kDamaged;
    }
    tables_ = std::make_unique<StateTables>();
    Code code = tables_->prepare(*connection_);
    if (code != SQLITE_OK) return failed(code, "tables");
    note_sequence();
    std::uint64_t reserved = 0;
    code = tables_->read_sequence(reserved);
    if (code != SQLITE_OK) return failed(code, "sequence number");

    code = begin(true);
    if (code == SQLITE_OK) code = tables_->begin_use(now);
    if (code == SQLITE_OK && sequence_seen_ > reserved) {
        code = tables_->apply(ports::ReserveSequence{sequence_seen_});
    }
    code = finish(code);
    // A full disk can still be read from, and erasing makes room.
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_FULL) return failed(code, "write");
    return Outcome::kDone;
}

Outcome StateFile::failed(Code code, const std::string& what) {
    problem_ = what + ": " + message();
    if (is_environment(code)) {
        problem_ = "cannot use the state file " + path_ + ": " + problem_;
        return Outcome::kUnavailable;
    }
    if ((code & 0xff) == SQLITE_READONLY && !system_lets_write(path_)) {
        problem_ = "the state file " + path_ + " can't be written: " + problem_;
        return Outcome::kUnavailable;
    }
    note_sequence();
    return Outcome::kDamaged;
}

// Best effort: on a damaged file the query may fail, and its check tells whether to believe it.
void StateFile::note_sequence() {
    constexpr const char* kQuery =
        "SELECT reserved FROM sequence WHERE one = 1 AND check_reserved = ~reserved";
    const auto found = static_cast<std::uint64_t>(connection_->integer(kQuery, 0));
    sequence_seen_ = std::max(sequence_seen_, found);
}

Outcome StateFile::set_aside(UnixMillis now) {
    // The main file goes first: should the process die in between, SQLite deletes a log that lies
    // beside a new, empty file, while a main file without its log could pass for a whole, older
    // one.
    const std::string reason = std::exchange(problem_, {});
    std::uint64_t second = now / 1000;
    std::string target = path_ + ".corrupt-" + std::to_string(second);
    while (std::filesystem::exists(target)) {
        target = path_ + ".corrupt-" + std::to_string(++second);
    }
    for (const char* const side : kSides) {
        if (rename((path_ + side).c_str(), (target + side).c_str()) == 0 || errno == ENOENT) {
            continue;
        }
        problem_ = "the state file " + path_ + " is damaged (" + reason +
                   ") and can't be set aside: " + std::strerror(errno);
        return Outcome::kUnavailable;
    }
    distrusted_.clear();
    drop_oldest_set_aside();
    notice_ =
        "the state file was damaged (" + reason + ") and set aside as " + target +
        "; records and peers are collected anew, pinned and claimed names must be set again, " +
        (sequence_seen_ > 0 ? "the record sequence number was kept"
                            : "the record sequence number starts anew");
    return Outcome::kDone;
}

void StateFile::drop_oldest_set_aside() const {
    std::vector<std::uint64_t> seconds;
    const std::string prefix = name_ + ".corrupt-";
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory_, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (name.compare(0, prefix.size(), prefix) != 0) continue;
        std::uint64_t second = 0;
        const char* const last = name.data() + name.size();
        const auto [rest, failure] = std::from_chars(name.data() + prefix.size(), last, second);
        if (failure == std::errc{} && rest == last) seconds.push_back(second);
    }
    std::sort(seconds.begin(), seconds.end());
    for (std::size_t at = 0; at + kSetAsideMost < seconds.size(); ++at) {
        for (const char* const side : kSides) {
            unlink((path_ + ".corrupt-" + std::to_string(seconds[at]) + side).c_str());
        }
    }
}

Outcome StateFile::read(UnixMillis now, ports::StoredState& state) {
    Code code = tables_->read(now, state);
    if (code == SQLITE_OK) return Outcome::kDone;
    const Outcome outcome = failed(code, "read");
    close();
    state = {};
    if (outcome != Outcome::kDamaged) return outcome;
    distrust(problem_);
    const Outcome again = open(now);
    if (again == Outcome::kDone) code = tables_->read(now, state);
    return again;
}

bool StateFile::read_frozen(UnixMillis now, ports::StoredState& state) {
    // Without the log the file is as old as the last checkpoint, or halfway through one.
    if (file_has_content(path_ + "-wal")) return false;
    const auto frozen = open_frozen(path_);
    StateTables tables;
    const bool good = frozen->code() == SQLITE_OK &&
                      frozen->text("PRAGMA quick_check(1)") == "ok" &&
                      frozen->integer(kSchemaQuery, -1) == StateTables::kSchemaVersion &&
                      tables.prepare(*frozen) == SQLITE_OK && tables.read(now, state) == SQLITE_OK;
    if (!good) state = {};
    return good;
}

Code StateFile::begin(bool on_platter) {
    failure_.clear();
    // The setting can't change inside a transaction. FULL makes SQLite sync the log at each commit.
    if (on_platter != syncs_) {
        const Code code = connection_->execute(on_platter ? "PRAGMA synchronous = FULL"
                                                          : "PRAGMA synchronous = NORMAL");
        if (code != SQLITE_OK) return code;
        syncs_ = on_platter;
    }
    return connection_->execute("BEGIN IMMEDIATE");
}

Code StateFile::finish(Code code) {
    if (code == SQLITE_OK) code = connection_->execute("COMMIT");
    if (code == SQLITE_OK) return code;
    failure_ = connection_->message();  // the roll-back would replace SQLite's words
    if (connection_->in_transaction()) connection_->execute("ROLLBACK");
    return code;
}

}  // namespace sov::sqlite
