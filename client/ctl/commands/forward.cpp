#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/links.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "client/ctl/pump.h"

namespace sov::ctl::verbs {
namespace {

/// TCP connections at once; further ones wait in the kernel's queue or are given up.
constexpr int kConnectionsMax = 48;
constexpr int kBacklog = 16;
/// A name goes into a protocol's name.
constexpr std::size_t kNameMax = 64;

std::string protocol_of(const std::string& name) { return "/sovereign/tcp/" + name + "/1.0.0"; }

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kNameMax &&
           std::all_of(text.begin(), text.end(), [](char symbol) {
               return (symbol >= 'a' && symbol <= 'z') || (symbol >= '0' && symbol <= '9') ||
                      symbol == '-' || symbol == '_' || symbol == '.';
           });
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

/// Where connections go to or come from on this host.
struct Place {
    sockaddr_storage address{};
    socklen_t size = 0;
    std::string text;
};

std::optional<Place> unix_place(const std::string& path) {
    Place place;
    auto& to = reinterpret_cast<sockaddr_un&>(place.address);
    if (path.empty() || path.size() >= sizeof(to.sun_path)) return std::nullopt;
    to.sun_family = AF_UNIX;
    path.copy(to.sun_path, sizeof(to.sun_path) - 1);
    place.size = sizeof(to);
    place.text = "unix:" + path;
    return place;
}

std::optional<Place> ip_place(const std::string& address, std::uint16_t port) {
    Place place;
    auto& v4 = reinterpret_cast<sockaddr_in&>(place.address);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(place.address);
    if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        place.size = sizeof(v4);
        place.text = address + ':' + std::to_string(port);
    } else if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        place.size = sizeof(v6);
        place.text = '[' + address + "]:" + std::to_string(port);
    } else {
        return std::nullopt;
    }
    return place;
}

class Socket {
  public:
    explicit Socket(int number) : number_(number) {}
    Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket() {
        if (number_ >= 0) ::close(number_);
    }
    int get() const { return number_; }

  private:
    int number_;
};

Socket connected_to(const Place& place) {
    Socket made(::socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (made.get() >= 0 &&
        ::connect(made.get(), reinterpret_cast<const sockaddr*>(&place.address), place.size) == 0)
        return made;
    return Socket(-1);
}

/// What the threads of all connections share: lines come whole, and not too many run at once.
class Crowd {
  public:
    explicit Crowd(Errand& errand) : errand_(errand) {}

    void note(const std::string& text) {
        const std::lock_guard lock(mutex_);
        errand_.note(text);
    }
    void tell(json::Object data, const std::string& text) {
        const std::lock_guard lock(mutex_);
        errand_.stream(std::move(data), text);
    }
    bool enter() {
        if (++inside_ <= kConnectionsMax) return true;
        --inside_;
        return false;
    }
    void leave() { --inside_; }

  private:
    Errand& errand_;
    std::mutex mutex_;
    std::atomic<int> inside_{0};
};

/// Moves bytes between a socket of this host and a stream until both have ended, and says so.
void join(Crowd& crowd, int socket, client::Stream& stream, const std::string& what) {
    const Pumped pumped =
        pump({.in = socket, .out = socket, .stream = stream.descriptor(), .out_is_socket = true});
    const bool here = pumped.read_error != 0 || pumped.write_error != 0;
    const auto end = here ? client::Result<client::Done>(client::Done{}) : stream.finish();
    json::Object data;
    data.set("connection", what).set("peer", json_of(stream.peer()));
    data.set("sent", pumped.sent).set("received", pumped.received);
    const std::string how = here ? "broken here" : end ? "ended" : end.error().message;
    data.set("end", how);
    crowd.tell(std::move(data), what + "  " + short_id(stream.peer().text) + "  sent " +
                                    size_text(pumped.sent) + ", received " +
                                    size_text(pumped.received) + "  " + how);
}

std::optional<Place> exposed_place(const std::string& what) {
    if (what.starts_with("unix:")) return unix_place(what.substr(5));
    const auto port = port_of(what);
    return port ? ip_place("127.0.0.1", *port) : std::nullopt;
}

void serve_one(Crowd& crowd, client::Client& daemon, const client::IncomingStream& incoming,
               const Place& place, const std::stop_token& stop) {
    client::CallOptions options{std::chrono::milliseconds(0), stop};
    const auto stream = daemon.take_stream(incoming, options);
    if (!stream) return crowd.leave();
    const Socket target = connected_to(place);
    if (target.get() >= 0) {
        join(crowd, target.get(), **stream, place.text);
    } else {
        crowd.note("nobody listens at " + place.text + ": " + std::strerror(errno));
    }
    crowd.leave();
}

int expose_place(Errand& errand, const Place& place, const client::ServeQuery& query,
                 const std::string& name) {
    const auto daemon = errand.daemon();
    if (!daemon) return errand.fail(daemon.error());
    // Outlives this function in threads that the program's end does not wait for.
    const auto crowd = std::make_shared<Crowd>(errand);
    const auto end = errand.ask(
        [&](client::Client& asked, const client::CallOptions& options) {
            return asked.serve(
                query,
                [&] {
                    crowd->note(place.text + " is open to " +
                                (query.only_peers.empty()
                                     ? "everybody who may connect"
                                     : count_text(query.only_peers.size(), "peer")) +
                                "; there: sovctl forward PORT THIS-PEER:" + name);
                    return true;
                },
                [&](const client::IncomingStream& incoming) {
                    if (!crowd->enter()) {
                        crowd->note("too many connections at once: one more is not taken");
                        return true;
                    }
                    std::thread([crowd, client = *daemon, incoming, place, stop = errand.stop()] {
                        serve_one(*crowd, *client, incoming, place, stop);
                    }).detach();
                    return true;
                },
                options);
        },
        std::chrono::seconds(0));
    return end ? 0 : errand.fail(end.error());
}

void forward_one(Crowd& crowd, client::Client& daemon, const Socket& local, const std::string& peer,
                 const std::string& name, const std::stop_token& stop) {
    client::CallOptions options{std::chrono::milliseconds(0), stop};
    const auto stream = daemon.open_stream(peer, {protocol_of(name)}, options);
    if (stream) {
        join(crowd, local.get(), **stream, name);
    } else {
        crowd.note("not forwarded: " + stream.error().message);
    }
    crowd.leave();
}

/// Listening, or -1 with errno.
int listening_at(const Place& place) {
    Socket made(::socket(place.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (made.get() < 0 ||
        ::bind(made.get(), reinterpret_cast<const sockaddr*>(&place.address), place.size) != 0 ||
        ::listen(made.get(), kBacklog) != 0)
        return -1;
    return dup(made.get());
}

}  // namespace

int expose(Errand& errand) {
    const std::string what = errand.argument();
    const auto place = exposed_place(what);
    std::string name(errand.input().value("name"));
    if (name.empty() && place && !what.starts_with("unix:")) name = what;
    if (!place || !is_name(name)) {
        return errand.fail(Problem::usage(
            !place ? '"' + what + "\" is neither a port from 1 to 65535 nor unix:PATH"
                   : "--name wants 1 to 64 of a-z 0-9 . _ -",
            {"sovctl help expose"}));
    }
    auto peers = peers_for(errand);
    if (const auto* unknown = std::get_if<Problem>(&peers)) return errand.fail(*unknown);
    return expose_place(errand, *place,
                        {protocol_of(name), std::get<std::vector<std::string>>(std::move(peers))},
                        name);
}

int forward(Errand& errand) {
    const auto& arguments = errand.input().arguments;
    const auto port = port_of(arguments[0]);
    std::string peer = arguments[1], name = arguments[0];
    if (const std::size_t colon = peer.rfind(':'); colon != std::string::npos) {
        name = peer.substr(colon + 1);
        peer.resize(colon);
    }
    const std::string address(errand.input().has("bind") ? errand.input().value("bind")
                                                         : "127.0.0.1");
    const auto place = port ? ip_place(address, *port) : std::nullopt;
    if (!place || !is_name(name)) {
        return errand.fail(
            Problem::usage(!port    ? '"' + arguments[0] + "\" is no port from 1 to 65535"
                           : !place ? "--bind wants an address, as 127.0.0.1 or ::1"
                                    : '"' + name + "\" can't be what something is exposed as",
                           {"sovctl help forward"}));
    }
    const auto daemon = errand.daemon();
    if (!daemon) return errand.fail(daemon.error());
    const int listening = listening_at(*place);
    if (listening < 0) {
        return errand.fail(
            Problem{.exit_code = 1,
                    .name = "failed",
                    .what = "can't listen at " + place->text + ": " + std::strerror(errno),
                    .why = {},
                    .steps = {}});
    }
    const auto crowd = std::make_shared<Crowd>(errand);
    crowd->note(place->text + " leads to " + name + " of " + peer);
    const std::stop_callback on_stop(errand.stop(),
                                     [listening] { shutdown(listening, SHUT_RDWR); });
    while (!errand.stop().stop_requested()) {
        Socket local(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
        if (local.get() < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            break;
        }
        if (!crowd->enter()) {
            crowd->note("too many connections at once: one more is not taken");
            continue;
        }
        std::thread([crowd, client = *daemon, local = std::make_shared<Socket>(std::move(local)),
                     peer, name, stop = errand.stop()] {
            forward_one(*crowd, *client, *local, peer, name, stop);
        }).detach();
    }
    ::close(listening);
    return 0;
}

}  // namespace sov::ctl::verbs
