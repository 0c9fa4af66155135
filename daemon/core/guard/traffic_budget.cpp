#include "daemon/core/guard/traffic_budget.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sov::guard {

namespace {

constexpr std::size_t kMonthsKept = 3;

std::chrono::year_month_day first_day(std::uint32_t month) {
    return std::chrono::year(static_cast<int>(month / 12)) / std::chrono::month(month % 12 + 1) /
           std::chrono::day(1);
}

}  // namespace

TrafficBudget::TrafficBudget(std::uint64_t bytes_a_month, std::vector<Month> past)
    : bound_(bytes_a_month), months_(std::move(past)) {
    std::sort(months_.begin(), months_.end(),
              [](const Month& a, const Month& b) { return a.number < b.number; });
    if (months_.size() > kMonthsKept)
        months_.erase(months_.begin(), months_.end() - static_cast<std::ptrdiff_t>(kMonthsKept));
}

std::uint32_t TrafficBudget::month_of(UnixMillis wall) {
    constexpr UnixMillis kLastYear = 4'102'444'800'000;  // the year 2100: calendars end somewhere
    const auto days =
        std::chrono::floor<std::chrono::days>(std::chrono::sys_time<std::chrono::milliseconds>(
            std::chrono::milliseconds(std::min(wall, kLastYear))));
    const std::chrono::year_month_day date(days);
    return static_cast<std::uint32_t>(static_cast<int>(date.year())) * 12 +
           static_cast<unsigned>(date.month()) - 1;
}

UnixMillis TrafficBudget::end_of(std::uint32_t month) {
    const auto begins = std::chrono::sys_days(first_day(month + 1)).time_since_epoch();
    return static_cast<UnixMillis>(
        std::chrono::duration_cast<std::chrono::milliseconds>(begins).count());
}

void TrafficBudget::note(UnixMillis wall, std::uint64_t bytes) {
    const std::uint32_t month = month_of(wall);
    std::uint64_t carried = 0;
    // The clock went back: what was counted as later was spent now.
    while (!months_.empty() && months_.back().number > month) {
        carried += months_.back().bytes;
        months_.pop_back();
    }
    if (months_.empty() || months_.back().number < month) months_.push_back({month, 0});
    if (months_.size() > kMonthsKept) months_.erase(months_.begin());
    months_.back().bytes += carried + bytes;
}

std::uint64_t TrafficBudget::left() const {
    if (bound_ == 0) return std::numeric_limits<std::uint64_t>::max();
    return bound_ > used() ? bound_ - used() : 0;
}

TrafficBudget::Stage TrafficBudget::stage() const {
    if (bound_ == 0) return Stage::kPlenty;
    // Bounds are far below what would overflow: at most 10 TB.
    const std::uint64_t percent = used() * 100 / bound_;
    return percent >= 100  ? Stage::kUsedUp
           : percent >= 97 ? Stage::kNoBulk
           : percent >= 90 ? Stage::kRefreshesLess
           : percent >= 75 ? Stage::kServesNobody
                           : Stage::kPlenty;
}

std::string_view stage_word(TrafficBudget::Stage stage) {
    switch (stage) {
        case TrafficBudget::Stage::kPlenty: return "plenty";
        case TrafficBudget::Stage::kServesNobody: return "serves_nobody";
        case TrafficBudget::Stage::kRefreshesLess: return "refreshes_less";
        case TrafficBudget::Stage::kNoBulk: return "no_bulk";
        case TrafficBudget::Stage::kUsedUp: return "used_up";
    }
    return "";
}

}  // namespace sov::guard
