#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/bluez/bluez_radio.h"

namespace sov::bluez {

/// Our stand-in for bluetoothd (tests/e2e/bluez_fake.py) as a process of its own, with a private
/// message bus for each host.
class Air {
  public:
    Air();
    ~Air();
    Air(const Air&) = delete;
    Air& operator=(const Air&) = delete;

    /// Sends {"do": <verb>, <members>} and returns the answer's "ok" as it is written. Fails the
    /// test when the command is refused.
    std::string tell(const std::string& verb, const std::string& members);
    /// Makes a host "a", "b"…; the address of its bus.
    std::string host(const std::string& name, const std::string& members = "");

    boost::asio::io_context& context() { return context_; }
    /// Runs the loop until `done`; throws, which ends the test, when that takes longer than any
    /// honest wait.
    void until(const std::function<bool()>& done, const std::string& what);
    /// Asks `verb` again and again until the answer contains `part`.
    void until_told(const std::string& verb, const std::string& members, const std::string& part);

  private:
    boost::asio::io_context context_;
    int fd_ = -1;
    pid_t pid_ = -1;
    std::string unread_;
};

/// One adapter on a host of the air, and all that it reported.
class Peer {
  public:
    Peer(Air& air, const std::string& bus, BluezOptions options = {});

    /// The newest report of a kind that `accepts`, waiting for it; reports before it are dropped
    /// unless they are of another kind.
    template <typename Report>
    Report await(
        const std::string& what,
        const std::function<bool(const Report&)>& accepts = [](const Report&) { return true; }) {
        std::optional<Report> found;
        air_.until(
            [&] {
                for (auto at = reports_.begin(); at != reports_.end();) {
                    const auto* report = std::get_if<Report>(&*at);
                    if (report == nullptr) {
                        ++at;
                        continue;
                    }
                    if (accepts(*report)) found = *report;
                    at = reports_.erase(at);
                    if (found) return true;
                }
                return false;
            },
            what);
        return *found;
    }
    RadioChanged await_state(RadioState state);
    RadioChanged await_working() { return await_state(RadioState::kWorking); }
    template <typename Report>
    std::size_t count() const {
        std::size_t found = 0;
        for (const RadioReport& report : reports_) found += std::holds_alternative<Report>(report);
        return found;
    }

    BluezRadio& radio() { return *radio_; }
    void submit(RadioRequest request) { radio_->submit(std::move(request)); }

  private:
    Air& air_;
    std::deque<RadioReport> reports_;
    std::unique_ptr<BluezRadio> radio_;
};

/// An advert's ten bytes, with `mark` in its id.
Bytes service_data(std::uint8_t mark);
/// The same as hex, behind Flags and the head of Service Data: the 31 bytes on the air.
std::string on_air(const Bytes& data);

/// Short pauses, so that a test waits for things to happen and not for time to pass.
BluezOptions quick();

}  // namespace sov::bluez
