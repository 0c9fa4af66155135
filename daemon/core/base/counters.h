#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace sov {

// Plain counters of one node since its start; read by a command, written by nobody else.
// The formatter would fold the list into a staircase.
// clang-format off
#define SOV_COUNTERS(X) \
    X(datagrams_in) \
    X(datagrams_out) \
    X(bytes_in) \
    X(bytes_out) \
    X(drop_too_short) \
    X(drop_too_long) \
    X(drop_bogon_source) \
    X(drop_rate_limited) \
    X(drop_blocked) \
    X(drop_shaped) \
    X(drop_unknown_session) \
    X(drop_bad_mac) \
    X(drop_bad_seal) \
    X(drop_replay) \
    X(drop_bad_handshake) \
    X(drop_malformed) \
    X(drop_insufficient_work) \
    X(drop_unexpected) \
    X(handshakes_started) \
    X(handshakes_answered) \
    X(handshakes_completed) \
    X(cookies_sent) \
    X(cookies_received) \
    X(sessions_confirmed) \
    X(sessions_evicted) \
    X(rekeys) \
    X(paths_changed) \
    X(path_challenges) \
    X(requests_sent) \
    X(requests_answered) \
    X(requests_soft_timeout) \
    X(requests_failed) \
    X(served_ping) \
    X(served_find_node) \
    X(served_get) \
    X(served_store) \
    X(served_touch) \
    X(served_delete) \
    X(served_dialback) \
    X(served_store_value) \
    X(served_store_page) \
    X(served_get_page) \
    X(served_listen) \
    X(served_notify) \
    X(served_collect) \
    X(served_remove) \
    X(served_announce) \
    X(served_find_providers) \
    X(served_unsupported) \
    X(served_busy) \
    X(records_stored) \
    X(records_refused) \
    X(records_expired) \
    X(records_evicted) \
    X(stores_spilled) \
    X(items_stored) \
    X(items_refused) \
    X(items_evicted) \
    X(items_removed) \
    X(assemblies_dropped) \
    X(equivocations_seen) \
    X(replicas_denied) \
    X(offers_kept) \
    X(offers_refused) \
    X(offers_evicted) \
    X(leases_granted) \
    X(leases_refused) \
    X(leases_dropped) \
    X(notifications_sent) \
    X(notifications_repeated) \
    X(lookups_started) \
    X(lookups_succeeded) \
    X(lookups_failed) \
    X(lookups_widened) \
    X(lookups_crowded) \
    X(second_homes_stored) \
    X(second_homes_asked) \
    X(second_homes_found) \
    X(hand_overs_followed) \
    X(own_records_foreign) \
    X(table_added) \
    X(table_removed) \
    X(contacts_refused_subnet) \
    X(contacts_refused_bogon) \
    X(contacts_avoided) \
    X(contacts_shunned) \
    X(contacts_uninvited) \
    X(shaped_deferred) \
    X(shaped_dropped) \
    X(coordinates_refused) \
    X(coordinates_outlying) \
    X(unproven_deferred) \
    X(unproven_dropped) \
    X(mdns_heard) \
    X(mdns_own_ignored) \
    X(mdns_drop_malformed) \
    X(mdns_drop_other_network) \
    X(mdns_drop_bad_signature) \
    X(mdns_drop_stale) \
    X(mdns_drop_busy) \
    X(mdns_drop_full) \
    X(mdns_collisions) \
    X(post_quantum_refused) \
    X(events_dropped)
// clang-format on

struct Counters {
#define SOV_COUNTER_FIELD(name) std::uint64_t name = 0;
    SOV_COUNTERS(SOV_COUNTER_FIELD)
#undef SOV_COUNTER_FIELD

    /// Calls visit(name, value) for each counter in the order above.
    template <typename Visit>
    void for_each(Visit&& visit) const {
#define SOV_COUNTER_VISIT(name) visit(std::string_view(#name), name);
        SOV_COUNTERS(SOV_COUNTER_VISIT)
#undef SOV_COUNTER_VISIT
    }
};

}  // namespace sov
