#include "daemon/app/host_watch.h"

#include <algorithm>
#include <utility>

#include "daemon/app/own_addresses.h"
#include "platform/conditions/condition_monitor.h"
#include "platform/linux/power_supply.h"

namespace sov::app {

namespace {

using api::LogLevel;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Stage = guard::TrafficBudget::Stage;

/// Clock and budget are looked at this often; a plug that is pulled matters in minutes.
constexpr std::chrono::seconds kLook{5};
constexpr std::chrono::seconds kSaveTraffic{60};
/// What the kernel and logind say of waking up within this is one sleep.
constexpr std::chrono::seconds kOneSleep{5};
constexpr std::uint64_t kMegabyte = 1'000'000;

UnixMillis wall_now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<UnixMillis>(std::chrono::duration_cast<milliseconds>(since).count());
}

std::string_view connectivity_word(ports::HostConditions::Connectivity connectivity) {
    using Connectivity = ports::HostConditions::Connectivity;
    switch (connectivity) {
        case Connectivity::kUnknown: return "";
        case Connectivity::kNone: return "none";
        case Connectivity::kPortal: return "portal";
        case Connectivity::kLimited: return "limited";
        case Connectivity::kFull: return "full";
    }
    return "";
}

std::string whole_seconds_text(Duration span) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(span).count());
}

std::uint64_t bytes_of(int megabytes) {
    return static_cast<std::uint64_t>(std::max(megabytes, 0)) * kMegabyte;
}

}  // namespace

ProfileBounds bounds_of(const Config& config) {
    Profile profile = config.profile;
    if (profile == Profile::kAuto)
        profile = config.mode == NodeMode::kServer ? Profile::kServer : Profile::kHome;
    if (profile == Profile::kHome) return {"home", 128, 40};
    return {profile == Profile::kDesktop ? "desktop" : "server", 0, 0};
}

HostWatch::HostWatch(boost::asio::io_context& context, const Config& config, LogSink& log,
                     io::OutsideMeter& meter, const guard::ClockWatch& clock, Sinks sinks)
    : context_(context),
      log_(log),
      meter_(meter),
      clock_(clock),
      sinks_(std::move(sinks)),
      bounds_(bounds_of(config)),
      mode_(config.mode),
      ipv4_(config.ipv4),
      ipv6_(config.ipv6),
      power_(config.power),
      file_(config.state_dir),
      budget_(bytes_of(config.monthly_megabytes), file_.load()),
      look_timer_(context),
      move_timer_(context) {}

void HostWatch::start() {
    links_ = std::make_unique<LinkWatch>(context_, log_, [this] { move(); });
    monitor_ = std::make_unique<conditions::ConditionMonitor>(
        context_, conditions::MonitorOptions{},
        ports::HostMonitor::Sinks{[this](const ports::HostConditions& news) { take(news); },
                                  [this](bool asleep) { sleep_changed(asleep); }});
    look();
}

void HostWatch::stop() {
    if (!links_) return;
    links_->stop();
    monitor_->stop();
    look_timer_.cancel();
    move_timer_.cancel();
    look_at_budget();
    save();
    links_.reset();
}

void HostWatch::look() {
    battery_seen_ = host::on_battery();
    look_at_clock();
    look_at_budget();
    look_for_way_out();
    decide();
    look_timer_.expires_after(kLook);
    look_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) look();
    });
}

void HostWatch::look_at_clock() {
    const Instant now = sinks_.now();
    const bool distrusted = clock_.distrusted().count() != 0;
    if (const auto jump = clock_.look(now, wall_now())) {
        const bool believed = clock_.distrusted().count() == 0;
        log_.write(LogLevel::kWarning, "app", "app.clock_jumped",
                   believed ? "the clock of this host was set"
                            : "the clock of this host jumped; the time before is gone by",
                   {{"by_s", whole_seconds_text(*jump)},
                    {"believed", believed ? "yes" : "no"},
                    {"possible", clock_.absurd() ? "no" : "yes"}});
    } else if (distrusted && clock_.distrusted().count() == 0) {
        log_.write(LogLevel::kInfo, "app", "app.clock_believed",
                   "the clock of this host has stood for an hour and is gone by");
    }
    if (clock_.steps() == clock_steps_) return;
    clock_steps_ = clock_.steps();
    sinks_.clock(clock_.time(now));
}

void HostWatch::look_at_budget() {
    const std::uint64_t bytes = meter_.bytes;
    budget_.note(clock_.time(sinks_.now()),
                 bytes - std::exchange(metered_bytes_, bytes) + sinks_.other_bytes());
    meter_.left = budget_.left();
    if (steady_clock::now() - saved_at_ >= kSaveTraffic) save();
    const Stage stage = budget_.stage();
    if (stage == stage_) return;
    const bool worse = stage > std::exchange(stage_, stage);
    log_.write(
        worse ? LogLevel::kWarning : LogLevel::kInfo, "app", "app.traffic_budget",
        worse ? "the traffic budget of this month runs out" : "there is traffic budget again",
        {{"stage", std::string(guard::stage_word(stage))},
         {"used_mb", std::to_string(budget_.used() / kMegabyte)},
         {"of_mb", std::to_string(budget_.bound() / kMegabyte)}});
    save();
}

// Here and not in facts(): every status asks for those, and routes cost calls of the kernel.
void HostWatch::look_for_way_out() {
    no_way_out_ = !(ipv4_ && has_way_out(Family::kIpv4)) && !(ipv6_ && has_way_out(Family::kIpv6));
}

// A disk that is full loses what was counted since the last time; the store tells of it.
void HostWatch::save() {
    saved_at_ = steady_clock::now();
    (void)file_.save(budget_.months());
}

void HostWatch::take(const ports::HostConditions& conditions) {
    const bool online = conditions.connectivity == ports::HostConditions::Connectivity::kFull;
    const bool was = conditions_.connectivity == ports::HostConditions::Connectivity::kFull;
    const bool known = conditions_.connectivity != ports::HostConditions::Connectivity::kUnknown;
    conditions_ = conditions;
    decide();
    // The captive portal has let us through, or the route is back.
    if (known && online && !was) move();
}

void HostWatch::sleep_changed(bool asleep) {
    if (!asleep) return wake_up("logind", Duration{0});
    // Seconds are left at most: what is lost by not waking up again is written, no more.
    look_at_budget();
    save();
    log_.write(LogLevel::kInfo, "app", "app.sleeps", "this host falls asleep");
}

void HostWatch::woke(Duration slept) { wake_up("kernel", slept); }

void HostWatch::wake_up(std::string_view how, Duration slept) {
    // Clock and logind both tell of one sleep.
    const auto now = steady_clock::now();
    if (woke_at_ != steady_clock::time_point{} && now - woke_at_ < kOneSleep) return;
    woke_at_ = now;
    log_.write(LogLevel::kInfo, "app", "app.woke", "this host woke up: looks around anew",
               {{"told_by", std::string(how)}, {"slept_s", whole_seconds_text(slept)}});
    move_timer_.cancel();
    pace_.note_all(sinks_.now());
    sinks_.moved({true, true});
}

// Of what paths alone hear the log says nothing: a cable that flaps would fill it.
void HostWatch::look_around() {
    look_for_way_out();
    const Look look = pace_.take(sinks_.now(), sinks_.reachable());
    if (look.all) {
        log_.write(LogLevel::kInfo, "app", "app.links_changed",
                   "addresses, links or the way out of this host changed");
    }
    if (look != Look{}) sinks_.moved(look);
    await_look();
}

void HostWatch::move() {
    pace_.note_change(sinks_.now());
    await_look();
}

void HostWatch::await_look() {
    if (pace_.next() == kNever) return;
    move_timer_.expires_after(std::max(Duration{0}, pace_.next() - sinks_.now()));
    move_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) look_around();
    });
}

bool HostWatch::metered_counts() const {
    return power_ == PowerPolicy::kAuto && conditions_.metered.value_or(false);
}

void HostWatch::decide() {
    const bool battery = conditions_.on_battery.value_or(battery_seen_);
    const bool saving = power_ == PowerPolicy::kSaving || metered_counts();
    Economy economy;
    economy.on_battery =
        power_ == PowerPolicy::kSaving || (battery && power_ == PowerPolicy::kAuto);
    economy.saves = saving || stage_ >= Stage::kRefreshesLess;
    // Whoever was told to serve does, whatever the connection costs; a budget is a promise.
    economy.serves =
        !(saving && mode_ == NodeMode::kAuto) && stage_ < Stage::kServesNobody && !relayed_;
    economy.silent = stage_ == Stage::kUsedUp;
    if (told_ == economy) return;
    const bool first = !told_;
    told_ = economy;
    if (!first || economy != Economy{}) {
        log_.write(LogLevel::kInfo, "app", "app.economy", "what this host can afford has changed",
                   {{"on_battery", economy.on_battery ? "yes" : "no"},
                    {"saves", economy.saves ? "yes" : "no"},
                    {"serves", economy.serves ? "yes" : "no"},
                    {"silent", economy.silent ? "yes" : "no"}});
    }
    sinks_.economy(economy);
}

void HostWatch::reconfigure(PowerPolicy power, int monthly_megabytes) {
    power_ = power;
    budget_.set_bound(bytes_of(monthly_megabytes));
    look_at_budget();
    decide();
}

void HostWatch::set_relayed(bool relayed) {
    relayed_ = relayed;
    decide();
}

api::EconomyFacts HostWatch::facts() const {
    api::EconomyFacts facts;
    facts.profile = bounds_.name;
    facts.flows_max = bounds_.flows_max;
    facts.datagrams_per_second = bounds_.datagrams_per_second;
    facts.on_battery = conditions_.on_battery;
    if (!facts.on_battery && battery_seen_) facts.on_battery = true;
    facts.metered = conditions_.metered;
    facts.connectivity = connectivity_word(conditions_.connectivity);
    facts.no_way_out = no_way_out_;
    facts.economy = told_.value_or(Economy{});
    const std::string low = "the traffic budget of this month runs out";
    const std::string saving = power_ == PowerPolicy::kSaving ? "node.power = saving"
                               : metered_counts()             ? "the connection is metered"
                                                              : "";
    if (facts.economy.saves) facts.saves_because = saving.empty() ? low : saving;
    if (!facts.economy.serves)
        facts.serves_nobody_because = relayed_ ? "datagrams go through a relay"
                                      : stage_ >= Stage::kServesNobody ? low
                                                                       : saving;
    facts.budget = budget_.bound();
    facts.used = budget_.used() + (meter_.bytes - metered_bytes_);
    facts.budget_stage = guard::stage_word(stage_);
    facts.bulk = stage_ < Stage::kNoBulk;
    if (!budget_.months().empty())
        facts.budget_renews = guard::TrafficBudget::end_of(budget_.months().back().number);
    facts.clock_off = clock_.distrusted();
    facts.clock_absurd = clock_.absurd();
    return facts;
}

}  // namespace sov::app
