#include "daemon/core/dht/routing_table.h"

#include <algorithm>
#include <array>

#include "daemon/core/base/check.h"

namespace sov::dht {

namespace {

constexpr std::size_t kBucketsMax = 160;
constexpr std::size_t kGatherMax = 512;
constexpr std::uint32_t kSecondsMask = (1U << 27) - 1;
/// Nodes that came to us are at most so many more than those that we sought.
constexpr std::size_t kInboundMore = 2;

struct Candidate {
    std::uint64_t distance;
    ContactHandle handle;
};

bool nearer(const Candidate& a, const Candidate& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.handle < b.handle;
}

}  // namespace

RoutingTable::~RoutingTable() {
    for (const Bucket& bucket : buckets_) {
        for (const Entry& entry : bucket.nodes) book_.drop(entry.handle);
    }
}

std::size_t RoutingTable::bucket_of(const NodeId& id) const {
    const auto shared = static_cast<std::size_t>(common_prefix_bits(own_, id));
    return std::min(shared, buckets_.size() - 1);
}

bool RoutingTable::find(const NodeKey& key, Place& place) const {
    const ContactBook::Entry* known = book_.find(key);
    if (known == nullptr || buckets_.empty()) return false;
    const ContactHandle handle = book_.handle_of(*known);
    place.bucket = bucket_of(known->id);
    const auto& nodes = buckets_[place.bucket].nodes;
    for (place.at = 0; place.at < nodes.size(); ++place.at) {
        if (nodes[place.at].handle == handle) return true;
    }
    return false;
}

bool RoutingTable::contains(const NodeKey& key) const {
    Place place{};
    return find(key, place) && !waits(place);
}

bool RoutingTable::came_by_itself(const NodeKey& key) const {
    Place place{};
    return find(key, place) && !waits(place) && buckets_[place.bucket].nodes[place.at].inbound != 0;
}

bool RoutingTable::subnet_fits(const Bucket& bucket, const Endpoint& endpoint) const {
    if (!guard::counts_for_diversity(endpoint)) return true;
    const std::uint64_t near = near_prefix(endpoint), far = far_prefix(endpoint);
    std::size_t near_here = 0, far_here = 0, near_in_all = 0, far_in_all = 0;
    for (const Bucket& each : buckets_) {
        for (const Entry& entry : each.entries()) {
            const Endpoint& other = endpoint_of(entry);
            // One /16 has 256 /24s: who is not of the one is not of the other.
            if (far_prefix(other) != far) continue;
            const bool same = near_prefix(other) == near;
            ++far_in_all;
            near_in_all += same ? 1U : 0U;
            if (&each != &bucket) continue;
            ++far_here;
            near_here += same ? 1U : 0U;
        }
    }
    return near_here < limits_.subnet_near_per_bucket && far_here < limits_.subnet_far_per_bucket &&
           near_in_all < limits_.subnet_near_per_table && far_in_all < limits_.subnet_far_per_table;
}

// One key per endpoint: whoever proved itself there last is the one who is there.
void RoutingTable::evict_other_key_at(const Endpoint& endpoint, const NodeKey& key) {
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        const auto entries = buckets_[bucket].entries();
        for (std::size_t at = 0; at < entries.size(); ++at) {
            if (endpoint_of(entries[at]) != endpoint ||
                book_.at(entries[at].handle).contact.key == key)
                continue;
            erase_entry({bucket, at});
            return;
        }
    }
}

void RoutingTable::split_last() {
    const std::size_t depth = buckets_.size() - 1;
    Bucket& last = buckets_.back();
    const auto stays = [&](const Entry& entry) {
        return static_cast<std::size_t>(common_prefix_bits(own_, book_.at(entry.handle).id)) ==
               depth;
    };
    Bucket deeper;
    deeper.used_s = last.used_s;
    deeper.seated = static_cast<std::uint32_t>(
        last.seated - std::count_if(last.entries().begin(), last.entries().end(), stays));
    const auto leave = std::stable_partition(last.nodes.begin(), last.nodes.end(), stays);
    deeper.nodes.assign(leave, last.nodes.end());
    last.nodes.erase(leave, last.nodes.end());
    last.seated -= deeper.seated;
    // Few at a time, where a vector doubles: a network in one process has many of these.
    if (buckets_.size() == buckets_.capacity()) buckets_.reserve(buckets_.size() + 4);
    buckets_.push_back(std::move(deeper));
}

RoutingTable::Admission RoutingTable::verified(Instant now, const NodeKey& key, const NodeId& id,
                                               const Endpoint& endpoint, bool capped,
                                               Origin origin) {
    if (buckets_.empty()) buckets_.emplace_back();
    capped_ = capped;
    const std::uint32_t now_s = whole_seconds(now) & kSecondsMask;
    Place place{};
    if (find(key, place)) {
        Bucket& bucket = buckets_[place.bucket];
        Entry& entry = bucket.nodes[place.at];
        const bool in_table = !waits(place);
        entry.verified_s = now_s & kSecondsMask;
        entry.strikes = 0;
        if (origin == Origin::kSought && entry.inbound != 0) {
            entry.inbound = 0;
            inbound_ -= in_table ? 1U : 0U;
        }
        book_.set_address(entry.handle, endpoint);
        return in_table ? Admission::kRefreshed : Admission::kKeptAside;
    }
    evict_other_key_at(endpoint, key);
    Bucket& bucket = split_for(id);
    if (capped && !subnet_fits(bucket, endpoint)) return Admission::kSubnetFull;
    if (capped && !invited(bucket, origin)) return Admission::kUninvited;
    const ContactHandle handle = book_.hold(key, id);
    book_.set_address(handle, endpoint);
    return admit(bucket, {handle, now_s & kSecondsMask, origin == Origin::kInbound ? 1U : 0U, 0});
}

void RoutingTable::believe(ContactHandle handle) {
    if (buckets_.empty()) buckets_.emplace_back();
    Bucket& bucket = split_for(book_.at(handle).id);
    const auto same = [&](const Entry& entry) { return entry.handle == handle; };
    if (std::any_of(bucket.nodes.begin(), bucket.nodes.end(), same)) return;
    book_.hold(handle);
    admit(bucket, {handle, 0, 0, 0});
}

// The last bucket splits for as long as it is full and the newcomer's.
RoutingTable::Bucket& RoutingTable::split_for(const NodeId& id) {
    while (buckets_.size() < kBucketsMax && bucket_of(id) == buckets_.size() - 1 &&
           buckets_.back().seated >= limits_.bucket_size) {
        split_last();
    }
    return buckets_[bucket_of(id)];
}

RoutingTable::Admission RoutingTable::admit(Bucket& bucket, const Entry& entry) {
    if (bucket.nodes.capacity() == bucket.nodes.size())
        bucket.nodes.reserve(bucket.nodes.size() + 5);
    if (bucket.seated < limits_.bucket_size) {
        seat(bucket, entry);
        return Admission::kAdded;
    }
    keep_aside(bucket, entry);
    return Admission::kKeptAside;
}

// Whoever was sought always is. Of the others so many that they can't become the most.
bool RoutingTable::invited(const Bucket& bucket, Origin origin) const {
    if (origin == Origin::kSought) return true;
    const auto here = static_cast<std::size_t>(
        std::count_if(bucket.entries().begin(), bucket.entries().end(),
                      [](const Entry& entry) { return entry.inbound != 0; }));
    const std::size_t sought = size_ - inbound_;
    const std::size_t most = on_trial_ ? sought / 8 : sought + kInboundMore;
    const std::size_t few = std::min(limits_.bucket_size / 3, bucket.seated - here + kInboundMore);
    return here < few && inbound_ < most;
}

void RoutingTable::seat(Bucket& bucket, const Entry& entry) {
    bucket.nodes.insert(bucket.nodes.begin() + bucket.seated, entry);
    ++bucket.seated;
    ++size_;
    inbound_ += entry.inbound;
}

// In front, so that the next one who comes back doesn't take its place.
void RoutingTable::reinstate(const NodeKey& key) {
    Place place{};
    if (!find(key, place) || !waits(place)) return;
    Bucket& bucket = buckets_[place.bucket];
    if (bucket.seated == 0) return;
    const Entry back = bucket.nodes[place.at], newest = bucket.nodes[bucket.seated - 1];
    --bucket.seated;
    const bool fits = !capped_ || subnet_fits(bucket, endpoint_of(back));
    ++bucket.seated;
    if (!fits) return;
    bucket.nodes[place.at] = newest;
    const auto first = bucket.nodes.begin();
    bucket.nodes[bucket.seated - 1] = back;
    std::rotate(first, first + bucket.seated - 1, first + bucket.seated);
    inbound_ -= newest.inbound;
    inbound_ += back.inbound;
}

// The oldest gives way, those that came to us by themselves first.
void RoutingTable::keep_aside(Bucket& bucket, const Entry& entry) {
    if (bucket.replacements().size() >= limits_.replacements_max) {
        const auto waiting = bucket.nodes.begin() + bucket.seated;
        auto gives_way = std::find_if(waiting, bucket.nodes.end(),
                                      [](const Entry& other) { return other.inbound != 0; });
        if (gives_way == bucket.nodes.end()) gives_way = waiting;
        book_.drop(gives_way->handle);
        bucket.nodes.erase(gives_way);
    }
    bucket.nodes.push_back(entry);
}

// The newest one whose subnet still has room, of those that were sought if there are any: what
// fitted when it was put aside may not any more.
void RoutingTable::promote_replacement(Bucket& bucket) {
    for (const bool sought : {true, false}) {
        for (std::size_t at = bucket.nodes.size(); at-- > bucket.seated;) {
            const Entry chosen = bucket.nodes[at];
            if ((chosen.inbound == 0) != sought) continue;
            if (capped_ && !subnet_fits(bucket, endpoint_of(chosen))) continue;
            if (capped_ && !sought && !invited(bucket, Origin::kInbound)) continue;
            bucket.nodes.erase(bucket.nodes.begin() + static_cast<std::ptrdiff_t>(at));
            seat(bucket, chosen);
            return;
        }
    }
}

void RoutingTable::erase_entry(const Place& place) {
    Bucket& bucket = buckets_[place.bucket];
    const Entry gone = bucket.nodes[place.at];
    const bool in_table = !waits(place);
    bucket.nodes.erase(bucket.nodes.begin() + static_cast<std::ptrdiff_t>(place.at));
    if (in_table) {
        --bucket.seated;
        --size_;
        inbound_ -= gone.inbound;
        promote_replacement(bucket);
    }
    book_.drop(gone.handle);
}

bool RoutingTable::failed(const NodeKey& key) {
    Place place{};
    if (!find(key, place)) return false;
    Bucket& bucket = buckets_[place.bucket];
    Entry& entry = bucket.nodes[place.at];
    if (entry.strikes < 15) ++entry.strikes;
    // Where somebody is waiting, a second silence is enough.
    const bool contested = !bucket.replacements().empty();
    const auto enough = static_cast<std::uint32_t>(contested ? 2 : limits_.strikes_max);
    const bool in_table = !waits(place);
    if (entry.strikes < enough && in_table) return false;
    erase_entry(place);
    return in_table;
}

bool RoutingTable::remove(const NodeKey& key) {
    Place place{};
    if (!find(key, place)) return false;
    const bool in_table = !waits(place);
    erase_entry(place);
    return in_table;
}

std::size_t RoutingTable::closest(const Key& target, Instant fresh_since, bool any,
                                  std::span<ContactHandle> out, bool sought) const {
    if (buckets_.empty()) return 0;
    std::array<Candidate, kGatherMax> gathered;
    std::size_t count = 0, sorted = 0;
    const std::uint64_t target_prefix = target.prefix();
    const std::uint32_t fresh_s = fresh_since <= Instant{} ? 0 : whole_seconds(fresh_since);
    const auto gather = [&](const Bucket& bucket) {
        for (const Entry& entry : bucket.entries()) {
            if (!any && (entry.strikes > 0 || entry.verified_s < fresh_s)) continue;
            if (sought && entry.inbound != 0) continue;
            if (count < kGatherMax)
                gathered[count++] = {book_.id_prefix(entry.handle) ^ target_prefix, entry.handle};
        }
    };
    const auto sort_group = [&] {
        std::sort(gathered.begin() + static_cast<std::ptrdiff_t>(sorted),
                  gathered.begin() + static_cast<std::ptrdiff_t>(count), nearer);
        sorted = count;
    };
    // The target's own bucket shares the most bits with it. All deeper buckets differ from the
    // target in that bucket's bit and come next, mixed; then the shallower ones, each farther than
    // the last.
    const std::size_t home = bucket_of(target);
    gather(buckets_[home]);
    sort_group();
    if (sorted < out.size()) {
        for (std::size_t at = home + 1; at < buckets_.size(); ++at) gather(buckets_[at]);
        sort_group();
    }
    for (std::size_t at = home; at-- > 0 && sorted < out.size();) {
        gather(buckets_[at]);
        sort_group();
    }
    const std::size_t found = std::min(sorted, out.size());
    for (std::size_t at = 0; at < found; ++at) out[at] = gathered[at].handle;
    return found;
}

const ContactBook::Entry* RoutingTable::stalest(Instant before) const {
    const std::uint32_t before_s = before <= Instant{} ? 0 : whole_seconds(before);
    const Entry* found = nullptr;
    for (const Bucket& bucket : buckets_) {
        for (const Entry& entry : bucket.entries()) {
            if (entry.verified_s >= before_s && entry.strikes == 0) continue;
            if (found == nullptr || entry.verified_s < found->verified_s) found = &entry;
        }
    }
    return found == nullptr ? nullptr : &book_.at(found->handle);
}

std::vector<int> RoutingTable::buckets_unused_since(Instant before) const {
    std::vector<int> unused;
    const std::uint32_t before_s = before <= Instant{} ? 0 : whole_seconds(before);
    for (std::size_t at = 0; at < buckets_.size(); ++at) {
        if (buckets_[at].used_s < before_s) unused.push_back(static_cast<int>(at));
    }
    return unused;
}

std::vector<int> RoutingTable::sparse_buckets() const {
    std::vector<int> sparse;
    const std::uint64_t size = estimate_network_size();
    for (std::size_t at = 0; at + 1 < buckets_.size() && at < 63; ++at) {
        if (size >> (at + 1) < 2 * limits_.bucket_size) break;
        if (2 * buckets_[at].seated < limits_.bucket_size) sparse.push_back(static_cast<int>(at));
    }
    return sparse;
}

void RoutingTable::note_bucket_used(Instant now, const Key& target) {
    if (!buckets_.empty()) buckets_[bucket_of(target)].used_s = whole_seconds(now);
}

std::uint64_t RoutingTable::estimate_network_size() const {
    std::array<ContactHandle, 20> nearest;
    const std::size_t found = closest(own_, Instant{}, true, nearest);
    if (found < nearest.size()) return found + 1;
    const std::uint64_t farthest = book_.at(nearest[found - 1]).id.prefix() ^ own_.prefix();
    if (farthest == 0) return UINT64_MAX;
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(found) << 64) / farthest);
}

std::size_t RoutingTable::fresh(Instant since) const {
    const std::uint32_t since_s = since <= Instant{} ? 0 : whole_seconds(since);
    std::size_t count = 0;
    for (const Bucket& bucket : buckets_) {
        for (const Entry& entry : bucket.entries()) {
            count += entry.strikes == 0 && entry.verified_s >= since_s ? 1u : 0u;
        }
    }
    return count;
}

void RoutingTable::check_invariants() const {
    std::size_t count = 0, inbound = 0;
    for (std::size_t at = 0; at < buckets_.size(); ++at) {
        const Bucket& bucket = buckets_[at];
        SOV_CHECK(bucket.seated <= bucket.nodes.size());
        SOV_CHECK(bucket.seated <= limits_.bucket_size);
        SOV_CHECK(bucket.replacements().size() <= limits_.replacements_max);
        count += bucket.seated;
        for (const Entry& entry : bucket.entries()) inbound += entry.inbound;
        for (const Entry& entry : bucket.nodes) {
            SOV_CHECK(bucket_of(book_.at(entry.handle).id) == at);
            SOV_CHECK(book_.id_prefix(entry.handle) == book_.at(entry.handle).id.prefix());
        }
    }
    SOV_CHECK(count == size_);
    SOV_CHECK(inbound == inbound_);
}

}  // namespace sov::dht
