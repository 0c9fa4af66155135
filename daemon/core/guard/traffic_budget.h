#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/core/base/instant.h"

namespace sov::guard {

/// How much may go over the Internet in a month, and what is done without as it runs out. Months
/// are those of UTC. What was used is never forgotten by a clock that goes wrong: bytes of a month
/// that the clock has left again count for the one that it came back to.
class TrafficBudget {
  public:
    struct Month {
        std::uint32_t number = 0;  ///< 12 * year + month, January being 0
        std::uint64_t bytes = 0;

        friend bool operator==(const Month&, const Month&) = default;
    };
    /// Each includes those before it.
    enum class Stage : std::uint8_t {
        kPlenty,
        kServesNobody,   ///< from 75 %: nothing is kept or answered for others
        kRefreshesLess,  ///< from 90 %: tables are looked after more rarely
        kNoBulk,         ///< from 97 %: no new streams of apps; messages and finds go on
        kUsedUp,         ///< nothing leaves until the month is over
    };

    /// `bytes_a_month` 0: no bound, only counted. `past` as months() gave it.
    explicit TrafficBudget(std::uint64_t bytes_a_month, std::vector<Month> past = {});

    /// So many bytes went since the last call, and this is the time.
    void note(UnixMillis wall, std::uint64_t bytes);
    void set_bound(std::uint64_t bytes_a_month) { bound_ = bytes_a_month; }

    std::uint64_t bound() const { return bound_; }
    std::uint64_t used() const { return months_.empty() ? 0 : months_.back().bytes; }
    /// What may still go; without a bound, everything.
    std::uint64_t left() const;
    Stage stage() const;
    /// To be kept over restarts: this month, the last one.
    const std::vector<Month>& months() const { return months_; }

    static std::uint32_t month_of(UnixMillis wall);
    /// When the month after this one begins.
    static UnixMillis end_of(std::uint32_t month);

  private:
    std::uint64_t bound_;
    std::vector<Month> months_;  ///< oldest first, the current one last; at most kMonthsKept
};

/// "plenty", "serves_nobody", "refreshes_less", "no_bulk", "used_up".
std::string_view stage_word(TrafficBudget::Stage stage);

}  // namespace sov::guard
