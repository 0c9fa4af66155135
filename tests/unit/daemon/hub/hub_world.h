#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/hub/stream_hub.h"
#include "tests/unit/platform/quic/virtual_wire.h"

// Hubs with real QUIC between them, on one virtual clock and a network that a test controls.

namespace sov::hub {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The error, or nothing.
template <typename T>
std::optional<Errc> why(const Result<T>& result) {
    if (result.has_value()) return std::nullopt;
    return result.error();
}

inline const std::string kTalk = "/test/talk/1";

/// An app: remembers what happens, reads everything unless told not to, echoes if told to.
class App final : public StreamUser {
  public:
    StreamHub* hub = nullptr;
    bool reads = true, echoes = false;
    std::vector<HubStream> opened;
    std::vector<CommandId> commands;
    std::vector<std::pair<CommandId, Errc>> failed;
    std::string last_words;
    std::map<ports::StreamId, Bytes> got;
    std::map<ports::StreamId, bool> ended;
    std::map<ports::StreamId, Bytes> unsent;
    std::map<ports::StreamId, std::optional<Errc>> over;

    void stream_opened(Instant, const HubStream& stream, CommandId command) override {
        opened.push_back(stream);
        commands.push_back(command);
    }
    void stream_failed(Instant, CommandId command, Errc why, std::string words) override {
        failed.emplace_back(command, why);
        last_words = std::move(words);
    }
    void stream_readable(Instant, const ports::StreamId& stream) override {
        if (reads) read(stream);
    }
    void stream_writable(Instant, const ports::StreamId& stream) override { push(stream); }
    void stream_over(Instant, const ports::StreamId& stream, std::optional<Errc> error) override {
        over[stream] = error;
    }

    void read(const ports::StreamId& stream) {
        for (;;) {
            const auto taken = hub->read(stream, 64 << 10);
            if (!taken) return;
            append(got[stream], taken->bytes);
            if (echoes) append(unsent[stream], taken->bytes);
            if (taken->ended) ended[stream] = true;
            if (echoes) push(stream);
            if (taken->ended || taken->bytes.empty()) return;
        }
    }
    /// Writes as fast as the stream takes it.
    void send(const ports::StreamId& stream, ByteView bytes, bool end) {
        append(unsent[stream], bytes);
        ends_[stream] = end;
        push(stream);
    }
    const HubStream& first() const { return opened.front(); }

  private:
    static void append(Bytes& to, ByteView bytes) {
        to.insert(to.end(), bytes.begin(), bytes.end());
    }
    void push(const ports::StreamId& stream) {
        Bytes& out = unsent[stream];
        const bool end = ends_[stream] || (echoes && ended[stream]);
        if (out.empty() && !end) return;
        const auto taken = hub->write(stream, out, end);
        if (taken) out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*taken));
    }
    std::map<ports::StreamId, bool> ends_;
};

class HubWorld;

/// A daemon without its DHT: a transport, a hub, and what the hub said.
class Peer final : public quic::Driver {
  public:
    Peer(HubWorld& world, std::uint8_t seed, const Endpoint& at, HubOptions options,
         const quic::QuicTransport::Options& transport);

    PeerId id() const { return party.peer(); }
    void run(Instant now) override;
    void handle_timeout(Instant now) override { hub->handle_timeout(now); }
    Instant next_timeout() const override { return hub->next_timeout(); }

    template <typename Event>
    std::vector<Event> all() const {
        std::vector<Event> found;
        for (const HubEvent& event : events) {
            if (const auto* one = std::get_if<Event>(&event)) found.push_back(*one);
        }
        return found;
    }
    template <typename Event>
    std::size_t count() const {
        return all<Event>().size();
    }
    /// The answer to a command, if it has come.
    std::optional<ConnectFinished> finished(CommandId command) const {
        for (const ConnectFinished& one : all<ConnectFinished>()) {
            if (one.command == command) return one;
        }
        return std::nullopt;
    }

    HubWorld& world;
    Endpoint at;
    quic::Party party;
    std::unique_ptr<quic::WirePath> path;
    std::unique_ptr<StreamHub> hub;
    App app;
    std::vector<HubEvent> events;
};

class HubWorld : public ::testing::Test {
  public:
    quic::VirtualWire wire;
    /// Where peers are, as the DHT would know it; an absent peer is not found.
    std::map<PeerId, std::vector<DialAddress>> directory;
    bool directory_answers = true;
    std::map<std::uint8_t, std::unique_ptr<Peer>> peers;
    std::vector<PeerId> strangers;  ///< nobody's friends

    static Endpoint address_of(std::uint8_t seed) {
        return Endpoint::v4(0xc6336400U + seed, static_cast<std::uint16_t>(4000U + seed));
    }
    /// Makes a peer that is known to the directory and serves kTalk.
    Peer& peer(std::uint8_t seed, HubOptions options = {},
               const quic::QuicTransport::Options& transport = {}) {
        auto made =
            std::make_unique<Peer>(*this, seed, address_of(seed), std::move(options), transport);
        directory[made->id()] = {{made->at, DialAddress::Source::kRecord}};
        EXPECT_TRUE(made->hub->serve(kTalk, made->app).has_value());
        return *(peers[seed] = std::move(made));
    }
    bool run(const std::function<bool()>& done, Duration time = seconds{20}) {
        return wire.run(done, time);
    }
    void pass(Duration time) { wire.pass(time); }
    /// Connects and waits for both sides.
    ConnectionView connect(Peer& from, Peer& to) {
        const CommandId command = from.hub->connect(wire.now, to.id(), {});
        EXPECT_TRUE(run([&] {
            return from.finished(command).has_value() && to.hub->connection(from.id()).has_value();
        }));
        const auto answer = from.finished(command);
        EXPECT_TRUE(answer && answer->outcome.has_value());
        return answer && answer->outcome ? *answer->outcome : ConnectionView{};
    }
    /// Opens a stream and waits until it is open on both sides.
    ports::StreamId open(Peer& from, Peer& to, const std::string& protocol = kTalk) {
        const std::size_t here = from.app.opened.size(), there = to.app.opened.size();
        (void)from.hub->open_stream(wire.now, to.id(), {protocol}, from.app);
        EXPECT_TRUE(
            run([&] { return from.app.opened.size() > here && to.app.opened.size() > there; }));
        return from.app.opened.empty() ? ports::StreamId{} : from.app.opened.back().id;
    }
    static Bytes pattern(std::size_t size) {
        Bytes bytes(size);
        for (std::size_t at = 0; at < size; ++at) {
            bytes[at] = static_cast<std::uint8_t>((at * 2654435761U) >> 13);
        }
        return bytes;
    }
};

inline Peer::Peer(HubWorld& into, std::uint8_t seed, const Endpoint& local, HubOptions options,
                  const quic::QuicTransport::Options& transport)
    : world(into), at(local), party(into.wire.party(seed, transport)) {
    party.driver = this;
    path = world.wire.attach(&party, at);
    options.self = party.peer();
    if (options.agent.empty()) options.agent = "test/" + std::to_string(seed);
    hub = std::make_unique<StreamHub>(*party.transport, std::move(options), seed);
    hub->set_path(Family::kIpv4, path.get());
    hub->set_is_friend([this](const PeerId& peer) {
        const auto& all = world.strangers;
        return std::find(all.begin(), all.end(), peer) == all.end();
    });
    app.hub = hub.get();
}

inline void Peer::run(Instant now) {
    hub->run(now);
    bool again = false;
    while (auto event = hub->poll_event()) {
        if (const auto* wanted = std::get_if<AddressesWanted>(&*event);
            wanted != nullptr && world.directory_answers) {
            const auto found = world.directory.find(wanted->peer);
            hub->handle_addresses(
                now, wanted->peer,
                found == world.directory.end() ? std::vector<DialAddress>{} : found->second, true);
            again = true;
        }
        events.push_back(std::move(*event));
    }
    if (again) run(now);
}

}  // namespace sov::hub
