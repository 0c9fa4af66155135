#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "daemon/core/base/instant.h"

namespace sov {

/// Every bound of the core in one place, with what happens when it is reached. The daemon uses the
/// defaults; the simulator passes smaller ones. docs/protocol.md lists those that peers can
/// observe.
struct Limits {
    // --- datagrams ---
    /// IPv6 minimum MTU 1280 (RFC 8200 s5) less 40 and 8 header bytes. Longer input is dropped and
    /// counted.
    static constexpr std::size_t kDatagramBytesMax = 1232;

    // --- sessions ---
    /// Confirmed sessions kept; past it the least recently used one that no table entry needs goes.
    std::size_t sessions_max = 4096;
    /// Handshakes answered but not yet confirmed; past it the oldest goes. Separate from the above,
    /// so a flood of strangers can't push out a known peer.
    std::size_t half_open_max = 2048;
    std::chrono::seconds half_open_time{5};
    /// Our own handshakes waiting for an answer; past it new requests wait for their turn.
    std::size_t handshakes_out_max = 1024;
    /// Messages that wait for one handshake; past it the newest is dropped.
    std::size_t queued_per_handshake_max = 4;
    /// Rekey by a fresh handshake after this long or this many packets (docs/protocol.md, "Rekey").
    std::chrono::seconds rekey_after{2 * 3600};
    std::uint64_t rekey_after_packets = 1ULL << 24;
    /// A session is not used beyond this, rekeyed or not.
    std::chrono::seconds session_lifetime{24 * 3600};
    /// A session without traffic for this long is forgotten.
    std::chrono::seconds session_idle{3600};
    /// How long packets under replaced keys are still accepted.
    std::chrono::seconds old_keys{30};
    /// Handshakes answered a second before strangers must return a cookie first (about 30 % of a
    /// core).
    std::uint32_t handshakes_per_second = 2000;
    std::uint32_t handshake_burst = 4000;

    // --- requests ---
    /// Requests in flight over all lookups; past it new ones wait for a slot.
    std::size_t requests_max = 4096;
    std::chrono::milliseconds soft_timeout_first{150};  ///< for a peer whose round trip is unknown
    std::chrono::milliseconds soft_timeout_min{20};
    std::chrono::milliseconds soft_timeout_max{1000};
    std::chrono::milliseconds hard_timeout_min{400};
    std::chrono::milliseconds hard_timeout_max{1500};

    // --- routing table (one per address family) ---
    std::size_t bucket_size = 20;       ///< k, Maymounkov & Mazieres 2002 s2.2
    std::size_t replacements_max = 20;  ///< per bucket; past it the oldest goes
    std::size_t subnet_near_per_bucket = 2, subnet_far_per_bucket = 4;
    std::size_t subnet_near_per_table = 10, subnet_far_per_table = 24;
    /// Below this estimated size subnet caps are off, or offices and workshops could not form a
    /// network.
    std::uint64_t small_network = 100;
    /// For this long after a restart only few of those that come to us by themselves get in (in
    /// networks that are not small).
    std::chrono::seconds trial{5 * 60};
    /// A contact is passed on only when it answered us within this time.
    std::chrono::seconds relay_fresh{30 * 60};
    /// Liveness checks a minute in a quiet node, oldest-unchecked entry first.
    std::uint32_t liveness_per_minute = 4;
    /// Unanswered checks before an entry is removed.
    std::uint8_t strikes_max = 3;
    /// Nodes remembered that left the table in silence; past it the one that was lost first goes.
    std::size_t lost_max = 64;
    std::chrono::seconds lost_time{24 * 3600};  ///< then they are forgotten
    std::chrono::seconds bucket_refresh{15 * 60};

    // --- lookups ---
    std::size_t lookup_paths = 4;          ///< d, disjoint paths (Baumgart & Mies 2007, S/Kademlia)
    std::size_t lookup_alpha = 2;          ///< in flight per path
    std::size_t contacts_per_answer = 20;  ///< more in one answer are ignored
    std::size_t lookup_candidates_max = 256;  ///< past it the farthest is forgotten
    std::size_t lookups_max = 1024;           ///< past it commands fail with busy
    std::chrono::seconds lookup_time{20};     ///< then it ends with what it has
    /// Asked in one region, where bucket_size nodes are expected; past it the farther ones are not.
    std::size_t region_asked_max = 120;
    /// More than this many answers from one region are an alarm: 2.5 times bucket_size.
    std::size_t crowded = 50;
    std::size_t crowd_alarms_max = 64;  ///< keys; past it the one seen longest ago goes

    /// Peers whose round trips are remembered; past it the one not heard of longest is forgotten.
    /// 0: round trips order nothing, and nobody is told or asked for coordinates.
    std::size_t proximity_max = 1024;

    // --- values ---
    std::size_t record_bytes_max = 1000;
    std::size_t records_per_key_max = 8;  ///< different owners at one key; the lowest rank goes
    std::size_t records_max = 65536;      ///< then the ones farthest from us go
    std::size_t record_bytes_total_max = 64 << 20;
    std::size_t record_bytes_per_subnet_max = 1 << 20;  ///< stored from one /24 or /56
    std::chrono::seconds record_ttl_max{7 * 24 * 3600};
    /// A record that is held can be refreshed under one sequence number this long after it was
    /// first seen; then its owner must sign again.
    std::chrono::seconds same_sequence_max{26 * 3600};
    /// How long the sequence number of a record that is no longer held is remembered: nothing older
    /// is taken meanwhile, and the same not either when its whole life is over. Past so many the
    /// one remembered longest is forgotten.
    std::chrono::seconds lapsed_time{26 * 3600};
    std::size_t lapsed_max = 8192;

    /// Content that a replica takes in pages; at most identity::kContentBytesMax.
    std::size_t value_bytes_max = 16 << 10;
    std::size_t value_bytes_per_owner_max = 1 << 20;  ///< past it: over_quota
    /// Values whose pages are still arriving; past it new ones are refused as busy.
    std::size_t assemblies_max = 64;
    std::size_t assemblies_per_node_max = 8;  ///< and from one /24 or /56: over_quota
    std::chrono::seconds assembly_time{30};   ///< without a page; then what came is dropped

    // --- offers of providers ---
    std::size_t offers_max = 65536;        ///< held for others; then the ones farthest from us go
    std::size_t offers_per_key_max = 256;  ///< then the subnet with the most makes room, or wait
    /// At one key from one /24 or /56: more have to wait until one of them is over.
    std::size_t offers_per_subnet_max = 4;
    std::size_t offers_per_subnet_total_max = 4096;  ///< at all keys; past it over_quota
    std::size_t offers_per_owner_max = 16384;        ///< at all keys; past it over_quota
    std::chrono::seconds offer_ttl{3600};            ///< the longest that an offer is held
    std::chrono::seconds offer_refresh{40 * 60};
    std::size_t own_offers_max = 20'000;  ///< of our own apps; past it over_quota
    std::size_t own_offers_per_app_max = 10'000;
    std::size_t providers_found_max = 64;  ///< in one answer to an app

    // --- being told about changes ---
    std::chrono::seconds lease_time{10 * 60};
    std::size_t leases_max = 1024;           ///< at a replica; past it LISTEN is answered busy
    std::size_t leases_per_subnet_max = 32;  ///< of listeners in one /24 or /56: over_quota
    std::size_t leases_per_node_max = 64;    ///< of one listener: over_quota
    /// Tries to tell a listener, each of two datagrams; then its lease ends.
    std::uint8_t notify_tries = 3;
    std::chrono::seconds notify_retry{2};  ///< before the second try; doubles
    std::size_t listens_max = 256;         ///< of our own apps; past it busy
    std::size_t lease_replicas = 6;        ///< replicas that a listener has leases at
    /// How often a lease is renewed by a listener that keeps a hole in a NAT open, and by one that
    /// serves.
    std::chrono::seconds lease_keepalive{25};
    std::chrono::seconds lease_renewal{60};

    // --- sealed items ---
    /// At one key, by use. Where they are full, the sender's subnet with the most gives way to one
    /// that has at least two fewer; past it over_quota.
    std::size_t mail_per_key_max = 64, signals_per_key_max = 32;
    /// Of all items here; in full, the subnet with the most bytes gives way to one with less, or
    /// the newcomer is refused as busy.
    std::size_t item_bytes_max = 16 << 20;
    /// Deleted items at one key that are remembered until they would have ended, so that nobody
    /// brings them back; past it the one that ends first is forgotten.
    std::size_t items_deleted_max = 256;
    /// Looks into our own mailbox, and deletions, under way at once; past it busy.
    std::size_t sweeps_max = 16;

    // --- our own values ---
    std::size_t own_values_max = 256;    ///< looked after until their ttl ends; past it over_quota
    std::size_t reads_cached_max = 256;  ///< answers to reads; past it the oldest goes
    /// Content of all of them; past it likewise.
    std::size_t reads_cached_bytes_max = 4 << 20;
    std::chrono::seconds misses_cached{30};
    std::chrono::seconds hits_cached{10};  ///< of mutable values that nobody listens for

    /// That a find which has ended waits for post-quantum parts; then they count as missing.
    std::chrono::seconds post_quantum_patience{3};

    // --- our own records ---
    std::chrono::seconds peer_record_ttl{20 * 60};
    std::chrono::seconds peer_record_touch{5 * 60};
    std::chrono::seconds name_record_ttl{24 * 3600};
    std::chrono::seconds name_record_refresh{6 * 3600};
    std::size_t own_names_max = 64;  ///< past it claims fail with over_quota

    // --- guard ---
    /// Datagrams a second that one unproven address may make us look at, and its burst.
    std::uint32_t source_per_second = 50, source_burst = 200;
    std::size_t sources_tracked_max = 8192;
    /// Requests a second from one confirmed session, and its burst; past it they are answered busy.
    /// CPU-bound by default: fairness between sessions, no global bucket.
    std::uint32_t session_requests_per_second = 200'000, session_requests_burst = 50'000;
    /// First packets to addresses that nobody has proven: a second in all, and a minute into one
    /// /24 or /56. Past the first, requests wait for their turn; past the second they are dropped.
    std::uint32_t unproven_per_second = 200, unproven_per_prefix_per_minute = 60;
    /// A request that waited this long for its turn fails, and nobody is blamed.
    std::chrono::seconds turn_wait{5};

    /// Addresses that nobody answered at, see guard::SilentAddresses.
    std::size_t silent_addresses_max = 1024;

    std::size_t reputation_max = 256;  ///< accounts of bad deeds; past it the mildest goes
    std::size_t blocks_max = 1024;     ///< entries of the user's blocklist; past it over_quota

    // --- what a home router bears; see guard::Shaper ---
    /// Endpoints outside that a NAT has a mapping for because of us; past it new ones wait for a
    /// turn. 0: not counted.
    std::size_t flows_max = 0;
    std::chrono::seconds flow_time{120};  ///< that a NAT keeps a mapping at least (RFC 4787 s4.3)
    /// Datagrams to the outside in any second; past it requests wait for a turn, strangers are not
    /// answered, and what still is too much is dropped. 0: not counted.
    std::size_t datagrams_per_second = 0;
    /// Our own requests a second, and for how long, after the host woke up or its network changed:
    /// everything is due at once then. More wait for their turn.
    std::uint32_t resume_per_second = 50;
    std::chrono::seconds resume_time{10};

    // --- server mode ---
    std::size_t dialbacks_wanted = 3;  ///< from helpers in different /16s; 1 in small networks
    std::chrono::seconds auto_server_uptime{10 * 60};  ///< public networks only
    std::chrono::seconds dialback_retry{60};

    // --- outputs ---
    std::size_t events_max = 8192;  ///< routine events past it are dropped and counted
};

}  // namespace sov
