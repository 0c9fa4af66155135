#include <array>

#include "tests/unit/platform/quic/quic_fixture.h"

// What one stream makes of a link with a delay, a rate and losses: on the virtual clock, so that it
// is the protocol that is measured and not this machine.

namespace sov::quic {
namespace {

/// A link of 200 Mbit/s with a round trip of 50 ms and a queue of 100 ms; the first direction's and
/// the other one's frames do not wait for each other.
class SlowLink : public QuicPair {
  protected:
    static constexpr double kNanosecondsPerByte = 8000.0 / 200;
    static constexpr double kQueueBytes = 2.5e6;

    void lay(std::uint64_t lost_of_thousand) {
        wire.latency = milliseconds{25};
        wire.on_wire = [this, lost_of_thousand,
                        rng = Rng(42)](VirtualWire::Packet& packet) mutable {
            if (rng.below(1000) < lost_of_thousand) return false;
            Instant& free_at = free_at_[packet.from == ann_at ? 0 : 1];
            free_at = std::max(free_at, wire.now);
            const auto wait = static_cast<double>((free_at - wire.now).count());
            if (wait > kQueueBytes * kNanosecondsPerByte) return false;
            constexpr std::size_t kHeads = 14 + 20 + 8;  // Ethernet, IP, UDP
            const auto bytes = static_cast<double>(packet.bytes.size() + kHeads);
            free_at += Duration{static_cast<Duration::rep>(bytes * kNanosecondsPerByte)};
            wire.put_later(packet, free_at - wire.now);
            return false;
        };
    }
    /// Megabytes a second of one stream on a connection that is there, its slow start included.
    double upload(std::size_t bytes, Congestion congestion) {
        QuicTransport::Options options;
        options.congestion = congestion;
        meet(options, options);
        connect();
        const Instant begun = wire.now;
        const StreamId stream = *ann.transport->open_stream(dialled);
        const Bytes sent = pattern(bytes);
        Bytes got;
        write_all(ann, stream, sent, bob, at_bob(stream), got);
        EXPECT_TRUE(got == sent);
        return static_cast<double>(bytes) / 1e6 /
               std::chrono::duration<double>(wire.now - begun).count();
    }

  private:
    std::array<Instant, 2> free_at_{};
};

TEST_F(SlowLink, is_filled_by_one_stream) {
    lay(0);
    EXPECT_GE(upload(30 << 20, Congestion::kCubic), 19.0);
}

TEST_F(SlowLink, is_filled_by_one_stream_with_bbr2) {
    lay(0);
    EXPECT_GE(upload(30 << 20, Congestion::kBbr2), 19.0);
}

TEST_F(SlowLink, that_loses_one_in_a_hundred_is_still_used) {
    lay(10);
    EXPECT_GE(upload(8 << 20, Congestion::kBbr2), 7.5);
}

// Why bbr2 is what the daemon begins with.
TEST_F(SlowLink, that_loses_one_in_a_thousand_is_used_by_bbr2_and_not_by_cubic) {
    lay(1);
    const double bbr2 = upload(30 << 20, Congestion::kBbr2);
    EXPECT_GE(bbr2, 15.0);
    EXPECT_LT(upload(30 << 20, Congestion::kCubic), bbr2 / 2);
}

}  // namespace
}  // namespace sov::quic
