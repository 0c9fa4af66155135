#include "tests/sim/questioner.h"

#include "daemon/core/dht/context.h"

namespace sov::sim {

namespace {

/// Below the budget for first packets.
constexpr std::chrono::milliseconds kBetween{10};

}  // namespace

void Questioner::handle_datagram(Instant now, const Path& from, MutableBytes bytes,
                                 Outbox& outbox) {
    const auto received = sessions_.handle_datagram(now, from, bytes, outbox);
    sessions_.take_newcomers();
    if (!received) return;
    ByteReader reader(received->message);
    const auto head = wire::read_head(reader);
    if (!head || head->kind != (static_cast<std::uint8_t>(wire::Kind::kNodes))) return;
    const auto nodes = wire::read_nodes(reader, 0);
    if (nodes) named_.insert(named_.end(), nodes->contacts.begin(), nodes->contacts.end());
}

void Questioner::handle_timeout(Instant now, Outbox& outbox) {
    Adversary::handle_timeout(now, outbox);
    if (asked_.empty() || now < next_at_) return;
    next_at_ = now + kBetween;
    const auto [node, near] = asked_.back();
    asked_.pop_back();
    std::array<std::uint8_t, wire::kInitMessageMax> bytes;
    ByteWriter message(bytes);
    wire::write_head(message, wire::Kind::kFindNode, static_cast<std::uint32_t>(rng_.next()));
    message.bytes(dht::body_bytes(wire::FindNode{near, wire::kWantIpv4}));
    sessions_.send(now, node, Family::kIpv4, message.written(), true, Limits::kDatagramBytesMax,
                   false, outbox);
}

Instant Questioner::next_timeout() const {
    return earliest(asked_.empty() ? kNever : next_at_, Adversary::next_timeout());
}

}  // namespace sov::sim
