#include <algorithm>
#include <array>
#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/connect/turn_client.h"

// Any bytes as the stream of a TURN server. The first byte of the input says how the stream is cut
// into pieces; the digests are made up, so that answers can be signed by a corpus file.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sov;
    if (size == 0) return 0;
    static const connect::TurnDigests digests{
        [](ByteView) { return std::array<std::uint8_t, 16>{}; },
        [](ByteView, ByteView) { return std::array<std::uint8_t, 20>{}; }};
    connect::TurnClient client({"user", "password", Family::kIpv4}, digests, 1);
    Instant now{};
    client.start(now);
    const std::size_t piece = data[0] + std::size_t{1};
    Bytes held;
    for (ByteView rest(data + 1, size - 1); !rest.empty();) {
        const ByteView taken = rest.first(std::min(piece, rest.size()));
        rest = rest.subspan(taken.size());
        // What the client asked names the id that the stream's answers repeat: the last one's.
        const Bytes written = client.take_outgoing();
        held.insert(held.end(), taken.begin(), taken.end());
        if (written.size() >= 20 && held.size() >= 20)
            std::copy(written.begin() + 8, written.begin() + 20, held.begin() + 8);
        const std::size_t used =
            client.handle_stream(now, held, [](const Endpoint& from, ByteView datagram) {
                SOV_CHECK(from.port != 0 || datagram.size() <= 0xffff);
            });
        SOV_CHECK(used <= held.size());
        held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(used));
        SOV_CHECK(held.size() <= connect::kTurnFrameBytesMax + piece);
        if (client.relayed()) {
            SOV_CHECK(client.problem().empty());
            client.send(now, Endpoint::v4(0x05060708, 9), taken);
        }
        now += std::chrono::milliseconds(100);
        client.handle_timeout(now);
        if (!client.problem().empty()) break;
    }
    return 0;
}
