#pragma once

#include <algorithm>
#include <map>

#include "daemon/core/dht/value_report.h"

namespace sov::dht {

/// Answers to reads that may be given again for a while: values that were found, and the news that
/// there is none. At most `most` of them; past it the one that ends first goes.
class ReadCache {
  public:
    /// Null when there is none, or none that still counts.
    const ValueGotten* find(Instant now, const Key& key) {
        const auto known = entries_.find(key);
        if (known == entries_.end()) return nullptr;
        if (known->second.until > now) return &known->second.gotten;
        entries_.erase(known);
        return nullptr;
    }
    void keep(Instant until, ValueGotten gotten, std::size_t most) {
        if (!entries_.contains(gotten.key) && entries_.size() >= most) {
            const auto first = std::min_element(
                entries_.begin(), entries_.end(),
                [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
            if (first == entries_.end()) return;
            entries_.erase(first);
        }
        const Key key = gotten.key;
        entries_.insert_or_assign(key, Entry{until, std::move(gotten)});
    }
    /// Something else is known about this key now.
    void drop(const Key& key) { entries_.erase(key); }
    /// The network changed: who was not found before may be found now.
    void shorten_misses(Instant until) {
        for (auto& [key, entry] : entries_) {
            if (entry.gotten.error) entry.until = std::min(entry.until, until);
        }
    }
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        Instant until;
        ValueGotten gotten;
    };
    std::map<Key, Entry> entries_;
};

}  // namespace sov::dht
