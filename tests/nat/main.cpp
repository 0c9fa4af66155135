#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/nat/ice_end.h"

// One end of an ICE session on a virtual host:
//
//   ice_peer answer SOCKET [OPTION...]     waits on SOCKET for the other end
//   ice_peer dial SOCKET [OPTION...]
//
// Options: stun=ADDRESS  turn-udp=ADDRESS,USER,PASSWORD  turn-tcp=ADDRESS,USER,PASSWORD
//          extra=ADDRESS  ports=LEAST-MOST  relay-only
// A line "restart" on the dialler's stdin begins anew; its end ends the program.

namespace {

using namespace sov;
using boost::asio::local::stream_protocol;

std::optional<ports::IceServer> server(ports::IceServer::Kind kind, const std::string& text) {
    std::istringstream fields(text);
    std::string address, user, password;
    std::getline(fields, address, ',');
    std::getline(fields, user, ',');
    std::getline(fields, password, ',');
    const auto endpoint = Endpoint::parse(address);
    if (!endpoint) return std::nullopt;
    return ports::IceServer{kind, *endpoint, user, password};
}

bool take_option(ports::IceStart& start, const std::string& option) {
    const auto equals = option.find('=');
    const std::string key = option.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : option.substr(equals + 1);
    using Kind = ports::IceServer::Kind;
    for (const auto& [name, kind] : {std::pair{"stun", Kind::kStun},
                                     {"turn-udp", Kind::kTurnUdp},
                                     {"turn-tcp", Kind::kTurnTcp}}) {
        if (key != name) continue;
        const auto parsed = server(kind, value);
        if (parsed) start.servers.push_back(*parsed);
        return parsed.has_value();
    }
    if (key == "extra") {
        const auto endpoint = Endpoint::parse(value);
        if (endpoint) start.extra_addresses.push_back(*endpoint);
        return endpoint.has_value();
    }
    if (key == "ports") {
        char dash = 0;
        std::istringstream(value) >> start.port_min >> dash >> start.port_max;
        return dash == '-';
    }
    start.relay_only = key == "relay-only";
    return start.relay_only;
}

nat::SignalSocket meet(boost::asio::io_context& context, bool dials, const char* path) {
    nat::SignalSocket socket(context);
    const stream_protocol::endpoint place(path);
    if (dials) {
        socket.connect(place);
    } else {
        stream_protocol::acceptor acceptor(context, place);
        acceptor.accept(socket);
    }
    return socket;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 2 ? argv[1] : "";
    ports::IceStart start;
    start.role = verb == "dial" ? IceRole::kControlling : IceRole::kControlled;
    bool understood = verb == "dial" || verb == "answer";
    for (int at = 3; at < argc; ++at) understood = understood && take_option(start, argv[at]);
    if (!understood) {
        std::cerr << "usage: ice_peer dial|answer SOCKET [stun=ADDRESS] "
                     "[turn-udp|turn-tcp=ADDRESS,USER,PASSWORD] [extra=ADDRESS] "
                     "[ports=LEAST-MOST] [relay-only]\n";
        return 2;
    }
    boost::asio::io_context context;
    try {
        nat::IceEnd end(context, meet(context, verb == "dial", argv[2]), start);
        end.run();
    } catch (const boost::system::system_error& problem) {
        std::cerr << "ice_peer: " << problem.what() << "\n";
        return 1;
    }
    return 0;
}
