#include <set>
#include <string>

#include "tests/unit/daemon/hub/hub_ice_world.h"

// A call through a relay, and the callee's direct dial back, at every step of each other.

namespace sov::hub {
namespace {

/// Says something new to `to` on a stream of its own.
void say_next(Peer& from, const Peer& to, std::set<std::string>& said) {
    const std::string words = "<" + std::to_string(said.size()) + ">";
    const CommandId command =
        from.hub->open_stream(from.world.wire.now, to.id(), {kTalk}, from.app);
    EXPECT_EQ(from.hub->write_first(command, as_bytes(words)), words.size());
    said.insert(words);
}

std::multiset<std::string> heard_on_streams(const Peer& peer) {
    std::multiset<std::string> all;
    for (const auto& [stream, bytes] : peer.app.got) {
        if (!bytes.empty()) all.insert(to_text(bytes));
    }
    return all;
}

class HubRace : public HubIce, public ::testing::WithParamInterface<bool> {};

TEST_P(HubRace, the_direct_connection_stays_at_both_sides_and_no_stream_is_lost) {
    const HubOptions talkative{.limits = {.streams_per_peer_max = 250}};
    std::uint8_t seed = 1;
    ice.direct = false;
    ice.latency = milliseconds{40};
    for (int late = 0; late <= 150; late += 10) {
        Peer &one = behind_nat(seed, true, talkative), &two = behind_nat(++seed, true, talkative);
        ++seed;
        const bool caller_smaller = GetParam();
        Peer& caller = (one.id() < two.id()) == caller_smaller ? one : two;
        Peer& callee = &caller == &one ? two : one;
        directory[caller.id()] = {{caller.at, DialAddress::Source::kRecord}};
        // What is dialled back takes ever longer, so that either may be first at any step.
        wire.on_wire = [&](quic::VirtualWire::Packet& packet) {
            wire.put_later(packet, milliseconds{late});
            return false;
        };
        const CommandId command = caller.hub->connect(wire.now, callee.id(), {});
        std::set<std::string> said[2];
        for (int step = 0; step < 80; ++step) {
            pass(milliseconds{10});
            if (caller.hub->connection(callee.id())) say_next(caller, callee, said[0]);
            if (callee.hub->connection(caller.id())) say_next(callee, caller, said[1]);
        }
        ASSERT_TRUE(caller.finished(command)) << late;
        EXPECT_TRUE(caller.finished(command)->outcome.has_value()) << late;
        ASSERT_TRUE(caller.hub->connection(callee.id()) && callee.hub->connection(caller.id()));
        EXPECT_EQ(caller.hub->connection(callee.id())->carrier, "udp") << late;
        EXPECT_EQ(callee.hub->connection(caller.id())->carrier, "udp") << late;
        pass(seconds{1});
        EXPECT_EQ(heard_on_streams(callee), std::multiset(said[0].begin(), said[0].end())) << late;
        EXPECT_EQ(heard_on_streams(caller), std::multiset(said[1].begin(), said[1].end())) << late;
        EXPECT_TRUE(caller.app.failed.empty() && callee.app.failed.empty()) << late;
        EXPECT_TRUE(caller.app.over.empty() && callee.app.over.empty()) << late;
        ASSERT_FALSE(HasFailure()) << late;
    }
}

INSTANTIATE_TEST_SUITE_P(Callers, HubRace, ::testing::Bool(), [](const auto& of) {
    return of.param ? "the_smaller_calls" : "the_larger_calls";
});

}  // namespace
}  // namespace sov::hub
