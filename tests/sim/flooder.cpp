#include "tests/sim/flooder.h"

namespace sov::sim {

namespace {

constexpr std::chrono::minutes kAgain{10};

}  // namespace

void Flooder::handle_timeout(Instant now, Outbox& outbox) {
    Adversary::handle_timeout(now, outbox);
    if (now < next_at_) return;
    next_at_ = now + kAgain;
    std::array<std::uint8_t, wire::kMessageHeadSize> ping;
    ByteWriter writer(ping);
    wire::write_head(writer, wire::Kind::kPing, static_cast<std::uint32_t>(rng_.next()));
    const Family family = victim_.has(Family::kIpv4) ? Family::kIpv4 : Family::kIpv6;
    sessions_.send(now, victim_, family, writer.written(), true, 0, false, outbox);
}

}  // namespace sov::sim
