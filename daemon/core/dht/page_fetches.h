#pragma once

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "daemon/core/dht/query.h"
#include "daemon/core/identity/page_gathering.h"
#include "daemon/core/wire/value_messages.h"

namespace sov::dht {

enum class FetchId : std::uint32_t {};

/// Gathers the pages of values: each page is asked for alone, checked alone and asked for again
/// elsewhere when it does not come or does not fit. Pages are spread over all replicas that showed
/// the value, at most six under way at each; where there are list pages they come first, in the
/// same way. A fetch fails when one page was refused or missed by every replica twice. Callers
/// bound the number of fetches.
class PageFetches {
  public:
    /// `record` is a value with pages; `holders` are not empty.
    FetchId start(Instant now, Context& context, identity::CheckedRecord record,
                  identity::PageList pages, std::vector<Replica> holders);
    void cancel(FetchId id) { fetches_.erase(static_cast<std::uint32_t>(id)); }
    void on_answer(Context& context, const wire::Answer& answer);
    void on_failed(Context& context, std::uint64_t tag);

    struct Finished {
        FetchId id{};
        bool complete = false;
        identity::CheckedRecord value;
    };
    std::vector<Finished> take_finished() { return std::exchange(finished_, {}); }
    std::size_t running() const { return fetches_.size(); }

  private:
    struct Page {
        std::uint8_t tries = 0;
        bool asked = false;
    };
    struct Fetch {
        identity::PageGathering gathering;
        std::vector<Replica> holders;
        std::vector<std::uint8_t> under_way;  ///< by holder
        std::array<Page, identity::PageSet{}.size()> state{};
    };

    Fetch* asked(std::uint64_t tag);
    static std::size_t holder_of(const Fetch& fetch, std::size_t page);
    void pump(Context& context, std::uint32_t id, Fetch& fetch);
    void missed(Context& context, std::uint32_t id, Fetch& fetch, std::size_t page);
    void finish(std::uint32_t id, bool complete);

    std::map<std::uint32_t, Fetch> fetches_;
    std::vector<Finished> finished_;
    std::uint32_t next_id_ = 1;
};

}  // namespace sov::dht
