#include "daemon/io/node_driver.h"

#include <utility>

namespace sov::io {

NodeDriver::NodeDriver(boost::asio::io_context& context, Node& node, Transports transports,
                       EventSink sink)
    : node_(node),
      transports_(std::move(transports)),
      sink_(std::move(sink)),
      timer_(context),
      inbox_(context, [this](const std::deque<Work>& posted) { take_posted(posted); }) {
    timer_.on_fire([this] { take_timeout(); });
    for (const auto& transport : transports_)
        transport->on_ready([this, &transport = *transport] { take_turn(transport); });
}

void NodeDriver::start() {
    inbox_.open();
    apply([](Instant at, Node& node) { node.start(at); });
    finish_turn(true);
    for (const auto& transport : transports_) transport->wait();
}

void NodeDriver::stop() {
    inbox_.close();
    timer_.close();
    for (const auto& transport : transports_) transport->close();
}

void NodeDriver::take_posted(const std::deque<Work>& posted) {
    for (const Work& work : posted)
        if (inbox_.is_open()) apply(work);  // not stopped by what ran just before
    finish_turn(true);
}

void NodeDriver::apply(const Work& work) {
    const Instant at = now();
    work(at, node_);
    drain(at);
}

void NodeDriver::take_turn(UdpTransport& transport) {
    if (!inbox_.is_open()) return;  // stopped by what ran just before
    for (int batch = 0; batch < kBatchesPerTurn; ++batch) {
        const auto received = transport.receive();
        const Instant at = now();
        for (const UdpTransport::Received& datagram : received) {
            if (seat_.offer(at, transport, datagram)) continue;
            node_.handle_datagram(at, datagram.from, datagram.bytes);
            drain(at);
        }
        if (received.size() < UdpTransport::kBatch) break;
    }
    for (const Endpoint& endpoint : transport.unreachable()) {
        node_.handle_unreachable(now(), endpoint);
        drain(now());
    }
    finish_turn(false);
    transport.wait();
}

void NodeDriver::take_timeout() {
    if (!inbox_.is_open()) return;
    seat_.timeout(now());
    apply([](Instant at, Node& node) { node.handle_timeout(at); });
    finish_turn(true);
}

void NodeDriver::drain(Instant at) {
    while (const Transmit* transmit = node_.poll_transmit()) {
        for (const auto& transport : transports_) {
            if (transport->local().family == transmit->to.remote.family) transport->send(*transmit);
        }
    }
    while (auto event = node_.poll_event()) sink_(at, std::move(*event));
}

void NodeDriver::finish_turn(bool companion_concerned) {
    seat_.settle(now(), companion_concerned);
    for (const auto& transport : transports_) transport->flush();
    // A timer that fires early costs one wake-up; moving it for each datagram would cost two calls.
    const Instant next = earliest(node_.next_timeout().at, seat_.due());
    if (next < timer_.armed()) timer_.arm(next);
}

}  // namespace sov::io
