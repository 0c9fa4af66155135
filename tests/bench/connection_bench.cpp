// Connections on the loopback interface, between two processes with real sockets: from nothing to
// the first byte of an answer, and one stream as fast as it goes. Beside them a plain TCP stream
// between the same processes, as what the machine gives without packets and encryption.
//
//   connection_bench [MEBIBYTES]     prints Markdown tables; 256 MiB by default

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <map>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/packet_pool.h"
#include "daemon/hub/stream_hub.h"
#include "daemon/io/node_driver.h"
#include "daemon/io/udp_path.h"
#include "platform/openssl/host_crypto.h"
#include "platform/quic/quic_transport.h"
#include "tests/bench/measure.h"

namespace {

using namespace sov;
using namespace sov::bench;

constexpr int kConnects = 100;
constexpr std::size_t kPiece = 256 << 10;
const std::string kEcho = "/bench/echo/1", kSink = "/bench/sink/1";
const Endpoint kAnywhere = Endpoint::v4(0x7f000001, 0);

identity::SigningKey key_of(identity::Crypto& crypto, std::uint8_t seed) {
    identity::Secret32 secret{};
    secret[0] = seed;
    return crypto.make_signing_key(secret);
}

/// A daemon without files and API: node, sockets, QUIC, hub.
class Host final : public io::Companion {
  public:
    Host(std::uint8_t seed, quic::Congestion congestion) {
        NodeOptions options;
        options.user_key = key_of(crypto_, seed);
        options.node_key = key_of(crypto_, static_cast<std::uint8_t>(seed + 100));
        options.ipv6 = false;
        node_ = std::make_unique<Node>(Surroundings{crypto_, book_, packets_}, options,
                                       RestoredState{}, 0, seed);
        auto transport = std::make_unique<io::UdpTransport>(context);
        require(!transport->open(kAnywhere), "no UDP port");
        at = transport->local();
        io::NodeDriver::Transports transports;
        transports.push_back(std::move(transport));
        driver = std::make_unique<io::NodeDriver>(context, *node_, std::move(transports),
                                                  [](Instant, const Event&) {});
        quic::QuicTransport::Options transport_options;
        transport_options.congestion = congestion;
        quic_ = quic::QuicTransport::make(crypto_, options.user_key, transport_options);
        hub::HubOptions wanted;
        wanted.self = PeerId{options.user_key.public_key};
        wanted.admission = hub::Admission::kAnyone;
        hub = std::make_unique<hub::StreamHub>(*quic_, wanted, seed);
        path_ = std::make_unique<io::UdpPath>(*driver->transports().front());
        hub->set_path(Family::kIpv4, path_.get());
        driver->share_with(*this);
        driver->start();
    }

    bool claims(ByteView datagram) const override { return quic_->claims(datagram); }
    void handle_datagram(Instant now, io::UdpTransport&, const Endpoint& from,
                         ByteView datagram) override {
        quic_->handle_datagram(now, *path_, from, datagram);
    }
    void handle_timeout(Instant now) override { hub->handle_timeout(now); }
    void settle(Instant now) override {
        hub->run(now);
        while (hub->poll_event()) {
        }
    }
    Instant next_timeout() const override { return hub->next_timeout(); }

    void run_until(const std::function<bool()>& done) {
        const auto start = Clock::now();
        while (!done()) {
            require(seconds_since(start) < 120, "a connection hangs");
            context.run_one_for(std::chrono::milliseconds(100));
        }
    }

    boost::asio::io_context context{1};
    Endpoint at;
    std::unique_ptr<io::NodeDriver> driver;
    std::unique_ptr<hub::StreamHub> hub;

  private:
    openssl::HostCrypto crypto_;
    ContactBook book_;
    PacketPool packets_;
    std::unique_ptr<Node> node_;
    std::unique_ptr<quic::QuicTransport> quic_;
    std::unique_ptr<io::UdpPath> path_;
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

/// Sends so many bytes and waits for the first byte of the answer.
class Client final : public hub::StreamUser {
  public:
    Client(hub::StreamHub& hub, std::size_t bytes) : hub_(hub), left_(bytes), piece_(kPiece, 7) {}
    ~Client() override { hub_.forget_user(*this); }
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
    void push() {
        while (left_ > 0) {
            const std::size_t size = std::min(left_, piece_.size());
            const auto taken = hub_.write(stream_, ByteView(piece_).first(size), size == left_);
            require(taken.has_value(), "a stream is gone");
            left_ -= *taken;
            if (*taken < size) return;
        }
    }

    hub::StreamHub& hub_;
    std::size_t left_;
    const Bytes piece_;
    ports::StreamId stream_;
};

struct Place {
    Endpoint at;
    bool known = false;
};

Child serve(Shared<Place>& place, quic::Congestion congestion) {
    Child child([&] {
        Host host(2, congestion);
        Server server(*host.hub);
        place->at = host.at;
        place->known = true;
        for (;;) host.context.run_one_for(std::chrono::seconds(1));
    });
    require(wait_for([&] { return *static_cast<volatile bool*>(&place->known); },
                     std::chrono::seconds(10)),
            "the server does not come up");
    return child;
}

void ask(Host& host, const Endpoint& at, const PeerId& peer, const std::string& protocol,
         hub::StreamUser& user) {
    host.driver->post([&, at, peer](Instant now, Node&) {
        hub::StreamHub::ConnectOptions options;
        options.addresses = {{at, hub::DialAddress::Source::kGiven}};
        (void)host.hub->connect(now, peer, options);
        (void)host.hub->open_stream(now, peer, {protocol}, user);
    });
}

void first_bytes(quic::Congestion congestion) {
    Shared<Place> place;
    const Child server = serve(place, congestion);
    Host host(1, congestion);
    openssl::HostCrypto crypto;
    const PeerId peer{key_of(crypto, 2).public_key};
    std::vector<double> cold, warm;
    for (int at = 0; at < kConnects; ++at) {
        for (std::vector<double>* samples : {&cold, &warm}) {
            Client client(*host.hub, 64);
            const auto start = Clock::now();
            ask(host, place->at, peer, kEcho, client);
            host.run_until([&] { return client.answered; });
            samples->push_back(milliseconds_since(start));
        }
        host.driver->post([&](Instant now, Node&) { host.hub->disconnect(now, peer); });
        host.run_until([&] { return host.hub->connections().empty(); });
    }
    row({"from nothing to the first byte of an answer, ms", text("%.2f", median(cold)),
         text("%.2f", quantile(cold, 0.95))});
    row({"a stream on a connection that is there, ms", text("%.2f", median(warm)),
         text("%.2f", quantile(warm, 0.95))});
}

void throughput(std::size_t bytes, quic::Congestion congestion, const char* name) {
    Shared<Place> place;
    const Child server = serve(place, congestion);
    Host host(1, congestion);
    openssl::HostCrypto crypto;
    const PeerId peer{key_of(crypto, 2).public_key};
    std::vector<double> rates, sender_cpu, receiver_cpu;
    const double megabytes = static_cast<double>(bytes) / 1e6;
    for (int round = 0; round < 3; ++round) {
        Client client(*host.hub, bytes);
        const auto start = Clock::now();
        const double theirs = server.cpu_seconds();
        const auto ours = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
        ask(host, place->at, peer, kSink, client);
        host.run_until([&] { return client.answered; });
        rates.push_back(megabytes / seconds_since(start));
        sender_cpu.push_back((static_cast<double>(std::clock()) / CLOCKS_PER_SEC - ours) * 1e6 /
                             megabytes);
        receiver_cpu.push_back((server.cpu_seconds() - theirs) * 1e6 / megabytes);
    }
    row({name, with_range(rates), with_range(sender_cpu), with_range(receiver_cpu)});
}

void plain_tcp(std::size_t bytes) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    require(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                listen(listener, 1) == 0 &&
                getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0,
            "no TCP port");
    const Child reader([&] {
        std::vector<char> piece(kPiece);
        const int stream = accept(listener, nullptr, nullptr);
        while (read(stream, piece.data(), piece.size()) > 0) {
        }
        require(write(stream, "x", 1) == 1, "no answer");
    });
    const int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(::connect(stream, reinterpret_cast<sockaddr*>(&address), size) == 0, "no TCP");
    const std::vector<char> piece(kPiece, 7);
    const auto start = Clock::now();
    for (std::size_t sent = 0; sent < bytes; sent += piece.size()) {
        require(write(stream, piece.data(), piece.size()) > 0, "no TCP");
    }
    shutdown(stream, SHUT_WR);
    char answer = 0;
    require(read(stream, &answer, 1) == 1, "no answer");
    row({"plain TCP, for comparison",
         thousands(static_cast<double>(bytes) / 1e6 / seconds_since(start)), "-", "-"});
    close(stream);
    close(listener);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t bytes = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 256) << 20;
    heading({"connections on loopback", "p50", "p95"});
    first_bytes(quic::Congestion::kCubic);
    std::puts("");
    heading({"one stream on loopback", "MB/s", "sender, CPU us per MB", "receiver, CPU us per MB"});
    throughput(bytes, quic::Congestion::kCubic, "QUIC, CUBIC");
    throughput(bytes, quic::Congestion::kBbr2, "QUIC, BBRv2");
    plain_tcp(bytes);
    return 0;
}
