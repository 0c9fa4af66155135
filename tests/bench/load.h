#pragma once

#include <memory>
#include <span>
#include <vector>

#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/outbox.h"
#include "daemon/core/session/session_table.h"
#include "tests/bench/fleet.h"

// Load on one server: clients with a socket each, every one of them keeping a fixed number of
// requests in flight, so that the server is always busy and nothing is lost.

namespace sov::bench {

/// One source of requests.
class LoadClient {
  public:
    explicit LoadClient(Ground& ground) : transport_(ground.context) {
        const auto problem = transport_.open(Endpoint::v4(0x7f000001, 0));
        require(!problem, problem ? problem->c_str() : "");
    }
    virtual ~LoadClient() = default;

    /// Queues one request.
    virtual void request(Instant now) = 0;
    /// Reads an answer; false when it is none. Called for a sample of the answers only: the load
    /// must cost less than the service.
    virtual bool right_answer(Instant now, io::UdpTransport::Received& answer) = 0;

    io::UdpTransport& transport() { return transport_; }

  private:
    io::UdpTransport transport_;
};

/// Sends the same plain bytes again and again.
class PlainClient final : public LoadClient {
  public:
    PlainClient(Ground& ground, const Endpoint& server, std::uint16_t size) : LoadClient(ground) {
        datagram_.to.remote = server;
        datagram_.size = size;
        datagram_.bytes.fill(0x2a);
    }
    void request(Instant) override { transport().send(datagram_); }
    bool right_answer(Instant, io::UdpTransport::Received&) override { return true; }

  private:
    Transmit datagram_;
};

/// Asks a node through an encrypted session of its own.
class SessionClient final : public LoadClient {
  public:
    SessionClient(Ground& ground, const Contact& server, wire::Kind kind)
        : LoadClient(ground),
          crypto_(ground.crypto),
          rng_(load_u64(server.key.bytes.data())),
          server_(server),
          kind_(kind),
          outbox_(ground.packets, queue_),
          table_(ground.crypto, ground.book, rng_, counters_, limits_, make_key(ground.crypto),
                 bench_network()) {}

    void set_kind(wire::Kind kind) { kind_ = kind; }
    /// From now on a first request travels inside the handshake and leaves room for its answer.
    void ride_in_first_packet() { rides_ = true; }
    bool connected() { return table_.has_session({server_.key, Family::kIpv4}); }

    void request(Instant now) override {
        std::array<std::uint8_t, 64> bytes{};
        ByteWriter writer(bytes);
        wire::write_head(writer, kind_, ++request_id_);
        if (kind_ == wire::Kind::kFindNode) {
            wire::FindNode body;
            crypto_.fill_random(body.target.bytes);
            body.want = wire::kWantIpv4;
            wire::write(writer, body);
        }
        (void)table_.send(now, server_, Family::kIpv4, writer.written(), rides_,
                          rides_ ? kRoomForContacts : 0, false, outbox_);
        pass_on();
    }

    bool right_answer(Instant now, io::UdpTransport::Received& answer) override {
        const auto received = table_.handle_datagram(now, answer.from, answer.bytes, outbox_);
        pass_on();
        if (!received) return false;
        ByteReader reader(received->message);
        const auto head = wire::read_head(reader);
        if (!head) return false;
        if (head->kind == static_cast<std::uint8_t>(wire::Kind::kNodes)) {
            const auto nodes = wire::read_nodes(reader, 0);
            contacts_ = nodes ? nodes->contacts.size() : 0;
            return nodes.has_value();
        }
        return head->kind == static_cast<std::uint8_t>(wire::Kind::kPong);
    }

    /// In the last FIND_NODE answer that was read.
    std::size_t contacts() const { return contacts_; }

  private:
    static constexpr std::size_t kRoomForContacts = 1000;

    static identity::SigningKey make_key(identity::Crypto& crypto) {
        identity::Secret32 seed;
        crypto.fill_random(seed);
        return crypto.make_signing_key(seed);
    }
    void pass_on() {
        for (auto& packet : queue_) {
            transport().send(*packet);
            outbox_.give_back(std::move(packet));
        }
        queue_.clear();
    }

    identity::Crypto& crypto_;
    Rng rng_;
    Counters counters_;
    Limits limits_;
    Contact server_;
    wire::Kind kind_;
    std::vector<std::unique_ptr<Transmit>> queue_;
    Outbox outbox_;
    session::SessionTable table_;
    std::uint32_t request_id_ = 0;
    std::size_t contacts_ = 0;
    bool rides_ = false;
};

struct LoadResult {
    double answers = 0, seconds = 0, cpu_seconds = 0;
    double per_cpu_second() const { return cpu_seconds > 0 ? answers / cpu_seconds : 0; }
    double per_second() const { return answers / seconds; }
};

/// Keeps `window` requests of each client in flight for `length` seconds after a warm-up of a
/// quarter of it, and counts what `server` spent on them.
inline LoadResult run_load(std::span<const std::unique_ptr<LoadClient>> clients,
                           const Child& server, std::size_t window, double length) {
    struct Flight {
        std::size_t out = 0;
        Clock::time_point heard = Clock::now();
    };
    std::vector<Flight> flights(clients.size());
    const auto start = Clock::now();
    const auto now = [&] { return Instant{std::chrono::hours(1) + (Clock::now() - start)}; };
    LoadResult result;
    std::uint64_t sampled = 0;
    double cpu_before = 0;
    bool counting = false;
    for (;;) {
        const double elapsed = seconds_since(start);
        if (!counting && elapsed >= length / 4) {
            counting = true;
            cpu_before = server.cpu_seconds();
        }
        if (elapsed >= length * 1.25) break;
        for (std::size_t at = 0; at < clients.size(); ++at) {
            LoadClient& client = *clients[at];
            Flight& flight = flights[at];
            const auto received = client.transport().receive();
            if (!received.empty()) {
                flight.heard = Clock::now();
                flight.out -= std::min(flight.out, received.size());
                if (counting) result.answers += static_cast<double>(received.size());
                if (++sampled % 64 == 0) {
                    require(client.right_answer(now(), received[0]), "a wrong answer");
                }
            } else if (flight.out > 0 && seconds_since(flight.heard) > 0.25) {
                flight = {};  // lost: begin again
            }
            while (flight.out < window) {
                client.request(now());
                ++flight.out;
            }
            client.transport().flush();
        }
    }
    result.cpu_seconds = server.cpu_seconds() - cpu_before;
    result.seconds = length;
    return result;
}

}  // namespace sov::bench
