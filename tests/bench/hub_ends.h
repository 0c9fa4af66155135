#pragma once

#include <sys/socket.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/packet_pool.h"
#include "daemon/hub/stream_hub.h"
#include "daemon/io/node_driver.h"
#include "daemon/io/udp_path.h"
#include "platform/nice/nice_agents.h"
#include "platform/openssl/host_crypto.h"
#include "platform/quic/quic_transport.h"
#include "tests/bench/measure.h"

// The two ends of a connection whose speed is measured.

namespace sov::bench {

inline constexpr std::size_t kPiece = 256 << 10;  ///< bytes read or written at a time
inline const std::string kEcho = "/bench/echo/1", kSink = "/bench/sink/1";

inline identity::SigningKey key_of(identity::Crypto& crypto, std::uint8_t seed) {
    identity::Secret32 secret{};
    secret[0] = seed;
    return crypto.make_signing_key(secret);
}

/// What two processes tell each other of their calls, instead of a DHT.
struct SignalPair {
    explicit SignalPair(bool wanted) {
        if (!wanted) return;
        std::array<int, 2> ends{};
        require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0,
                "no pair of sockets");
        first = ends[0];
        second = ends[1];
    }
    SignalPair(const SignalPair&) = delete;
    SignalPair& operator=(const SignalPair&) = delete;
    ~SignalPair() {
        if (first >= 0) close(first);
        if (second >= 0) close(second);
    }

    int first = -1, second = -1;
};

/// A daemon without files and API: node, sockets, QUIC, hub, and ICE where it is asked for.
class Host final : public io::Companion {
  public:
    Host(std::uint8_t seed, std::uint32_t address, quic::Congestion congestion) {
        NodeOptions options;
        options.user_key = key_of(crypto_, seed);
        options.node_key = key_of(crypto_, static_cast<std::uint8_t>(seed + 100));
        options.ipv6 = false;
        node_ = std::make_unique<Node>(Surroundings{crypto_, book_, packets_}, options,
                                       RestoredState{}, 0, seed);
        auto transport = std::make_unique<io::UdpTransport>(context);
        require(!transport->open(Endpoint::v4(address, 0)), "no UDP port");
        at = transport->local();
        io::NodeDriver::Transports transports;
        transports.push_back(std::move(transport));
        driver = std::make_unique<io::NodeDriver>(context, *node_, std::move(transports),
                                                  [](Instant, const Event&) {});
        quic::QuicTransport::Options transport_options;
        transport_options.congestion = congestion;
        quic_ = quic::QuicTransport::make(crypto_, options.user_key, transport_options);
        hub::HubOptions wanted;
        own_ = PeerId{options.user_key.public_key};
        wanted.self = own_;
        wanted.admission = hub::Admission::kAnyone;
        hub = std::make_unique<hub::StreamHub>(*quic_, wanted, seed);
        path_ = std::make_unique<io::UdpPath>(*driver->transports().front());
        hub->set_path(Family::kIpv4, path_.get());
        driver->share_with(*this);
        driver->start();
    }

    /// The hub says goodbye to its transport, which is declared after it.
    ~Host() override { hub.reset(); }

    bool claims(ByteView datagram) const override { return quic_->claims(datagram); }
    void handle_datagram(Instant now, io::UdpTransport&, const Endpoint& from,
                         ByteView datagram) override {
        quic_->handle_datagram(now, *path_, from, datagram);
    }
    void handle_timeout(Instant now) override { hub->handle_timeout(now); }
    void settle(Instant now) override {
        hub->run(now);
        while (const auto event = hub->poll_event()) {
            if (const auto* wanted = std::get_if<hub::AddressesWanted>(&*event)) {
                // Nobody knows any: whatever can be dialled was given.
                driver->post([this, peer = wanted->peer](Instant then, Node&) {
                    hub->handle_addresses(then, peer, {}, true);
                });
            } else if (const auto* words = std::get_if<hub::SignalWanted>(&*event)) {
                carry(*words);
            }
        }
    }
    Instant next_timeout() const override { return hub->next_timeout(); }

    /// Calls are told through this socket, which stays the caller's.
    void start_ice(int signals) {
        nice::NiceOptions options;
        options.addresses = {.ipv4 = true, .ipv6 = false, .loopback = true};
        agents_ = std::make_unique<nice::NiceAgents>(context, options);
        hub->start_ice(
            *agents_,
            static_cast<UnixMillis>(std::time(nullptr)) * 1000 -
                static_cast<UnixMillis>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                            driver->now().time_since_epoch())
                                            .count()),
            [this] { driver->post([](Instant, Node&) {}); });
        signals_.emplace(context, dup(signals));
        hear();
    }

    void run_for(std::chrono::milliseconds time) { context.run_for(time); }
    void run_until(const std::function<bool()>& done) {
        const auto start = Clock::now();
        while (!done()) {
            require(seconds_since(start) < 120, "a connection hangs");
            context.run_one_for(std::chrono::milliseconds(100));
        }
    }

    boost::asio::io_context context{1};
    Endpoint at;

  private:
    std::unique_ptr<nice::NiceAgents> agents_;  // outlives the hub

  public:
    std::unique_ptr<io::NodeDriver> driver;
    std::unique_ptr<hub::StreamHub> hub;

  private:
    /// The sender's key, then its words.
    void carry(const hub::SignalWanted& words) {
        Bytes packet(own_.bytes.begin(), own_.bytes.end());
        packet.insert(packet.end(), words.words.begin(), words.words.end());
        require(send(signals_->native_handle(), packet.data(), packet.size(), 0) > 0,
                "a signal is lost");
    }
    void hear() {
        signals_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                             [this](const boost::system::error_code& error) {
                                 if (error) return;
                                 Bytes packet(1 << 16);
                                 const auto size = recv(signals_->native_handle(), packet.data(),
                                                        packet.size(), 0);
                                 if (size <= 0) return;
                                 packet.resize(static_cast<std::size_t>(size));
                                 driver->post([this, packet](Instant now, Node&) {
                                     const ByteView all(packet);
                                     hub->handle_signal(now, PeerId::from(all.first(PeerId::kSize)),
                                                        all.subspan(PeerId::kSize));
                                 });
                                 hear();
                             });
    }

    openssl::HostCrypto crypto_;
    ContactBook book_;
    PacketPool packets_;
    std::unique_ptr<Node> node_;
    std::unique_ptr<quic::QuicTransport> quic_;
    std::unique_ptr<io::UdpPath> path_;
    PeerId own_;
    std::optional<boost::asio::posix::stream_descriptor> signals_;
};

/// Echoes or swallows what comes.
class Server final : public hub::StreamUser {
  public:
    explicit Server(hub::StreamHub& hub) : hub_(hub) {
        require(hub.serve(kEcho, *this) && hub.serve(kSink, *this), "cannot serve");
    }
    void stream_opened(Instant, const hub::HubStream& stream, CommandId) override {
        echoes_[stream.id] = stream.protocol == kEcho;
    }
    void stream_failed(Instant, CommandId, Errc, std::string) override {}
    void stream_readable(Instant, const ports::StreamId& stream) override {
        for (;;) {
            const auto read = hub_.read(stream, kPiece);
            if (!read || (read->bytes.empty() && !read->ended)) return;
            const bool echo = echoes_[stream];
            // The sink answers with one byte when it has everything.
            const Bytes answer = echo ? read->bytes : Bytes(read->ended ? 1 : 0, 1);
            (void)hub_.write(stream, answer, read->ended);
            if (read->ended) return;
        }
    }
    void stream_writable(Instant, const ports::StreamId&) override {}
    void stream_over(Instant, const ports::StreamId& stream, std::optional<Errc>) override {
        echoes_.erase(stream);
    }

  private:
    hub::StreamHub& hub_;
    std::map<ports::StreamId, bool> echoes_;
};

/// Sends so many bytes, the first ones before the stream is open, and waits for the first byte of
/// the answer.
class Client final : public hub::StreamUser {
  public:
    Client(hub::StreamHub& hub, std::size_t bytes) : hub_(hub), left_(bytes), piece_(kPiece, 7) {}
    ~Client() override { hub_.forget_user(*this); }
    void begin(CommandId command) { left_ -= hub_.write_first(command, next()); }
    void stream_opened(Instant, const hub::HubStream& stream, CommandId) override {
        stream_ = stream.id;
        push();
    }
    void stream_failed(Instant, CommandId, Errc, std::string words) override {
        require(false, words.c_str());
    }
    void stream_readable(Instant, const ports::StreamId& stream) override {
        const auto read = hub_.read(stream, kPiece);
        answered = answered || (read && !read->bytes.empty());
    }
    void stream_writable(Instant, const ports::StreamId&) override { push(); }
    void stream_over(Instant, const ports::StreamId&, std::optional<Errc>) override {}

    bool answered = false;

  private:
    ByteView next() const { return ByteView(piece_).first(std::min(left_, piece_.size())); }
    void push() {
        while (!ended_) {
            const ByteView bytes = next();
            ended_ = bytes.size() == left_;
            const auto taken = hub_.write(stream_, bytes, ended_);
            require(taken.has_value(), "a stream is gone");
            left_ -= *taken;
            ended_ = left_ == 0;
            if (*taken < bytes.size()) return;
        }
    }

    hub::StreamHub& hub_;
    std::size_t left_;
    const Bytes piece_;
    ports::StreamId stream_;
    bool ended_ = false;
};

}  // namespace sov::bench
