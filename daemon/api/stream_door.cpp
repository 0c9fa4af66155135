#include "daemon/api/stream_door.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <utility>

#include "daemon/core/base/check.h"

namespace sov::api {
namespace {

constexpr std::chrono::seconds kSecond{1};
/// Whoever connects says its token at once.
constexpr int kGuestSeconds = 5;

}  // namespace

StreamDoor::StreamDoor(boost::asio::io_context& loop, ApiSocket socket, CoreBridge& bridge,
                       Listener::CallerReader reader)
    : loop_(loop),
      bridge_(bridge),
      reader_(std::move(reader)),
      api_socket_(std::move(socket)),
      path_(api_socket_.path()),
      acceptor_(loop),
      timer_(loop) {
    // The acceptor owns a descriptor of its own, so that each closes what it has.
    const int own = fcntl(api_socket_.descriptor(), F_DUPFD_CLOEXEC, 0);
    SOV_CHECK(own >= 0);
    acceptor_.assign(boost::asio::local::stream_protocol(), own);
    accept();
}

void StreamDoor::accept() {
    acceptor_.async_accept(
        [this, open = open_](const boost::system::error_code& error, Socket socket) {
            if (!*open || error == boost::asio::error::operation_aborted) return;
            if (!error) {
                let_in(std::move(socket));
                return accept();
            }
            // Out of descriptors, most likely: tried again when a second has passed.
            count_seconds();
        });
}

void StreamDoor::let_in(Socket socket) {
    const auto caller = reader_(socket.native_handle());
    if (!caller) return;
    auto guest = std::make_shared<Guest>(std::move(socket));
    guest->user = caller->uid;
    if (guests_.size() >= kUnprovenMax) guests_.pop_front();
    guests_.push_back(guest);
    count_seconds();
    boost::asio::async_read(
        *guest->socket, boost::asio::buffer(guest->token.bytes),
        [this, open = open_, guest](const boost::system::error_code& error, std::size_t) {
            if (!*open) return;
            if (error) return dismiss(guest);
            bridge_.ask([this, open, guest](Instant now, const Node* node) {
                if (node != nullptr && *open) prove(now, guest);
            });
        });
}

void StreamDoor::prove(Instant now, const std::shared_ptr<Guest>& guest) {
    const auto found = expected_.find(guest->token);
    // A token in the wrong hands is left for the right ones.
    if (found != expected_.end() && found->second.user == guest->user) {
        const Welcome welcome = std::move(found->second.welcome);
        expected_.erase(found);
        welcome(now, std::move(guest->socket));
    }
    dismiss(guest);
}

void StreamDoor::expect(Instant now, uid_t user, const StreamToken& token, Welcome welcome) {
    if (closed_) return welcome(now, nullptr);
    expected_[token] = {user, now + kTime, std::move(welcome)};
    count_seconds();
}

void StreamDoor::count_seconds() {
    if (closed_ || std::exchange(counting_, true)) return;
    timer_.expires_after(kSecond);
    timer_.async_wait([this, open = open_](const boost::system::error_code& error) {
        if (error || !*open) return;
        bridge_.ask([this, open](Instant now, const Node* node) {
            if (node != nullptr && *open) second(now);
        });
    });
}

void StreamDoor::second(Instant now) {
    counting_ = false;
    std::vector<Welcome> late;
    for (auto at = expected_.begin(); at != expected_.end();) {
        if (at->second.until > now) {
            ++at;
            continue;
        }
        late.push_back(std::move(at->second.welcome));
        at = expected_.erase(at);
    }
    for (const Welcome& welcome : late) welcome(now, nullptr);
    guests_.remove_if([](const auto& guest) { return ++guest->seconds > kGuestSeconds; });
    const bool more = each_second_ && each_second_(now);
    if (more || !expected_.empty() || !guests_.empty()) count_seconds();
}

void StreamDoor::close() {
    if (std::exchange(closed_, true)) return;
    *open_ = false;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    timer_.cancel();
    expected_.clear();
    guests_.clear();
}

}  // namespace sov::api
