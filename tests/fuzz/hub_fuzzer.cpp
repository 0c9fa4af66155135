#include <deque>
#include <map>
#include <set>
#include <utility>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/check.h"
#include "daemon/hub/stream_hub.h"

// A script of what others may do to the hub: connections that come and go, streams with any bytes
// on them (multistream, identify, ping, an app's), ends, resets, silence; and what apps do here
// meanwhile. Nothing crashes, users hear of streams in order, and limits hold.

namespace {

using namespace sov;
using namespace sov::hub;
using ports::ConnectionId;
using ports::StreamId;

constexpr std::size_t kStreamsMax = 8, kUnnamedMax = 8, kConnectionsMax = 6;

PeerId peer_of(std::uint8_t number) {
    PeerId peer;
    peer.bytes[31] = number;
    return peer;
}

/// Streams without a network: the script plays the other side.
class ScriptedTransport final : public ports::StreamTransport {
  public:
    struct Stream {
        Bytes inbox;
        bool ended = false, told = false;
        std::size_t room = 4096;
    };
    std::deque<ports::TransportEvent> events;
    std::map<ConnectionId, PeerId> connections;
    std::map<ConnectionId, PeerId> dialled;
    std::set<ConnectionId> proven;  ///< of the dialled
    std::map<StreamId, Stream> streams;

    bool claims(ByteView) const override { return false; }
    void handle_datagram(Instant, ports::DatagramPath&, const Endpoint&, ByteView) override {}
    void handle_timeout(Instant) override {}
    void forget_path(ports::DatagramPath&) override {}
    Result<ConnectionId> dial(Instant, ports::DatagramPath&, const Endpoint&, const PeerId& peer,
                              const DialOptions&) override {
        if (dialled.size() + connections.size() > 32) return Errc::kBusy;
        const ConnectionId id{++last_};
        dialled[id] = peer;
        return id;
    }
    Result<void> move(Instant, ConnectionId, ports::DatagramPath&, const Endpoint&) override {
        return {};
    }
    void nudge(Instant, ConnectionId) override {}
    void close(Instant, ConnectionId id, ports::CloseCode) override {
        if (connections.contains(id) || dialled.contains(id)) {
            drop(id, ports::CloseReason::kAsked, 0);
        }
    }
    Result<StreamId> open_stream(ConnectionId id) override {
        if (!connections.contains(id) && !proven.contains(id)) return Errc::kNotFound;
        return add_stream(id);
    }
    Result<std::size_t> write(const StreamId& id, ByteView bytes, bool) override {
        const auto found = streams.find(id);
        if (found == streams.end()) return Errc::kNotFound;
        const std::size_t taken = std::min(bytes.size(), found->second.room);
        found->second.room -= taken;
        return taken;
    }
    Result<ports::StreamBytes> read(const StreamId& id, std::size_t bytes_max) override {
        const auto found = streams.find(id);
        if (found == streams.end()) return Errc::kNotFound;
        Stream& stream = found->second;
        const auto taken = static_cast<std::ptrdiff_t>(std::min(bytes_max, stream.inbox.size()));
        ports::StreamBytes read{{stream.inbox.begin(), stream.inbox.begin() + taken}, false};
        stream.inbox.erase(stream.inbox.begin(), stream.inbox.begin() + taken);
        if (stream.inbox.empty()) {
            stream.told = false;
            read.ended = stream.ended;
        }
        return read;
    }
    void stop_reading(const StreamId&, ports::CloseCode) override {}
    void reset(const StreamId& id, ports::CloseCode) override { streams.erase(id); }
    void flush(Instant) override {}
    std::optional<ports::TransportEvent> poll_event() override {
        if (events.empty()) return std::nullopt;
        ports::TransportEvent event = std::move(events.front());
        events.pop_front();
        return event;
    }
    std::optional<ports::ConnectionFigures> figures(ConnectionId id) const override {
        if (!connections.contains(id)) return std::nullopt;
        return ports::ConnectionFigures{};
    }
    Instant next_timeout() const override { return kNever; }

    // --- the other side ---
    void arrive(const PeerId& peer) {
        if (connections.size() > 32) return;
        const ConnectionId id{++last_};
        connections[id] = peer;
        tell_connected(id, true);
    }
    void accept(ConnectionId id) {
        connections[id] = dialled.at(id);
        dialled.erase(id);
        tell_connected(id, false);
    }
    void prove(ConnectionId id) {
        if (proven.insert(id).second) events.emplace_back(ports::PeerProven{id, dialled.at(id)});
    }
    void drop(ConnectionId id, ports::CloseReason reason, ports::CloseCode code) {
        connections.erase(id);
        proven.erase(id);
        dialled.erase(id);
        std::erase_if(streams, [&](const auto& entry) { return entry.first.connection == id; });
        events.emplace_back(ports::Closed{id, reason, code, {}});
    }
    StreamId add_stream(ConnectionId id) {
        const StreamId stream{id, ++last_stream_};
        streams[stream];
        return stream;
    }
    void tell_readable(const StreamId& id) {
        if (!std::exchange(streams.at(id).told, true)) {
            events.emplace_back(ports::StreamReadable{id});
        }
    }

  private:
    void tell_connected(ConnectionId id, bool inbound) {
        ports::Connected connected;
        connected.connection = id;
        connected.peer = connections.at(id);
        connected.remote = Endpoint::v4(0xc0000201, 4001);
        connected.inbound = inbound;
        events.emplace_back(connected);
    }

    std::uint64_t last_ = 0;
    std::int64_t last_stream_ = 0;
};

/// Echoes, and checks that what it hears makes sense.
class CheckingUser final : public StreamUser {
  public:
    explicit CheckingUser(StreamHub& hub) : hub_(hub) {}
    std::set<StreamId> open;

    void stream_opened(Instant, const HubStream& stream, CommandId) override {
        SOV_CHECK(open.insert(stream.id).second);
        SOV_CHECK(stream.protocol == "/a" || stream.protocol == "/b");
    }
    void stream_failed(Instant, CommandId command, Errc, std::string words) override {
        SOV_CHECK(command != kNoCommand && !words.empty());
    }
    void stream_readable(Instant, const StreamId& stream) override {
        SOV_CHECK(open.contains(stream));
        const auto read = hub_.read(stream, 512);
        if (read) (void)hub_.write(stream, read->bytes, read->ended);
    }
    void stream_writable(Instant, const StreamId& stream) override {
        SOV_CHECK(open.contains(stream));
    }
    void stream_over(Instant, const StreamId& stream, std::optional<Errc>) override {
        SOV_CHECK(open.erase(stream) == 1);
    }

  private:
    StreamHub& hub_;
};

class NoPath final : public ports::DatagramPath {
  public:
    void send(const Endpoint&, ByteView) override {}
    Endpoint local() const override { return Endpoint::v4(0x7f000001, 1); }
    std::size_t datagram_bytes_max() const override { return 1200; }
};

HubOptions options_of() {
    HubOptions options;
    options.self = peer_of(2);
    options.agent = "fuzz";
    options.limits.streams_per_peer_max = kStreamsMax;
    options.limits.unnamed_streams_max = kUnnamedMax;
    options.limits.connections_max = kConnectionsMax;
    return options;
}

class Play {
  public:
    Play() {
        hub_.set_path(Family::kIpv4, &path_);
        hub_.set_is_friend([](const PeerId& peer) { return peer != peer_of(4); });
        SOV_CHECK(hub_.serve("/a", user_).has_value());
    }

    void step(ByteReader& script) {
        const std::uint8_t verb = script.u8(), which = script.u8();
        switch (verb % 12) {
            case 0: transport_.arrive(peer_of(which % 5)); break;
            case 1: open_theirs(which); break;
            case 2:
            case 3: say(script, which, verb % 12 == 3); break;
            case 4: end(which); break;
            case 5: give_up(which); break;
            case 6: lose(which); break;
            case 7: now_ += std::chrono::milliseconds{which * 100}; break;
            case 8: accept(which); break;
            case 9: commands_.push_back(hub_.ping(now_, peer_of(which % 5))); break;
            case 10: open_ours(which); break;
            case 11: act(which); break;
            default: break;
        }
        settle();
    }

  private:
    template <typename Map>
    static typename Map::iterator pick(Map& map, std::uint8_t which) {
        return map.empty()
                   ? map.end()
                   : std::next(map.begin(), static_cast<std::ptrdiff_t>(which % map.size()));
    }
    void open_theirs(std::uint8_t which) {
        const auto on = pick(transport_.connections, which);
        if (on == transport_.connections.end() || transport_.streams.size() > 64) return;
        transport_.events.emplace_back(ports::StreamArrived{transport_.add_stream(on->first)});
    }
    void open_ours(std::uint8_t which) {
        std::vector<std::string> protocols{"/a"};
        if (which < 128) protocols.emplace_back("/b");
        const CommandId command =
            hub_.open_stream(now_, peer_of(which % 5), std::move(protocols), user_);
        const Bytes words(which * std::size_t{512}, which);
        SOV_CHECK(hub_.write_first(command, words) <= HubLimits{}.first_bytes_max);
        commands_.push_back(command);
    }
    void say(ByteReader& script, std::uint8_t which, bool whole_line) {
        const ByteView bytes = script.bytes(std::min<std::size_t>(script.u8(), script.remaining()));
        const auto to = pick(transport_.streams, which);
        if (to == transport_.streams.end() || to->second.ended) return;
        // As a line of multistream-select, so that scripts need not count.
        if (whole_line && bytes.size() < 127) {
            to->second.inbox.push_back(static_cast<std::uint8_t>(bytes.size() + 1));
        }
        to->second.inbox.insert(to->second.inbox.end(), bytes.begin(), bytes.end());
        if (whole_line) to->second.inbox.push_back('\n');
        transport_.tell_readable(to->first);
    }
    void end(std::uint8_t which) {
        const auto of = pick(transport_.streams, which);
        if (of == transport_.streams.end()) return;
        of->second.ended = true;
        transport_.tell_readable(of->first);
    }
    void give_up(std::uint8_t which) {
        const auto of = pick(transport_.streams, which);
        if (of == transport_.streams.end()) return;
        transport_.events.emplace_back(ports::StreamReset{of->first, which});
    }
    void lose(std::uint8_t which) {
        const auto one = pick(transport_.connections, which);
        if (one == transport_.connections.end()) return;
        transport_.drop(one->first, static_cast<ports::CloseReason>(which % 9),
                        which % 2 == 0 ? 0x1000U + which % 16 : 0U);
    }
    void accept(std::uint8_t which) {
        const auto one = pick(transport_.dialled, which);
        if (one == transport_.dialled.end()) return;
        if (which % 8 == 5) {
            transport_.prove(one->first);
        } else if (which % 4 == 3) {
            transport_.drop(one->first, ports::CloseReason::kRefused, 0x1000U + which % 16);
        } else {
            transport_.accept(one->first);
        }
    }
    void act(std::uint8_t which) {
        const PeerId peer = peer_of(which % 5);
        switch (which / 5 % 8) {
            case 0: commands_.push_back(hub_.connect(now_, peer, {})); break;
            case 1: hub_.disconnect(now_, peer); break;
            case 2: (void)hub_.hold(now_, peer); break;
            case 3: hub_.release(now_, peer); break;
            case 4:
                if (!commands_.empty()) hub_.cancel(now_, commands_[which % commands_.size()]);
                break;
            case 5:
                for (auto& [id, stream] : transport_.streams) {
                    stream.room = which;
                    transport_.events.emplace_back(ports::StreamWritable{id});
                }
                break;
            case 6:
                if (!user_.open.empty()) {
                    hub_.reset(*user_.open.begin());
                    user_.open.erase(user_.open.begin());
                }
                break;
            case 7: hub_.handle_network_change(now_); break;
            default: break;
        }
    }
    void settle() {
        hub_.handle_timeout(now_);
        hub_.run(now_);
        while (const auto event = hub_.poll_event()) {
            if (const auto* wanted = std::get_if<AddressesWanted>(&*event)) {
                hub_.handle_addresses(
                    now_, wanted->peer,
                    {{Endpoint::v4(0xc0000201, 4001), DialAddress::Source::kRecord}},
                    wanted->peer.bytes[31] % 2 == 0);
            }
        }
        SOV_CHECK(hub_.connections().size() <= kConnectionsMax);
        std::map<PeerId, std::size_t> streams;
        for (const ConnectionView& view : hub_.connections()) streams[view.peer] += view.streams;
        for (const auto& [peer, count] : streams) SOV_CHECK(count <= kStreamsMax);
        SOV_CHECK(user_.open.size() <= kStreamsMax * 5);
    }

    Instant now_ = Instant{} + std::chrono::hours{1};
    ScriptedTransport transport_;
    NoPath path_;
    StreamHub hub_{transport_, options_of(), 1};
    CheckingUser user_{hub_};
    std::vector<CommandId> commands_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4096) return 0;
    ByteReader script({data, size});
    Play play;
    while (script.ok() && script.remaining() > 1) play.step(script);
    return 0;
}
