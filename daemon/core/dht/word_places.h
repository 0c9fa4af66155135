#pragma once

#include <map>
#include <vector>

#include "daemon/core/dht/query.h"

namespace sov::dht {

/// Where signals for a peer were stored a moment ago, with the tokens for it, so that what follows
/// in the same call needs no lookup. Tokens are good for five minutes at least (see Tokens), and
/// for the address that we asked from. At most kPlacesMax peers; past it the one that is over first
/// is forgotten.
class WordPlaces {
  public:
    static constexpr std::size_t kPlacesMax = 64;
    static constexpr std::chrono::seconds kKept{120};

    struct Places {
        std::vector<Replica> replicas, spares;
        bool near_enough = false;
        Instant until{};
    };

    /// Null when nothing is known any more.
    const Places* find(Instant now, const Key& key) const {
        const auto known = places_.find(key);
        return known == places_.end() || known->second.until <= now ? nullptr : &known->second;
    }
    /// What a lookup for them has found: the nearest are for the signals, the others stand in. Not
    /// when it began before the last clear().
    void keep(Instant now, const Context& context, const Key& key, const QueryResult& result);
    void drop(const Key& key) { places_.erase(key); }
    /// Tokens of before are for another address.
    void clear(Instant now) {
        places_.clear();
        cleared_ = now;
    }
    std::size_t size() const { return places_.size(); }

  private:
    std::map<Key, Places> places_;
    Instant cleared_ = Instant::min();
};

}  // namespace sov::dht
