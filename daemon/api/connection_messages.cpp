#include "daemon/api/connection_messages.h"

#include <string>
#include <variant>

#include "daemon/core/identity/peer_name.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

/// What a peer says of itself is cut here, so that no message grows past what a caller expects.
constexpr std::size_t kAgentBytesMax = 128;
constexpr std::size_t kProtocolsMax = 64;

std::string_view way_word(hub::DialAttempt::Way way) {
    switch (way) {
        case hub::DialAttempt::Way::kLan: return "lan";
        case hub::DialAttempt::Way::kAddress: return "address";
        case hub::DialAttempt::Way::kIce: return "ice";
    }
    return "address";
}

/// Protobuf's texts are UTF-8, and a peer may say anything.
std::string printable(const std::string& text, std::size_t bytes_max) {
    std::string out = text.substr(0, bytes_max);
    for (char& symbol : out) {
        if (symbol < 0x20 || symbol > 0x7e) symbol = '?';
    }
    return out;
}

v1::Event changed_event(const MessageWriter& writer, Instant now,
                        const hub::ConnectionView& connection, const std::string& type,
                        const std::string& summary) {
    v1::Event event;
    event.set_type(type);
    event.set_summary(summary);
    write_connection(writer, now, connection,
                     event.mutable_connection_changed()->mutable_connection());
    return event;
}

}  // namespace

v1::ConnectionPath message_of(hub::PathClass path) {
    switch (path) {
        case hub::PathClass::kLan: return v1::CONNECTION_PATH_LAN;
        case hub::PathClass::kDirect: return v1::CONNECTION_PATH_DIRECT;
        case hub::PathClass::kRelayed: return v1::CONNECTION_PATH_RELAYED;
    }
    return v1::CONNECTION_PATH_UNSPECIFIED;
}

void write_connection(const MessageWriter& writer, Instant now, const hub::ConnectionView& from,
                      v1::Connection* to) {
    writer.write(from.peer, to->mutable_peer());
    to->set_path(message_of(from.path));
    to->set_carrier(from.carrier);
    to->set_remote(from.remote.text());
    to->set_inbound(from.inbound);
    to->set_age_ms(whole_ms(now - from.since));
    if (from.round_trip) to->set_round_trip_us(whole_us(*from.round_trip));
    to->set_bytes_in(from.bytes_in);
    to->set_bytes_out(from.bytes_out);
    to->set_streams(static_cast<std::uint32_t>(from.streams));
    to->set_agent(printable(from.agent, kAgentBytesMax));
    for (const std::string& protocol : from.protocols) {
        if (static_cast<std::size_t>(to->protocols_size()) == kProtocolsMax) break;
        to->add_protocols(printable(protocol, kAgentBytesMax));
    }
}

void write_attempt(const hub::DialAttempt& from, v1::ConnectAttempt* to) {
    to->set_way(std::string(way_word(from.way)));
    if (from.way != hub::DialAttempt::Way::kIce) to->set_endpoint(from.endpoint.text());
    to->set_took_us(whole_us(from.took));
    to->set_won(from.won);
    to->set_outcome(from.outcome);
}

void write_attempt(Instant now, const hub::DialAttempt& from, v1::ConnectAttempt* to) {
    write_attempt(from, to);
    to->set_ago_ms(whole_ms(now - from.begun));
}

void write_step(const hub::ConnectStep& from, v1::ConnectStep* to) {
    to->set_what(from.what);
    to->set_detail(printable(from.detail, kAgentBytesMax));
    to->set_after_us(whole_us(from.after));
}

void write_call(Instant now, const hub::IceReport& from, v1::PeerCall* to) {
    const auto write = [](CandidateKind kind, const Endpoint& at, v1::CallCandidate* into) {
        into->set_kind(std::string(candidate_kind_name(kind)));
        into->set_endpoint(at.text());
    };
    to->set_by_peer(from.called);
    to->set_ago_ms(whole_ms(now - from.begun));
    to->set_outcome(from.outcome);
    to->set_answered(from.answered);
    to->set_relays(from.relays);
    to->set_rounds(static_cast<std::uint32_t>(from.rounds));
    for (const IceCandidate& one : from.ours) write(one.kind, one.endpoint, to->add_ours());
    for (const IceCandidate& one : from.theirs) write(one.kind, one.endpoint, to->add_theirs());
    to->set_state(from.state);
    if (from.pair) {
        write(from.pair->local_kind, from.pair->local, to->mutable_pair()->mutable_ours());
        write(from.pair->remote_kind, from.pair->remote, to->mutable_pair()->mutable_theirs());
    }
    if (from.connected_after) to->set_connected_after_us(whole_us(*from.connected_after));
    for (const hub::ConnectStep& step : from.steps) write_step(step, to->add_steps());
}

std::optional<v1::Event> connection_event(const MessageWriter& writer, Instant now,
                                          const hub::HubEvent& event) {
    if (const auto* opened = std::get_if<hub::ConnectionOpened>(&event)) {
        const auto& connection = opened->connection;
        return changed_event(writer, now, connection, "connection.opened",
                             "connected to " + identity::peer_text(connection.peer) + ", " +
                                 std::string(hub::path_class_name(connection.path)) + ", at " +
                                 connection.remote.text());
    }
    if (const auto* moved = std::get_if<hub::PathChanged>(&event)) {
        const auto& connection = moved->connection;
        auto message =
            changed_event(writer, now, connection, "connection.moved",
                          "the connection to " + identity::peer_text(connection.peer) +
                              " goes on " + std::string(hub::path_class_name(connection.path)) +
                              ", at " + connection.remote.text());
        message.mutable_connection_changed()->set_before(message_of(moved->before));
        return message;
    }
    if (const auto* closed = std::get_if<hub::ConnectionClosed>(&event)) {
        const std::string reason(ports::close_reason_name(closed->reason));
        auto message =
            changed_event(writer, now, closed->connection, "connection.closed",
                          "the connection to " + identity::peer_text(closed->connection.peer) +
                              " ended: " + reason);
        message.mutable_connection_changed()->set_reason(reason);
        message.mutable_connection_changed()->set_words(printable(closed->words, 200));
        return message;
    }
    return std::nullopt;
}

v1::Event listed_event(const MessageWriter& writer, Instant now,
                       const hub::ConnectionView& connection) {
    return changed_event(writer, now, connection, "connection.listed",
                         "connected to " + identity::peer_text(connection.peer));
}

}  // namespace sov::api
