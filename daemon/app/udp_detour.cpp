#include "daemon/app/udp_detour.h"

#include <algorithm>
#include <utility>

namespace sov::app {

using api::LogLevel;

UdpDetour::UdpDetour(boost::asio::io_context& context, LogSink& log, std::uint64_t seed,
                     std::function<Instant()> clock, std::function<void(bool relayed)> changed)
    : context_(context),
      log_(log),
      rng_(seed),
      clock_(std::move(clock)),
      changed_(std::move(changed)),
      timer_(context) {}

void UdpDetour::start(const std::vector<io::UdpTransport*>& transports) {
    transports_ = transports;
    await_look(kLookEach);
}

void UdpDetour::set_servers(std::vector<NamedServer> servers) { servers_ = std::move(servers); }

void UdpDetour::stop() {
    timer_.cancel();
    if (detoured_ != nullptr) detoured_->go_through(nullptr);
    detoured_ = nullptr;
    port_.reset();
    transports_.clear();
}

void UdpDetour::look_again() {
    silence_.reset();
    retry_at_ = {};
    pause_ = kFirstPause;
    if (relay_.empty()) return close();
    // Most changes are no other network, and the relay goes on until plain UDP answers.
    port_->check();
    ask_plainly();
}

void UdpDetour::await_look(std::chrono::milliseconds pause) {
    timer_.expires_after(pause);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) look();
    });
}

io::UdpTransport* UdpDetour::transport_of(Family family) const {
    const auto found =
        std::find_if(transports_.begin(), transports_.end(),
                     [&](const io::UdpTransport* one) { return one->local().family == family; });
    return found == transports_.end() ? nullptr : *found;
}

const NamedServer* UdpDetour::next_server() {
    for (std::size_t tried = 0; tried < servers_.size(); ++tried) {
        const NamedServer& one = servers_[turn_++ % servers_.size()];
        if (one.server.kind == ports::IceServer::Kind::kTurnTcp && one.problem.empty() &&
            transport_of(one.server.endpoint.family) != nullptr)
            return &one;
    }
    return nullptr;
}

void UdpDetour::look() {
    over_.reset();
    const Instant now = clock_();
    if (port_ == nullptr) {
        watch(now);
    } else if (answered_) {
        const bool used = !relay_.empty();
        log_.write(used ? LogLevel::kInfo : LogLevel::kDebug, "connect", "udp.direct",
                   used ? "UDP gets through again: datagrams go by themselves"
                        : "UDP gets through: no relay is needed for datagrams",
                   {{"relay", opening_}});
        silence_.reset();
        wait_longer();
        close();
    } else if (relay_.empty() && port_->local().port != 0 && now - asked_at_ >= kAnswerTime) {
        use();
    } else if (!relay_.empty() && now - asked_at_ >= kTryEach) {
        ask_plainly();
    }
    const bool soon = port_ != nullptr && relay_.empty();
    await_look(soon ? kLookSoon : kLookEach);
}

// The relay whose turn it is says which socket would need it.
void UdpDetour::watch(Instant now) {
    const NamedServer* server = next_server();
    if (server == nullptr) return;
    const auto& counted = transport_of(server->server.endpoint.family)->counters();
    silence_.note(now, counted.outside_sent, counted.outside_received);
    if (silence_.blocked(now) && now >= retry_at_) return open(*server);
    --turn_;
}

void UdpDetour::wait_longer() {
    retry_at_ = clock_() + pause_;
    pause_ = std::min(pause_ * 2, kLongestPause);
}

// One id for all: whoever answers first says that UDP gets through. A relay that is reached over
// TCP most likely has the same port, or STUN's own, for UDP. A server within this site says nothing
// about the way out of it.
void UdpDetour::ask_plainly() {
    answered_ = false;
    asked_at_ = clock_();
    connect::StunQuestion question;
    store_u64(question.id.data(), rng_.next());
    store_u32(question.id.data() + 8, static_cast<std::uint32_t>(rng_.next()));
    question_ = question.id;
    const Bytes datagram = connect::encode_stun(question);
    std::vector<Endpoint> asked;
    for (const NamedServer& one : servers_) {
        if (one.at.scope() != Scope::kGlobal) continue;
        for (const std::uint16_t port : {one.at.port, kStunPort}) {
            Endpoint endpoint = one.at;
            endpoint.port = port;
            io::UdpTransport* transport = transport_of(endpoint.family);
            if (transport == nullptr || asked.size() >= kAskedMax ||
                std::find(asked.begin(), asked.end(), endpoint) != asked.end())
                continue;
            asked.push_back(endpoint);
            transport->send_directly(endpoint, datagram);
        }
    }
    for (io::UdpTransport* transport : transports_) transport->flush();
}

bool UdpDetour::claims(ByteView datagram) const {
    return question_ && connect::is_stun(datagram) &&
           std::equal(question_->begin(), question_->end(), datagram.begin() + 8);
}

void UdpDetour::handle_datagram(ByteView datagram) {
    if (connect::read_stun(datagram)) answered_ = true;
}

void UdpDetour::open(const NamedServer& server) {
    opening_ = server.name;
    io::UdpTransport* transport = transport_of(server.server.endpoint.family);
    connect::TurnLogin login{server.server.user, server.server.password,
                             server.server.endpoint.family};
    RelayedPort::Sinks sinks;
    sinks.datagram = [transport](const Endpoint& from, ByteView datagram) {
        transport->take_relayed(from, datagram);
    };
    sinks.read_over = [transport] { transport->relayed_ready(); };
    sinks.closed = [this](const std::string& words) { failed(words); };
    sinks.now = clock_;
    port_ = std::make_unique<RelayedPort>(context_, server.server.endpoint, std::move(login),
                                          rng_.next(), std::move(sinks));
    detoured_ = transport;
    ask_plainly();
}

void UdpDetour::use() {
    relay_ = opening_;
    pause_ = kFirstPause;
    detoured_->go_through(port_.get());
    log_.write(LogLevel::kWarning, "connect", "udp.relayed",
               "UDP is blocked here: datagrams go through a relay",
               {{"relay", relay_}, {"as", port_->local().text()}});
    changed_(true);
}

void UdpDetour::close() {
    if (detoured_ != nullptr) detoured_->go_through(nullptr);
    detoured_ = nullptr;
    port_.reset();
    question_.reset();
    answered_ = false;
    if (!std::exchange(relay_, {}).empty()) changed_(false);
}

void UdpDetour::failed(const std::string& words) {
    log_.write(LogLevel::kWarning, "connect", "udp.relay_failed",
               "a relay does not carry the datagrams that UDP does not get out",
               {{"relay", opening_}, {"reason", words}});
    over_ = std::move(port_);
    // One that carried was good until now, and the host may be in another network.
    if (relay_.empty()) wait_longer();
    close();
}

}  // namespace sov::app
