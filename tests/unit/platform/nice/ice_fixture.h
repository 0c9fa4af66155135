#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "platform/nice/nice_agents.h"

namespace sov::nice {

/// What is waited for comes in milliseconds; a busy machine may take longer.
inline constexpr std::chrono::seconds kPatience{30};

/// A session and what happened to it. What it has to say is carried to `other` as long as there is
/// one.
class Party {
  public:
    ports::IceSinks sinks() {
        return {[this](const ports::IceEvent& event) { take(event); },
                [this](std::span<const ByteView> datagrams) {
                    ++bursts;
                    for (const ByteView datagram : datagrams)
                        received.push_back(to_bytes(datagram));
                }};
    }

    /// Each learns what the other told up to now, and from now on.
    static void introduce(Party& a, Party& b) {
        a.meet(b);
        b.meet(a);
    }

    void send(std::string_view words) { session->path().send(session->remote(), as_bytes(words)); }
    ports::IceState state() const { return session->state(); }
    bool connected() const { return state() == ports::IceState::kConnected; }
    bool has(std::string_view words) const {
        for (const Bytes& datagram : received) {
            if (to_text(datagram) == words) return true;
        }
        return false;
    }

    std::unique_ptr<ports::IceSession> session;
    Party* other = nullptr;
    std::vector<IceCandidate> candidates;
    std::vector<ports::IceStateChanged> changes;
    std::vector<Bytes> received;
    std::size_t bursts = 0;
    bool gathered = false;

  private:
    void meet(Party& party) {
        other = &party;
        ASSERT_TRUE(session->set_remote(party.session->local()));
        for (const IceCandidate& candidate : party.candidates) {
            ASSERT_TRUE(session->add_remote_candidate(candidate));
        }
        if (party.gathered) session->remote_gathered();
    }

    void take(const ports::IceEvent& event) {
        if (const auto* local = std::get_if<ports::IceLocalCandidate>(&event)) {
            candidates.push_back(local->candidate);
            if (other != nullptr && other->session) {
                EXPECT_TRUE(other->session->add_remote_candidate(local->candidate));
            }
        } else if (const auto* changed = std::get_if<ports::IceStateChanged>(&event)) {
            changes.push_back(*changed);
        } else {
            gathered = true;
            if (other != nullptr && other->session) other->session->remote_gathered();
        }
    }
};

/// Agents on this host's loopback, which nobody disturbs.
class IceTest : public ::testing::Test {
  protected:
    static NiceOptions loopback_only() {
        NiceOptions options;
        options.addresses.loopback = true;
        options.addresses.ipv6 = false;
        return options;
    }

    explicit IceTest(NiceOptions options = loopback_only()) : agents_(context_, options) {}

    void open(Party& party, IceRole role, ports::IceStart start = {}) {
        start.role = role;
        auto session = agents_.open(start, party.sinks());
        ASSERT_TRUE(session);
        party.session = std::move(*session);
    }

    void open_pair(Party& a, Party& b) {
        open(a, IceRole::kControlling);
        open(b, IceRole::kControlled);
        Party::introduce(a, b);
    }

    /// Whether it became true in time.
    bool until(const std::function<bool()>& happened) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        // Threads of the agents post work, so the loop must not end for want of it.
        const auto work = boost::asio::make_work_guard(context_);
        while (!happened()) {
            if (std::chrono::steady_clock::now() > end) return false;
            context_.restart();
            context_.run_one_for(std::chrono::milliseconds(100));
        }
        return true;
    }

    boost::asio::io_context context_;
    NiceAgents agents_;
};

}  // namespace sov::nice
