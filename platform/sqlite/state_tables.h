#pragma once

#include <optional>

#include "daemon/ports/store.h"
#include "platform/sqlite/connection.h"
#include "platform/sqlite/message_tables.h"

namespace sov::sqlite {

/// The tables of the state file and the statements that read and change them, prepared once.
///
///   meta       one row that says whose file this is and which schema, a second time: a header with
///   a
///              flipped bit can so be told from a file of another program or of a newer version;
///              and how often the file was opened
///   records    (key, owner, kind) -> the signed envelope, expiry in milliseconds since 1970
///   own_values (key, owner) -> what our apps keep in the network: whose, the envelope, its end
///   peers      the peer cache in the order it was given
///   pins       name -> owner
///   own_names  what this node claims
///   friends    in the order of their ids: what the user calls them, their presence key, whether
///              they have ours; and the key that they had before (moved_friends)
///   blocks     in the order in which the user made them
///   presence   one row: our own presence key
///   sequence   one row: the highest reserved sequence number, and its complement as a check,
///   because
///              a wrong number here would be believed (everything else is checked by signatures or
///              by trying it)
/// Messages have tables of their own: see MessageTables.
class StateTables {
  public:
    static constexpr int kApplicationId = 0x534f5631;  ///< "SOV1", at offset 68 of the file
    static constexpr int kSchemaVersion = 1;

    /// Makes the tables of an empty database in one transaction.
    static Code create(Connection& database);

    /// Adds the tables that a file of an earlier version lacks (a version that does not know them
    /// leaves them alone), then prepares the statements. SQLITE_OK, or why they could not be
    /// prepared (a table is missing or misshapen).
    Code prepare(Connection& database);
    /// Everything, expired records left out. Rows of an impossible shape count as damage.
    Code read(UnixMillis now, ports::StoredState& state);
    /// Deletes what has expired and counts the opening, which is a write in any case: it tells
    /// whether the disk takes one. The caller holds the transaction.
    Code begin_use(UnixMillis now);
    /// Carries out one write; the caller holds the transaction.
    Code apply(const ports::StoreWrite& write);
    /// SQLITE_CORRUPT when the number and its check don't match.
    Code read_sequence(std::uint64_t& reserved);

  private:
    Code apply_one(const ports::PutRecord& write);
    Code apply_one(const ports::EraseRecord& write);
    Code apply_one(const ports::PutOwnValue& write);
    Code apply_one(const ports::EraseOwnValue& write);
    Code apply_one(const ports::ReplacePeers& write);
    Code apply_one(const ports::PutPin& write);
    Code apply_one(const ports::ErasePin& write);
    Code apply_one(const ports::ReplaceOwnNames& write);
    Code apply_one(const ports::ReplaceFriends& write);
    Code apply_one(const ports::ReplaceBlocks& write);
    Code apply_one(const ports::ReserveSequence& write);
    template <typename MessageWrite>
    Code apply_one(const MessageWrite& write) {
        return messages_.apply(write);
    }
    Code read_records(UnixMillis now, ports::StoredState& state);
    Code read_own_values(UnixMillis now, ports::StoredState& state);
    Code read_peers(ports::StoredState& state);
    Code read_names(ports::StoredState& state);
    Code read_friends(ports::StoredState& state);
    Code read_blocks(ports::StoredState& state);

    MessageTables messages_;
    Statement put_record_, erase_record_, purge_records_, all_records_, count_opening_;
    Statement put_own_, erase_own_, purge_own_, all_own_;
    Statement erase_peers_, put_peer_, all_peers_;
    Statement put_pin_, erase_pin_, all_pins_;
    Statement erase_own_names_, put_own_name_, all_own_names_;
    Statement erase_moved_, put_moved_, erase_second_keys_, put_second_key_;
    Statement erase_friends_, put_friend_, all_friends_, put_presence_, get_presence_;
    Statement erase_blocks_, put_block_, all_blocks_;
    Statement put_sequence_, get_sequence_;
};

}  // namespace sov::sqlite
