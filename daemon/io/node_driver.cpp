#include "daemon/io/node_driver.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace sov::io {

NodeDriver::NodeDriver(boost::asio::io_context& context, Node& node, Transports transports,
                       EventSink sink)
    : context_(context),
      node_(node),
      transports_(std::move(transports)),
      sink_(std::move(sink)),
      timer_(context) {
    timer_.on_fire([this] { take_timeout(); });
    for (const auto& transport : transports_)
        transport->on_ready([this, &transport = *transport] { take_turn(transport); });
}

void NodeDriver::start() {
    *running_ = true;
    apply([](Instant at, Node& node) { node.start(at); });
    for (const auto& transport : transports_) transport->wait();
}

void NodeDriver::stop() {
    *running_ = false;
    timer_.close();
    for (const auto& transport : transports_) transport->close();
}

void NodeDriver::post(Work work) {
    boost::asio::post(context_, [this, running = running_, work = std::move(work)] {
        if (*running) apply(work);
    });
}

void NodeDriver::apply(const Work& work) {
    const Instant at = now();
    work(at, node_);
    drain(at);
    finish_turn(true);
}

void NodeDriver::take_turn(UdpTransport& transport) {
    if (!*running_) return;  // stopped by what ran just before
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
    if (!*running_) return;
    seat_.timeout(now());
    apply([](Instant at, Node& node) { node.handle_timeout(at); });
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
