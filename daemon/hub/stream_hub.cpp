#include "daemon/hub/stream_hub.h"

#include <utility>

#include "daemon/hub/hub_parts.h"

namespace sov::hub {

StreamHub::StreamHub(ports::StreamTransport& transport, HubOptions options, std::uint64_t seed)
    : parts_(std::make_unique<Parts>(transport, std::move(options), seed)) {}

StreamHub::~StreamHub() = default;

void StreamHub::set_path(Family family, ports::DatagramPath* path) {
    parts_->dials.set_path(family, path);
}

void StreamHub::set_is_friend(std::function<bool(const PeerId&)> is_friend) {
    parts_->is_friend = std::move(is_friend);
}

void StreamHub::set_admission(Admission admission) { parts_->options.admission = admission; }

void StreamHub::set_own_addresses(std::vector<Endpoint> addresses) {
    parts_->identify.set_addresses(parts_->last_run, std::move(addresses));
}

void StreamHub::handle_addresses(Instant, const PeerId& peer,
                                 const std::vector<DialAddress>& addresses, bool complete) {
    parts_->dials.add_addresses(peer, addresses, complete);
}

void StreamHub::start_ice(ports::IceAgents& agents, UnixMillis wall_clock,
                          std::function<void()> wake) {
    parts_->start_ice(agents, wall_clock, std::move(wake));
}

void StreamHub::set_ice_options(IceOptions options) { parts_->ice.set_options(std::move(options)); }

void StreamHub::handle_signal(Instant now, const PeerId& from, ByteView words) {
    parts_->ice.handle_words(now, from, words);
}

void StreamHub::set_wall_clock(UnixMillis at_start) { parts_->ice.set_wall_clock(at_start); }

void StreamHub::handle_network_change(Instant now) { parts_->network_changed(now); }

void StreamHub::handle_timeout(Instant now) { parts_->transport.handle_timeout(now); }

void StreamHub::run(Instant now) { parts_->run(now); }

CommandId StreamHub::connect(Instant now, const PeerId& peer, ConnectOptions options) {
    return parts_->connect(now, peer, options);
}

bool StreamHub::disconnect(Instant now, const PeerId& peer) {
    return parts_->disconnect(now, peer);
}

CommandId StreamHub::ping(Instant now, const PeerId& peer) {
    OpenRequest request;
    request.peer = peer;
    request.protocols = {std::string(streams::kPingProtocol)};
    request.user = &parts_->pings;
    request.system = true;
    const CommandId command = parts_->open(now, std::move(request));
    parts_->pings.expect(command, peer);
    return command;
}

void StreamHub::cancel(Instant, CommandId command) { parts_->cancel(command); }

Result<void> StreamHub::hold(Instant now, const PeerId& peer) {
    auto& interests = parts_->interests;
    if (interests.size() >= parts_->options.limits.interests_max && !interests.contains(peer)) {
        return Errc::kOverQuota;
    }
    auto& interest = interests[peer];
    // A connection is wanted from now on, not only once one was lost.
    if (++interest.count == 1 && parts_->pool.primary(peer) == nullptr) interest.retry_at = now;
    return {};
}

void StreamHub::release(Instant, const PeerId& peer) {
    const auto found = parts_->interests.find(peer);
    if (found == parts_->interests.end()) return;
    if (--found->second.count == 0) parts_->interests.erase(found);
}

void StreamHub::shut_down(Instant now) { parts_->shut_down(now); }

Result<void> StreamHub::serve(std::string protocol, StreamUser& user) {
    const auto served = parts_->table.serve(std::move(protocol), user, false);
    if (served) parts_->identify.push(parts_->last_run);
    return served;
}

void StreamHub::withdraw(std::string_view protocol) {
    parts_->table.withdraw(protocol);
    parts_->identify.push(parts_->last_run);
}

CommandId StreamHub::open_stream(Instant now, const PeerId& peer,
                                 std::vector<std::string> protocols, StreamUser& user) {
    OpenRequest request;
    request.peer = peer;
    request.protocols = std::move(protocols);
    request.user = &user;
    return parts_->open(now, std::move(request));
}

std::size_t StreamHub::write_first(CommandId command, ByteView bytes) {
    if (const auto taken = parts_->dials.write_first(command, bytes)) return *taken;
    return parts_->table.write_first(command, bytes).value_or(0);
}

Result<std::size_t> StreamHub::write(const ports::StreamId& stream, ByteView bytes, bool end) {
    return parts_->table.write(stream, bytes, end);
}

Result<ports::StreamBytes> StreamHub::read(const ports::StreamId& stream, std::size_t bytes_max) {
    return parts_->table.read(stream, bytes_max);
}

void StreamHub::reset(const ports::StreamId& stream) { parts_->table.reset(stream); }

void StreamHub::forget_user(StreamUser& user) {
    parts_->dials.forget_user(user);
    parts_->table.forget_user(user);
}

std::optional<HubEvent> StreamHub::poll_event() {
    if (parts_->events.empty()) return std::nullopt;
    HubEvent event = std::move(parts_->events.front());
    parts_->events.pop_front();
    return event;
}

Instant StreamHub::next_timeout() const { return parts_->next_timeout(parts_->last_run); }

std::vector<ConnectionView> StreamHub::connections() const {
    std::vector<ConnectionView> views;
    for (const auto& [id, connection] : parts_->pool.all()) {
        views.push_back(parts_->view(connection));
    }
    return views;
}

std::optional<ConnectionView> StreamHub::connection(const PeerId& peer) const {
    const Connection* primary = std::as_const(parts_->pool).primary(peer);
    if (primary == nullptr) return std::nullopt;
    return parts_->view(*primary);
}

std::vector<DialAttempt> StreamHub::attempts(const PeerId& peer) const {
    return parts_->dials.attempts(peer);
}

std::optional<IceReport> StreamHub::ice_report(const PeerId& peer) const {
    return parts_->ice.report(peer);
}

connect::SignalCounters StreamHub::signal_counters() const { return parts_->ice.counters(); }

}  // namespace sov::hub
