#pragma once

#include <map>
#include <optional>
#include <string>

#include "daemon/streams/identify.h"
#include "daemon/streams/negotiation.h"
#include "daemon/streams/ping.h"
#include "tests/interop/peer_loop.h"

namespace sov::interop {

inline constexpr std::string_view kEchoProtocol = "/echo/1.0.0";

/// Answers the streams that others open: ping, identify and echo.
class Answers {
  public:
    explicit Answers(PeerLoop& loop) : loop_(loop) {}

    void handle(const ports::TransportEvent& event);

  private:
    struct Talk {
        streams::Chooser chooser;
        streams::PingAnswerer ping;
        Bytes out;           ///< what the stream did not take yet
        bool ended = false;  ///< they have said everything
        bool end_said = false;
    };

    void begin(const ports::StreamId& stream);
    void go_on(const ports::StreamId& stream);
    void take(Talk& talk, ports::ConnectionId connection, Bytes bytes);

    PeerLoop& loop_;
    std::map<ports::StreamId, Talk> talks_;
    std::map<ports::ConnectionId, Endpoint> remotes_;
};

/// What we say about ourselves.
streams::Identify about_us(PeerLoop& loop, const Endpoint& remote);

/// Opens a stream, agrees on a protocol, says `question`, ends (or not) and returns what was
/// answered once `enough` bytes or the end came. Nothing when it did not work within ten seconds.
std::optional<Bytes> ask(PeerLoop& loop, Answers& answers, ports::ConnectionId connection,
                         std::string_view protocol, streams::Proposer::Mode mode, ByteView question,
                         bool end, std::size_t enough);

}  // namespace sov::interop
