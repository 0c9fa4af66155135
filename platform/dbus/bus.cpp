#include "platform/dbus/bus.h"

#include <poll.h>
#include <time.h>

#include <boost/asio/post.hpp>

#include <cerrno>
#include <string_view>
#include <utility>

namespace sov::dbus {

namespace {

using std::chrono::microseconds;

/// Messages handled before others of the loop have their turn.
constexpr int kMessagesPerTurn = 64;

using SignalHandler = std::function<void(sd_bus_message*)>;

int on_reply(sd_bus_message* reply, void* data, sd_bus_error*) {
    // The slot may be let go of by what is done.
    const Bus::Done done = *static_cast<Bus::Done*>(data);
    done(reply);
    return 0;
}

void forget(void* data) { delete static_cast<Bus::Done*>(data); }

int on_match(sd_bus_message* signal, void* data, sd_bus_error*) {
    (*static_cast<SignalHandler*>(data))(signal);
    return 0;
}

// A rule that the bus refused would leave us deaf and is told by silence; it can only be a mistake.
int on_matched(sd_bus_message*, void*, sd_bus_error*) { return 0; }

microseconds monotonic() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::chrono::duration_cast<microseconds>(std::chrono::seconds(now.tv_sec) +
                                                    std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

Bus::Bus(boost::asio::io_context& context, std::string address, std::chrono::milliseconds patience)
    : context_(context),
      address_(std::move(address)),
      patience_(patience),
      descriptor_(context),
      timer_(context) {}

Bus::~Bus() { close(); }

int Bus::open(std::function<void(sd_bus_message*)> on_signal, std::function<void()> on_closed) {
    close();
    int result = 0;
    if (address_.empty()) {
        result = sd_bus_open_system(&bus_);
    } else {
        result = sd_bus_new(&bus_);
        if (result >= 0) result = sd_bus_set_address(bus_, address_.c_str());
        if (result >= 0) result = sd_bus_set_bus_client(bus_, 1);
        if (result >= 0) result = sd_bus_start(bus_);
    }
    if (result < 0) {
        bus_ = sd_bus_unref(bus_);
        return result;
    }
    on_signal_ = std::move(on_signal);
    on_closed_ = std::move(on_closed);
    alive_ = std::make_shared<bool>(true);
    descriptor_.assign(sd_bus_get_fd(bus_));
    wake();
    return 0;
}

void Bus::close() {
    if (bus_ == nullptr) return;
    *alive_ = false;
    timer_.cancel();
    // The descriptor is the library's to close.
    descriptor_.release();
    reading_ = writing_ = woken_ = false;
    // Also frees the callbacks that still wait. sd_bus_flush would wait for a bus that hangs.
    sd_bus_close(bus_);
    bus_ = sd_bus_unref(bus_);
    on_signal_ = nullptr;
    on_closed_ = nullptr;
}

Message Bus::method(const char* destination, const std::string& path, const char* interface,
                    const char* member) {
    sd_bus_message* message = nullptr;
    if (bus_ != nullptr)
        sd_bus_message_new_method_call(bus_, &message, destination, path.c_str(), interface,
                                       member);
    if (message != nullptr) sd_bus_message_set_auto_start(message, 0);
    return Message(message);
}

void Bus::call(Message message, Done done) {
    if (bus_ == nullptr || !message) return done(nullptr);
    sd_bus_slot* slot = nullptr;
    auto kept = std::make_unique<Done>(std::move(done));
    const int sent = sd_bus_call_async(bus_, &slot, message.get(), on_reply, kept.get(),
                                       static_cast<std::uint64_t>(patience_.count()));
    wake();
    if (sent < 0) return (*kept)(nullptr);
    sd_bus_slot_set_destroy_callback(slot, forget);
    kept.release();
    // The bus keeps the slot until the answer has come.
    sd_bus_slot_set_floating(slot, 1);
    sd_bus_slot_unref(slot);
}

void Bus::send(Message message) {
    if (bus_ == nullptr || !message) return;
    sd_bus_message_set_expect_reply(message.get(), 0);
    sd_bus_send(bus_, message.get(), nullptr);
    wake();
}

void Bus::listen(const std::string& rule) {
    if (bus_ == nullptr) return;
    sd_bus_add_match_async(bus_, nullptr, rule.c_str(), on_match, on_matched, &on_signal_);
    wake();
}

// Not at once: whoever calls may be in the middle of something.
void Bus::wake() {
    if (woken_ || bus_ == nullptr) return;
    woken_ = true;
    boost::asio::post(context_, [this, alive = alive_] {
        if (!*alive) return;
        woken_ = false;
        process();
    });
}

void Bus::process() {
    const auto alive = alive_;
    for (int turn = 0; turn < kMessagesPerTurn; ++turn) {
        const int result = sd_bus_process(bus_, nullptr);
        if (!*alive) return;
        if (result < 0) {
            // Moved out first: it may open the connection again.
            const auto closed = std::move(on_closed_);
            close();
            if (closed) closed();
            return;
        }
        if (result == 0) return wait();
    }
    wake();
}

void Bus::wait() {
    const int events = sd_bus_get_events(bus_);
    const auto ready = [this, alive = alive_](bool& waiting) {
        return [this, alive, &waiting](const boost::system::error_code&) {
            if (!*alive) return;
            waiting = false;
            process();
        };
    };
    if ((events & POLLIN) != 0 && !reading_) {
        reading_ = true;
        descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read, ready(reading_));
    }
    if ((events & POLLOUT) != 0 && !writing_) {
        writing_ = true;
        descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_write, ready(writing_));
    }
    std::uint64_t due = 0;
    if (sd_bus_get_timeout(bus_, &due) < 0 || due == UINT64_MAX) {
        timer_.cancel();
        return;
    }
    const auto left = microseconds(due) - monotonic();
    timer_.expires_after(std::max(left, microseconds(0)));
    timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
        if (!error && *alive) process();
    });
}

std::string error_name(sd_bus_message* message) {
    const sd_bus_error* error = message == nullptr ? nullptr : sd_bus_message_get_error(message);
    return error == nullptr || error->name == nullptr ? "" : error->name;
}

std::string error_text(sd_bus_message* message) {
    const sd_bus_error* error = message == nullptr ? nullptr : sd_bus_message_get_error(message);
    return error == nullptr || error->message == nullptr ? "" : error->message;
}

bool is_no_reply(sd_bus_message* message) {
    return error_name(message) == "org.freedesktop.DBus.Error.NoReply";
}

}  // namespace sov::dbus
