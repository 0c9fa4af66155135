#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/core/base/limits.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/session/peer_index.h"
#include "daemon/core/session/session.h"

namespace sov::session {

/// Keeps sessions and handshakes where a datagram's 32-bit index finds them without hashing: low 16
/// bits are the slot, high 16 bits are random, so an index of an earlier tenant doesn't fit.
/// Confirmed sessions, half-open ones and handshakes are capped separately (Limits).
class SessionSlots {
  public:
    /// `index_salt` is secret: see PeerIndex.
    SessionSlots(identity::Crypto& crypto, Rng& rng, const Limits& limits, const NodeKey& own_key,
                 std::uint64_t index_salt)
        : crypto_(crypto),
          rng_(rng),
          limits_(limits),
          own_key_(own_key),
          sessions_by_peer_(index_salt) {}

    Session* session(std::uint32_t index);
    const Session* session(std::uint32_t index) const;
    Handshake* handshake(std::uint32_t index);

    /// The session to send through, if there is one.
    Session* session_to(const PeerRef& peer, std::uint32_t* index = nullptr);
    Handshake* handshake_to(const PeerRef& peer);
    /// The newest handshake with whoever is at this address; 0 when there is none.
    std::uint32_t handshake_at(const Endpoint& endpoint) const;

    bool handshake_fits() const { return handshakes_ < limits_.handshakes_out_max; }
    /// Zero when there is no room; half-open entries make room by dropping the oldest.
    std::uint32_t reserve_handshake();
    void set_handshake(std::uint32_t index, Instant now, std::unique_ptr<Handshake> handshake);
    /// Puts a session that the other side began; not yet used for sending.
    std::uint32_t add_half_open(Instant now, std::unique_ptr<Session> session);
    /// Turns a handshake into its session.
    void complete(std::uint32_t index, std::unique_ptr<Session> session);
    /// Makes a session the one to send through; an older one to the same peer is retired.
    /// `sessions_evicted` counts what had to go.
    void prefer(Instant now, std::uint32_t index, std::uint64_t& sessions_evicted);
    /// Moves a session to another path and files it under the family of that.
    void set_path(std::uint32_t index, const Path& path);
    void erase(std::uint32_t index);

    /// Drops expired half-open entries and handshakes, and idle, retired or too old sessions.
    void expire(Instant now);
    Instant next_expiry() const;

    std::size_t confirmed() const { return confirmed_; }
    std::size_t half_open() const { return half_open_; }
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const Slot& slot : slots_) {
            if (slot.session != nullptr) visit(slot.index, *slot.session);
        }
    }
    void check_invariants() const;

  private:
    struct Slot {
        std::uint32_t index = 0;
        std::unique_ptr<Session> session;
        std::unique_ptr<Handshake> handshake;
    };
    struct Expiry {
        Instant at;
        std::uint32_t index;
    };

    /// Whose session that is; for PeerIndex.
    auto peer_of() const {
        return [this](std::uint32_t index) { return session(index)->ref(); };
    }

    Slot* slot(std::uint32_t index);
    std::uint32_t take_slot();
    void queue_expiry(Instant now, std::uint32_t index);
    void drop_oldest_half_open();
    void forget_handshake(Slot& slot);
    void evict_one(std::uint32_t keep, std::uint64_t& sessions_evicted);
    void sweep(Instant now);

    identity::Crypto& crypto_;
    Rng& rng_;
    const Limits& limits_;
    NodeKey own_key_;
    std::vector<Slot> slots_;
    std::vector<std::uint16_t> free_;
    PeerIndex sessions_by_peer_;  ///< those to send through
    std::unordered_map<PeerRef, std::uint32_t, PeerRefHash> handshakes_by_peer_;
    std::unordered_map<Endpoint, std::uint32_t, EndpointHash> handshakes_by_endpoint_;
    /// Half-open sessions and handshakes in the order they were made: all live equally long.
    std::vector<Expiry> short_lived_;
    std::size_t short_lived_head_ = 0;
    std::size_t confirmed_ = 0, half_open_ = 0, handshakes_ = 0;
    Instant sweep_at_ = kNever;
};

}  // namespace sov::session
