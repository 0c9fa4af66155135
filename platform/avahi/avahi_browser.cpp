#include "platform/avahi/avahi_browser.h"

#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

#include "platform/avahi/names.h"

namespace sov::avahi {

namespace {

constexpr const char* kBusService = "org.freedesktop.DBus";
constexpr const char* kBusPath = "/org/freedesktop/DBus";

std::string signals_of(const char* interface) {
    return std::string("type='signal',sender='") + kService + "',interface='" + interface + "'";
}

}  // namespace

AvahiBrowser::AvahiBrowser(boost::asio::io_context& context, Options options, Sink sink)
    : context_(context),
      options_(std::move(options)),
      sink_(std::move(sink)),
      bus_(context, options_.bus_address, options_.patience),
      retry_(context),
      publisher_(bus_, options_.interfaces,
                 {[this] { say(BrowserState::kWorking, ""); },
                  [this] {
                      if (wanted_) report(NameCollision{wanted_->instance});
                      wanted_.reset();
                  },
                  [this](std::string reason) {
                      say(BrowserState::kRefused, std::move(reason));
                      retry_in(options_.publish_retry, &AvahiBrowser::publish);
                  },
                  [this] { on_silence(); }}),
      listener_(
          bus_, options_.interfaces, [this](BrowserReport what) { report(std::move(what)); },
          [this] { on_silence(); }) {
    boost::asio::post(context_, [this, alive = alive_] {
        if (*alive && !stopped_) connect();
    });
}

AvahiBrowser::~AvahiBrowser() {
    stop();
    *alive_ = false;
}

void AvahiBrowser::submit(BrowserRequest request) {
    if (auto* announce = std::get_if<Publish>(&request)) {
        wanted_ = std::move(announce->announcement);
        listener_.set_own(wanted_ ? wanted_->instance : "");
        if (running_) publish();
    } else if (const auto* browse = std::get_if<Browse>(&request)) {
        browse_ = *browse;
        if (running_) listener_.browse(browse_);
    } else if (running_) {
        listener_.refresh();
    }
}

void AvahiBrowser::stop() {
    stopped_ = true;
    retry_.cancel();
    // Avahi says goodbye for whoever leaves the bus.
    bus_.close();
    owner_.clear();
    running_ = false;
}

// --- the bus and who is on it --------------------------------------------------------------------

void AvahiBrowser::connect() {
    const int result = bus_.open([this](sd_bus_message* signal) { on_signal(signal); },
                                 [this] { on_bus_closed(); });
    if (result < 0) {
        say(BrowserState::kNoBus,
            std::string("there is no system message bus (") + std::strerror(-result) + ")");
        return retry_in(options_.bus_retry, &AvahiBrowser::connect);
    }
    bus_.listen(std::string("type='signal',sender='") + kBusService +
                "',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" + kService +
                "'");
    for (const char* interface : {kServer, kEntryGroup, kServiceBrowser, kServiceResolver})
        bus_.listen(signals_of(interface));
    Message message = bus_.method(kBusService, kBusPath, kBusService, "GetNameOwner");
    if (!message) return;
    sd_bus_message_append(message.get(), "s", kService);
    bus_.call(std::move(message), [this](sd_bus_message* answer) {
        const char* owner = nullptr;
        if (answer != nullptr && sd_bus_message_is_method_error(answer, nullptr) == 0 &&
            sd_bus_message_read(answer, "s", &owner) > 0)
            return on_owner(owner);
        on_owner("");
    });
}

void AvahiBrowser::on_bus_closed() {
    owner_.clear();
    running_ = false;
    publisher_.forget();
    listener_.forget();
    say(BrowserState::kNoBus, "the system message bus has gone");
    retry_in(options_.bus_retry, &AvahiBrowser::connect);
}

void AvahiBrowser::on_owner(const std::string& owner) {
    running_ = false;
    owner_ = owner;
    publisher_.forget();
    listener_.forget();
    if (owner_.empty()) {
        return say(BrowserState::kNoResponder,
                   "no mDNS responder is running; install and start avahi-daemon");
    }
    ask_server_state();
}

void AvahiBrowser::on_signal(sd_bus_message* signal) {
    if (sd_bus_message_is_signal(signal, kBusService, "NameOwnerChanged") > 0) {
        const char *name = nullptr, *before = nullptr, *after = nullptr;
        const char* sender = sd_bus_message_get_sender(signal);
        if (sender != nullptr && std::strcmp(sender, kBusService) == 0 &&
            sd_bus_message_read(signal, "sss", &name, &before, &after) > 0 &&
            std::strcmp(name, kService) == 0)
            on_owner(after);
        return;
    }
    // Anybody on the bus can send a signal that looks like Avahi's.
    const char* sender = sd_bus_message_get_sender(signal);
    if (sender == nullptr || owner_.empty() || owner_ != sender) return;
    int state = 0;
    const char* error = nullptr;
    if (sd_bus_message_is_signal(signal, kServer, "StateChanged") > 0) {
        if (sd_bus_message_read(signal, "is", &state, &error) > 0) on_server_state(state);
    } else if (sd_bus_message_is_signal(signal, kEntryGroup, "StateChanged") > 0) {
        if (sd_bus_message_read(signal, "is", &state, &error) > 0)
            publisher_.on_state(sd_bus_message_get_path(signal), state, error);
    } else {
        listener_.on_signal(signal);
    }
}

// --- the responder -------------------------------------------------------------------------------

void AvahiBrowser::ask_server_state() {
    bus_.call(bus_.method(kService, "/", kServer, "GetState"),
              [this, asked = owner_](sd_bus_message* answer) {
                  if (asked != owner_) return;
                  int state = 0;
                  if (answer != nullptr && sd_bus_message_is_method_error(answer, nullptr) == 0 &&
                      sd_bus_message_read(answer, "i", &state) > 0)
                      return on_server_state(state);
                  say(BrowserState::kNoResponder,
                      "the mDNS responder does not answer: " + error_text(answer));
                  retry_in(options_.bus_retry, &AvahiBrowser::ask_server_state);
              });
}

// It hangs, or refuses to browse. Leaving the bus rids us of whatever it may still do for us when
// it comes to itself, so nothing is published twice.
void AvahiBrowser::on_silence() {
    boost::asio::post(context_, [this, alive = alive_] {
        if (!*alive || stopped_ || !bus_.is_open()) return;
        bus_.close();
        owner_.clear();
        running_ = false;
        publisher_.forget();
        listener_.forget();
        say(BrowserState::kNoResponder, "the mDNS responder does not answer");
        retry_in(options_.bus_retry, &AvahiBrowser::connect);
    });
}

void AvahiBrowser::on_server_state(int state) {
    if (state == kServerRunning) return begin_work();
    // It makes up its mind about the host's name, say. What we published it forgets by itself.
    running_ = false;
    publisher_.forget();
}

void AvahiBrowser::begin_work() {
    if (running_) return;
    running_ = true;
    say(BrowserState::kWorking, "");
    listener_.browse(browse_);
    publish();
}

void AvahiBrowser::publish() {
    if (running_) publisher_.publish(wanted_);
}

// --- to the core ---------------------------------------------------------------------------------

void AvahiBrowser::say(BrowserState state, std::string reason) {
    if (said_ == state && said_reason_ == reason) return;
    said_ = state;
    said_reason_ = reason;
    report(BrowserChanged{state, std::move(reason)});
}

// Never from within submit(), whatever caused it.
void AvahiBrowser::report(BrowserReport what) {
    boost::asio::post(context_, [this, alive = alive_, what = std::move(what)] {
        if (*alive && !stopped_) sink_(what);
    });
}

void AvahiBrowser::retry_in(std::chrono::milliseconds wait, void (AvahiBrowser::*step)()) {
    retry_.expires_after(wait);
    retry_.async_wait([this, alive = alive_, step](const boost::system::error_code& error) {
        if (!error && *alive && !stopped_) (this->*step)();
    });
}

}  // namespace sov::avahi
