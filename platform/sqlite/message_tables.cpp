#include "platform/sqlite/message_tables.h"

#include <utility>

namespace sov::sqlite {

namespace {

constexpr const char* kCreateMessages = R"(
CREATE TABLE IF NOT EXISTS outgoing (position INTEGER PRIMARY KEY AUTOINCREMENT, line INTEGER NOT NULL,
    number INTEGER NOT NULL, peer BLOB NOT NULL, letter BLOB NOT NULL, UNIQUE (line, number));
CREATE TABLE IF NOT EXISTS incoming (serial INTEGER PRIMARY KEY, sender BLOB NOT NULL, letter BLOB NOT NULL,
    received INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS taken (peer BLOB PRIMARY KEY, numbers BLOB NOT NULL) WITHOUT ROWID;
)";

std::int64_t bits(std::uint64_t number) { return static_cast<std::int64_t>(number); }
std::uint64_t number(std::int64_t bits) { return static_cast<std::uint64_t>(bits); }

bool read_peer(const Statement& statement, int column, PeerId& peer) {
    const Bytes bytes = statement.blob(column);
    if (bytes.size() != PeerId::kSize) return false;
    peer = PeerId::from(bytes);
    return true;
}

}  // namespace

Code MessageTables::prepare(Connection& database) {
    const std::pair<const char*, Statement*> all[] = {
        {"INSERT OR REPLACE INTO outgoing (line, number, peer, letter) VALUES (?, ?, ?, ?)",
         &put_outgoing_},
        {"DELETE FROM outgoing WHERE line = ? AND number = ?", &erase_outgoing_},
        {"SELECT line, number, peer, letter FROM outgoing ORDER BY position", &all_outgoing_},
        {"INSERT OR REPLACE INTO incoming VALUES (?, ?, ?, ?)", &put_incoming_},
        {"DELETE FROM incoming WHERE serial = ?", &erase_incoming_},
        {"SELECT serial, sender, letter, received FROM incoming ORDER BY serial", &all_incoming_},
        {"INSERT OR REPLACE INTO taken VALUES (?, ?)", &put_taken_},
        {"DELETE FROM taken WHERE peer = ?", &erase_taken_},
        {"SELECT peer, numbers FROM taken ORDER BY peer", &all_taken_},
    };
    const Code made = database.execute(kCreateMessages);
    if (made != SQLITE_OK) return made;
    for (const auto& [sql, statement] : all) {
        const Code code = database.prepare(sql, *statement);
        if (code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
}

Code MessageTables::read(ports::StoredState& state) {
    Code code = read_outgoing(state);
    if (code == SQLITE_OK) code = read_incoming(state);
    if (code == SQLITE_OK) code = read_taken(state);
    return code;
}

Code MessageTables::read_outgoing(ports::StoredState& state) {
    Code code;
    while ((code = all_outgoing_.step()) == SQLITE_ROW) {
        ports::StoredOutgoing one{number(all_outgoing_.integer(0)),
                                  number(all_outgoing_.integer(1)),
                                  {},
                                  all_outgoing_.blob(3)};
        if (!read_peer(all_outgoing_, 2, one.peer)) return SQLITE_CORRUPT;
        state.outgoing.push_back(std::move(one));
    }
    return all_read(code);
}

Code MessageTables::read_incoming(ports::StoredState& state) {
    Code code;
    while ((code = all_incoming_.step()) == SQLITE_ROW) {
        ports::StoredIncoming one{number(all_incoming_.integer(0)),
                                  {},
                                  all_incoming_.blob(2),
                                  number(all_incoming_.integer(3))};
        if (!read_peer(all_incoming_, 1, one.from)) return SQLITE_CORRUPT;
        state.incoming.push_back(std::move(one));
    }
    return all_read(code);
}

Code MessageTables::read_taken(ports::StoredState& state) {
    Code code;
    while ((code = all_taken_.step()) == SQLITE_ROW) {
        PeerId peer;
        if (!read_peer(all_taken_, 0, peer)) return SQLITE_CORRUPT;
        state.taken_numbers.emplace_back(peer, all_taken_.blob(1));
    }
    return all_read(code);
}

Code MessageTables::apply(const ports::PutOutgoing& write) {
    const ports::StoredOutgoing& one = write.message;
    return put_outgoing_.bind(1, bits(one.line))
        .bind(2, bits(one.number))
        .bind(3, one.peer.view())
        .bind(4, ByteView(one.letter))
        .run();
}

Code MessageTables::apply(const ports::EraseOutgoing& write) {
    return erase_outgoing_.bind(1, bits(write.line)).bind(2, bits(write.number)).run();
}

Code MessageTables::apply(const ports::PutIncoming& write) {
    const ports::StoredIncoming& one = write.message;
    const Code code = put_incoming_.bind(1, bits(one.serial))
                          .bind(2, one.from.view())
                          .bind(3, ByteView(one.letter))
                          .bind(4, bits(one.received_at))
                          .run();
    if (code != SQLITE_OK) return code;
    return put_taken_.bind(1, one.from.view()).bind(2, ByteView(write.taken_numbers)).run();
}

Code MessageTables::apply(const ports::EraseIncoming& write) {
    return erase_incoming_.bind(1, bits(write.serial)).run();
}

Code MessageTables::apply(const ports::EraseTaken& write) {
    return erase_taken_.bind(1, write.peer.view()).run();
}

}  // namespace sov::sqlite
