#include "tests/nat/ice_end.h"

#include <unistd.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string_view>

namespace sov::nat {

namespace {

constexpr std::string_view kPing = "ping", kPong = "pong";
constexpr std::chrono::milliseconds kPingEach{5};

std::string line_of(boost::asio::streambuf& buffer) {
    std::istream stream(&buffer);
    std::string line;
    std::getline(stream, line);
    return line;
}

}  // namespace

IceEnd::IceEnd(boost::asio::io_context& context, SignalSocket signal, ports::IceStart start)
    : context_(context),
      signal_(std::move(signal)),
      commands_(context, dup(STDIN_FILENO)),
      ping_timer_(context),
      dials_(start.role == IceRole::kControlling),
      agents_(context, {}) {
    session_ =
        std::move(*agents_.open(start, {[this](const ports::IceEvent& event) { take_event(event); },
                                        [this](std::span<const ByteView> datagrams) {
                                            for (const ByteView each : datagrams)
                                                take_datagram(each);
                                        }}));
}

void IceEnd::run() {
    read_signal();
    read_command();
    if (dials_) tell_description();
    context_.run();
}

void IceEnd::say(const std::string& words) const {
    const std::chrono::duration<double, std::milli> since =
        std::chrono::steady_clock::now() - began_;
    std::cout << words << " " << std::fixed << std::setprecision(1) << since.count() << std::endl;
}

void IceEnd::leave() {
    session_.reset();
    context_.stop();
}

// --- signalling: "d FRAGMENT PASSWORD", "c FOUNDATION PRIORITY ADDRESS KIND", "g" ----------------

void IceEnd::read_signal() {
    boost::asio::async_read_until(signal_, heard_, '\n',
                                  [this](const boost::system::error_code& error, std::size_t) {
                                      if (error) return leave();
                                      take_signal(line_of(heard_));
                                      read_signal();
                                  });
}

void IceEnd::tell(const std::string& line) {
    boost::system::error_code error;
    boost::asio::write(signal_, boost::asio::buffer(line + "\n"), error);
}

void IceEnd::tell_description() {
    tell("d " + session_->local().fragment + " " + session_->local().password);
}

void IceEnd::take_signal(const std::string& line) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "d") {
        IceDescription description;
        words >> description.fragment >> description.password;
        const bool restarts =
            !remote_fragment_.empty() && remote_fragment_ != description.fragment && !dials_;
        remote_fragment_ = description.fragment;
        if (restarts) session_->restart({});
        if (!dials_) tell_description();
        if (!session_->set_remote(description)) say("refused description");
    } else if (word == "c") {
        IceCandidate candidate;
        std::string address;
        int kind = 0;
        words >> candidate.foundation >> candidate.priority >> address >> kind;
        candidate.endpoint = Endpoint::parse(address).value_or(Endpoint{});
        candidate.kind = static_cast<CandidateKind>(kind);
        const auto added = session_->add_remote_candidate(candidate);
        if (!added && added.error() != Errc::kExists) say("refused " + address);
    } else {
        session_->remote_gathered();
    }
}

void IceEnd::read_command() {
    boost::asio::async_read_until(commands_, command_, '\n',
                                  [this](const boost::system::error_code& error, std::size_t) {
                                      if (error) return leave();
                                      if (line_of(command_) == "restart") {
                                          echoed_ = false;
                                          session_->restart({});
                                          tell_description();
                                      }
                                      read_command();
                                  });
}

// --- the session ---------------------------------------------------------------------------------

void IceEnd::take_event(const ports::IceEvent& event) {
    if (const auto* local = std::get_if<ports::IceLocalCandidate>(&event)) {
        const IceCandidate& candidate = local->candidate;
        tell("c " + candidate.foundation + " " + std::to_string(candidate.priority) + " " +
             candidate.endpoint.text() + " " + std::to_string(static_cast<int>(candidate.kind)));
    } else if (const auto* changed = std::get_if<ports::IceStateChanged>(&event)) {
        std::string words(ports::ice_state_name(changed->state));
        if (changed->pair) {
            words += " " + std::string(candidate_kind_name(changed->pair->local_kind)) + " " +
                     std::string(candidate_kind_name(changed->pair->remote_kind)) + " " +
                     std::string(path_class_name(path_class(*changed->pair)));
        }
        say(words);
        if (changed->state == ports::IceState::kConnected && dials_) ping();
    } else {
        say("gathered");
        tell("g");
    }
}

void IceEnd::ping() {
    if (echoed_ || !session_) return;
    session_->path().send(session_->remote(), as_bytes(kPing));
    ping_timer_.expires_after(kPingEach);
    ping_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) ping();
    });
}

void IceEnd::take_datagram(ByteView datagram) {
    if (to_text(datagram) == kPing) {
        session_->path().send(session_->remote(), as_bytes(kPong));
    } else if (!std::exchange(echoed_, true)) {
        say("echo");
    }
}

}  // namespace sov::nat
