#pragma once

#include "daemon/core/base/rng.h"
#include "tests/unit/platform/quic/virtual_wire.h"

namespace sov::quic {

using ports::CloseReason;
using ports::ConnectionId;
using ports::StreamId;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Ann dials Bob.
class QuicPair : public ::testing::Test {
  protected:
    VirtualWire wire;
    const Endpoint ann_at = Endpoint::v4(0xc0000201, 4001), bob_at = Endpoint::v4(0xc0000202, 4002);
    Party ann, bob;
    std::unique_ptr<WirePath> ann_path, bob_path;
    ConnectionId dialled{}, accepted{};

    void meet(const QuicTransport::Options& of_ann = {}, const QuicTransport::Options& of_bob = {},
              const CertificateWish& anns = lasting_certificate(),
              const CertificateWish& bobs = lasting_certificate()) {
        ann = wire.party(1, of_ann, anns);
        bob = wire.party(2, of_bob, bobs);
        ann_path = wire.attach(&ann, ann_at);
        bob_path = wire.attach(&bob, bob_at);
    }
    void dial(const PeerId& peer) {
        dialled = *ann.transport->dial(wire.now, *ann_path, bob_at, peer, {});
    }
    void connect() {
        if (!ann.transport) meet();
        dial(bob.peer());
        ASSERT_TRUE(wire.run([&] {
            return ann.count<ports::Connected>() == 1 && bob.count<ports::Connected>() == 1;
        }));
        accepted = bob.all<ports::Connected>().front().connection;
    }
    /// Takes everything that arrives on a stream until its end.
    Bytes read_all(Party& party, const StreamId& stream, Duration time = seconds{60}) {
        Bytes all;
        bool ended = false;
        wire.run(
            [&] {
                const auto read = party.transport->read(stream, 1 << 20);
                if (!read) return false;  // not there yet
                all.insert(all.end(), read->bytes.begin(), read->bytes.end());
                ended = read->ended;
                return ended;
            },
            time);
        EXPECT_TRUE(ended);
        return all;
    }
    /// Writes all of it, as fast as the stream takes it.
    void write_all(Party& party, const StreamId& stream, ByteView bytes, Party& reader,
                   const StreamId& at, Bytes& got) {
        bool ended = false;
        ASSERT_TRUE(wire.run(
            [&] {
                if (!bytes.empty()) {
                    bytes = bytes.subspan(*party.transport->write(stream, bytes, true));
                }
                if (reader.count<ports::StreamArrived>() == 0) return false;
                const auto read = reader.transport->read(at, 1 << 20);
                got.insert(got.end(), read->bytes.begin(), read->bytes.end());
                ended = read->ended;
                return ended;
            },
            seconds{300}));
    }
    StreamId at_bob(const StreamId& stream) const { return {accepted, stream.number}; }
    StreamId at_ann(const StreamId& stream) const { return {dialled, stream.number}; }

    static Bytes pattern(std::size_t size) {
        Bytes bytes(size);
        for (std::size_t at = 0; at < size; ++at) {
            bytes[at] = static_cast<std::uint8_t>((at * 2654435761U) >> 13);
        }
        return bytes;
    }
};

}  // namespace sov::quic
