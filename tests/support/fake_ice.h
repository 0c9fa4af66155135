#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/base/instant.h"
#include "daemon/ports/ice_agent.h"

namespace sov::support {

class FakeIceSession;

/// All hosts' ICE on one virtual clock: which pairs work is for the test to say.
class FakeIce {
  public:
    /// Whether hosts reach each other without a relay. A path in use dies with it.
    bool direct = true;
    /// Whether relays and what runs over them work.
    bool relays = true;
    Duration latency = std::chrono::milliseconds{20};
    /// What an address costs that a server must be asked for.
    Duration gathering = std::chrono::milliseconds{40};
    /// Without a sign of life this ends a path (RFC 7675, as libnice has it).
    Duration consent = std::chrono::seconds{10};
    /// When checks that come to nothing are given up.
    Duration checking = std::chrono::seconds{3};
    std::size_t opened = 0, restarts = 0;
    /// Sessions up to this one carry nothing any more: their hosts have other addresses now. They
    /// don't notice within the time of a test.
    std::uint64_t stranded = 0;
    void strand_sessions() { stranded = last_; }

    explicit FakeIce(const Instant& now) : now_(now) {}

    /// The agents of one host.
    std::unique_ptr<ports::IceAgents> agents(const Endpoint& host, const Endpoint& seen_as);
    /// Calls the sinks for whatever is due.
    void step() {
        while (!due_.empty() && due_.begin()->first <= now_) {
            auto work = std::move(due_.begin()->second);
            due_.erase(due_.begin());
            work();
        }
    }
    Instant next_timeout() const { return due_.empty() ? kNever : due_.begin()->first; }
    /// Paths that no longer work are noticed after `consent`.
    void paths_changed();
    std::size_t sessions() const { return sessions_.size(); }

  private:
    friend class FakeIceSession;
    friend class FakeIceAgents;
    void after(Duration time, std::function<void()> work) {
        due_.emplace(now_ + time, std::move(work));
    }
    FakeIceSession* find(std::uint64_t number) {
        const auto found = sessions_.find(number);
        return found == sessions_.end() ? nullptr : found->second;
    }
    FakeIceSession* find(const IceDescription& local);

    const Instant& now_;
    std::multimap<Instant, std::function<void()>> due_;
    std::map<std::uint64_t, FakeIceSession*> sessions_;
    std::uint64_t last_ = 0;
};

class FakeIceSession final : public ports::IceSession {
  public:
    FakeIceSession(FakeIce& net, std::uint64_t number, ports::IceStart start, ports::IceSinks sinks,
                   const Endpoint& host, const Endpoint& seen_as)
        : net_(net),
          number_(number),
          start_(std::move(start)),
          sinks_(std::move(sinks)),
          host_(host),
          seen_as_(seen_as),
          way_(*this) {
        net_.sessions_[number_] = this;
        gather();
    }
    ~FakeIceSession() override { net_.sessions_.erase(number_); }

    const IceDescription& local() const override { return local_; }
    Result<void> set_remote(const IceDescription& description) override {
        if (!is_valid(description)) return Errc::kInvalidArgument;
        if (remote_ && *remote_ != description) return Errc::kConflict;
        remote_ = description;
        check();
        return {};
    }
    Result<void> add_remote_candidate(const IceCandidate& candidate) override {
        theirs_.push_back(candidate);
        check();
        return {};
    }
    void remote_gathered() override {}
    const IceDescription& restart(const std::vector<Endpoint>&) override {
        ++net_.restarts;
        remote_.reset();
        theirs_.clear();
        gather();
        return local_;
    }
    ports::DatagramPath& path() override { return way_; }
    Endpoint remote() const override { return *Endpoint::parse("192.0.2.254:2"); }
    ports::IceState state() const override { return state_; }
    std::optional<IcePair> pair() const override { return pair_; }

  private:
    friend class FakeIce;
    class Way final : public ports::DatagramPath {
      public:
        explicit Way(FakeIceSession& session) : session_(session) {}
        void send(const Endpoint&, ByteView datagram) override { session_.send(datagram); }
        Endpoint local() const override {
            return Endpoint::v4(0xc0000200U, static_cast<std::uint16_t>(session_.number_));
        }
        std::size_t datagram_bytes_max() const override { return 1200; }

      private:
        FakeIceSession& session_;
    };

    bool has_relay() const {
        for (const ports::IceServer& server : start_.servers) {
            if (server.kind != ports::IceServer::Kind::kStun) return net_.relays;
        }
        return false;
    }
    void gather() {
        const std::string round = std::to_string(1'000'000 + ++rounds_ + 1000 * number_);
        local_ = {"f" + round, "password-of-16-and-" + round};
        std::string unsafe = local_.password;
        for (char& c : unsafe) c = c == '-' ? '+' : c;
        local_.password = unsafe;
        if (!start_.relay_only) tell(CandidateKind::kHost, host_, std::chrono::milliseconds{1});
        if (!start_.relay_only) tell(CandidateKind::kServerReflexive, seen_as_, net_.gathering);
        Endpoint relay = *Endpoint::parse("203.0.113.1:50000");
        relay.port = static_cast<std::uint16_t>(relay.port + number_);
        if (has_relay()) tell(CandidateKind::kRelayed, relay, net_.gathering);
    }
    void tell(CandidateKind kind, const Endpoint& at, Duration later) {
        IceCandidate found;
        found.foundation = std::to_string(static_cast<int>(kind) + 1);
        found.priority = 1000;
        found.kind = kind;
        found.endpoint = at;
        found.endpoint.port = static_cast<std::uint16_t>(found.endpoint.port + number_);
        later_event(ports::IceLocalCandidate{found}, later);
    }
    void later_event(ports::IceEvent event, Duration later) {
        net_.after(later, [&net = net_, number = number_, event = std::move(event)] {
            FakeIceSession* session = net.find(number);
            if (session == nullptr) return;
            if (const auto* changed = std::get_if<ports::IceStateChanged>(&event)) {
                session->state_ = changed->state;
                if (changed->pair) session->pair_ = changed->pair;
            }
            session->sinks_.event(event);
        });
    }
    /// The other side of this round, when both know each other.
    FakeIceSession* other() {
        if (!remote_ || theirs_.empty()) return nullptr;
        FakeIceSession* found = net_.find(*remote_);
        const bool mutual = found != nullptr && found->remote_ == local_ && !found->theirs_.empty();
        return mutual ? found : nullptr;
    }
    void check() {
        FakeIceSession* there = other();
        if (there == nullptr || matched_ == rounds_) return;
        matched_ = there->matched_ = rounds_;
        there->matched_ = there->rounds_;
        const bool direct = net_.direct && !start_.relay_only && !there->start_.relay_only;
        const bool relayed = net_.relays && (has_relay() || there->has_relay());
        for (FakeIceSession* side : {this, there}) {
            FakeIceSession* far = side == this ? there : this;
            if (!direct && !relayed) {
                side->later_event(
                    ports::IceStateChanged{ports::IceState::kFailed, {}, "no pair works"},
                    net_.checking);
                continue;
            }
            const auto kind = direct ? CandidateKind::kServerReflexive : CandidateKind::kRelayed;
            side->far_ = far->number_;
            const IcePair pair{kind, kind, side->seen_as_, far->seen_as_};
            side->later_event(ports::IceStateChanged{ports::IceState::kConnected, pair, {}},
                              net_.latency * 2);
        }
    }
    bool works() const {
        if (!pair_ || number_ <= net_.stranded) return false;
        return pair_->local_kind == CandidateKind::kRelayed ? net_.relays : net_.direct;
    }
    void send(ByteView datagram) {
        if (!works()) return;
        net_.after(net_.latency, [&net = net_, far = far_, bytes = to_bytes(datagram)] {
            FakeIceSession* session = net.find(far);
            if (session == nullptr || !session->works()) return;
            const ByteView view(bytes);
            session->sinks_.datagrams({&view, 1});
        });
    }

    FakeIce& net_;
    const std::uint64_t number_;
    const ports::IceStart start_;
    const ports::IceSinks sinks_;
    const Endpoint host_, seen_as_;
    Way way_;
    IceDescription local_;
    std::optional<IceDescription> remote_;
    std::vector<IceCandidate> theirs_;
    std::size_t rounds_ = 0, matched_ = 0;
    std::uint64_t far_ = 0;
    ports::IceState state_ = ports::IceState::kGathering;
    std::optional<IcePair> pair_;
};

class FakeIceAgents final : public ports::IceAgents {
  public:
    FakeIceAgents(FakeIce& net, const Endpoint& host, const Endpoint& seen_as)
        : net_(net), host_(host), seen_as_(seen_as) {}

    Result<std::unique_ptr<ports::IceSession>> open(const ports::IceStart& start,
                                                    ports::IceSinks sinks) override {
        ++net_.opened;
        return std::unique_ptr<ports::IceSession>(std::make_unique<FakeIceSession>(
            net_, ++net_.last_, start, std::move(sinks), host_, seen_as_));
    }
    std::size_t sessions() const override { return net_.sessions(); }

  private:
    FakeIce& net_;
    const Endpoint host_, seen_as_;
};

inline std::unique_ptr<ports::IceAgents> FakeIce::agents(const Endpoint& host,
                                                         const Endpoint& seen_as) {
    return std::make_unique<FakeIceAgents>(*this, host, seen_as);
}

inline FakeIceSession* FakeIce::find(const IceDescription& local) {
    for (const auto& [number, session] : sessions_) {
        if (session->local_ == local) return session;
    }
    return nullptr;
}

inline void FakeIce::paths_changed() {
    for (const auto& [number, session] : sessions_) {
        if (session->pair_ && !session->works()) {
            session->later_event(
                ports::IceStateChanged{ports::IceState::kDisconnected, {}, "no sign of life"},
                consent);
        }
    }
}

}  // namespace sov::support
