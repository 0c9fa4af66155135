#include "daemon/app/persistence.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>
#include <variant>

#include "daemon/core/base/utf8.h"
#include "daemon/core/identity/peer_name.h"

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

namespace {

// A flipped bit makes no name that can be claimed, and none that protobuf carries.
bool is_name(const std::string& text) {
    const auto folded = identity::fold_name(text);
    return folded && *folded == text;
}

// Where a character is broken, '?' takes its place.
std::string whole_text(std::string text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = utf8_character_bytes(std::string_view(text).substr(at));
        if (size == 0) text[at] = '?';
        at += std::max<std::size_t>(size, 1);
    }
    return text;
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
    for (const ports::NamePin& pin : stored.pins) {
        if (is_name(pin.name)) state.name_pins.emplace_back(pin.name, pin.owner);
    }
    std::copy_if(stored.own_names.begin(), stored.own_names.end(),
                 std::back_inserter(state.own_names), is_name);
    state.sequence_reserved = stored.sequence_reserved;
    if (stored.presence_key) state.presence_key = stored.presence_key->bytes;
    for (const ports::StoredFriend& one : stored.friends) {
        discovery::FriendRecord& known = state.friends.emplace_back();
        known.peer = one.peer;
        known.note = whole_text(one.note);
        if (one.presence_key) known.presence_key = one.presence_key->bytes;
        known.told = one.told;
        known.moved_from = one.moved_from;
        known.second_key = one.second_key;
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
        owner_.submit_replacing(
            {ports::ReplaceOwnNames{wanted.names}, "the list of own names"},
            [confirm = owner_.confirm_, ticket = wanted.ticket](bool ok) { confirm(ticket, ok); });
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
        owner_.submit_replacing({ports::PutOwnValue{{kept.key, kept.owner, kept.app, kept.record,
                                                     wall_time(kept.ends, now_)}},
                                 "a value to keep in the network"});
    }
    void operator()(const OwnValueOver& over) const {
        std::function<void(bool ok)> done;
        if (over.ticket != 0)
            done = [confirm = owner_.confirm_, ticket = over.ticket](bool ok) {
                confirm(ticket, ok);
            };
        owner_.submit_replacing({ports::EraseOwnValue{over.key, over.owner}, "the end of a value"},
                                std::move(done));
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
            one.moved_from = known.moved_from;
            one.second_key = known.second_key;
        }
        owner_.submit_replacing({std::move(write), "the list of friends"});
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
        owner_.submit_replacing({std::move(write), "the blocklist"});
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

Persistence::Place Persistence::place_of(const ports::StoreWrite& write) {
    if (const auto* put = std::get_if<ports::PutOwnValue>(&write))
        return {write.index(), put->value.key, put->value.owner};
    // The end of a value takes the place of the value.
    if (const auto* over = std::get_if<ports::EraseOwnValue>(&write))
        return {ports::StoreWrite(ports::PutOwnValue{}).index(), over->key, over->owner};
    return {write.index(), Key{}, PeerId{}};
}

void Persistence::submit_replacing(Replacing replacing, std::function<void(bool ok)> done) {
    const Place place = place_of(replacing.write);
    const std::uint64_t serial = ++replacing_submitted_;
    {
        const std::lock_guard lock(unsaved_->mutex);
        if (unsaved_->places.size() < kUnsavedMax || unsaved_->places.contains(place))
            unsaved_->places[place] = {serial, std::nullopt};
    }
    ports::StoreWrite write = replacing.write;
    store_.submit(std::move(write),
                  [unsaved = unsaved_, &log = log_, place, serial, replacing = std::move(replacing),
                   done = std::move(done)](bool ok) mutable {
                      if (done) done(ok);
                      if (!ok && !std::exchange(replacing.told, true))
                          log.write(LogLevel::kWarning, "store", "store.write_failed",
                                    "could not be written to disk", {{"what", replacing.what}});
                      const std::lock_guard lock(unsaved->mutex);
                      const auto newest = unsaved->places.find(place);
                      // What came for the place meanwhile is behind this one in the store's queue.
                      if (newest == unsaved->places.end() || newest->second.serial != serial)
                          return;
                      if (ok) {
                          unsaved->places.erase(newest);
                      } else {
                          newest->second.failed = std::move(replacing);
                      }
                  });
}

void Persistence::write_again() {
    std::vector<Replacing> failed;
    {
        const std::lock_guard lock(unsaved_->mutex);
        for (auto& [place, newest] : unsaved_->places) {
            if (newest.failed) failed.push_back(std::move(*newest.failed));
            newest.failed.reset();
        }
    }
    for (Replacing& replacing : failed) submit_replacing(std::move(replacing));
    // Reserves what is reserved: without a write nobody learns that the disk is well again.
    if (!problem().empty()) store_.submit(ports::ReserveSequence{0}, {});
}

}  // namespace sov::app
