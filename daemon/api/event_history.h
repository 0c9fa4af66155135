#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sovereign/v1/event.pb.h"

namespace sov::api {

using SharedEvent = std::shared_ptr<const sovereign::v1::Event>;

/// True when `type` matches: '*' stands for any characters, '?' for one.
bool glob_matches(std::string_view glob, std::string_view type);

/// Which events a reader wants. No globs: all.
struct EventFilter {
    std::vector<std::string> globs;
    /// Also asked, in the order of events, when set; with the history locked.
    std::function<bool(const sovereign::v1::Event&)> also = {};
    bool wants(const sovereign::v1::Event& event) const;
};

/// One reader's place in the history. Its queue is bounded: past kQueueMax the oldest event goes
/// and a "stream.gap" event tells how many are missing at that place.
class EventReader {
  public:
    static constexpr std::size_t kQueueMax = 256;

    virtual ~EventReader() = default;
    /// Gets the next event while it is idle: from when take() gave it null until this call. With
    /// the history locked, so it must not call the history.
    virtual void give(SharedEvent event) = 0;
    /// The daemon leaves. With the history locked.
    virtual void leave() = 0;

  private:
    friend class EventHistory;
    EventFilter filter_;
    std::deque<SharedEvent> queue_;
    std::size_t queue_max_ = kQueueMax;
    std::uint64_t missed_ = 0;
    bool idle_ = false;
};

/// The last kRemembered events, and everybody who wants the next ones. Thread-safe.
class EventHistory {
  public:
    static constexpr std::size_t kRemembered = 1024;
    static constexpr std::size_t kReadersMax = 64;

    /// Events of the type `lesser` make room first, as long as they are more than half of what is
    /// remembered, so that they can't push all others out.
    explicit EventHistory(std::string lesser = {}) : lesser_(std::move(lesser)) {}

    /// Stamps the event with the next cursor, remembers it and tells the readers.
    void add(sovereign::v1::Event event);

    struct From {
        std::uint64_t cursor = 0;  ///< replay what came after; 0: nothing
        bool oldest = false;       ///< replay everything remembered
    };
    /// False when there are too many readers already or the daemon leaves. The reader is not idle
    /// then: it begins by taking `preface`, which is for it alone, and then the replay.
    bool join(EventReader& reader, EventFilter filter, From from,
              std::vector<SharedEvent> preface = {});
    /// The reader is not touched after this returns.
    void part(EventReader& reader);
    /// The next event for this reader, a gap first where there is one. Null makes it idle.
    SharedEvent take(EventReader& reader);
    /// Tells all readers that the daemon leaves and lets nobody join any more.
    void close();

    std::size_t readers() const;

  private:
    SharedEvent gap(std::uint64_t missed) const;
    void forget_one();

    const std::string lesser_;
    mutable std::mutex mutex_;  // guards everything below and the private part of each reader
    std::deque<SharedEvent> remembered_;
    std::size_t lesser_count_ = 0;  ///< among the remembered
    std::set<EventReader*> readers_;
    std::uint64_t last_cursor_ = 0;
    bool closed_ = false;
};

}  // namespace sov::api
