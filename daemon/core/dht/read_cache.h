#pragma once

#include <algorithm>
#include <map>

#include "daemon/core/base/limits.h"
#include "daemon/core/dht/value_report.h"

namespace sov::dht {

/// Answers to reads that may be given again for a while: values that were found, and the news that
/// there is none. At most Limits::reads_cached_max of them, with reads_cached_bytes_max of content;
/// past either the one that ends first goes.
class ReadCache {
  public:
    /// Null when there is none, or none that still counts.
    const ValueGotten* find(Instant now, const Key& key) {
        const auto known = entries_.find(key);
        if (known == entries_.end()) return nullptr;
        if (known->second.until > now) return &known->second.gotten;
        drop(key);
        return nullptr;
    }
    void keep(Instant until, ValueGotten gotten, const Limits& limits) {
        const Key key = gotten.key;
        const std::size_t more = gotten.value.content.size();
        drop(key);
        if (limits.reads_cached_max == 0 || more > limits.reads_cached_bytes_max) return;
        while (!entries_.empty() && (entries_.size() >= limits.reads_cached_max ||
                                     bytes_ + more > limits.reads_cached_bytes_max))
            drop_first();
        bytes_ += more;
        entries_.emplace(key, Entry{until, std::move(gotten)});
    }
    /// Something else is known about this key now.
    void drop(const Key& key) {
        const auto known = entries_.find(key);
        if (known == entries_.end()) return;
        bytes_ -= known->second.gotten.value.content.size();
        entries_.erase(known);
    }
    /// The network changed: who was not found before may be found now.
    void shorten_misses(Instant until) {
        for (auto& [key, entry] : entries_) {
            if (entry.gotten.error) entry.until = std::min(entry.until, until);
        }
    }
    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const { return bytes_; }  ///< of content

  private:
    struct Entry {
        Instant until;
        ValueGotten gotten;
    };
    void drop_first() {
        const auto first = std::min_element(
            entries_.begin(), entries_.end(),
            [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
        drop(Key(first->first));
    }

    std::map<Key, Entry> entries_;
    std::size_t bytes_ = 0;
};

}  // namespace sov::dht
