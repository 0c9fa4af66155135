#pragma once

#include <memory>
#include <optional>
#include <string>

#include "platform/sqlite/connection.h"
#include "platform/sqlite/state_lock.h"
#include "platform/sqlite/state_tables.h"

namespace sov::sqlite {

/// The state file as a whole: finds out what lies there, sets a damaged one aside, makes a new one.
///
/// Opening checks the header, SQLite's quick_check and that a write goes through. A file of another
/// program or of a newer version is only read, in a way that writes nothing beside it either.
/// A damaged file is renamed to <file>.corrupt-<unix time> with its -wal and -shm (kSetAsideMost of
/// them are kept) and an empty one takes its place; the reserved sequence number is carried over if
/// it can still be read or was seen by this object before.
/// One thread at a time.
class StateFile {
  public:
    static constexpr std::size_t kSetAsideMost = 5;

    /// `pages_most`: how many pages of 4 KiB the file may have (SQLite's max_page_count).
    StateFile(std::string directory, std::string name, int pages_most);

    /// Anything but kDone leaves it closed, with the reason in problem().
    Outcome open(UnixMillis now);
    void close();
    bool is_open() const { return connection_ != nullptr; }

    /// Everything; sets the file aside and starts anew when a row turns out to be damaged.
    Outcome read(UnixMillis now, ports::StoredState& state);
    /// What can be read without writing anything, for a start on a disk that takes no writes.
    bool read_frozen(UnixMillis now, ports::StoredState& state);

    /// One transaction over writes [first, last), on the platter if one of them asks for it.
    template <typename Iterator>
    Code transact(Iterator first, Iterator last, bool on_platter) {
        Code code = begin(on_platter);
        for (; code == SQLITE_OK && first != last; ++first) code = tables_->apply(first->write);
        return finish(code);
    }

    /// The next open() sets the file aside, whatever its own checks say.
    void distrust(const std::string& why) { distrusted_ = why; }
    /// What was set aside since the last call, in words for a person.
    std::string take_notice();
    const std::string& problem() const { return problem_; }
    /// SQLite's words for the last failure.
    std::string message() const;
    const std::string& path() const { return path_; }
    const std::string& directory() const { return directory_; }

  private:
    Outcome open_files();
    Outcome judge_untouched();
    Outcome open_database(UnixMillis now);
    Outcome check_database(UnixMillis now);
    Outcome failed(Code code, const std::string& what);
    Outcome set_aside(UnixMillis now);
    void drop_oldest_set_aside() const;
    void note_sequence();
    Code begin(bool on_platter);
    Code finish(Code code);

    std::string directory_;
    std::string name_;
    std::string path_;
    int pages_most_;
    StateLock lock_;
    std::unique_ptr<Connection> connection_;
    std::unique_ptr<StateTables> tables_;  ///< its statements go before the connection does
    bool syncs_ = false;                   ///< the connection's setting
    std::uint64_t sequence_seen_ = 0;
    std::string distrusted_;
    std::string notice_;
    std::string problem_;
    std::string failure_;  ///< SQLite's words for the last transaction that failed
};

}  // namespace sov::sqlite
