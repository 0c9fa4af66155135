#include "daemon/core/connect/signalling.h"

#include <gtest/gtest.h>

#include <memory>

#include "daemon/core/base/rng.h"
#include "tests/unit/daemon/core/connect/made_words.h"

namespace sov::connect {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr UnixMillis kWallClock = 1767225600000;
constexpr Instant kStart = Instant{} + seconds{100};

Bytes offer_of(std::uint64_t number, UnixMillis sent) {
    return encode_signal({token(number), 0, Offer{sent, description(number), {}}});
}

// A peer as the hub would drive it: answers calls and settles when a call has both descriptions
// and a candidate of the other side.
struct Party {
    PeerId id;
    Signalling signalling;
    struct Seen {
        std::optional<IceDescription> mine, theirs;
        std::vector<IceCandidate> candidates;
        bool all = false, calls = false;
    };
    std::map<CallId, Seen> live;
    std::vector<CallEnded> ended;
    std::vector<CallOffered> offered;
    std::vector<Bytes> out;
    std::uint64_t next = 0;
    bool settles = true;

    explicit Party(std::uint8_t number, Trust trust = Trust::kFriend, SignalLimits limits = {},
                   UnixMillis wall_clock = kWallClock)
        : id(peer(number)),
          signalling(
              id, wall_clock, [trust](const PeerId&) { return std::optional<Trust>(trust); },
              limits),
          next(number * std::uint64_t{1000}) {}

    CallId call(Instant now, const PeerId& other) {
        const IceDescription mine = description(++next);
        const CallId id_of_call = *signalling.call(now, other, token(next), mine);
        live[id_of_call] = {mine, {}, {}, false, true};
        gather(now, id_of_call);
        return id_of_call;
    }
    void restart(Instant now, CallId call) {
        live[call] = {description(++next), {}, {}, false, true};
        ASSERT_TRUE(signalling.restart(now, call, *live[call].mine));
        gather(now, call);
    }
    void gather(Instant now, CallId call) {
        const std::string port = ":" + std::to_string(1000 + next % 50'000);
        const std::string host = std::to_string(id.bytes[0]);
        using enum CandidateKind;
        signalling.add_local_candidate(now, call, candidate("10.0.0." + host + port, kHost));
        signalling.add_local_candidate(now, call,
                                       candidate("192.0.2." + host + port, kServerReflexive));
    }
    void take_events(Instant now) {
        while (auto event = signalling.poll_event()) {
            std::visit([&](const auto& each) { take(now, each); }, *event);
        }
    }
    void take(Instant, const WordsToSend& words) { out.push_back(words.words); }
    void take(Instant now, const CallOffered& call) {
        offered.push_back(call);
        begin(now, call.call, call.description);
    }
    void take(Instant now, const CallRestarted& call) { begin(now, call.call, call.description); }
    void begin(Instant now, CallId call, const IceDescription& theirs) {
        live[call] = {description(++next), theirs, {}, false, false};
        signalling.answer(now, call, *live[call].mine);
        gather(now, call);
    }
    void take(Instant, const CallAnswered& call) { live.at(call.call).theirs = call.description; }
    void take(Instant, const CandidatesTold& told) {
        Seen& seen = live.at(told.call);
        seen.candidates.insert(seen.candidates.end(), told.candidates.begin(),
                               told.candidates.end());
        seen.all = seen.all || told.all;
        if (settles && seen.theirs && !seen.candidates.empty()) signalling.settle(told.call);
    }
    void take(Instant, const CallEnded& end) {
        ended.push_back(end);
        live.erase(end.call);
    }
};

// Two of them and what lies between: words are delayed, lost, doubled and overtake one another.
struct Wire {
    struct Arrival {
        bool to_second = false;
        Bytes words;
    };
    Party first, second;
    Instant now = kStart;
    Rng rng;
    std::uint64_t lost_percent = 0, doubled_percent = 0;
    milliseconds delay_least{100}, delay_most{100};
    std::multimap<Instant, Arrival> under_way;
    std::vector<Instant> sent;

    Wire(Party a, Party b, std::uint64_t seed = 1)
        : first(std::move(a)), second(std::move(b)), rng(seed) {}

    void post(Party& from, bool to_second) {
        for (Bytes& words : from.out) {
            sent.push_back(now);
            std::uint64_t copies = rng.below(100) < lost_percent ? 0 : 1;
            if (rng.below(100) < doubled_percent) ++copies;
            for (; copies > 0; --copies) {
                const auto spread = static_cast<std::uint64_t>((delay_most - delay_least).count());
                const auto late = static_cast<std::int64_t>(rng.below(spread + 1));
                under_way.emplace(now + delay_least + milliseconds{late},
                                  Arrival{to_second, words});
            }
        }
        from.out.clear();
    }
    void settle_now() {
        for (Party* each : {&first, &second}) {
            each->signalling.handle_timeout(now);
            each->take_events(now);
        }
        post(first, true);
        post(second, false);
    }
    void run(Duration time) {
        const Instant end = now + time;
        for (settle_now();; settle_now()) {
            Instant next =
                earliest(first.signalling.next_timeout(), second.signalling.next_timeout());
            if (!under_way.empty()) next = earliest(next, under_way.begin()->first);
            if (next > end) break;
            now = std::max(now, next);
            while (!under_way.empty() && under_way.begin()->first <= now) {
                const Arrival arrival = std::move(under_way.begin()->second);
                under_way.erase(under_way.begin());
                (arrival.to_second ? second : first)
                    .signalling.handle_words(now, arrival.to_second ? first.id : second.id,
                                             arrival.words);
            }
        }
        now = end;
    }
    // One call, and both know the other's part of its present round.
    bool agreed() const {
        if (first.live.size() != 1 || second.live.size() != 1) return false;
        const Party::Seen &a = first.live.begin()->second, &b = second.live.begin()->second;
        return a.theirs == b.mine && b.theirs == a.mine && a.candidates.size() == 2 &&
               b.candidates.size() == 2;
    }
};

SignalCounters flooded(Party& party, std::size_t offers, std::size_t senders) {
    Instant now = kStart;
    for (std::size_t sent = 0; sent < offers; ++sent) {
        now += seconds{60} / offers;
        party.signalling.handle_timeout(now);
        party.signalling.handle_words(
            now, peer(static_cast<std::uint8_t>(10 + sent % senders)),
            offer_of(sent, kWallClock + 100'000 + sent * 60'000 / offers));
        while (party.signalling.poll_event()) {
        }
        EXPECT_LE(party.signalling.calls(), SignalLimits{}.offered_max);
    }
    return party.signalling.counters();
}

}  // namespace

TEST(Signalling, brings_both_parts_to_both_sides_in_one_word_each_way) {
    Wire wire(Party(1), Party(2));
    wire.first.call(wire.now, wire.second.id);
    wire.run(milliseconds{250});
    EXPECT_TRUE(wire.agreed());
    EXPECT_EQ(wire.sent.size(), 2u);
    // The first words wait a moment for an address that works through a NAT, not for the last one.
    EXPECT_EQ(wire.sent[0], kStart + SignalTimes::kShortHold);
    wire.run(seconds{60});
    EXPECT_EQ(wire.sent.size(), 2u);
    EXPECT_TRUE(wire.agreed());
}

TEST(Signalling, tells_candidates_as_they_are_found) {
    Wire wire(Party(1), Party(2));
    wire.first.settles = wire.second.settles = false;
    const CallId call = wire.first.call(wire.now, wire.second.id);
    wire.run(milliseconds{400});
    ASSERT_TRUE(wire.agreed());
    wire.first.signalling.add_local_candidate(wire.now, call,
                                              candidate("198.51.100.1:7", CandidateKind::kRelayed));
    wire.first.signalling.local_gathered(wire.now, call);
    wire.run(milliseconds{250});
    const Party::Seen& seen = wire.second.live.begin()->second;
    EXPECT_EQ(seen.candidates.size(), 3u);
    EXPECT_TRUE(seen.all);
}

TEST(Signalling, agrees_although_words_are_lost_doubled_and_overtake_each_other) {
    std::size_t agreed = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Wire wire(Party(1), Party(2), seed);
        wire.lost_percent = 30;
        wire.doubled_percent = 30;
        wire.delay_least = milliseconds{20};
        wire.delay_most = milliseconds{2000};
        const CallId call = wire.first.call(wire.now, wire.second.id);
        wire.run(milliseconds{60});
        wire.first.signalling.local_gathered(wire.now, call);
        wire.run(seconds{25});
        EXPECT_LE(wire.second.offered.size(), 1u) << seed;
        EXPECT_LE(wire.sent.size(), 2u * SignalTimes::kWordsMax);
        agreed += wire.agreed() ? 1 : 0;
    }
    // All four offers or all answers to them may be lost, and then there is no call.
    EXPECT_GE(agreed, 190u);
}

TEST(Signalling, says_what_may_be_lost_again_when_addresses_of_this_host_changed) {
    for (const bool caller_moves : {true, false}) {
        Wire wire(Party(1), Party(2));
        Party& mover = caller_moves ? wire.first : wire.second;
        wire.second.settles = caller_moves;  // else it is still checking pairs
        wire.first.call(wire.now, wire.second.id);
        if (!caller_moves) wire.run(milliseconds{100});
        // What is said between the change and the news of it is lost; the next repeat is far off.
        wire.lost_percent = 100;
        wire.run(milliseconds{2000});
        wire.lost_percent = 0;
        ASSERT_FALSE(wire.agreed());
        mover.signalling.handle_network_change(wire.now);
        wire.run(milliseconds{1100});
        EXPECT_TRUE(wire.agreed()) << caller_moves;
        const std::size_t sent = wire.sent.size();
        wire.first.signalling.handle_network_change(wire.now);
        wire.run(milliseconds{100});
        EXPECT_EQ(wire.sent.size(), sent) << "nothing is said again once both know";
    }
}

TEST(Signalling, who_stays_the_caller_says_so_to_who_goes_on_calling) {
    Wire wire(Party(1), Party(2));
    wire.lost_percent = 100;
    wire.first.call(wire.now, wire.second.id);
    wire.run(milliseconds{2000});
    wire.lost_percent = 0;
    wire.second.call(wire.now, wire.first.id);
    wire.run(seconds{1});
    EXPECT_TRUE(wire.agreed());
}

TEST(Signalling, of_two_who_call_at_once_keeps_the_call_of_the_smaller_peer) {
    for (const int late : {0, 1, 50, 99}) {
        for (const bool smaller_first : {true, false}) {
            Wire wire(Party(1), Party(2));
            Party& early = smaller_first ? wire.first : wire.second;
            Party& other = smaller_first ? wire.second : wire.first;
            early.call(wire.now, other.id);
            wire.run(milliseconds{late});
            other.call(wire.now, early.id);
            wire.run(seconds{1});
            EXPECT_TRUE(wire.agreed()) << late;
            EXPECT_TRUE(wire.first.live.begin()->second.calls);
            EXPECT_FALSE(wire.second.live.begin()->second.calls);
            ASSERT_EQ(wire.second.ended.size(), 1u);
            EXPECT_EQ(wire.second.ended[0].why, CallEnd::kGlare);
            EXPECT_TRUE(wire.first.ended.empty());
        }
    }
}

TEST(Signalling, survives_calls_at_once_on_a_bad_wire) {
    std::size_t agreed = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Wire wire(Party(1), Party(2), seed);
        wire.lost_percent = 20;
        wire.doubled_percent = 20;
        wire.delay_most = milliseconds{1000};
        wire.first.call(wire.now, wire.second.id);
        wire.second.call(wire.now, wire.first.id);
        wire.run(seconds{29});
        agreed += wire.agreed() ? 1 : 0;
    }
    EXPECT_GE(agreed, 180u);
}

TEST(Signalling, begins_another_round_from_either_side) {
    Wire wire(Party(1), Party(2));
    wire.first.call(wire.now, wire.second.id);
    wire.run(seconds{1});
    for (Party* each : {&wire.first, &wire.second, &wire.second}) {
        each->restart(wire.now, each->live.begin()->first);
        wire.run(seconds{1});
        EXPECT_TRUE(wire.agreed());
    }
    EXPECT_TRUE(wire.first.ended.empty() && wire.second.ended.empty());
}

TEST(Signalling, takes_the_offers_of_two_who_begin_a_round_at_once_for_answers) {
    Wire wire(Party(1), Party(2));
    wire.first.call(wire.now, wire.second.id);
    wire.run(seconds{1});
    wire.first.restart(wire.now, wire.first.live.begin()->first);
    wire.second.restart(wire.now, wire.second.live.begin()->first);
    wire.run(seconds{1});
    EXPECT_TRUE(wire.agreed());
}

TEST(Signalling, mends_a_round_whose_words_were_lost_by_the_next_one) {
    Wire wire(Party(1), Party(2));
    wire.first.call(wire.now, wire.second.id);
    wire.run(seconds{1});
    wire.lost_percent = 100;
    wire.first.restart(wire.now, wire.first.live.begin()->first);
    wire.run(seconds{60});
    EXPECT_FALSE(wire.agreed());
    wire.lost_percent = 0;
    wire.first.restart(wire.now, wire.first.live.begin()->first);
    wire.run(seconds{1});
    EXPECT_TRUE(wire.agreed());
}

TEST(Signalling, ends_a_call_that_nobody_answers_after_its_time) {
    Wire wire(Party(1), Party(2));
    wire.lost_percent = 100;
    wire.first.call(wire.now, wire.second.id);
    wire.run(milliseconds{29'900});
    EXPECT_EQ(wire.sent.size(), 1u + SignalTimes::kRepeatsMax);
    wire.run(seconds{1});
    ASSERT_EQ(wire.first.ended.size(), 1u);
    EXPECT_EQ(wire.first.ended[0].why, CallEnd::kNoAnswer);
    EXPECT_EQ(wire.first.signalling.next_timeout(), kNever);
}

TEST(Signalling, tells_the_other_side_that_a_call_is_over) {
    Wire wire(Party(1), Party(2));
    const CallId call = wire.first.call(wire.now, wire.second.id);
    wire.run(seconds{1});
    wire.first.signalling.end(wire.now, call);
    wire.run(seconds{1});
    ASSERT_EQ(wire.second.ended.size(), 1u);
    EXPECT_EQ(wire.second.ended[0].why, CallEnd::kByPeer);
    EXPECT_EQ(wire.first.signalling.calls() + wire.second.signalling.calls(), 0u);
}

TEST(Signalling, takes_a_new_call_of_a_peer_that_was_started_again) {
    Wire wire(Party(1), Party(2));
    wire.first.call(wire.now, wire.second.id);
    wire.run(seconds{1});
    Party again(2);
    again.next += 100;
    std::destroy_at(&wire.second);
    std::construct_at(&wire.second, std::move(again));
    wire.second.call(wire.now, wire.first.id);
    wire.run(seconds{1});
    EXPECT_EQ(wire.first.offered.size(), 1u);
    // And tells it that the old one is not known there any more.
    wire.first.restart(wire.now, wire.first.live.begin()->first);
    wire.run(seconds{1});
    ASSERT_EQ(wire.first.ended.size(), 1u);
    EXPECT_EQ(wire.first.ended[0].why, CallEnd::kByPeer);
    EXPECT_TRUE(wire.agreed());
}

TEST(Signalling, has_one_call_at_a_time_with_a_peer_until_it_is_settled) {
    Party party(1);
    const CallId call = party.call(kStart, peer(2));
    EXPECT_EQ(party.signalling.call(kStart, peer(2), token(9), description(9)).error(),
              Errc::kExists);
    party.signalling.settle(call);
    EXPECT_TRUE(party.signalling.call(kStart, peer(2), token(9), description(9)));
}

TEST(Signalling, takes_no_offer_twice) {
    Party party(1);
    const Bytes offer = offer_of(7, kWallClock + 100'000);
    party.signalling.handle_words(kStart, peer(2), offer);
    party.take_events(kStart);
    ASSERT_EQ(party.offered.size(), 1u);
    party.signalling.end(kStart, party.offered[0].call);
    // For as long as its time is near ours, and after that it is stale.
    for (int second = 0; second < 400; second += 5) {
        const Instant now = kStart + seconds{second};
        party.signalling.handle_words(now, peer(2), offer);
        party.take_events(now);
    }
    EXPECT_EQ(party.offered.size(), 1u);
    EXPECT_GT(party.signalling.counters().drop_repeated, 0u);
    EXPECT_GT(party.signalling.counters().drop_stale, 0u);
}

TEST(Signalling, tells_a_friend_whose_clock_is_wrong) {
    Wire wire(Party(1), Party(2, Trust::kFriend, {}, kWallClock + 121'000));
    wire.first.call(wire.now, wire.second.id);
    wire.run(seconds{1});
    ASSERT_EQ(wire.first.ended.size(), 1u);
    EXPECT_EQ(wire.first.ended[0].why, CallEnd::kStale);
    EXPECT_TRUE(wire.second.offered.empty());
}

TEST(Signalling, keeps_the_offer_that_was_made_last_when_they_overtake_each_other) {
    Party party(1);
    party.signalling.handle_words(kStart, peer(2), offer_of(8, kWallClock + 100'500));
    party.signalling.handle_words(kStart, peer(2), offer_of(7, kWallClock + 100'000));
    party.take_events(kStart);
    ASSERT_EQ(party.offered.size(), 1u);
    party.signalling.handle_words(kStart, peer(2), offer_of(9, kWallClock + 100'900));
    party.take_events(kStart);
    EXPECT_EQ(party.offered.size(), 2u);
    ASSERT_EQ(party.ended.size(), 1u);
    EXPECT_EQ(party.ended[0].why, CallEnd::kReplaced);
}

TEST(Signalling, answers_nothing_to_those_who_are_not_let_in) {
    Signalling closed(peer(1), kWallClock, [](const PeerId&) { return std::nullopt; });
    closed.handle_words(kStart, peer(2), offer_of(7, kWallClock + 100'000));
    closed.handle_words(kStart, peer(2), to_bytes(as_bytes("anything")));
    EXPECT_FALSE(closed.poll_event());
    EXPECT_EQ(closed.next_timeout(), kNever);
    EXPECT_EQ(closed.counters().drop_stranger, 2u);
    // Whom we call ourselves may answer, but not call.
    ASSERT_TRUE(closed.call(kStart, peer(2), token(1), description(1)));
    closed.handle_words(kStart, peer(2),
                        encode_signal({token(1), 0, CallAnswer{description(2), {}}}));
    const auto event = closed.poll_event();
    EXPECT_TRUE(event && std::holds_alternative<CallAnswered>(*event));
    closed.handle_words(kStart, peer(2), offer_of(8, kWallClock + 100'000));
    EXPECT_FALSE(closed.poll_event());
    EXPECT_EQ(closed.counters().drop_stranger, 3u);
}

TEST(Signalling, tells_strangers_no_reason) {
    Party party(1, Trust::kStranger);
    party.signalling.handle_words(kStart, peer(2), offer_of(7, kWallClock - 1'000'000));
    party.take_events(kStart);
    EXPECT_EQ(party.signalling.counters().drop_stale, 1u);
    EXPECT_TRUE(party.out.empty());
}

TEST(Signalling, stays_small_under_ten_thousand_offers_a_minute_of_one_friend) {
    Party party(1);
    const SignalCounters counters = flooded(party, 10'000, 1);
    EXPECT_EQ(counters.words_in, 10'000u);
    EXPECT_LE(counters.calls_taken, 5u + 20u);
    EXPECT_GE(counters.calls_taken, 5u);
    EXPECT_EQ(counters.calls_taken + counters.drop_limited, 10'000u);
}

TEST(Signalling, stays_small_under_ten_thousand_offers_a_minute_of_many_strangers) {
    Party party(1, Trust::kStranger);
    const SignalCounters counters = flooded(party, 10'000, 200);
    EXPECT_LE(counters.calls_taken + counters.drop_busy, 16u + 2u * 60u);
    EXPECT_EQ(counters.calls_taken + counters.drop_busy + counters.drop_limited, 10'000u);
    // A quarter of the room, so friends are still heard.
    EXPECT_LE(party.signalling.calls(), SignalLimits{}.offered_max / 4);
}

TEST(Signalling, has_room_for_so_many_offers_and_says_busy_past_it) {
    SignalLimits limits;
    limits.offered_max = 2;
    Party party(1, Trust::kFriend, limits);
    for (std::uint8_t number = 2; number < 5; ++number) {
        party.signalling.handle_words(kStart, peer(number), offer_of(number, kWallClock + 100'000));
    }
    party.settles = false;
    party.take_events(kStart);
    EXPECT_EQ(party.offered.size(), 2u);
    EXPECT_EQ(party.signalling.counters().drop_busy, 1u);
    ASSERT_EQ(party.out.size(), 1u);
    EXPECT_EQ(std::get<Bye>(decode_signal(party.out[0])->body).reason, ByeReason::kBusy);
}

TEST(Signalling, remembers_so_many_offers_and_takes_none_past_them) {
    SignalLimits limits;
    limits.remembered_max = 1;
    Party party(1, Trust::kFriend, limits);
    party.signalling.handle_words(kStart, peer(2), offer_of(2, kWallClock + 100'000));
    party.signalling.handle_words(kStart, peer(3), offer_of(3, kWallClock + 100'000));
    EXPECT_EQ(party.signalling.counters().drop_busy, 1u);
    const Instant later = kStart + 2 * limits.clock_apart + seconds{2};
    party.signalling.handle_words(later, peer(3), offer_of(4, kWallClock + 342'000));
    EXPECT_EQ(party.signalling.counters().calls_taken, 2u);
}

TEST(Signalling, makes_so_many_calls_and_no_more) {
    SignalLimits limits;
    limits.calls_max = 1;
    Party party(1, Trust::kFriend, limits);
    party.call(kStart, peer(2));
    EXPECT_EQ(party.signalling.call(kStart, peer(3), token(9), description(9)).error(),
              Errc::kBusy);
}

TEST(Signalling, never_tells_of_candidates_that_nobody_should_send_to) {
    Party party(1);
    CandidateSet set{{candidate("10.0.0.1:1", CandidateKind::kHost),
                      candidate("224.0.0.251:5353", CandidateKind::kHost),
                      candidate("127.0.0.1:22", CandidateKind::kHost)},
                     false};
    party.settles = false;
    party.signalling.handle_words(
        kStart, peer(2),
        encode_signal({token(1), 0, Offer{kWallClock + 100'000, description(1), set}}));
    party.take_events(kStart);
    ASSERT_EQ(party.live.size(), 1u);
    EXPECT_EQ(party.live.begin()->second.candidates.size(), 1u);
    EXPECT_EQ(party.signalling.counters().drop_candidates, 2u);
}

TEST(Signalling, takes_so_many_candidates_in_a_round) {
    Party party(1);
    party.settles = false;
    for (std::uint16_t part = 0; part < 4; ++part) {
        CandidateSet set;
        for (std::uint16_t each = 0; each < 10; ++each) {
            const std::string port = std::to_string(1000 + 10 * part + each);
            set.candidates.push_back(candidate("192.0.2.1:" + port, CandidateKind::kHost));
        }
        party.signalling.handle_words(
            kStart, peer(2),
            encode_signal({token(1), 0, Offer{kWallClock + 100'000, description(1), set}}));
    }
    party.take_events(kStart);
    ASSERT_EQ(party.live.size(), 1u);
    EXPECT_EQ(party.live.begin()->second.candidates.size(), kCandidatesMax);
}

TEST(Signalling, says_only_so_much_in_a_round_whatever_the_other_side_repeats) {
    Party party(1);
    party.settles = false;
    const Bytes offer = offer_of(1, kWallClock + 100'000);
    std::size_t said = 0;
    for (int half_second = 0; half_second < 58; ++half_second) {
        const Instant now = kStart + milliseconds{500} * half_second;
        party.signalling.handle_words(now, peer(2), offer);
        party.take_events(now);
        party.signalling.handle_timeout(now + milliseconds{499});
        party.take_events(now + milliseconds{499});
    }
    for (const Bytes& words : party.out) {
        said += std::holds_alternative<CallAnswer>(decode_signal(words)->body) ? 1 : 0;
    }
    EXPECT_EQ(said, SignalTimes::kWordsMax);
}

TEST(Signalling, has_an_end_of_rounds_that_a_peer_may_drive_it_to) {
    Party party(1);
    party.settles = false;
    party.signalling.handle_words(kStart, peer(2), offer_of(1, kWallClock + 100'000));
    party.signalling.handle_words(
        kStart, peer(2),
        encode_signal({token(1), kRoundMax, Offer{kWallClock + 100'000, description(2), {}}}));
    party.take_events(kStart);
    ASSERT_EQ(party.live.size(), 1u);
    const CallId call = party.live.begin()->first;
    EXPECT_EQ(party.signalling.restart(kStart, call, description(3)).error(), Errc::kOverQuota);
}

TEST(Signalling, hears_the_first_description_of_a_round_and_no_other) {
    Party party(1);
    const CallId call = party.call(kStart, peer(2));
    const CallToken of_call = token(party.next);
    for (const std::uint64_t number : {5U, 6U}) {
        party.signalling.handle_words(
            kStart, peer(2), encode_signal({of_call, 0, CallAnswer{description(number), {}}}));
    }
    party.take_events(kStart);
    EXPECT_EQ(party.live.at(call).theirs, description(5));
}

}  // namespace sov::connect
