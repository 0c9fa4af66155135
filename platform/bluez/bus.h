#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sov::bluez {

/// Where a method is called: nobody but this unique name gets it, so a call never starts a service
/// and never reaches the one that came after a restart.
struct Target {
    std::string owner;  ///< unique name, ":1.23", or the bus driver's own
    std::string path;
    std::string interface;
};

/// Reads what a message carries; false, with the rest untouched, when it has other types.
template <typename... Values>
bool take(sdbus::Message& message, Values&... values) {
    try {
        (message >> ... >> values);
        return true;
    } catch (const sdbus::Error&) {
        return false;
    }
}

/// Whether the method of `object` that runs now was called by `owner`. Any program on the bus may
/// call us.
inline bool called_by(const sdbus::IObject& object, const std::string& owner) {
    const auto* call = object.getCurrentlyProcessedMessage();
    return call != nullptr && call->getSender() == owner;
}

/// One connection to a message bus, driven by the loop it is given: no thread of its own, and
/// everything it calls back it calls from that loop.
class Bus {
  public:
    /// Exactly one of the two is there. Must not throw.
    using Reply = std::function<void(sdbus::MethodReply* reply, const sdbus::Error* error)>;

    /// `address` as in the D-Bus specification; empty: the system bus, or what
    /// DBUS_SYSTEM_BUS_ADDRESS names. `context` outlives this.
    Bus(boost::asio::io_context& context, std::string address);
    ~Bus() { close(); }
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;

    /// Nothing when connected; otherwise why not. Waits for the local handshake, a few messages.
    std::optional<std::string> open();
    /// Sends what is queued and lets go; pending calls are never answered. Objects that live on
    /// connection() go first.
    void close();
    bool is_open() const { return connection_ != nullptr; }
    /// Only while open.
    sdbus::IConnection& connection() { return *connection_; }

    /// Called from the loop after the bus hung up; it is closed by then.
    void on_lost(std::function<void()> lost) { lost_ = std::move(lost); }
    /// Must follow whatever was sent or registered on connection() by others.
    void wake();

    /// Calls a method and returns at once; nothing happens while closed. At most kCallsMax are
    /// pending; one more fails at once.
    template <typename... Args>
    void call(const Target& target, const char* method, std::chrono::seconds patience, Reply reply,
              const Args&... args) {
        send(
            target, method, patience,
            [&args...](sdbus::Message& message) { (void)(message << ... << args); },
            std::move(reply));
    }

    static constexpr std::size_t kCallsMax = 256;
    /// Messages handled before anything else on the loop gets its turn.
    static constexpr int kMessagesPerTurn = 64;

  private:
    using Fill = std::function<void(sdbus::Message&)>;

    void send(const Target& target, const char* method, std::chrono::seconds patience,
              const Fill& fill, Reply reply);
    void pump();
    void wait();
    void fail();

    boost::asio::io_context& context_;
    const std::string address_;
    std::function<void()> lost_;
    std::unique_ptr<sdbus::IConnection> connection_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer timer_;
    /// A proxy owns its call; dropping it within its own answer is not allowed, so answered ones
    /// wait for the end of the turn.
    std::map<std::uint64_t, std::unique_ptr<sdbus::IProxy>> pending_;
    std::vector<std::unique_ptr<sdbus::IProxy>> answered_;
    std::uint64_t last_call_ = 0;
    bool waiting_read_ = false, waiting_write_ = false, woken_ = false;
    /// Renewed by close(): what still lies in the loop's queue then finds it expired.
    std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace sov::bluez
