#include "daemon/core/dht/item_store.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::dht {

void ItemStore::insert(const identity::CheckedRecord& item, Instant expires, std::uint64_t origin) {
    const Gone place{item.key, item.head.kind, item.head.owner};
    const std::uint64_t arrival = next_arrival_++;
    boxes_[{item.key, item.head.kind}].items.emplace(
        item.head.owner, Held{item.head, item.bytes, expires, origin, arrival});
    Origin& theirs = origins_[origin];
    theirs.bytes += item.bytes.size();
    theirs.items.emplace(arrival, place);
    expiries_.emplace(expires, place);
    ++count_;
    bytes_ += item.bytes.size();
}

// By value: what names an item often lies in the very table that forgets it here.
void ItemStore::erase(Gone which) {
    const auto box = boxes_.find({which.key, which.kind});
    SOV_CHECK(box != boxes_.end());
    const auto item = box->second.items.find(which.id);
    SOV_CHECK(item != box->second.items.end());
    const Held& held = item->second;
    const auto origin = origins_.find(held.origin);
    SOV_CHECK(origin != origins_.end());
    origin->second.bytes -= held.bytes.size();
    origin->second.items.erase(held.arrival);
    if (origin->second.items.empty()) origins_.erase(origin);
    expiries_.erase({held.expires, which});
    --count_;
    bytes_ -= held.bytes.size();
    box->second.items.erase(item);
    if (box->second.items.empty() && box->second.deleted.empty()) boxes_.erase(box);
}

void ItemStore::evict(Gone victim) {
    ++counters_.items_evicted;
    gone_.push_back(victim);
    erase(victim);
}

// The newest of the origin that has most at this key makes room, if it has two more than the
// newcomer's: one more would only swap their places.
bool ItemStore::make_room_at(const Place& place, const Box& box, std::uint64_t origin) {
    if (box.items.size() < most_at(place.second)) return true;
    std::map<std::uint64_t, std::size_t> counts;
    for (const auto& [id, held] : box.items) ++counts[held.origin];
    const auto most = std::max_element(counts.begin(), counts.end(),
                                       [](const auto& a, auto& b) { return a.second < b.second; });
    const auto mine = counts.find(origin);
    if (most->second < (mine == counts.end() ? 0 : mine->second) + 2) return false;
    const Held* newest = nullptr;
    for (const auto& [id, held] : box.items) {
        if (held.origin == most->first && (newest == nullptr || held.arrival > newest->arrival))
            newest = &held;
    }
    evict({place.first, place.second, newest->head.owner});
    return true;
}

bool ItemStore::make_room(std::uint64_t origin, std::size_t bytes) {
    while (bytes_ + bytes > limits_.item_bytes_max) {
        const auto most = std::max_element(
            origins_.begin(), origins_.end(),
            [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; });
        if (most == origins_.end()) return false;
        const auto mine = origins_.find(origin);
        const std::size_t theirs = (mine == origins_.end() ? 0 : mine->second.bytes) + bytes;
        if (most->second.bytes <= theirs) return false;
        evict(most->second.items.rbegin()->second);
    }
    return true;
}

Result<ItemStore::Stored> ItemStore::put(Instant now, const identity::CheckedRecord& item,
                                         std::uint64_t origin) {
    SOV_CHECK(identity::is_item(item.head.kind));
    const Place place{item.key, item.head.kind};
    if (const auto known = boxes_.find(place); known != boxes_.end()) {
        const Box& box = known->second;
        if (box.deleted.contains(item.head.owner)) {
            ++counters_.items_refused;
            return Errc::kExpired;
        }
        const auto held = box.items.find(item.head.owner);
        if (held != box.items.end()) {
            if (held->second.bytes != item.bytes) return Errc::kConflict;
            return Stored{std::max(held->second.expires - now, Duration{0}), false};
        }
        if (!make_room_at(place, box, origin)) {
            ++counters_.items_refused;
            return Errc::kOverQuota;
        }
    }
    if (!make_room(origin, item.bytes.size())) {
        ++counters_.items_refused;
        return Errc::kBusy;
    }
    insert(item, now + item.head.ttl, origin);
    ++counters_.items_stored;
    return Stored{item.head.ttl, true};
}

void ItemStore::restore(Instant now, const identity::CheckedRecord& item, Duration expires_in) {
    const Place place{item.key, item.head.kind};
    const auto box = boxes_.find(place);
    if (bytes_ + item.bytes.size() > limits_.item_bytes_max ||
        (box != boxes_.end() && (box->second.items.contains(item.head.owner) ||
                                 box->second.deleted.contains(item.head.owner) ||
                                 box->second.items.size() >= most_at(place.second))))
        return;
    // Nobody remembers who left it, so it counts for itself: as an origin's first item it is the
    // last to give way.
    insert(item, now + std::min<Duration>(expires_in, item.head.ttl), item.head.owner.prefix());
}

std::vector<const ItemStore::Held*> ItemStore::at(Instant now, const Key& key,
                                                  identity::RecordKind kind,
                                                  const PeerId& after) const {
    std::vector<const Held*> found;
    const auto box = boxes_.find({key, kind});
    if (box == boxes_.end()) return found;
    const auto& items = box->second.items;
    for (auto at = items.upper_bound(after); at != items.end(); ++at) {
        if (at->second.expires > now) found.push_back(&at->second);
    }
    return found;
}

const ItemStore::Held* ItemStore::find(Instant now, const Key& key, identity::RecordKind kind,
                                       const PeerId& id) const {
    const auto box = boxes_.find({key, kind});
    if (box == boxes_.end()) return nullptr;
    const auto item = box->second.items.find(id);
    return item == box->second.items.end() || item->second.expires <= now ? nullptr : &item->second;
}

void ItemStore::remember(Box& box, const Gone& deleted, Instant until) {
    if (box.deleted.size() >= limits_.items_deleted_max) {
        const auto first =
            std::min_element(box.deleted.begin(), box.deleted.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        expiries_.erase({first->second, Gone{deleted.key, deleted.kind, first->first}});
        box.deleted.erase(first);
    }
    box.deleted.emplace(deleted.id, until);
    expiries_.emplace(until, deleted);
}

bool ItemStore::remove(Instant now, const Key& key, identity::RecordKind kind, const PeerId& id) {
    const Held* held = find(now, key, kind, id);
    if (held == nullptr) return false;
    const Gone which{key, kind, id};
    const Instant until = held->expires;
    ++counters_.items_removed;
    gone_.push_back(which);
    erase(which);
    remember(boxes_[{key, kind}], which, until);
    return true;
}

std::vector<ItemStore::Gone> ItemStore::take_gone(Instant now) {
    std::vector<Gone> gone = std::move(gone_);
    gone_.clear();
    while (!expiries_.empty() && expiries_.begin()->first <= now) {
        const Gone which = expiries_.begin()->second;
        const auto box = boxes_.find({which.key, which.kind});
        if (box->second.items.contains(which.id)) {
            gone.push_back(which);
            erase(which);
            continue;
        }
        expiries_.erase(expiries_.begin());
        box->second.deleted.erase(which.id);
        if (box->second.items.empty() && box->second.deleted.empty()) boxes_.erase(box);
    }
    return gone;
}

void ItemStore::check_invariants() const {
    std::size_t count = 0, bytes = 0, deleted = 0;
    for (const auto& [place, box] : boxes_) {
        SOV_CHECK(box.items.size() <= most_at(place.second));
        SOV_CHECK(box.deleted.size() <= limits_.items_deleted_max);
        deleted += box.deleted.size();
        for (const auto& [id, held] : box.items) {
            ++count;
            bytes += held.bytes.size();
        }
    }
    std::size_t of_origins = 0;
    for (const auto& [which, origin] : origins_) of_origins += origin.items.size();
    SOV_CHECK(count == count_ && bytes == bytes_ && of_origins == count_);
    SOV_CHECK(expiries_.size() == count_ + deleted && bytes_ <= limits_.item_bytes_max);
}

}  // namespace sov::dht
