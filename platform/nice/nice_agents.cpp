#include "platform/nice/nice_agents.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/core/base/check.h"
#include "platform/nice/session.h"

namespace sov::nice {

namespace {

using ports::IceServer;

/// libnice takes as many (NICE_CANDIDATE_MAX_TURN_SERVERS).
constexpr std::size_t kServersMax = 8;
constexpr std::size_t kCredentialBytesMax = 512;  // RFC 8489 s14.3

bool is_usable(const IceServer& server) {
    return server.endpoint.scope() != Scope::kBogon && server.user.size() <= kCredentialBytesMax &&
           server.password.size() <= kCredentialBytesMax;
}

bool is_usable(const ports::IceStart& start) {
    return start.servers.size() <= kServersMax &&
           start.extra_addresses.size() <= kExtraAddressesMax && start.port_min <= start.port_max &&
           (start.port_min != 0) == (start.port_max != 0) &&
           std::all_of(start.servers.begin(), start.servers.end(),
                       [](const IceServer& server) { return is_usable(server); });
}

}  // namespace

NiceAgents::NiceAgents(boost::asio::io_context& context, NiceOptions options)
    : context_(context), options_(std::move(options)) {}

NiceAgents::~NiceAgents() {
    SOV_CHECK(sessions_.empty());
    *alive_ = false;
}

Result<std::unique_ptr<ports::IceSession>> NiceAgents::open(const ports::IceStart& start,
                                                            ports::IceSinks sinks) {
    if (!is_usable(start)) return Errc::kInvalidArgument;
    if (sessions_.size() >= options_.sessions_max) return Errc::kBusy;
    const std::size_t lane = roomy_lane();
    const SessionNumber number = ++last_;
    auto session =
        std::make_unique<NiceSession>(*this, *lanes_[lane].shard, number, start, std::move(sinks));
    sessions_.emplace(number, Entry{session.get(), lane});
    ++lanes_[lane].sessions;
    return {std::move(session)};
}

std::size_t NiceAgents::roomy_lane() {
    for (std::size_t at = 0; at < lanes_.size(); ++at) {
        if (lanes_[at].sessions < options_.agents_per_shard) return at;
    }
    const std::size_t lane = lanes_.size();
    lanes_.push_back({std::make_unique<Shard>(options_.inbox_bytes_max,
                                              [this, lane, alive = alive_] {
                                                  boost::asio::post(context_, [this, lane, alive] {
                                                      if (*alive) take(lane);
                                                  });
                                              }),
                      0});
    return lane;
}

std::chrono::milliseconds NiceAgents::next_pace() const {
    const auto looking = std::count_if(sessions_.begin(), sessions_.end(), [](const auto& entry) {
        return !entry.second.session->pair().has_value();
    });
    return std::min(options_.pace * (looking + 1), options_.pace_max);
}

NiceSession* NiceAgents::find(SessionNumber number) const {
    const auto found = sessions_.find(number);
    return found == sessions_.end() ? nullptr : found->second.session;
}

void NiceAgents::forget(SessionNumber number) {
    const auto found = sessions_.find(number);
    if (found == sessions_.end()) return;
    --lanes_[found->second.lane].sessions;
    sessions_.erase(found);
}

// A sink may open and close sessions meanwhile, so each is looked up when its turn comes.
void NiceAgents::take(std::size_t lane) {
    lanes_[lane].shard->inbox().take(batch_);
    dropped_ += batch_.dropped;
    for (const Inbox::News& news : batch_.news) {
        if (NiceSession* session = find(news.session)) session->handle(news);
    }
    for (std::size_t at = 0; at < batch_.datagrams.size();) {
        const SessionNumber number = batch_.datagrams[at].session;
        views_.clear();
        for (; at < batch_.datagrams.size() && batch_.datagrams[at].session == number; ++at) {
            views_.push_back(batch_.view(batch_.datagrams[at]));
        }
        if (NiceSession* session = find(number)) session->handle(views_);
    }
}

}  // namespace sov::nice
