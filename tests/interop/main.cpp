#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "tests/interop/stream_talk.h"

// A peer of ours for run.py to set against others':
//
//   quic_peer listen           says where, answers ping, identify and echo until stdin is closed
//   quic_peer dial MULTIADDR   pings, asks who is there, has a megabyte echoed; 0 when all worked
//
// It says what happens in lines of "word value ...".

namespace {

using namespace sov;
using namespace sov::interop;
using Mode = streams::Proposer::Mode;

void report(const ports::TransportEvent& event) {
    if (const auto* connected = std::get_if<ports::Connected>(&event)) {
        std::cout << "connected " << streams::PeerHash(connected->peer).text() << std::endl;
    } else if (const auto* closed = std::get_if<ports::Closed>(&event)) {
        std::cout << "closed " << ports::close_reason_name(closed->reason) << " " << closed->words
                  << std::endl;
    }
}

int listen(PeerLoop& loop) {
    Answers answers(loop);
    const streams::PeerHash us(PeerId{loop.user().public_key});
    std::cout << "listening " << streams::Multiaddr::quic(loop.path().local(), us).text()
              << std::endl;
    loop.heed_stdin();
    loop.run(
        [&](const ports::TransportEvent& event) {
            report(event);
            answers.handle(event);
        },
        [] { return false; }, std::chrono::seconds{120});
    return 0;
}

bool try_ping(PeerLoop& loop, Answers& answers, ports::ConnectionId connection, Mode mode) {
    Bytes question(streams::kPingBytes, 0x5a);
    const auto answer = ask(loop, answers, connection, streams::kPingProtocol, mode, question,
                            false, question.size());
    const bool right = answer && *answer == question;
    std::cout << "ping " << (mode == Mode::kLazy ? "lazy " : "strict ") << (right ? "ok" : "failed")
              << std::endl;
    return right;
}

bool try_identify(PeerLoop& loop, Answers& answers, ports::ConnectionId connection) {
    const auto answer = ask(loop, answers, connection, streams::kIdentifyProtocol, Mode::kStrict,
                            {}, false, SIZE_MAX);
    streams::IdentifyReader reader;
    if (!answer || !reader.receive(*answer)) return false;
    const auto they = reader.finish();
    if (!they || !they->peer) return false;
    std::cout << "identify " << streams::PeerHash(*they->peer).text() << " " << they->agent << " "
              << they->protocols.size() << " protocols, sees us at "
              << (they->observed ? they->observed->text() : "?") << std::endl;
    return they->observed && they->observed->quic_endpoint() == loop.path().local();
}

bool try_echo(PeerLoop& loop, Answers& answers, ports::ConnectionId connection) {
    Bytes question(1 << 20);
    for (std::size_t at = 0; at < question.size(); ++at) {
        question[at] = static_cast<std::uint8_t>((at * 2654435761U) >> 11);
    }
    const auto answer =
        ask(loop, answers, connection, kEchoProtocol, Mode::kLazy, question, true, SIZE_MAX);
    const bool right = answer && *answer == question;
    std::cout << "echo " << (right ? "ok" : "failed") << std::endl;
    return right;
}

bool try_unknown(PeerLoop& loop, Answers& answers, ports::ConnectionId connection) {
    const auto answer =
        ask(loop, answers, connection, "/no/such/protocol/9.9.9", Mode::kStrict, {}, false, 1);
    std::cout << "unknown protocol " << (answer ? "taken" : "refused") << std::endl;
    return !answer;
}

int dial(PeerLoop& loop, std::string_view text) {
    const auto address = streams::Multiaddr::parse(text);
    const auto endpoint = address ? address->quic_endpoint() : std::nullopt;
    const auto peer = address && address->peer() ? address->peer()->peer() : std::nullopt;
    if (!endpoint || !peer) {
        std::cerr << "not the QUIC address of a peer: " << text << "\n";
        return 2;
    }
    Answers answers(loop);
    const auto connection = loop.transport().dial(loop.now(), loop.path(), *endpoint, *peer, {});
    bool connected = false, closed = false;
    loop.run(
        [&](const ports::TransportEvent& event) {
            report(event);
            answers.handle(event);
            connected = connected || std::holds_alternative<ports::Connected>(event);
            closed = closed || std::holds_alternative<ports::Closed>(event);
        },
        [&] { return connected || closed; }, std::chrono::seconds{15});
    if (!connected || !connection) return 1;
    const bool all = try_ping(loop, answers, *connection, Mode::kStrict) &
                     try_ping(loop, answers, *connection, Mode::kLazy) &
                     try_identify(loop, answers, *connection) &
                     try_unknown(loop, answers, *connection) & try_echo(loop, answers, *connection);
    loop.transport().close(loop.now(), *connection, 0);
    return all ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    PeerLoop loop;
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (verb == "listen" && argc == 2) return listen(loop);
    if (verb == "dial" && argc == 3) return dial(loop, argv[2]);
    std::cerr << "usage: quic_peer listen | dial MULTIADDR\n";
    return 2;
}
