#include "daemon/app/peer_calls.h"

#include <chrono>
#include <utility>

#include "daemon/core/identity/peer_name.h"

namespace sov::app {

using api::LogLevel;

namespace {

UnixMillis wall_clock_now() {
    using namespace std::chrono;
    const auto since = system_clock::now().time_since_epoch();
    return static_cast<UnixMillis>(duration_cast<milliseconds>(since).count());
}

}  // namespace

PeerCalls::PeerCalls(boost::asio::io_context& context, LogSink& log,
                     std::vector<ports::IceServer> servers)
    : log_(log), agents_(context, nice::NiceOptions{}), servers_(std::move(servers)) {}

void PeerCalls::join(io::NodeDriver& driver, const Node& node, hub::StreamHub& hub) {
    driver_ = &driver;
    node_ = &node;
    hub_ = &hub;
    tell_options();
    const auto running =
        std::chrono::duration_cast<std::chrono::milliseconds>(driver.now().time_since_epoch());
    hub_->start_ice(agents_, wall_clock_now() - static_cast<UnixMillis>(running.count()),
                    [this] { driver_->post([](Instant, Node&) {}); });
}

void PeerCalls::carry(const hub::SignalWanted& words) {
    log_words("call.words_out", "words of a call are left for a peer", words.peer,
              words.words.size());
    driver_->post([words](Instant now, Node& node) {
        // Nobody waits for the answer: words that are lost are said again.
        (void)node.leave_item(
            now, {words.peer, identity::ItemUse::kSignal, words.words, std::chrono::seconds{60}});
    });
}

void PeerCalls::handle_event(Instant now, const Event& event) {
    if (const auto* arrived = std::get_if<ItemArrived>(&event)) {
        if (arrived->listen != listen_) return;
        log_words("call.words_in", "words of a call have come", arrived->item.sender,
                  arrived->item.body.size());
        driver_->post([this, item = arrived->item](Instant at, Node&) {
            if (!stopped_) hub_->handle_signal(at, item.sender, item.body);
        });
    } else if (const auto* armed = std::get_if<ListenArmed>(&event)) {
        if (armed->listen != listen_ || std::exchange(listening_told_, true)) return;
        log_.write(LogLevel::kInfo, "connect", "call.listening",
                   "calls of friends are listened for",
                   {{"replicas", std::to_string(armed->replicas)}});
    } else if (const auto* ended = std::get_if<ListenEnded>(&event)) {
        if (ended->listen != listen_) return;
        listen_.reset();
        listen_at_ = now + kListenAgain;
    }
}

void PeerCalls::update(Instant now) {
    if (stopped_) return;
    if (!listen_ && listen_at_ <= now && !std::exchange(listening_posted_, true)) {
        listen_at_ = kNever;
        driver_->post([this](Instant at, Node& node) {
            listen_ = node.listen_items(at, identity::ItemUse::kSignal);
            listening_posted_ = false;
        });
    }
    if (now < look_at_) return;
    look_at_ = now + kLookEach;
    const Endpoint seen_as = node_->status(now).v4.observed;
    if (seen_as.port == 0 || seen_as.address == seen_as_.address) return;
    seen_as_ = seen_as;
    // The port is that of the node's socket; a session has its own, and most routers keep it.
    Endpoint candidate = seen_as;
    candidate.port = 0;
    extra_ = {candidate};
    tell_options();
}

void PeerCalls::set_servers(std::vector<ports::IceServer> servers) {
    servers_ = std::move(servers);
    tell_options();
}

void PeerCalls::tell_options() {
    if (hub_ != nullptr) hub_->set_ice_options({servers_, extra_});
}

// Whom its user talks to is not for everybody who reads logs.
void PeerCalls::log_words(const char* event, const char* text, const PeerId& peer,
                          std::size_t size) {
    if (!log_.wants("connect", LogLevel::kDebug)) return;
    log_.write(LogLevel::kDebug, "connect", event, text,
               {{"peer", identity::peer_text(peer)}, {"bytes", std::to_string(size)}});
}

}  // namespace sov::app
