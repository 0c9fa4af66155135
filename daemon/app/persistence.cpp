#include "daemon/app/persistence.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace sov::app {
namespace {

using api::LogLevel;

UnixMillis wall_clock() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<UnixMillis>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

/// The wall clock's reading at `at`, seen from `now`. A record without end stays without end.
UnixMillis wall_time(Instant at, Instant now) {
    const auto ahead = std::chrono::duration_cast<std::chrono::milliseconds>(at - now).count();
    return wall_clock() + static_cast<UnixMillis>(std::max<std::int64_t>(ahead, 0));
}

}  // namespace

namespace {

std::vector<guard::Block> blocks_from(const std::vector<ports::StoredBlock>& stored) {
    std::vector<guard::Block> blocks;
    for (const ports::StoredBlock& one : stored) {
        guard::Block block;
        block.kind = static_cast<guard::Block::Kind>(one.kind);
        block.bits = one.bits;
        if (block.kind == guard::Block::Kind::kAddresses) {
            block.address.family = one.what.size() == 4 ? Family::kIpv4 : Family::kIpv6;
            std::copy(one.what.begin(), one.what.end(), block.address.address.begin());
        } else {
            block.key = Hash32::from(one.what);
        }
        blocks.push_back(block);
    }
    return blocks;
}

}  // namespace

RestoredState restored_from(const ports::StoredState& stored, UnixMillis now) {
    RestoredState state;
    for (const ports::StoredRecord& record : stored.records) {
        if (record.expires <= now) continue;
        // A clock that was years ahead when it was stored must not make a record last for years:
        // the node caps what it restores by its own limits.
        const std::chrono::milliseconds left(
            std::min<UnixMillis>(record.expires - now, 366ULL * 24 * 3600 * 1000));
        state.records.push_back({record.key, record.record, left});
    }
    for (const ports::StoredOwnValue& value : stored.own_values) {
        if (value.ends <= now) continue;
        const std::chrono::milliseconds left(
            std::min<UnixMillis>(value.ends - now, 366ULL * 24 * 3600 * 1000));
        state.own_values.push_back({value.key, value.record, value.app, left});
    }
    for (const ports::CachedPeer& peer : stored.peers) {
        (peer.anchor ? state.anchors : state.cached_peers).push_back(peer.contact);
    }
    for (const ports::NamePin& pin : stored.pins) state.name_pins.emplace_back(pin.name, pin.owner);
    state.own_names = stored.own_names;
    state.sequence_reserved = stored.sequence_reserved;
    if (stored.presence_key) state.presence_key = stored.presence_key->bytes;
    for (const ports::StoredFriend& one : stored.friends) {
        discovery::FriendRecord& known = state.friends.emplace_back();
        known.peer = one.peer;
        known.note = one.note;
        if (one.presence_key) known.presence_key = one.presence_key->bytes;
        known.told = one.told;
    }
    state.blocks = blocks_from(stored.blocks);
    return state;
}

class Persistence::Router {
  public:
    Router(Persistence& owner, Instant now) : owner_(owner), now_(now) {}

    void operator()(const PersistRecord& wanted) const {
        ports::StoredRecord record{wanted.key, wanted.owner, static_cast<std::uint8_t>(wanted.kind),
                                   wanted.record, wall_time(wanted.expires, now_)};
        confirmed(ports::PutRecord{std::move(record)}, wanted.ticket);
    }
    void operator()(const OwnNamesChanged& wanted) const {
        confirmed(ports::ReplaceOwnNames{wanted.names}, wanted.ticket);
    }
    void operator()(const ReserveSequence& wanted) const {
        confirmed(ports::ReserveSequence{wanted.up_to}, wanted.ticket);
    }
    void operator()(const ForgetRecord& wanted) const {
        owner_.submit(
            ports::EraseRecord{wanted.key, wanted.owner, static_cast<std::uint8_t>(wanted.kind)},
            "an expired record");
    }
    void operator()(const OwnValueKept& kept) const {
        owner_.submit(ports::PutOwnValue{{kept.key, kept.owner, kept.app, kept.record,
                                          wall_time(kept.ends, now_)}},
                      "a value to keep in the network");
    }
    void operator()(const OwnValueOver& over) const {
        owner_.submit(ports::EraseOwnValue{over.key, over.owner}, "the end of a value");
    }
    void operator()(const PinName& wanted) const {
        owner_.submit(ports::PutPin{{wanted.name, wanted.owner}}, "a name's owner");
    }
    void operator()(const FriendsChanged& changed) const {
        ports::ReplaceFriends write{Hash32{changed.presence_key}, {}};
        for (const discovery::FriendRecord& known : changed.friends) {
            ports::StoredFriend& one = write.friends.emplace_back();
            one.peer = known.peer;
            one.note = known.note;
            if (known.presence_key) one.presence_key = Hash32{*known.presence_key};
            one.told = known.told;
        }
        owner_.submit(std::move(write), "the list of friends");
    }
    void operator()(const BlocksChanged& changed) const {
        ports::ReplaceBlocks write;
        for (const guard::Block& block : changed.blocks) {
            const bool addresses = block.kind == guard::Block::Kind::kAddresses;
            write.blocks.push_back(
                {static_cast<std::uint8_t>(block.kind),
                 to_bytes(addresses ? block.address.address_view() : block.key.view()),
                 block.bits});
        }
        owner_.submit(std::move(write), "the blocklist");
    }
    template <typename Other>
    void operator()(const Other&) const {}

  private:
    void confirmed(ports::StoreWrite write, std::uint64_t ticket) const {
        owner_.store_.submit(std::move(write),
                             [confirm = owner_.confirm_, ticket](bool ok) { confirm(ticket, ok); });
    }

    Persistence& owner_;
    Instant now_;
};

void Persistence::handle_event(Instant now, const Event& event) {
    std::visit(Router(*this, now), event);
}

void Persistence::save_peers(const Node& node, Instant now) {
    ports::ReplacePeers write;
    for (const Contact& contact : node.anchors(now)) write.peers.push_back({contact, true});
    for (const Contact& contact : node.peers_to_cache(now)) write.peers.push_back({contact, false});
    // A node that knows nobody keeps what it remembers: that is all it has to start from.
    if (!write.peers.empty()) submit(std::move(write), "the peers to start from");
}

void Persistence::forget_pin(std::string_view name) {
    submit(ports::ErasePin{std::string(name)}, "a forgotten name");
}

void Persistence::submit(ports::StoreWrite write, std::string_view what) {
    store_.submit(std::move(write), [&log = log_, what = std::string(what)](bool ok) {
        if (!ok)
            log.write(LogLevel::kWarning, "store", "store.write_failed",
                      "could not be written to disk", {{"what", what}});
    });
}

}  // namespace sov::app
