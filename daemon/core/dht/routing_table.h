#pragma once

#include <span>
#include <vector>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/guard/diversity.h"

namespace sov::dht {

/// The nodes that we know to answer, for one address family: Kademlia's table (Maymounkov &
/// Mazieres 2002, s2.4) whose own-id side splits. Only nodes that answered a request of ours get
/// in; who is in and answers stays, newcomers wait in a bucket's replacements. Caps per subnet keep
/// one network from filling it. Costs 8 bytes an entry besides the shared contact; closest() sorts
/// at most two buckets' worth of 64-bit distances; a newcomer costs a look at all entries, which is
/// nothing beside the handshake with it.
class RoutingTable {
  public:
    RoutingTable(ContactBook& book, const NodeId& own, Family family, const Limits& limits)
        : book_(book), own_(own), family_(family), limits_(limits) {}
    ~RoutingTable();
    RoutingTable(const RoutingTable&) = delete;
    RoutingTable& operator=(const RoutingTable&) = delete;

    enum class Admission : std::uint8_t {
        kAdded,
        kRefreshed,   ///< was in already
        kKeptAside,   ///< its bucket is full of nodes that answer
        kSubnetFull,  ///< too many from its subnet
        kUninvited,   ///< came to us, and enough of those are in already
    };
    /// How we came to ask a node.
    enum class Origin : std::uint8_t {
        kSought,   ///< found by a lookup, or proposed by a layer
        kInbound,  ///< it came to us, or only somebody who did so told us of it
    };
    /// A node answered us at `endpoint`. `capped`: subnet caps apply, and nodes that came to us by
    /// themselves stay a minority (neither does in small networks): a third of a bucket's places,
    /// and in it and in all at most two more than those that were sought; in all an eighth as many
    /// on trial. Who came by himself is one of them until those that were sought have named him,
    /// too.
    Admission verified(Instant now, const NodeKey& key, const NodeId& id, const Endpoint& endpoint,
                       bool capped, Origin origin = Origin::kSought);

    /// A node of a network that stands already, believed without having answered: into the table,
    /// or aside where its bucket is full. Who says so answers for it that no two have one address.
    void believe(ContactHandle handle);

    /// A node that had left in silence answers again: it takes the place of whoever came last into
    /// its bucket, who waits instead. Old and answering beats new, or halves of a network that lost
    /// sight of each other for a while would stay apart. Does nothing for a node that is in, or
    /// whose subnet is full.
    void reinstate(const NodeKey& key);

    /// Right after the start the table should fill from what we remember and look up: whoever
    /// hurries to us then may have waited for it.
    void set_on_trial(bool on) { on_trial_ = on; }

    /// A node did not answer. True when that was one time too many and it left the table: the third
    /// time, or the second when somebody waits for its place. Never the first: whoever waits may be
    /// there because he made sure that it would be lost (test before evict).
    bool failed(const NodeKey& key);
    /// A node says that it leaves, or must go. True when it was in the table.
    bool remove(const NodeKey& key);

    /// Up to `out.size()` nodes nearest to the target, nearest first; returns how many. Only nodes
    /// that answered at or after `fresh_since` and have not failed since; with `any` the others as
    /// well, wherever they stand; with `sought` none that came to us by themselves.
    std::size_t closest(const Key& target, Instant fresh_since, bool any,
                        std::span<ContactHandle> out, bool sought = false) const;

    /// The entry that was verified longest ago, if that was before `before`, to be pinged.
    const ContactBook::Entry* stalest(Instant before) const;
    /// Buckets (by shared prefix length) where nothing was looked up or heard since `before`.
    std::vector<int> buckets_unused_since(Instant before) const;
    void note_bucket_used(Instant now, const Key& target);
    /// Buckets with fewer than half of their places taken, where the size of the network lets at
    /// least twice as many nodes be expected as there are places: whoever filled the table has not
    /// looked there, or met somebody who hid it.
    std::vector<int> sparse_buckets() const;

    /// Number of nodes, from the distance of our k nearest: k / (their share of the id space).
    std::uint64_t estimate_network_size() const;

    struct View {
        const ContactBook::Entry& contact;
        int bucket;
        Instant verified;
        std::uint8_t strikes;
        bool replacement;
    };
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t at = 0; at < buckets_.size(); ++at) {
            for (const Entry& e : buckets_[at].entries()) visit(view(e, at, false));
            for (const Entry& e : buckets_[at].replacements()) visit(view(e, at, true));
        }
    }

    std::size_t size() const { return size_; }
    /// Entries that came to us before we sought them.
    std::size_t inbound() const { return inbound_; }
    std::size_t fresh(Instant since) const;
    bool contains(const NodeKey& key) const;
    /// True for an entry that came to us before we sought it.
    bool came_by_itself(const NodeKey& key) const;
    void check_invariants() const;

  private:
    struct Entry {
        ContactHandle handle{};
        std::uint32_t verified_s : 27 = 0;
        std::uint32_t inbound : 1 = 0;
        std::uint32_t strikes : 4 = 0;
    };
    static_assert(sizeof(Entry) == 8);
    struct Bucket {
        std::vector<Entry> nodes;  ///< those in the table, then those that wait
        std::uint32_t seated = 0;  ///< how many are in the table
        std::uint32_t used_s = 0;

        std::span<const Entry> entries() const { return std::span(nodes).first(seated); }
        std::span<const Entry> replacements() const { return std::span(nodes).subspan(seated); }
    };
    struct Place {
        std::size_t bucket;
        std::size_t at;
    };

    View view(const Entry& entry, std::size_t bucket, bool replacement) const {
        return {book_.at(entry.handle), static_cast<int>(bucket),
                Instant{} + std::chrono::seconds(entry.verified_s),
                static_cast<std::uint8_t>(entry.strikes), replacement};
    }
    std::size_t bucket_of(const NodeId& id) const;
    bool find(const NodeKey& key, Place& place) const;
    bool waits(const Place& place) const { return place.at >= buckets_[place.bucket].seated; }
    bool subnet_fits(const Bucket& bucket, const Endpoint& endpoint) const;
    void evict_other_key_at(const Endpoint& endpoint, const NodeKey& key);
    void split_last();
    Bucket& split_for(const NodeId& id);
    Admission admit(Bucket& bucket, const Entry& entry);
    bool invited(const Bucket& bucket, Origin origin) const;
    void seat(Bucket& bucket, const Entry& entry);
    void keep_aside(Bucket& bucket, const Entry& entry);
    void erase_entry(const Place& place);
    void promote_replacement(Bucket& bucket);
    const Endpoint& endpoint_of(const Entry& entry) const {
        return book_.at(entry.handle).contact.endpoint(family_);
    }

    ContactBook& book_;
    NodeId own_;
    Family family_;
    const Limits& limits_;
    std::vector<Bucket>
        buckets_;  ///< bucket i: nodes sharing i leading bits; the last one: i and more
    std::size_t size_ = 0, inbound_ = 0;
    bool on_trial_ = false;
    bool capped_ = true;  ///< whether subnet caps applied when somebody last answered
};

}  // namespace sov::dht
