#include "platform/bluez/bus.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

namespace sov::bluez {
namespace {

/// Why nobody listens at "unix:path=…"; nothing when somebody does, and for other addresses.
/// sdbus-c++ 1.2 loses its half-made connection when a named address can't be connected to.
std::optional<std::string> nobody_listens(const std::string& address) {
    const std::string prefix = "unix:path=";
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    const std::string path = address.substr(0, address.find(','));
    if (path.compare(0, prefix.size(), prefix) != 0 ||
        path.size() - prefix.size() >= sizeof where.sun_path)
        return std::nullopt;
    path.copy(where.sun_path, sizeof where.sun_path - 1, prefix.size());
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool listens =
        probe >= 0 && connect(probe, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
    const int problem = errno;
    if (probe >= 0) ::close(probe);
    if (listens) return std::nullopt;
    return std::string(std::strerror(problem));
}

}  // namespace

Bus::Bus(boost::asio::io_context& context, std::string address)
    : context_(context), address_(std::move(address)), descriptor_(context), timer_(context) {}

std::optional<std::string> Bus::open() {
    if (auto problem = nobody_listens(address_)) return problem;
    try {
        connection_ = address_.empty() ? sdbus::createSystemBusConnection()
                                       : sdbus::createSessionBusConnectionWithAddress(address_);
        descriptor_.assign(connection_->getEventLoopPollData().fd);
    } catch (const sdbus::Error& error) {
        connection_.reset();
        return error.getMessage();  // what() begins with the error's D-Bus name
    } catch (const std::exception& error) {
        connection_.reset();
        return error.what();
    }
    wake();
    return std::nullopt;
}

void Bus::close() {
    life_ = std::make_shared<int>(0);
    waiting_read_ = waiting_write_ = woken_ = false;
    timer_.cancel();
    // The descriptor is the connection's; Asio only watched it.
    if (descriptor_.is_open()) descriptor_.release();
    pending_.clear();
    answered_.clear();
    connection_.reset();
}

void Bus::wake() {
    if (woken_ || !is_open()) return;
    woken_ = true;
    boost::asio::post(context_, [this, life = std::weak_ptr<int>(life_)] {
        if (life.expired()) return;
        woken_ = false;
        pump();
    });
}

void Bus::pump() {
    const std::weak_ptr<int> life = life_;
    try {
        for (int message = 0; message < kMessagesPerTurn; ++message) {
            const bool more = connection_->processPendingRequest();
            if (life.expired()) return;  // closed by what was called
            answered_.clear();
            if (!more) return wait();
        }
        wake();
    } catch (const sdbus::Error&) {
        if (!life.expired()) fail();
    }
}

void Bus::fail() {
    // Whoever has objects on the connection lets go of them before it goes.
    const auto lost = lost_;
    boost::asio::post(context_, [lost, life = std::weak_ptr<int>(life_)] {
        if (!life.expired() && lost) lost();
    });
}

void Bus::wait() {
    const auto poll = connection_->getEventLoopPollData();
    const auto watch = [this](boost::asio::posix::stream_descriptor::wait_type type, bool& flag) {
        if (flag) return;
        flag = true;
        descriptor_.async_wait(
            type, [this, &flag, life = std::weak_ptr<int>(life_)](boost::system::error_code) {
                if (life.expired()) return;
                flag = false;
                pump();
            });
    };
    if ((poll.events & POLLIN) != 0)
        watch(boost::asio::posix::stream_descriptor::wait_read, waiting_read_);
    if ((poll.events & POLLOUT) != 0)
        watch(boost::asio::posix::stream_descriptor::wait_write, waiting_write_);
    const auto pause = poll.getRelativeTimeout();
    timer_.cancel();
    if (!pause || *pause == std::chrono::microseconds::max()) return;
    timer_.expires_after(*pause);
    timer_.async_wait([this, life = std::weak_ptr<int>(life_)](boost::system::error_code error) {
        if (!error && !life.expired()) pump();
    });
}

void Bus::send(const Target& target, const char* method, std::chrono::seconds patience,
               const Fill& fill, Reply reply) {
    if (!is_open()) return;
    if (pending_.size() >= kCallsMax) {
        boost::asio::post(context_, [reply = std::move(reply), life = std::weak_ptr<int>(life_)] {
            const sdbus::Error error("org.freedesktop.DBus.Error.LimitsExceeded",
                                     "too many calls are pending");
            if (!life.expired()) reply(nullptr, &error);
        });
        return;
    }
    const std::uint64_t id = ++last_call_;
    try {
        auto proxy = sdbus::createProxy(*connection_, target.owner, target.path);
        auto call = proxy->createMethodCall(target.interface, method);
        fill(call);
        proxy->callMethod(
            call,
            [this, id, reply](sdbus::MethodReply& answer, const sdbus::Error* error) {
                const auto at = pending_.find(id);
                if (at == pending_.end()) return;
                answered_.push_back(std::move(at->second));
                pending_.erase(at);
                if (error != nullptr) {
                    reply(nullptr, error);
                } else {
                    reply(&answer, nullptr);
                }
            },
            patience);
        pending_.emplace(id, std::move(proxy));
    } catch (const sdbus::Error& error) {
        boost::asio::post(context_,
                          [reply = std::move(reply), error, life = std::weak_ptr<int>(life_)] {
                              if (!life.expired()) reply(nullptr, &error);
                          });
    }
    wake();
}

}  // namespace sov::bluez
