// Connections between two processes with real sockets: from nothing to the first byte of an answer,
// and one stream as fast as it goes. Beside them, as what the machine and the link give: the QUIC
// library alone over sockets, and plain TCP streams between the same processes, with and without
// TLS.
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

#include "tests/bench/bare_quic.h"
#include "tests/bench/hub_ends.h"
#include "tests/bench/measure.h"
#include "tests/bench/tls_stream.h"

namespace {

using namespace sov;
using namespace sov::bench;

constexpr std::size_t kQuestion = 64;  ///< bytes of what is answered at once
constexpr int kRounds = 3;
constexpr int kIdle = 64;
/// A peer that calls again sooner is let wait.
constexpr std::chrono::milliseconds kCallPause{3100};

/// Where the two processes are.
struct Link {
    std::string client, server;  ///< network namespaces; empty: this one
    std::uint32_t address = INADDR_LOOPBACK;
    int connects = 100;
    bool ice = false;  ///< nothing is dialled: ICE finds the path
};

void enter(const std::string& network) {
    if (network.empty()) return;
    const int fd = open(("/run/netns/" + network).c_str(), O_RDONLY | O_CLOEXEC);
    require(fd >= 0 && setns(fd, CLONE_NEWNET) == 0, "no such network namespace");
    close(fd);
}

/// What the two processes know of each other.
struct Place {
    Endpoint at;
    bool known = false;
};

/// A server in a process of its own, and a client's half of how the two tell each other of ICE.
struct Opposite {
    Opposite(const Link& link, quic::Congestion congestion) : signals(link.ice) {
        child = Child([&] {
            enter(link.server);
            Host host(2, link.address, congestion);
            if (link.ice) host.start_ice(signals.second);
            Server server(*host.hub);
            place->at = host.at;
            place->known = true;
            for (;;) host.context.run_one_for(std::chrono::seconds(1));
        });
        require(wait_for([&] { return *static_cast<volatile bool*>(&place->known); },
                         std::chrono::seconds(10)),
                "the server does not come up");
        // From here on this process is the client.
        enter(link.client);
    }

    Shared<Place> place;
    SignalPair signals;
    Child child;
};

struct Dialler {
    Dialler(const Link& link, quic::Congestion congestion, Opposite& other, std::uint8_t seed = 1)
        : host(seed, link.client.empty() ? link.address : INADDR_ANY, congestion),
          ice_(link.ice),
          at_(other.place->at),
          peer_{key_of(seed_crypto_, 2).public_key} {
        if (link.ice) host.start_ice(other.signals.first);
    }

    void ask(const std::string& protocol, Client& client) {
        host.driver->post([this, protocol, &client](Instant now, Node&) {
            hub::StreamHub::ConnectOptions options;
            if (!ice_) options.addresses = {{at_, hub::DialAddress::Source::kGiven}};
            const CommandId command = host.hub->open_stream(now, peer_, {protocol}, client);
            client.begin(command);
            (void)host.hub->connect(now, peer_, options);
        });
        host.run_until([&] { return client.answered; });
    }
    void hang_up() {
        host.driver->post([this](Instant now, Node&) { host.hub->disconnect(now, peer_); });
        host.run_until([&] { return host.hub->connections().empty(); });
    }

    Host host;

  private:
    openssl::HostCrypto seed_crypto_;
    bool ice_;
    Endpoint at_;
    PeerId peer_;
};

struct FirstBytes {
    std::vector<double> cold, warm;  ///< milliseconds
};

FirstBytes first_bytes(const Link& link, quic::Congestion congestion) {
    Opposite server(link, congestion);
    Dialler dialler(link, congestion, server);
    FirstBytes found;
    for (int at = 0; at < link.connects; ++at) {
        for (std::vector<double>* samples : {&found.cold, &found.warm}) {
            Client client(*dialler.host.hub, kQuestion);
            const auto start = Clock::now();
            dialler.ask(kEcho, client);
            samples->push_back(milliseconds_since(start));
        }
        dialler.hang_up();
        if (link.ice) dialler.host.run_for(kCallPause);
    }
    return found;
}

struct Rates {
    std::vector<double> megabytes;                 ///< a second
    std::vector<double> sender_cpu, receiver_cpu;  ///< microseconds for one megabyte
};

/// Adds what `send` took here and in the server.
void add_round(Rates& rates, double megabytes, const Child& server,
               const std::function<void()>& send) {
    const auto start = Clock::now();
    const double theirs = server.cpu_seconds();
    const auto ours = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    send();
    rates.megabytes.push_back(megabytes / seconds_since(start));
    rates.sender_cpu.push_back((static_cast<double>(std::clock()) / CLOCKS_PER_SEC - ours) * 1e6 /
                               megabytes);
    rates.receiver_cpu.push_back((server.cpu_seconds() - theirs) * 1e6 / megabytes);
}

Rates throughput(std::size_t bytes, const Link& link, quic::Congestion congestion) {
    Rates found;
    const double megabytes = static_cast<double>(bytes) / 1e6;
    for (int round = 0; round < kRounds; ++round) {
        // Each on a connection of its own: its slow start counts.
        Opposite server(link, congestion);
        Dialler dialler(link, congestion, server);
        Client client(*dialler.host.hub, bytes);
        add_round(found, megabytes, server.child, [&] { dialler.ask(kSink, client); });
    }
    return found;
}

/// What the server grows by for each connection that says nothing.
double idle_kilobytes(const Link& link) {
    Opposite server(link, quic::Congestion::kBbr2);
    std::vector<std::unique_ptr<Dialler>> diallers;
    double before = 0;
    // The first one pays for what all share.
    for (int at = 0; at <= kIdle; ++at) {
        diallers.push_back(std::make_unique<Dialler>(link, quic::Congestion::kBbr2, server,
                                                     static_cast<std::uint8_t>(3 + at)));
        Client client(*diallers.back()->host.hub, kQuestion);
        diallers.back()->ask(kEcho, client);
        if (at == 0) before = server.child.resident_kilobytes();
    }
    return (server.child.resident_kilobytes() - before) / kIdle;
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

struct BareFigures {
    std::vector<double> first;
    Rates rates;
};

BareFigures bare_quic(std::size_t bytes, int connects, ngtcp2_cc_algo control) {
    Shared<sockaddr_in> at;
    const Child server([&] {
        BareQuicEnd end(INADDR_LOOPBACK);
        *at = end.at();
        end.serve({.server = true, .control = control, .bytes = bytes});
    });
    require(wait_for([&] { return *static_cast<volatile in_port_t*>(&at->sin_port) != 0; },
                     std::chrono::seconds(10)),
            "the bare QUIC server does not come up");
    BareQuicEnd end(INADDR_LOOPBACK);
    BareFigures found;
    for (int count = 0; count < connects; ++count) {
        const auto start = Clock::now();
        end.ask(*at, {.control = control, .bytes = kQuestion, .first = 'e'});
        found.first.push_back(milliseconds_since(start));
    }
    for (int round = 0; round < kRounds; ++round) {
        add_round(found.rates, static_cast<double>(bytes) / 1e6, server,
                  [&] { end.ask(*at, {.control = control, .bytes = bytes, .first = 's'}); });
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
    ngtcp2_cc_algo bare;
    const char* name;
    const char* kernels;
};
constexpr Controller kControllers[] = {
    {quic::Congestion::kCubic, NGTCP2_CC_ALGO_CUBIC, "CUBIC", "cubic"},
    {quic::Congestion::kBbr2, NGTCP2_CC_ALGO_BBR2, "BBRv2", "bbr"}};

void on_loopback(std::size_t bytes) {
    const Link link;
    heading({"connections on loopback", "p50", "p95"});
    const FirstBytes first = first_bytes(link, quic::Congestion::kCubic);
    row({"from nothing to the first byte of an answer, ms", text("%.2f", median(first.cold)),
         text("%.2f", quantile(first.cold, 0.95))});
    row({"a stream on a connection that is there, ms", text("%.2f", median(first.warm)),
         text("%.2f", quantile(first.warm, 0.95))});
    Link by_ice;
    by_ice.ice = true;
    by_ice.connects = 9;
    const FirstBytes called = first_bytes(by_ice, quic::Congestion::kCubic);
    row({"over ICE, from nothing to the first byte of an answer, ms",
         text("%.2f", median(called.cold)), text("%.2f", quantile(called.cold, 0.95))});
    const TlsFigures others = tls(bytes, link, "cubic");
    std::vector<BareFigures> bare;
    for (const Controller& each : kControllers) {
        bare.push_back(bare_quic(bytes, link.connects, each.bare));
    }
    row({"ngtcp2 and GnuTLS alone, for comparison: from nothing, ms",
         text("%.2f", median(bare[0].first)), text("%.2f", quantile(bare[0].first, 0.95))});
    row({"TCP and TLS 1.3, for comparison: from nothing, ms", text("%.2f", median(others.first)),
         text("%.2f", quantile(others.first, 0.95))});
    std::puts("");
    heading({"one stream on loopback", "MB/s", "sender, CPU us per MB", "receiver, CPU us per MB"});
    for (const Controller& each : kControllers) {
        const Rates rates = throughput(bytes, link, each.ours);
        row({"QUIC, " + std::string(each.name), with_range(rates.megabytes),
             with_range(rates.sender_cpu), with_range(rates.receiver_cpu)});
    }
    for (const Controller& each : kControllers) {
        const Rates rates = throughput(bytes, by_ice, each.ours);
        row({"QUIC over ICE, " + std::string(each.name), with_range(rates.megabytes),
             with_range(rates.sender_cpu), with_range(rates.receiver_cpu)});
    }
    for (std::size_t at = 0; at < bare.size(); ++at) {
        const Rates& rates = bare[at].rates;
        row({"ngtcp2 and GnuTLS alone, for comparison, " + std::string(kControllers[at].name),
             with_range(rates.megabytes), with_range(rates.sender_cpu),
             with_range(rates.receiver_cpu)});
    }
    row({"TCP and TLS 1.3, for comparison", with_range(others.rates), "-", "-"});
    plain_tcp(bytes);
    std::printf("\nAn idle connection takes %.0f kB of the server's resident memory, one of %d.\n",
                idle_kilobytes(link), kIdle);
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
        across(bytes, argv[2], {argv[3], argv[4], ntohl(address.s_addr), 5, false});
    }
    return 0;
}
