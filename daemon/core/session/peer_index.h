#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "daemon/core/session/session.h"

namespace sov::session {

/// Which session to send through, by peer. Holds the sessions' 32-bit indices only: whom a session
/// belongs to stands in the session itself and is asked for by `peer_of`, a function from an index
/// to a PeerRef. So an entry costs 5 to 11 bytes, where a map with keys of its own costs 70.
/// Open addressing with linear probing; the salt is secret, so that nobody can choose keys that
/// fall on one place.
class PeerIndex {
  public:
    explicit PeerIndex(std::uint64_t salt) : salt_(salt | 1) {}

    /// 0: none.
    template <typename PeerOf>
    std::uint32_t find(const PeerRef& peer, PeerOf&& peer_of) const {
        return places_.empty() ? 0 : places_[place_of(peer, peer_of)];
    }

    /// Files the session under its peer, in place of the one that was.
    template <typename PeerOf>
    void set(std::uint32_t index, PeerOf&& peer_of) {
        if ((size_ + 1) * 4 > places_.size() * 3) grow(peer_of);
        std::uint32_t& place = places_[place_of(peer_of(index), peer_of)];
        size_ += place == 0 ? 1U : 0U;
        place = index;
    }

    /// Does nothing when another session, or none, is filed under this one's peer.
    template <typename PeerOf>
    void erase(std::uint32_t index, PeerOf&& peer_of) {
        if (places_.empty()) return;
        std::size_t hole = place_of(peer_of(index), peer_of);
        if (places_[hole] != index) return;
        --size_;
        // Whoever stands behind the hole and belongs at or before it moves up (Knuth, TAOCP 6.4 R).
        for (std::size_t at = next(hole); places_[at] != 0; at = next(at)) {
            const std::size_t wanted = first_place(peer_of(places_[at]));
            const bool reachable =
                hole <= at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
            if (reachable) continue;
            places_[hole] = places_[at];
            hole = at;
        }
        places_[hole] = 0;
    }

    std::size_t size() const { return size_; }

  private:
    static constexpr std::size_t kFewest = 8;

    std::size_t first_place(const PeerRef& peer) const {
        return (PeerRefHash{}(peer)*salt_) >> (64 - std::countr_zero(places_.size()));
    }
    std::size_t next(std::size_t at) const { return (at + 1) & (places_.size() - 1); }

    /// Where it is, or the free place where it would be.
    template <typename PeerOf>
    std::size_t place_of(const PeerRef& peer, PeerOf&& peer_of) const {
        std::size_t at = first_place(peer);
        while (places_[at] != 0 && !(peer_of(places_[at]) == peer)) at = next(at);
        return at;
    }

    template <typename PeerOf>
    void grow(PeerOf&& peer_of) {
        std::vector<std::uint32_t> before(std::max(kFewest, 2 * places_.size()));
        std::swap(before, places_);
        for (const std::uint32_t index : before) {
            if (index != 0) places_[place_of(peer_of(index), peer_of)] = index;
        }
    }

    std::uint64_t salt_;
    std::size_t size_ = 0;
    std::vector<std::uint32_t> places_;  ///< a power of two; 0: free
};

}  // namespace sov::session
