// Connections between two processes with real sockets: from nothing to the first byte of an answer,
// and one stream as fast as it goes. Beside them plain TCP streams between the same processes, with
// and without TLS, as what the machine and the link give.
//
//   connection_bench [MEBIBYTES]     on loopback; prints Markdown tables; 256 MiB by default
//   connection_bench MEBIBYTES LINK CLIENT SERVER ADDRESS
//                                    from one network namespace to another one, where ADDRESS is;
//                                    prints rows that begin with LINK, see link_figures.py

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
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
#include "tests/bench/tls_stream.h"

namespace {

using namespace sov;
using namespace sov::bench;

constexpr std::size_t kPiece = 256 << 10;
constexpr std::size_t kQuestion = 64;  ///< bytes of what is answered at once
constexpr int kRounds = 3;
const std::string kEcho = "/bench/echo/1", kSink = "/bench/sink/1";

/// Where the two processes are.
struct Link {
    std::string client, server;  ///< network namespaces; empty: this one
    std::uint32_t address = INADDR_LOOPBACK;
    int connects = 100;
};

void enter(const std::string& network) {
    if (network.empty()) return;
    const int fd = open(("/run/netns/" + network).c_str(), O_RDONLY | O_CLOEXEC);
    require(fd >= 0 && setns(fd, CLONE_NEWNET) == 0, "no such network namespace");
    close(fd);
}

identity::SigningKey key_of(identity::Crypto& crypto, std::uint8_t seed) {
    identity::Secret32 secret{};
    secret[0] = seed;
    return crypto.make_signing_key(secret);
}

/// A daemon without files and API: node, sockets, QUIC, hub.
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

struct Place {
    Endpoint at;
    bool known = false;
};

Child serve(Shared<Place>& place, const Link& link, quic::Congestion congestion) {
    Child child([&] {
        enter(link.server);
        Host host(2, link.address, congestion);
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
         Client& client) {
    host.driver->post([&, at, peer](Instant now, Node&) {
        hub::StreamHub::ConnectOptions options;
        options.addresses = {{at, hub::DialAddress::Source::kGiven}};
        const CommandId command = host.hub->open_stream(now, peer, {protocol}, client);
        client.begin(command);
        (void)host.hub->connect(now, peer, options);
    });
}

struct FirstBytes {
    std::vector<double> cold, warm;  ///< milliseconds
};

FirstBytes first_bytes(const Link& link, quic::Congestion congestion) {
    Shared<Place> place;
    const Child server = serve(place, link, congestion);
    enter(link.client);
    Host host(1, link.client.empty() ? link.address : INADDR_ANY, congestion);
    openssl::HostCrypto crypto;
    const PeerId peer{key_of(crypto, 2).public_key};
    FirstBytes found;
    for (int at = 0; at < link.connects; ++at) {
        for (std::vector<double>* samples : {&found.cold, &found.warm}) {
            Client client(*host.hub, kQuestion);
            const auto start = Clock::now();
            ask(host, place->at, peer, kEcho, client);
            host.run_until([&] { return client.answered; });
            samples->push_back(milliseconds_since(start));
        }
        host.driver->post([&](Instant now, Node&) { host.hub->disconnect(now, peer); });
        host.run_until([&] { return host.hub->connections().empty(); });
    }
    return found;
}

struct Rates {
    std::vector<double> megabytes;                 ///< a second
    std::vector<double> sender_cpu, receiver_cpu;  ///< microseconds for one megabyte
};

Rates throughput(std::size_t bytes, const Link& link, quic::Congestion congestion) {
    Rates found;
    const double megabytes = static_cast<double>(bytes) / 1e6;
    for (int round = 0; round < kRounds; ++round) {
        // Each on a connection of its own: its slow start counts.
        Shared<Place> place;
        const Child server = serve(place, link, congestion);
        enter(link.client);
        Host host(1, link.client.empty() ? link.address : INADDR_ANY, congestion);
        openssl::HostCrypto crypto;
        const PeerId peer{key_of(crypto, 2).public_key};
        Client client(*host.hub, bytes);
        const auto start = Clock::now();
        const double theirs = server.cpu_seconds();
        const auto ours = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
        ask(host, place->at, peer, kSink, client);
        host.run_until([&] { return client.answered; });
        found.megabytes.push_back(megabytes / seconds_since(start));
        found.sender_cpu.push_back((static_cast<double>(std::clock()) / CLOCKS_PER_SEC - ours) *
                                   1e6 / megabytes);
        found.receiver_cpu.push_back((server.cpu_seconds() - theirs) * 1e6 / megabytes);
    }
    return found;
}

// ---- others, between the same processes --------------------------------------------------------

sockaddr_in any_port(std::uint32_t address) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(address);
    return any;
}

int listen_at(sockaddr_in& address) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof address;
    require(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                listen(listener, 8) == 0 &&
                getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0,
            "no TCP port");
    return listener;
}

void plain_tcp(std::size_t bytes) {
    sockaddr_in address = any_port(INADDR_LOOPBACK);
    const int listener = listen_at(address);
    const Child reader([&] {
        std::vector<char> piece(kPiece);
        const int stream = accept(listener, nullptr, nullptr);
        while (read(stream, piece.data(), piece.size()) > 0) {
        }
        require(write(stream, "x", 1) == 1, "no answer");
    });
    const int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(::connect(stream, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
            "no TCP");
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

struct TlsFigures {
    std::vector<double> first, rates;
};

TlsFigures tls(std::size_t bytes, const Link& link, const char* control) {
    TlsEnd end;
    Shared<sockaddr_in> at;
    const Child server([&] {
        enter(link.server);
        sockaddr_in address = any_port(link.address);
        const int listener = listen_at(address);
        *at = address;
        end.serve(listener, bytes);
    });
    require(wait_for([&] { return *static_cast<volatile in_port_t*>(&at->sin_port) != 0; },
                     std::chrono::seconds(10)),
            "the TLS server does not come up");
    enter(link.client);
    TlsFigures found;
    for (int count = 0; count < link.connects; ++count) {
        const auto start = Clock::now();
        end.ask(*at, kQuestion, 'e', control);
        found.first.push_back(milliseconds_since(start));
    }
    for (int round = 0; round < kRounds; ++round) {
        const auto start = Clock::now();
        end.ask(*at, bytes, 's', control);
        found.rates.push_back(static_cast<double>(bytes) / 1e6 / seconds_since(start));
    }
    return found;
}

// ---- tables ------------------------------------------------------------------------------------

std::string few(const std::vector<double>& values, const char* format) {
    return text(format, median(values)) + " (" + text(format, quantile(values, 0)) + ".." +
           text(format, quantile(values, 1)) + ")";
}

struct Controller {
    quic::Congestion ours;
    const char* name;
    const char* kernels;
};
constexpr Controller kControllers[] = {{quic::Congestion::kCubic, "CUBIC", "cubic"},
                                       {quic::Congestion::kBbr2, "BBRv2", "bbr"}};

void on_loopback(std::size_t bytes) {
    const Link link;
    heading({"connections on loopback", "p50", "p95"});
    const FirstBytes first = first_bytes(link, quic::Congestion::kCubic);
    row({"from nothing to the first byte of an answer, ms", text("%.2f", median(first.cold)),
         text("%.2f", quantile(first.cold, 0.95))});
    row({"a stream on a connection that is there, ms", text("%.2f", median(first.warm)),
         text("%.2f", quantile(first.warm, 0.95))});
    const TlsFigures others = tls(bytes, link, "cubic");
    row({"TCP and TLS 1.3, for comparison: from nothing, ms", text("%.2f", median(others.first)),
         text("%.2f", quantile(others.first, 0.95))});
    std::puts("");
    heading({"one stream on loopback", "MB/s", "sender, CPU us per MB", "receiver, CPU us per MB"});
    for (const Controller& each : kControllers) {
        const Rates rates = throughput(bytes, link, each.ours);
        row({"QUIC, " + std::string(each.name), with_range(rates.megabytes),
             with_range(rates.sender_cpu), with_range(rates.receiver_cpu)});
    }
    row({"TCP and TLS 1.3, for comparison", with_range(others.rates), "-", "-"});
    plain_tcp(bytes);
}

void across(std::size_t bytes, const std::string& name, const Link& link) {
    for (const Controller& each : kControllers) {
        const FirstBytes first = first_bytes(link, each.ours);
        const Rates rates = throughput(bytes, link, each.ours);
        row({name, "QUIC, " + std::string(each.name), few(first.cold, "%.0f"),
             few(rates.megabytes, "%.1f")});
    }
    for (const Controller& each : kControllers) {
        const TlsFigures found = tls(bytes, link, each.kernels);
        row({name, "TCP and TLS 1.3, the kernel's " + std::string(each.kernels),
             few(found.first, "%.0f"), few(found.rates, "%.1f")});
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t bytes = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 256) << 20;
    in_addr address{};
    if (argc != 6) {
        on_loopback(bytes);
    } else {
        require(inet_aton(argv[5], &address) == 1, "no such address");
        across(bytes, argv[2], {argv[3], argv[4], ntohl(address.s_addr), 5});
    }
    return 0;
}
