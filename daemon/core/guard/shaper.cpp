#include "daemon/core/guard/shaper.h"

#include <algorithm>

namespace sov::guard {

namespace {

constexpr std::chrono::seconds kSecond{1};
/// Requests that may leave at once when a calm time begins.
constexpr std::uint32_t kTurnsAtOnce = 8;

bool passes_router(const Endpoint& to) { return to.scope() == Scope::kGlobal; }

}  // namespace

Shaper::Shaper(const Limits& limits) : limits_(limits) {}

const Shaper::Flow* Shaper::open_flow(Instant now, const Endpoint& to) const {
    const auto found =
        std::find_if(flows_.begin(), flows_.end(), [&](const Flow& flow) { return flow.to == to; });
    return found != flows_.end() && now - found->used < limits_.flow_time ? &*found : nullptr;
}

std::size_t Shaper::flows(Instant now) const {
    const auto open = std::count_if(flows_.begin(), flows_.end(), [&](const Flow& flow) {
        return now - flow.used < limits_.flow_time;
    });
    return static_cast<std::size_t>(open) + elsewhere_;
}

std::size_t Shaper::flows_free(Instant now, std::size_t most) const {
    const std::size_t elsewhere = std::min(elsewhere_, limits_.flows_max / 2);
    const std::size_t used = flows(now) - elsewhere_ + elsewhere;
    return most > used ? most - used : 0;
}

// Over any second: the one that left `most` datagrams ago must be older than that.
bool Shaper::fits_rate(Instant now, std::size_t most) const {
    if (left_.size() < most) return true;
    const std::size_t at = (next_left_ + left_.size() - most) % left_.size();
    return now - left_[at] >= kSecond;
}

// What nobody waits for is spread out, so that there is room left when something urgent comes.
bool Shaper::take_share(Instant now, Urgency urgency) {
    if (urgency <= Urgency::kUrgent || rate() == 0) return true;
    const auto most = static_cast<std::uint32_t>(rate());
    const std::uint32_t usual = std::max(most * 5 / 8, 1U), quarter = std::max(most / 4, 1U);
    const bool upkeep = urgency == Urgency::kUpkeep;
    if (upkeep && !upkeep_.take(now, every(quarter), std::max(quarter / 2, 1U))) return false;
    if (not_urgent_.take(now, every(usual), quarter)) return true;
    if (upkeep) upkeep_.put_back(every(quarter));
    return false;
}

void Shaper::put_back_share(Urgency urgency) {
    if (urgency <= Urgency::kUrgent || rate() == 0) return;
    const auto most = static_cast<std::uint32_t>(rate());
    not_urgent_.put_back(every(std::max(most * 5 / 8, 1U)));
    if (urgency == Urgency::kUpkeep) upkeep_.put_back(every(std::max(most / 4, 1U)));
}

Shaper::Room Shaper::room(Instant now, const Endpoint& to, Urgency urgency) {
    const bool outside = passes_router(to);
    if (outside && silent_) return Room::kNoFlow;
    if (outside && limits_.flows_max > 0 && open_flow(now, to) == nullptr &&
        flows_free(now, limits_.flows_max) == 0)
        return Room::kNoFlow;
    // An eighth is left for what follows a request: the second half of a handshake, a repetition;
    // another one for calls, and a third for what is urgent, however much strangers want.
    const std::size_t kept = urgency == Urgency::kCall ? 1 : urgency == Urgency::kUrgent ? 2 : 3;
    const std::size_t most = rate() - kept * (rate() / 8);
    if (outside && rate() > 0 && (granted_ >= most || !fits_rate(now, most - granted_)))
        return Room::kSoon;
    if (outside && !take_share(now, urgency)) return Room::kSoon;
    if (now < calm_until_ && !turns_.take(now, every(limits_.resume_per_second), kTurnsAtOnce)) {
        // The end of the calm must not let loose what gathered in it.
        calm_until_ = std::max(calm_until_, now + kSecond);
        if (outside) put_back_share(urgency);
        return Room::kSoon;
    }
    if (!outside) return Room::kYes;
    if (rate() > 0) ++granted_;
    if (limits_.flows_max > 0) open(now, to);
    return Room::kYes;
}

bool Shaper::room_for_others(Instant now, const Endpoint& to) const {
    if (!passes_router(to)) return true;
    if (silent_) return false;
    if (limits_.flows_max > 0 && open_flow(now, to) == nullptr &&
        flows_free(now, limits_.flows_max / 2) == 0)
        return false;
    return rate() == 0 || fits_rate(now, std::max<std::size_t>(rate() / 2, 1));
}

void Shaper::open(Instant now, const Endpoint& to) {
    const auto known =
        std::find_if(flows_.begin(), flows_.end(), [&](const Flow& flow) { return flow.to == to; });
    if (known != flows_.end()) {
        known->used = now;
        return;
    }
    std::erase_if(flows_, [&](const Flow& flow) { return now - flow.used >= limits_.flow_time; });
    flows_.push_back({to, now});
}

bool Shaper::admit(Instant now, const Endpoint& to) {
    if (!bounded() || !passes_router(to)) return true;
    if (silent_ || (rate() > 0 && !fits_rate(now, rate()))) return false;
    if (granted_ > 0) --granted_;
    if (limits_.flows_max > 0) {
        if (open_flow(now, to) == nullptr && flows_free(now, limits_.flows_max) == 0) return false;
        open(now, to);
    }
    if (rate() == 0) return true;
    if (left_.size() < rate()) {
        left_.push_back(now);
    } else {
        left_[next_left_] = now;
        next_left_ = (next_left_ + 1) % left_.size();
    }
    return true;
}

void Shaper::calm(Instant now) {
    // Whoever is calm already gets no new burst: a network that flaps asks for calm again and
    // again.
    if (now >= calm_until_) turns_ = {};
    calm_until_ = now + limits_.resume_time;
}

}  // namespace sov::guard
