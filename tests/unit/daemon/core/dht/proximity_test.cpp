#include "daemon/core/dht/proximity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace sov::dht {

namespace {

using namespace std::chrono_literals;

NodeKey key_of(std::uint64_t number) {
    NodeKey key;
    // Spread, as hashes are: tables are ordered by the first bytes.
    store_u64(key.bytes.data(), number * 0x9e3779b97f4a7c15ULL);
    store_u64(key.bytes.data() + 8, number);
    return key;
}

// Hosts on a plane of round trips, with access lines, who all run the same code and measure each
// other at random. Some of them tell what they like, once all others have found their places.
struct Plane {
    struct Host {
        double x, y, access;
        std::unique_ptr<Proximity> proximity;
    };
    Limits limits;
    Counters counters;
    Rng rng{7};
    Instant now{};
    std::vector<Host> hosts;
    std::function<std::optional<Coordinate>(std::size_t)> lie;
    std::function<Duration(std::size_t)> delay;
    std::size_t liars = 0;

    explicit Plane(std::size_t size) {
        for (std::size_t at = 0; at < size; ++at) {
            hosts.push_back({static_cast<double>(rng.below(140'000)),
                             static_cast<double>(rng.below(80'000)),
                             2'000.0 + static_cast<double>(rng.below(20'000)),
                             std::make_unique<Proximity>(limits, counters)});
        }
    }
    Duration truth(std::size_t one, std::size_t other) const {
        const Host &a = hosts[one], &b = hosts[other];
        return std::chrono::microseconds(
            static_cast<std::int64_t>(std::hypot(a.x - b.x, a.y - b.y) + a.access + b.access));
    }
    bool lies(std::size_t host) const { return lie && host < liars; }

    void measure(std::size_t one, std::size_t other) {
        Proximity& own = *hosts[one].proximity;
        const auto jitter = std::chrono::microseconds(rng.below(5'000));
        const Duration late = lies(other) && delay ? delay(other) : Duration{0};
        own.note(now, key_of(other), truth(one, other) + jitter + late);
        const auto told = lies(other) ? lie(other) : hosts[other].proximity->own();
        if (told) own.note_told(now, rng, key_of(other), *told);
    }
    void run(int rounds) {
        for (int round = 0; round < rounds; ++round) {
            now += 5s;
            for (std::size_t one = 0; one < hosts.size(); ++one)
                measure(one, (one + 1 + rng.below(hosts.size() - 1)) % hosts.size());
        }
        for (const Host& host : hosts) host.proximity->check_invariants();
    }
    // How far off predictions are among honest hosts, in per cent of the truth: the median.
    double error() const {
        std::vector<double> errors;
        for (std::size_t one = liars; one < hosts.size(); ++one) {
            for (std::size_t other = liars; other < hosts.size(); ++other) {
                if (one == other) continue;
                const auto a = hosts[one].proximity->own(), b = hosts[other].proximity->own();
                const double predicted = reach_between(*a, *b), real = reach_of(truth(one, other));
                errors.push_back(100 * std::abs(predicted - real) / real);
            }
        }
        std::nth_element(errors.begin(),
                         errors.begin() + static_cast<std::ptrdiff_t>(errors.size() / 2),
                         errors.end());
        return errors[errors.size() / 2];
    }
};

}  // namespace

TEST(Proximity, finds_places_that_predict_round_trips_between_hosts_that_never_met) {
    Plane plane(60);
    plane.run(200);
    EXPECT_LT(plane.error(), 8);
    EXPECT_EQ(plane.counters.coordinates_refused, 0U);
    for (const auto& host : plane.hosts) EXPECT_LT(host.proximity->own()->error, 30);
}

TEST(Proximity, survives_a_fifth_who_say_that_they_are_next_door_and_are_sure_of_it) {
    Plane plane(60);
    plane.liars = 12;
    plane.run(200);
    const double before = plane.error();
    plane.lie = [](std::size_t) { return Coordinate{{}, 0, 0}; };
    plane.run(200);
    EXPECT_LT(plane.error(), 1.5 * before);
}

TEST(Proximity, survives_a_fifth_who_jump_from_end_to_end_and_answer_late) {
    Plane plane(60);
    plane.liars = 12;
    plane.run(200);
    const double before = plane.error();
    std::int16_t side = Coordinate::kFarthest;
    plane.lie = [&side](std::size_t) {
        side = static_cast<std::int16_t>(-side);
        return Coordinate{{side, side, side, side}, 0, 0};
    };
    plane.delay = [](std::size_t) { return 1s; };
    plane.run(200);
    EXPECT_LT(plane.error(), 1.5 * before);
    EXPECT_GT(plane.counters.coordinates_outlying, 0U);
}

TEST(Proximity, refuses_what_nobody_can_be_and_is_not_moved_by_it) {
    Plane plane(20);
    plane.run(100);
    Proximity& own = *plane.hosts[0].proximity;
    const auto before = own.own();
    const std::vector<Coordinate> impossible{{{INT16_MIN, 0, 0, 0}, 0, 0},
                                             {{INT16_MAX, 0, 0, 0}, 0, 0},
                                             {{}, UINT16_MAX, 0},
                                             {{}, 0, 255}};
    for (const Coordinate& wrong : impossible) {
        plane.now += 1min;
        own.note(plane.now, key_of(7), 20ms);
        own.note_told(plane.now, plane.rng, key_of(7), wrong);
        EXPECT_EQ(own.own(), before);
        EXPECT_FALSE(own.told_by(key_of(7)).known()) << "a lie is not passed on";
    }
    EXPECT_EQ(plane.counters.coordinates_refused, 4U);
}

TEST(Proximity, is_not_moved_by_whom_it_has_never_measured) {
    Plane plane(20);
    plane.run(100);
    Proximity& own = *plane.hosts[0].proximity;
    const auto before = own.own();
    own.note_told(plane.now + 1min, plane.rng, key_of(999), Coordinate{{}, 0, 0});
    EXPECT_EQ(own.own(), before);
}

TEST(Proximity, is_moved_by_one_peer_once_in_ten_seconds_and_by_25_ms_at_most) {
    Limits limits;
    Counters counters;
    Rng rng(1);
    Proximity own(limits, counters);
    Instant now{};
    own.note(now, key_of(1), 2s);
    own.note_told(now, rng, key_of(1), Coordinate{{1000, 0, 0, 0}, 100, 0});
    EXPECT_EQ(own.samples(), 1U);
    Reach moved = 0;
    const Coordinate place = *own.own();
    for (const std::int16_t axis : place.at) moved = static_cast<Reach>(moved + std::abs(axis));
    EXPECT_LE(moved, 2 * 250) << "no farther than 25 ms, along four axes";
    for (int second = 1; second < 10; ++second)
        own.note_told(now + std::chrono::seconds(second), rng, key_of(1), Coordinate{{}, 0, 0});
    EXPECT_EQ(own.samples(), 1U);
    own.note_told(now + 10s, rng, key_of(1), Coordinate{{1000, 0, 0, 0}, 100, 0});
    EXPECT_EQ(own.samples(), 2U);
}

TEST(Proximity, believes_its_own_measurement_whatever_was_told) {
    Plane plane(20);
    plane.run(100);
    Proximity& own = *plane.hosts[0].proximity;
    const NodeKey far = key_of(500);
    own.note(plane.now, far, 180ms);
    own.note_told(plane.now, plane.rng, far, *own.own());
    EXPECT_EQ(own.reach(far, RoughCoordinate::of(*own.own())), 1800);
    EXPECT_FALSE(own.told_by(far).known()) << "it says to be here and is not";
}

TEST(Proximity, takes_the_middle_of_the_last_three_round_trips) {
    Limits limits;
    Counters counters;
    Proximity own(limits, counters);
    own.note({}, key_of(1), 30ms);
    own.note({}, key_of(1), 900ms);
    EXPECT_EQ(own.reach(key_of(1)), 300);
    own.note({}, key_of(1), 40ms);
    EXPECT_EQ(own.reach(key_of(1)), 400);
    own.note({}, key_of(1), 0ms);
    own.note({}, key_of(1), 3s);
    EXPECT_EQ(own.reach(key_of(1)), 400) << "that is nobody's distance";
}

TEST(Proximity, knows_nothing_of_strangers_before_it_has_a_place) {
    Limits limits;
    Counters counters;
    Proximity own(limits, counters);
    EXPECT_EQ(own.reach(key_of(1), RoughCoordinate::of(Coordinate{{}, 50, 0})), 0);
    EXPECT_FALSE(own.own().has_value());
    own.note({}, key_of(2), 30ms);
    EXPECT_EQ(own.reach(key_of(1), RoughCoordinate::of(Coordinate{{}, 50, 0})), 0);
    ASSERT_TRUE(own.own().has_value()) << "somebody has to begin";
    EXPECT_EQ(own.own()->error, Coordinate::kErrorMost);
}

TEST(Proximity, predicts_strangers_from_what_others_say_of_them) {
    Plane plane(60);
    plane.run(200);
    const Proximity& own = *plane.hosts[0].proximity;
    std::size_t near = 0;
    for (std::size_t other = 1; other < 60; ++other) {
        const auto rough = RoughCoordinate::of(*plane.hosts[other].proximity->own());
        const int predicted = own.reach(key_of(1000 + other), rough);
        const int real = reach_of(plane.truth(0, other));
        near += std::abs(predicted - real) <= real / 3 + 50 ? 1U : 0U;
    }
    EXPECT_GT(near, 45U);
}

TEST(Proximity, finds_its_new_place_after_the_network_changed) {
    Plane plane(40);
    plane.run(150);
    plane.hosts[0].proximity->forget();
    EXPECT_FALSE(plane.hosts[0].proximity->own().has_value());
    EXPECT_EQ(plane.hosts[0].proximity->size(), 0U);
    plane.hosts[0].x = 139'000;
    plane.hosts[0].y = 79'000;
    plane.run(150);
    EXPECT_LT(plane.hosts[0].proximity->own()->error, 40);
}

TEST(Proximity, finds_its_new_place_even_where_nobody_told_it_that_it_moved) {
    Plane plane(40);
    plane.run(150);
    plane.hosts[0].x += 300'000;
    plane.run(300);
    const Coordinate own = *plane.hosts[0].proximity->own();
    std::size_t off = 0;
    for (std::size_t other = 1; other < 40; ++other) {
        const int predicted = reach_between(own, *plane.hosts[other].proximity->own());
        const int real = reach_of(plane.truth(0, other));
        off += std::abs(predicted - real) > real / 3 ? 1U : 0U;
    }
    EXPECT_LT(off, 10U);
}

TEST(Proximity, remembers_as_many_peers_as_it_may_and_forgets_the_one_not_heard_of_longest) {
    Limits limits;
    limits.proximity_max = 8;
    Counters counters;
    Proximity own(limits, counters);
    for (std::uint64_t number = 1; number <= 8; ++number)
        own.note(Instant{} + std::chrono::seconds(number), key_of(number), 10ms);
    own.note(Instant{} + 20s, key_of(1), 10ms);
    own.note(Instant{} + 21s, key_of(9), 10ms);
    EXPECT_EQ(own.size(), 8U);
    EXPECT_EQ(own.reach(key_of(2)), 0);
    EXPECT_NE(own.reach(key_of(1)), 0);
    own.check_invariants();
}

TEST(Proximity, costs_nothing_where_it_is_switched_off) {
    Limits limits;
    limits.proximity_max = 0;
    Counters counters;
    Rng rng(1);
    Proximity own(limits, counters);
    own.note({}, key_of(1), 10ms);
    own.note_told({}, rng, key_of(1), Coordinate{});
    EXPECT_EQ(own.size(), 0U);
    EXPECT_FALSE(own.own().has_value());
}

}  // namespace sov::dht
