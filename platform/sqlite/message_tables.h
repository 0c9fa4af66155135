#pragma once

#include "daemon/ports/store.h"
#include "platform/sqlite/connection.h"

namespace sov::sqlite {

/// The tables of messages in the state file and their statements, prepared once.
///
///   outgoing   (line, number) -> peer and letter, in the order they were put
///   incoming   serial -> sender, letter, time of arrival in milliseconds since 1970
///   taken      sender -> which of its messages were taken
///
/// Numbers of 64 bits keep their bits; SQLite's integers are signed.
class MessageTables {
  public:
    /// Makes the tables where they are missing and prepares the statements.
    Code prepare(Connection& database);
    /// Everything. Rows of an impossible shape count as damage.
    Code read(ports::StoredState& state);

    Code apply(const ports::PutOutgoing& write);
    Code apply(const ports::EraseOutgoing& write);
    Code apply(const ports::PutIncoming& write);
    Code apply(const ports::EraseIncoming& write);
    Code apply(const ports::EraseTaken& write);

  private:
    Code read_outgoing(ports::StoredState& state);
    Code read_incoming(ports::StoredState& state);
    Code read_taken(ports::StoredState& state);

    Statement put_outgoing_, erase_outgoing_, all_outgoing_;
    Statement put_incoming_, erase_incoming_, all_incoming_;
    Statement put_taken_, erase_taken_, all_taken_;
};

}  // namespace sov::sqlite
