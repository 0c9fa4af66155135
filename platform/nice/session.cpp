#include "platform/nice/session.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <string_view>
#include <utility>

#include "daemon/core/base/check.h"
#include "platform/nice/nice_agents.h"

namespace sov::nice {

namespace {

/// RFC 8445 s5.3 wants 24 and 128 bits; these are 48 and 144.
constexpr std::size_t kFragmentChars = 8, kPasswordChars = 24;

std::string random_text(std::size_t chars) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<std::uint8_t, kPasswordChars> bytes{};
    SOV_CHECK(chars <= bytes.size());
    // At most 256 bytes are never cut short (getrandom(2)).
    SOV_CHECK(getrandom(bytes.data(), chars, 0) == static_cast<ssize_t>(chars));
    std::string text;
    for (std::size_t at = 0; at < chars; ++at) text += kAlphabet[bytes[at] % kAlphabet.size()];
    return text;
}

IceDescription new_description() {
    return {random_text(kFragmentChars), random_text(kPasswordChars)};
}

// In 100::/64, which is nowhere (RFC 6666).
Endpoint made_up(std::uint8_t side, SessionNumber number) {
    Endpoint endpoint;
    endpoint.family = Family::kIpv6;
    endpoint.address[0] = 1;
    endpoint.address[7] = 0;
    endpoint.address[8] = side;
    store_u32(endpoint.address.data() + 12, static_cast<std::uint32_t>(number));
    endpoint.port = 1;
    return endpoint;
}

}  // namespace

NiceSession::NiceSession(NiceAgents& agents, Shard& shard, SessionNumber number,
                         ports::IceStart start, ports::IceSinks sinks)
    : agents_(agents),
      shard_(shard),
      number_(number),
      sinks_(std::make_shared<const ports::IceSinks>(std::move(sinks))),
      own_(own_addresses(agents.options().addresses)),
      local_(new_description()),
      pace_(agents.next_pace()),
      path_(*this, made_up(1, number)) {
    Agent::Plan plan;
    plan.session = number;
    plan.start = std::move(start);
    plan.own_addresses = own_.usable;
    plan.local = local_;
    plan.candidates_max = agents.options().candidates_max;
    plan.pace = pace_;
    agent_ = std::make_shared<Agent>(shard_, std::move(plan));
    post([](Agent& agent) { agent.open(); });
}

NiceSession::~NiceSession() {
    post([](Agent& agent) { agent.close(); });
    agents_.forget(number_);
}

template <typename Call>
void NiceSession::post(Call call) {
    shard_.post([agent = agent_, call = std::move(call)] { call(*agent); });
}

Result<void> NiceSession::set_remote(const IceDescription& description) {
    if (!is_valid(description)) return Errc::kInvalidArgument;
    if (remote_) return *remote_ == description ? Result<void>() : Errc::kConflict;
    remote_ = description;
    // Checks need both, and libnice wants the description first.
    post([description, candidates = remote_candidates_, gathered = remote_gathered_](Agent& agent) {
        agent.set_remote(description, candidates);
        if (gathered) agent.remote_gathered();
    });
    return {};
}

Result<void> NiceSession::add_remote_candidate(const IceCandidate& candidate) {
    if (!is_well_formed(candidate) || must_not_be_sent_to(candidate.endpoint))
        return Errc::kInvalidArgument;
    const bool known = std::any_of(
        remote_candidates_.begin(), remote_candidates_.end(),
        [&](const IceCandidate& other) { return other.endpoint == candidate.endpoint; });
    if (known) return Errc::kExists;
    if (remote_candidates_.size() >= agents_.options().candidates_max) return Errc::kOverQuota;
    remote_candidates_.push_back(candidate);
    if (remote_) post([candidate](Agent& agent) { agent.add_remote_candidate(candidate); });
    return {};
}

bool NiceSession::must_not_be_sent_to(const Endpoint& endpoint) const {
    const Scope scope = endpoint.scope();
    if (scope == Scope::kBogon || scope == Scope::kLinkLocal || is_told(endpoint)) return true;
    if (scope == Scope::kLoopback && !agents_.options().addresses.loopback) return true;
    return std::any_of(own_.broadcast.begin(), own_.broadcast.end(), [&](const Endpoint& all) {
        return all.family == endpoint.family && all.address == endpoint.address;
    });
}

bool NiceSession::is_told(const Endpoint& endpoint) const {
    return std::find(told_.begin(), told_.end(), endpoint) != told_.end();
}

void NiceSession::remote_gathered() {
    if (std::exchange(remote_gathered_, true)) return;
    if (remote_) post([](Agent& agent) { agent.remote_gathered(); });
}

const IceDescription& NiceSession::restart(const std::vector<Endpoint>& extra_addresses) {
    local_ = new_description();
    remote_.reset();
    remote_candidates_.clear();
    remote_gathered_ = false;
    state_ = ports::IceState::kGathering;
    ++round_;
    std::vector<Endpoint> extra = extra_addresses;
    extra.resize(std::min(extra.size(), kExtraAddressesMax));
    post([local = local_, extra = std::move(extra)](Agent& agent) { agent.restart(local, extra); });
    return local_;
}

Endpoint NiceSession::remote() const { return made_up(2, 0); }

void NiceSession::handle(const Inbox::News& news) {
    if (news.round != round_) return;
    if (const auto* local = std::get_if<ports::IceLocalCandidate>(&news.event)) {
        if (!is_told(local->candidate.endpoint)) told_.push_back(local->candidate.endpoint);
    } else if (const auto* changed = std::get_if<ports::IceStateChanged>(&news.event)) {
        state_ = changed->state;
        if (changed->pair) {
            pair_ = changed->pair;
            path_.release();
        }
        if (state_ == ports::IceState::kFailed || state_ == ports::IceState::kDisconnected)
            pair_.reset();
    }
    const auto sinks = sinks_;
    sinks->event(news.event);
}

void NiceSession::handle(std::span<const ByteView> datagrams) {
    const auto sinks = sinks_;
    sinks->datagrams(datagrams);
}

void NiceSession::Path::send(const Endpoint& to, ByteView datagram) {
    if (to != session_.remote() || datagram.empty() || datagram.size() > kDatagramBytesMax) return;
    if (released_) return leave(datagram);
    if (held_.size() < kHeldMax) held_.push_back(to_bytes(datagram));
}

void NiceSession::Path::release() {
    if (std::exchange(released_, true)) return;
    for (const Bytes& datagram : std::exchange(held_, {})) leave(datagram);
}

void NiceSession::Path::leave(ByteView datagram) {
    auto way = session_.agent_->direct();
    if (!way) return session_.agent_->send(datagram);
    Waiting& waiting = *waiting_;
    if (waiting.way != way) {
        waiting.flush();
        waiting.way = std::move(way);
    }
    if (waiting.burst && waiting.burst->add(waiting.way->remote, datagram)) return;
    if (waiting.burst) {
        waiting.flush();
    } else {
        boost::asio::post(session_.agents_.context(), [waiting = waiting_] { waiting->flush(); });
    }
    waiting.burst = std::make_unique_for_overwrite<host::UdpBurst>();
    SOV_CHECK(waiting.burst->add(waiting.way->remote, datagram));
}

void NiceSession::Path::Waiting::flush() {
    // What the kernel does not take is lost, as it may be anywhere on the path.
    if (burst) (void)burst->flush(way->descriptor, cuts);
    burst.reset();
}

}  // namespace sov::nice
