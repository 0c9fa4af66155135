#pragma once

#include <systemd/sd-bus.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace sov::dbus {

struct MessageUnref {
    void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, MessageUnref>;

/// One connection to a message bus on the loop of whoever owns it. Never waits for anybody: calls
/// are answered later or time out, so a service that hangs costs nothing but its answers.
class Bus {
  public:
    /// Gets the answer or the error message; a call that was not even sent, null.
    using Done = std::function<void(sd_bus_message*)>;

    /// `address` empty: the system bus, as DBUS_SYSTEM_BUS_ADDRESS says. Answers that come later
    /// than `patience` are as good as none.
    Bus(boost::asio::io_context& context, std::string address, std::chrono::milliseconds patience);
    ~Bus();
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;

    /// 0 or a negative errno. `on_signal` gets every signal that was asked for; `on_closed` is
    /// called once when the connection ends by itself, from the loop.
    int open(std::function<void(sd_bus_message*)> on_signal, std::function<void()> on_closed);
    /// No answer and no signal comes after it. Not from within a callback of this bus.
    void close();
    bool is_open() const { return bus_ != nullptr; }

    Message method(const char* destination, const std::string& path, const char* interface,
                   const char* member);
    /// Answers of a closed connection never come; their callbacks are destroyed.
    void call(Message message, Done done);
    /// The same without caring for the answer.
    void send(Message message);
    /// A match rule (D-Bus specification, "Match Rules").
    void listen(const std::string& rule);
    /// For those who answer calls: the connection itself, valid until close(), and what to call
    /// when something was sent through it.
    sd_bus* raw() { return bus_; }
    void wake();

  private:
    void process();
    void wait();

    boost::asio::io_context& context_;
    std::string address_;
    std::chrono::microseconds patience_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer timer_;
    sd_bus* bus_ = nullptr;
    std::function<void(sd_bus_message*)> on_signal_;
    std::function<void()> on_closed_;
    bool reading_ = false, writing_ = false, woken_ = false;
    /// What handlers of an earlier connection must not touch any more.
    std::shared_ptr<bool> alive_;
};

/// The words of an error message, or "".
std::string error_name(sd_bus_message* message);
std::string error_text(sd_bus_message* message);
/// Nobody answered in time, which says nothing about what becomes of the call.
bool is_no_reply(sd_bus_message* message);

}  // namespace sov::dbus
