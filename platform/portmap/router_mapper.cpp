#include "platform/portmap/router_mapper.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "platform/portmap/nat_pmp.h"
#include "platform/portmap/upnp.h"

namespace sov::portmap {

namespace {

constexpr std::chrono::milliseconds kStopPatience{1000};

}  // namespace

/// What the thread works on. Shared with it, because it may outlive the mapper.
class RouterMapper::Worker {
  public:
    using Tell = std::function<void(ports::MappingChanged)>;

    Worker(const MapperOptions& options, Tell tell) : options_(options), tell_(std::move(tell)) {}

    void run();
    void look_again();
    /// Whether the thread has ended in time.
    bool stop(std::chrono::milliseconds patience);

  private:
    void attempt();
    Attempt race();
    Attempt usable(Attempt outcome);
    void report(const Attempt& outcome);
    void pause();
    void take_back(const ports::PortMapping& mapping);

    const MapperOptions options_;
    std::mutex mutex_;  ///< guards look_again_, ended_, tell_
    std::condition_variable changed_;
    bool look_again_ = false, ended_ = false;
    Tell tell_;
    std::atomic<bool> stop_{false};

    // Of the thread.
    UpnpRouter upnp_;
    std::optional<ports::PortMapping> mapping_;
    bool told_ = false;
    std::string told_reason_;
    std::chrono::milliseconds retry_{0};
};

void RouterMapper::Worker::run() {
    while (!stop_.load()) {
        attempt();
        pause();
    }
    if (mapping_) take_back(*mapping_);
    const std::lock_guard guard(mutex_);
    ended_ = true;
    changed_.notify_all();
}

void RouterMapper::Worker::attempt() {
    Attempt outcome;
    if (mapping_ && mapping_->method == ports::MappingMethod::kUpnp)
        outcome = usable(upnp_.map(options_.port, options_.lifetime));
    if (!outcome.mapping) outcome = race();
    if (!stop_.load() || outcome.mapping) report(outcome);
}

// The search for UPnP takes its second whatever happens; NAT-PMP answers in milliseconds or not.
Attempt RouterMapper::Worker::race() {
    std::string no_upnp = "UPnP is not used";
    std::thread search([&] {
        if (options_.upnp) no_upnp = upnp_.find(options_.upnp_patience);
    });
    Attempt outcome = usable(map_by_nat_pmp(options_.gateway, options_.port, options_.lifetime,
                                            options_.nat_pmp_patience, stop_));
    if (outcome.mapping) report(outcome);
    search.join();
    if (outcome.mapping || stop_.load()) return outcome;
    Attempt second = no_upnp.empty() ? usable(upnp_.map(options_.port, options_.lifetime))
                                     : Attempt{std::nullopt, no_upnp};
    if (!second.mapping && second.words != outcome.words)
        second.words = outcome.words + "; " + second.words;
    return second;
}

// A router behind another one maps a port that nobody outside can reach.
Attempt RouterMapper::Worker::usable(Attempt outcome) {
    if (!outcome.mapping || outcome.mapping->external.scope() == Scope::kGlobal) return outcome;
    take_back(*outcome.mapping);
    return {std::nullopt, "the router has no public address: it is behind another NAT"};
}

void RouterMapper::Worker::report(const Attempt& outcome) {
    const bool news = !told_ || mapping_ != outcome.mapping || told_reason_ != outcome.words;
    mapping_ = outcome.mapping;
    told_reason_ = outcome.words;
    told_ = true;
    const std::lock_guard guard(mutex_);
    if (news && tell_) tell_({mapping_, told_reason_});
}

void RouterMapper::Worker::pause() {
    std::chrono::milliseconds wait = options_.renew;
    if (mapping_) {
        retry_ = std::chrono::milliseconds{0};
        // RFC 6886 s3.3: renewed after half of it.
        if (mapping_->lifetime.count() > 0)
            wait = std::min(wait, std::chrono::milliseconds(mapping_->lifetime) / 2);
    } else {
        retry_ = std::clamp(retry_ * 2, options_.retry_first, options_.retry_last);
        wait = retry_;
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [this] { return look_again_ || stop_.load(); });
    if (std::exchange(look_again_, false)) retry_ = std::chrono::milliseconds{0};
}

void RouterMapper::Worker::take_back(const ports::PortMapping& mapping) {
    if (mapping.method == ports::MappingMethod::kNatPmp) {
        unmap_by_nat_pmp(options_.gateway, mapping.port);
    } else {
        upnp_.unmap(mapping);
    }
}

void RouterMapper::Worker::look_again() {
    const std::lock_guard guard(mutex_);
    look_again_ = true;
    changed_.notify_all();
}

bool RouterMapper::Worker::stop(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    stop_.store(true);
    tell_ = nullptr;
    changed_.notify_all();
    return changed_.wait_for(lock, patience, [this] { return ended_; });
}

RouterMapper::RouterMapper(boost::asio::io_context& context, const MapperOptions& options,
                           Sink sink) {
    worker_ = std::make_shared<Worker>(
        options, [&context, sink = std::move(sink), alive = alive_](ports::MappingChanged changed) {
            boost::asio::post(context, [sink, alive, changed = std::move(changed)] {
                if (*alive) sink(changed);
            });
        });
    thread_ = std::thread([worker = worker_] { worker->run(); });
}

RouterMapper::~RouterMapper() { stop(); }

void RouterMapper::look_again() {
    if (worker_) worker_->look_again();
}

void RouterMapper::stop() {
    *alive_ = false;
    if (!worker_) return;
    if (worker_->stop(kStopPatience)) {
        thread_.join();
    } else {
        thread_.detach();
    }
    worker_.reset();
}

}  // namespace sov::portmap
