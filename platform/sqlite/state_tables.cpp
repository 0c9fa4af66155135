#include "platform/sqlite/state_tables.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sov::sqlite {

namespace {

// `records` keeps its row ids: a table without them has to put most envelopes on a page of their
// own.
constexpr const char* kCreate = R"(
CREATE TABLE meta (what TEXT PRIMARY KEY, schema INTEGER NOT NULL, openings INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('sovereign state', 1, 0);
CREATE TABLE records (key BLOB, owner BLOB, kind INTEGER, record BLOB NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (key, owner, kind));
CREATE INDEX records_by_expiry ON records (expires);
CREATE TABLE peers (position INTEGER PRIMARY KEY, node_key BLOB NOT NULL, v4 BLOB, v6 BLOB, anchor INTEGER NOT NULL);
CREATE TABLE pins (name BLOB PRIMARY KEY, owner BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE own_names (position INTEGER PRIMARY KEY, name BLOB NOT NULL);
CREATE TABLE sequence (one INTEGER PRIMARY KEY CHECK (one = 1), reserved INTEGER NOT NULL, check_reserved INTEGER NOT NULL);
)";

// Tables of later versions, which an older file gets when it is opened.
constexpr const char* kAdd = R"(
CREATE TABLE IF NOT EXISTS friends (peer BLOB PRIMARY KEY, note BLOB NOT NULL, presence_key BLOB,
    told INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS moved_friends (peer BLOB PRIMARY KEY, before BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS second_keys (peer BLOB PRIMARY KEY, hash BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (position INTEGER PRIMARY KEY, kind INTEGER NOT NULL, what BLOB NOT NULL,
    bits INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS own_values (key BLOB, owner BLOB, app INTEGER NOT NULL, record BLOB NOT NULL,
    ends INTEGER NOT NULL, PRIMARY KEY (key, owner));
CREATE TABLE IF NOT EXISTS presence (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL);
)";

// SQLite's integers are signed. Times beyond its range (292 million years) become the last one;
// sequence numbers keep their bits, as they are never compared by SQLite.
std::int64_t stored_time(UnixMillis time) {
    constexpr auto kLast = static_cast<UnixMillis>(std::numeric_limits<std::int64_t>::max());
    return static_cast<std::int64_t>(std::min(time, kLast));
}

// Address and port, big-endian, as on the wire.
void bind_endpoint(Statement& statement, int parameter, const Endpoint& endpoint) {
    if (endpoint.port == 0) {
        statement.bind_none(parameter);
        return;
    }
    std::array<std::uint8_t, 18> bytes{};
    const std::size_t size = endpoint.address_size();
    std::copy_n(endpoint.address.begin(), size, bytes.begin());
    store_u16(bytes.data() + size, endpoint.port);
    statement.bind(parameter, ByteView(bytes).first(size + 2));
}

// False for a blob of another length than the family has.
bool read_endpoint(const Statement& statement, int column, Family family, Contact& contact) {
    if (statement.none(column)) return true;
    const Bytes bytes = statement.blob(column);
    Endpoint endpoint;
    endpoint.family = family;
    const std::size_t size = endpoint.address_size();
    if (bytes.size() != size + 2) return false;
    std::copy_n(bytes.begin(), size, endpoint.address.begin());
    endpoint.port = load_u16(bytes.data() + size);
    contact.set(endpoint);
    return true;
}

template <typename Fixed>
bool read_fixed(const Statement& statement, int column, Fixed& value) {
    const Bytes bytes = statement.blob(column);
    if (bytes.size() != Fixed::kSize) return false;
    value = Fixed::from(bytes);
    return true;
}

}  // namespace

Code StateTables::create(Connection& database) {
    const std::string versions = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                                 "; PRAGMA user_version = " + std::to_string(kSchemaVersion) + ";";
    const Code code = database.execute("BEGIN IMMEDIATE;" + versions + kCreate + "COMMIT;");
    if (code != SQLITE_OK) {
        database.execute("ROLLBACK");
        return code;
    }
    // From the log into the file itself: the next start tells by it whose file this is.
    return database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Code StateTables::prepare(Connection& database) {
    const std::pair<const char*, Statement*> all[] = {
        {"INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", &put_record_},
        {"DELETE FROM records WHERE key = ? AND owner = ? AND kind = ?", &erase_record_},
        {"DELETE FROM records WHERE expires <= ?", &purge_records_},
        {"UPDATE meta SET openings = openings + 1", &count_opening_},
        {"SELECT key, owner, kind, record, expires FROM records WHERE expires > ? ORDER BY key",
         &all_records_},
        {"INSERT OR REPLACE INTO own_values VALUES (?, ?, ?, ?, ?)", &put_own_},
        {"DELETE FROM own_values WHERE key = ? AND owner = ?", &erase_own_},
        {"DELETE FROM own_values WHERE ends <= ?", &purge_own_},
        {"SELECT key, owner, app, record, ends FROM own_values WHERE ends > ? ORDER BY key, owner",
         &all_own_},
        {"DELETE FROM peers", &erase_peers_},
        {"INSERT INTO peers VALUES (?, ?, ?, ?, ?)", &put_peer_},
        {"SELECT node_key, v4, v6, anchor FROM peers ORDER BY position", &all_peers_},
        {"INSERT OR REPLACE INTO pins VALUES (?, ?)", &put_pin_},
        {"DELETE FROM pins WHERE name = ?", &erase_pin_},
        {"SELECT name, owner FROM pins ORDER BY name", &all_pins_},
        {"DELETE FROM own_names", &erase_own_names_},
        {"INSERT INTO own_names VALUES (?, ?)", &put_own_name_},
        {"SELECT name FROM own_names ORDER BY position", &all_own_names_},
        {"DELETE FROM friends", &erase_friends_},
        {"INSERT OR REPLACE INTO friends VALUES (?, ?, ?, ?)", &put_friend_},
        {"SELECT peer, note, presence_key, told, before, hash FROM friends LEFT JOIN moved_friends "
         "USING (peer) LEFT JOIN second_keys USING (peer) ORDER BY peer",
         &all_friends_},
        {"DELETE FROM moved_friends", &erase_moved_},
        {"INSERT OR REPLACE INTO moved_friends VALUES (?, ?)", &put_moved_},
        {"DELETE FROM second_keys", &erase_second_keys_},
        {"INSERT OR REPLACE INTO second_keys VALUES (?, ?)", &put_second_key_},
        {"DELETE FROM blocks", &erase_blocks_},
        {"INSERT INTO blocks VALUES (?, ?, ?, ?)", &put_block_},
        {"SELECT kind, what, bits FROM blocks ORDER BY position", &all_blocks_},
        {"INSERT OR REPLACE INTO presence VALUES (1, ?)", &put_presence_},
        {"SELECT key FROM presence", &get_presence_},
        {"INSERT OR REPLACE INTO sequence VALUES (1, ?, ?)", &put_sequence_},
        {"SELECT reserved, check_reserved FROM sequence", &get_sequence_},
    };
    const Code added = database.execute(kAdd);
    if (added != SQLITE_OK) return added;
    for (const auto& [sql, statement] : all) {
        const Code code = database.prepare(sql, *statement);
        if (code != SQLITE_OK) return code;
    }
    return messages_.prepare(database);
}

Code StateTables::read(UnixMillis now, ports::StoredState& state) {
    Code code = read_records(now, state);
    if (code == SQLITE_OK) code = read_own_values(now, state);
    if (code == SQLITE_OK) code = read_peers(state);
    if (code == SQLITE_OK) code = read_names(state);
    if (code == SQLITE_OK) code = read_friends(state);
    if (code == SQLITE_OK) code = read_blocks(state);
    if (code == SQLITE_OK) code = messages_.read(state);
    if (code == SQLITE_OK) code = read_sequence(state.sequence_reserved);
    return code;
}

Code StateTables::read_records(UnixMillis now, ports::StoredState& state) {
    all_records_.bind(1, stored_time(now));
    Code code;
    while ((code = all_records_.step()) == SQLITE_ROW) {
        ports::StoredRecord record;
        const std::int64_t kind = all_records_.integer(2);
        if (!read_fixed(all_records_, 0, record.key) ||
            !read_fixed(all_records_, 1, record.owner) || kind < 0 || kind > 255) {
            return SQLITE_CORRUPT;
        }
        record.kind = static_cast<std::uint8_t>(kind);
        record.record = all_records_.blob(3);
        record.expires = static_cast<UnixMillis>(all_records_.integer(4));
        state.records.push_back(std::move(record));
    }
    return all_read(code);
}

Code StateTables::read_own_values(UnixMillis now, ports::StoredState& state) {
    all_own_.bind(1, stored_time(now));
    Code code;
    while ((code = all_own_.step()) == SQLITE_ROW) {
        ports::StoredOwnValue value;
        const std::int64_t app = all_own_.integer(2);
        if (!read_fixed(all_own_, 0, value.key) || !read_fixed(all_own_, 1, value.owner) ||
            app < 0 || app > std::numeric_limits<std::uint32_t>::max())
            return SQLITE_CORRUPT;
        value.app = static_cast<std::uint32_t>(app);
        value.record = all_own_.blob(3);
        value.ends = static_cast<UnixMillis>(all_own_.integer(4));
        state.own_values.push_back(std::move(value));
    }
    return all_read(code);
}

Code StateTables::read_peers(ports::StoredState& state) {
    Code code;
    while ((code = all_peers_.step()) == SQLITE_ROW) {
        ports::CachedPeer peer;
        peer.contact.v6.family = Family::kIpv6;
        if (!read_fixed(all_peers_, 0, peer.contact.key) ||
            !read_endpoint(all_peers_, 1, Family::kIpv4, peer.contact) ||
            !read_endpoint(all_peers_, 2, Family::kIpv6, peer.contact)) {
            return SQLITE_CORRUPT;
        }
        peer.anchor = all_peers_.integer(3) != 0;
        state.peers.push_back(peer);
    }
    return all_read(code);
}

Code StateTables::read_names(ports::StoredState& state) {
    Code code;
    while ((code = all_pins_.step()) == SQLITE_ROW) {
        ports::NamePin pin{all_pins_.text(0), {}};
        if (!read_fixed(all_pins_, 1, pin.owner)) return SQLITE_CORRUPT;
        state.pins.push_back(std::move(pin));
    }
    if (code != SQLITE_DONE) return code;
    while ((code = all_own_names_.step()) == SQLITE_ROW) {
        state.own_names.push_back(all_own_names_.text(0));
    }
    return all_read(code);
}

Code StateTables::read_friends(ports::StoredState& state) {
    Code code;
    while ((code = all_friends_.step()) == SQLITE_ROW) {
        ports::StoredFriend one;
        if (!read_fixed(all_friends_, 0, one.peer)) return SQLITE_CORRUPT;
        one.note = all_friends_.text(1);
        if (!all_friends_.none(2) && !read_fixed(all_friends_, 2, one.presence_key.emplace()))
            return SQLITE_CORRUPT;
        one.told = all_friends_.integer(3) != 0;
        if (!all_friends_.none(4) && !read_fixed(all_friends_, 4, one.moved_from.emplace()))
            return SQLITE_CORRUPT;
        if (!all_friends_.none(5) && !read_fixed(all_friends_, 5, one.second_key.emplace()))
            return SQLITE_CORRUPT;
        state.friends.push_back(std::move(one));
    }
    if (code != SQLITE_DONE) return code;
    while ((code = get_presence_.step()) == SQLITE_ROW) {
        if (!read_fixed(get_presence_, 0, state.presence_key.emplace())) return SQLITE_CORRUPT;
    }
    return all_read(code);
}

Code StateTables::read_blocks(ports::StoredState& state) {
    Code code;
    while ((code = all_blocks_.step()) == SQLITE_ROW) {
        const std::int64_t kind = all_blocks_.integer(0), bits = all_blocks_.integer(2);
        ports::StoredBlock one{static_cast<std::uint8_t>(kind), all_blocks_.blob(1),
                               static_cast<std::uint8_t>(bits)};
        const std::size_t size = one.what.size();
        const bool fits = kind == 3 ? (size == 4 || size == 16) && bits >= 1 &&
                                          bits <= static_cast<std::int64_t>(size * 8)
                                    : (kind == 1 || kind == 2) && size == 32;
        if (!fits) return SQLITE_CORRUPT;
        state.blocks.push_back(std::move(one));
    }
    return all_read(code);
}

Code StateTables::read_sequence(std::uint64_t& reserved) {
    reserved = 0;
    const Code code = get_sequence_.step();
    if (code != SQLITE_ROW) return all_read(code);
    const std::int64_t number = get_sequence_.integer(0);
    const bool matches = get_sequence_.integer(1) == ~number;
    if (matches) reserved = static_cast<std::uint64_t>(number);
    while (get_sequence_.step() == SQLITE_ROW) {
    }
    return matches ? SQLITE_OK : SQLITE_CORRUPT;
}

Code StateTables::begin_use(UnixMillis now) {
    Code code = purge_records_.bind(1, stored_time(now)).run();
    if (code == SQLITE_OK) code = purge_own_.bind(1, stored_time(now)).run();
    return code == SQLITE_OK ? count_opening_.run() : code;
}

Code StateTables::apply(const ports::StoreWrite& write) {
    return std::visit([this](const auto& one) { return apply_one(one); }, write);
}

Code StateTables::apply_one(const ports::PutRecord& write) {
    return put_record_.bind(1, write.record.key.view())
        .bind(2, write.record.owner.view())
        .bind(3, write.record.kind)
        .bind(4, ByteView(write.record.record))
        .bind(5, stored_time(write.record.expires))
        .run();
}

Code StateTables::apply_one(const ports::EraseRecord& write) {
    return erase_record_.bind(1, write.key.view())
        .bind(2, write.owner.view())
        .bind(3, write.kind)
        .run();
}

Code StateTables::apply_one(const ports::PutOwnValue& write) {
    return put_own_.bind(1, write.value.key.view())
        .bind(2, write.value.owner.view())
        .bind(3, write.value.app)
        .bind(4, ByteView(write.value.record))
        .bind(5, stored_time(write.value.ends))
        .run();
}

Code StateTables::apply_one(const ports::EraseOwnValue& write) {
    return erase_own_.bind(1, write.key.view()).bind(2, write.owner.view()).run();
}

Code StateTables::apply_one(const ports::ReplacePeers& write) {
    Code code = erase_peers_.run();
    std::int64_t position = 0;
    for (const ports::CachedPeer& peer : write.peers) {
        if (code != SQLITE_OK) return code;
        put_peer_.bind(1, position++).bind(2, peer.contact.key.view()).bind(5, peer.anchor ? 1 : 0);
        bind_endpoint(put_peer_, 3, peer.contact.v4);
        bind_endpoint(put_peer_, 4, peer.contact.v6);
        code = put_peer_.run();
    }
    return code;
}

Code StateTables::apply_one(const ports::PutPin& write) {
    return put_pin_.bind(1, as_bytes(write.pin.name)).bind(2, write.pin.owner.view()).run();
}

Code StateTables::apply_one(const ports::ErasePin& write) {
    return erase_pin_.bind(1, as_bytes(write.name)).run();
}

Code StateTables::apply_one(const ports::ReplaceOwnNames& write) {
    Code code = erase_own_names_.run();
    std::int64_t position = 0;
    for (const std::string& name : write.names) {
        if (code != SQLITE_OK) return code;
        code = put_own_name_.bind(1, position++).bind(2, as_bytes(name)).run();
    }
    return code;
}

Code StateTables::apply_one(const ports::ReplaceFriends& write) {
    Code code = erase_friends_.run();
    if (code == SQLITE_OK) code = erase_moved_.run();
    if (code == SQLITE_OK) code = erase_second_keys_.run();
    for (const ports::StoredFriend& one : write.friends) {
        if (code != SQLITE_OK) return code;
        put_friend_.bind(1, one.peer.view()).bind(2, as_bytes(one.note)).bind(4, one.told ? 1 : 0);
        if (one.presence_key) {
            put_friend_.bind(3, one.presence_key->view());
        } else {
            put_friend_.bind_none(3);
        }
        code = put_friend_.run();
        if (code == SQLITE_OK && one.moved_from)
            code = put_moved_.bind(1, one.peer.view()).bind(2, one.moved_from->view()).run();
        if (code == SQLITE_OK && one.second_key)
            code = put_second_key_.bind(1, one.peer.view()).bind(2, one.second_key->view()).run();
    }
    return code == SQLITE_OK ? put_presence_.bind(1, write.presence_key.view()).run() : code;
}

Code StateTables::apply_one(const ports::ReplaceBlocks& write) {
    Code code = erase_blocks_.run();
    std::int64_t position = 0;
    for (const ports::StoredBlock& one : write.blocks) {
        if (code != SQLITE_OK) return code;
        code = put_block_.bind(1, position++)
                   .bind(2, one.kind)
                   .bind(3, ByteView(one.what))
                   .bind(4, one.bits)
                   .run();
    }
    return code;
}

// A reservation never goes back, whatever order two of them arrive in.
Code StateTables::apply_one(const ports::ReserveSequence& write) {
    std::uint64_t reserved = 0;
    const Code code = read_sequence(reserved);
    if (code != SQLITE_OK) return code;
    const auto number = static_cast<std::int64_t>(std::max(reserved, write.up_to));
    return put_sequence_.bind(1, number).bind(2, ~number).run();
}

}  // namespace sov::sqlite
