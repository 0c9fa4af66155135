#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "platform/openssl/host_crypto.h"
#include "platform/quic/quic_transport.h"

// Transports on one virtual clock and a network between them that a test controls.

namespace sov::quic {

class VirtualWire;

/// A socket on the wire.
class WirePath final : public ports::DatagramPath {
  public:
    WirePath(VirtualWire& wire, const Endpoint& local) : wire_(wire), local_(local) {}

    void send(const Endpoint& to, ByteView datagram) override;
    Endpoint local() const override { return local_; }
    std::size_t datagram_bytes_max() const override { return bytes_max; }

    std::size_t bytes_max = 1452;
    std::size_t sent = 0, received = 0;  ///< bytes

  private:
    VirtualWire& wire_;
    Endpoint local_;
};

/// Who drives a transport in place of the wire.
class Driver {
  public:
    virtual ~Driver() = default;
    virtual void run(Instant now) = 0;
    virtual void handle_timeout(Instant now) = 0;
    virtual Instant next_timeout() const = 0;
};

/// A transport, who it is, and what happened to it.
struct Party {
    identity::SigningKey user;
    std::unique_ptr<QuicTransport> transport;
    std::vector<ports::TransportEvent> events;
    Driver* driver = nullptr;  ///< takes the events, if there is one

    PeerId peer() const { return PeerId{user.public_key}; }

    /// Events of one kind, in order.
    template <typename Event>
    std::vector<Event> all() const {
        std::vector<Event> found;
        for (const auto& event : events) {
            if (const auto* one = std::get_if<Event>(&event)) found.push_back(*one);
        }
        return found;
    }
    template <typename Event>
    std::size_t count() const {
        return all<Event>().size();
    }
};

class VirtualWire {
  public:
    struct Packet {
        Endpoint from, to;
        Bytes bytes;
    };

    openssl::HostCrypto crypto;
    Instant now = Instant{} + std::chrono::seconds{1000};
    Duration latency = std::chrono::milliseconds{10};
    /// Decides about each datagram: false loses it. It may change it.
    std::function<bool(Packet&)> on_wire = [](Packet&) { return true; };

    Party party(std::uint8_t seed, const QuicTransport::Options& options = {},
                const CertificateWish& wish = lasting_certificate()) {
        identity::Secret32 secret{};
        secret[0] = seed;
        Party made{crypto.make_signing_key(secret), nullptr, {}, nullptr};
        made.transport = std::make_unique<QuicTransport>(
            crypto, make_credentials(crypto, made.user, wish), options);
        return made;
    }
    /// Makes a socket; what arrives there goes to the party, if there is one.
    std::unique_ptr<WirePath> attach(Party* party, const Endpoint& local) {
        auto path = std::make_unique<WirePath>(*this, local);
        sockets_[local] = {party, path.get()};
        return path;
    }
    /// What is sent to `outside` arrives at the socket at `inside`.
    void alias(const Endpoint& outside, const Endpoint& inside) {
        sockets_[outside] = sockets_.at(inside);
    }
    void detach(const Endpoint& local) { sockets_.erase(local); }

    void put(const Endpoint& from, const Endpoint& to, ByteView bytes) {
        Packet packet{from, to, to_bytes(bytes)};
        if (on_wire(packet)) put_later(std::move(packet), Duration{0});
    }
    /// Puts a datagram on the wire by itself, later than usual.
    void put_later(Packet packet, Duration more) {
        under_way_.emplace(now + latency + more, std::move(packet));
    }

    /// Lets time pass until `done` or for at most `time`; returns whether `done`.
    bool run(const std::function<bool()>& done, Duration time = std::chrono::seconds{10}) {
        const Instant end = now + time;
        for (;;) {
            settle();
            if (done()) return true;
            Instant next = end;
            if (!under_way_.empty()) next = earliest(next, under_way_.begin()->first);
            for (Party* party : parties()) {
                next = earliest(next, party->driver != nullptr ? party->driver->next_timeout()
                                                               : party->transport->next_timeout());
            }
            if (next >= end) {
                now = end;
                return false;
            }
            now = std::max(now, next);
            deliver();
            for (Party* party : parties()) {
                if (party->driver != nullptr) {
                    party->driver->handle_timeout(now);
                } else {
                    party->transport->handle_timeout(now);
                }
            }
        }
    }
    void pass(Duration time) {
        run([] { return false; }, time);
    }

  private:
    struct Socket {
        Party* party = nullptr;
        WirePath* path = nullptr;
    };

    std::vector<Party*> parties() const {
        std::vector<Party*> found;
        for (const auto& [at, socket] : sockets_) {
            if (socket.party != nullptr &&
                std::count(found.begin(), found.end(), socket.party) == 0)
                found.push_back(socket.party);
        }
        return found;
    }
    void settle() {
        for (Party* party : parties()) {
            if (party->driver != nullptr) {
                party->driver->run(now);
                continue;
            }
            party->transport->flush(now);
            while (auto event = party->transport->poll_event()) {
                party->events.push_back(std::move(*event));
            }
        }
    }
    void deliver() {
        while (!under_way_.empty() && under_way_.begin()->first <= now) {
            const Packet packet = std::move(under_way_.begin()->second);
            under_way_.erase(under_way_.begin());
            const auto socket = sockets_.find(packet.to);
            if (socket == sockets_.end()) continue;
            socket->second.path->received += packet.bytes.size();
            if (socket->second.party == nullptr) continue;
            socket->second.party->transport->handle_datagram(now, *socket->second.path, packet.from,
                                                             packet.bytes);
        }
    }

    std::map<Endpoint, Socket> sockets_;
    std::multimap<Instant, Packet> under_way_;
};

inline void WirePath::send(const Endpoint& to, ByteView datagram) {
    EXPECT_LE(datagram.size(), bytes_max);
    // The bit by which QUIC is known on a shared socket.
    EXPECT_EQ(datagram[0] & 0x40, 0x40);
    sent += datagram.size();
    wire_.put(local_, to, datagram);
}

}  // namespace sov::quic
