#include "daemon/hub/connection_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

// Two connections between two peers: what each side's pool makes of them, in whatever order and how
// far apart either side saw them, with streams and goodbyes under way.

namespace sov::hub {
namespace {

using ports::ConnectionId;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kLatency = milliseconds{50};
constexpr Duration kStep = milliseconds{100};

PeerId pool_peer(std::uint8_t number) {
    PeerId id;
    id.bytes.fill(number);
    return id;
}

/// One of the two connections, the same at both ends.
struct Race {
    bool by_smaller[2], over_ice[2];
    Instant seen[2][2];      ///< by side and connection
    bool second_id_is_less;  ///< at the larger side, whose numbers are its own
    std::string text() const {
        std::string all;
        for (int each : {0, 1}) {
            all += std::string(by_smaller[each] ? "smaller's " : "larger's ") +
                   (over_ice[each] ? "ice" : "udp");
            for (int side : {0, 1}) {
                const auto at = seen[side][each] - Instant{};
                all += " " + std::to_string(std::chrono::duration_cast<milliseconds>(at).count());
            }
            all += "; ";
        }
        return all + (second_id_is_less ? "ids swapped" : "");
    }
};

/// Two pools and what is under way between them. Apps at both sides open a stream on the primary
/// connection again and again, and it lasts for a while.
class TwoPools {
  public:
    explicit TwoPools(const Race& race) : race_(race) {}

    void run(Duration time, Duration talk) {
        for (Instant now{}; now <= Instant{} + time; now += kStep) {
            for (int side : {0, 1}) step(now, side, now < Instant{} + talk);
        }
    }
    /// The connections that a side has, 0 and 1.
    std::set<int> left(int side) const {
        std::set<int> all;
        for (const auto& [id, one] : pools_[side].all()) all.insert(which(side, id));
        return all;
    }
    int lost = 0, opened = 0;

  private:
    struct Stream {
        int connection = 0, opener = 0;
        Instant begun{}, end{};
        bool seen(int side, Instant now) const { return side == opener || now >= begun + kLatency; }
    };

    ConnectionId id(int side, int each) const {
        const bool swapped = side == 1 && race_.second_id_is_less;
        return ConnectionId{static_cast<std::uint64_t>(swapped ? 2 - each : 1 + each)};
    }
    int which(int side, ConnectionId of) const { return of == id(side, 0) ? 0 : 1; }
    ConnectionPool::Busy busy(int side, Instant now) {
        return [this, side, now](const Connection& one) {
            for (const Stream& stream : streams_) {
                if (stream.connection == which(side, one.id) && stream.seen(side, now)) return true;
            }
            return false;
        };
    }
    void step(Instant now, int side, bool talks) {
        ConnectionPool& pool = pools_[side];
        for (int each : {0, 1}) {
            if (race_.seen[side][each] != now || gone_[side].contains(each)) continue;
            Connection fresh;
            fresh.id = id(side, each);
            fresh.peer = pool_peer(side == 0 ? 2 : 1);
            fresh.inbound = race_.by_smaller[each] != (side == 0);
            fresh.born_over_ice = race_.over_ice[each];
            fresh.since = fresh.used = now;
            pool.add(now, fresh);
        }
        for (const Stream& stream : streams_) {
            Connection* carrier = pool.find(id(side, stream.connection));
            if (stream.end <= now && carrier != nullptr) carrier->used = now;
        }
        if (side == 1) std::erase_if(streams_, [&](const Stream& one) { return one.end <= now; });
        if (const auto bye = goodbyes_[side]; bye && bye->first <= now) {
            goodbyes_[side].reset();
            close(now, side, bye->second);
        }
        for (const ConnectionId old : pool.expired(now, busy(side, now))) {
            const int each = which(side, old);
            goodbyes_[1 - side] = {now + kLatency, each};
            close(now, side, each);
        }
        if (!talks) return;
        if (const Connection* primary = pool.primary(pool_peer(side == 0 ? 2 : 1))) {
            ++opened;
            streams_.push_back({which(side, primary->id), side, now, now + milliseconds{300}});
        }
    }
    // What the other side has not seen yet moves to the connection that goes on.
    void close(Instant now, int side, int each) {
        ConnectionPool& pool = pools_[side];
        pool.remove(now, id(side, each));
        gone_[side].insert(each);
        const Connection* other = pool.primary(pool_peer(side == 0 ? 2 : 1));
        for (Stream& stream : streams_) {
            if (stream.connection != each || stream.opener != side) continue;
            const bool unseen = stream.begun + 2 * kLatency >= now;
            if (other == nullptr || !unseen) ++lost;
            stream.connection = 1 - each;
            stream.begun = now;
        }
    }

    Race race_;
    ConnectionPool pools_[2] = {{pool_peer(1), {}}, {pool_peer(2), {}}};
    std::set<int> gone_[2];
    std::optional<std::pair<Instant, int>> goodbyes_[2];
    std::vector<Stream> streams_;
};

/// Every pair of connections, seen by either side up to two steps late.
template <typename Check>
void for_every_race(std::vector<Duration> apart, const Check& check) {
    for (int bits = 0; bits < 512; ++bits) {
        const auto bit = [&](int at) { return ((bits >> at) & 1) != 0; };
        for (const Duration gap : apart) {
            Race race{{bit(0), bit(1)}, {bit(2), bit(3)}, {}, bit(8)};
            for (int side : {0, 1}) {
                for (int each : {0, 1}) {
                    const bool late = bit(4 + 2 * side + each);
                    race.seen[side][each] = Instant{} + each * gap + (late ? 2 : 0) * kStep;
                }
            }
            check(race);
            if (::testing::Test::HasFailure()) return;
        }
    }
}

TEST(ConnectionPool, of_two_connections_both_sides_keep_the_same_and_lose_no_stream) {
    // Also where the two sides disagree: whether it was a race, and which was the first.
    const std::vector<Duration> apart = {Duration{0},        kStep,      2 * kStep,
                                         milliseconds{2900}, seconds{3}, milliseconds{3100},
                                         seconds{6}};
    for_every_race(apart, [](const Race& race) {
        TwoPools two(race);
        two.run(seconds{16}, seconds{9});
        EXPECT_EQ(two.lost, 0) << race.text();
        EXPECT_GT(two.opened, 100) << race.text();
        EXPECT_EQ(two.left(0).size(), 1U) << race.text();
        EXPECT_EQ(two.left(0), two.left(1)) << race.text();
    });
}

TEST(ConnectionPool, of_a_race_the_one_over_the_port_stays_then_the_smaller_peers) {
    for_every_race({Duration{0}, kStep, 4 * kStep}, [](const Race& race) {
        const auto first =
            first_stays(race.over_ice[0], race.by_smaller[0], race.over_ice[1], race.by_smaller[1]);
        if (!first) return;  // one dialler's own two
        EXPECT_EQ(*first,
                  race.over_ice[0] != race.over_ice[1] ? !race.over_ice[0] : race.by_smaller[0]);
        TwoPools two(race);
        two.run(seconds{16}, seconds{9});
        EXPECT_EQ(two.left(0), std::set<int>{*first ? 0 : 1}) << race.text();
        EXPECT_EQ(two.left(1), two.left(0)) << race.text();
    });
}

TEST(ConnectionPool, a_connection_made_later_stays_whatever_carries_it) {
    // Who looks for a peer that it was connected with has lost that connection.
    for_every_race({seconds{6}}, [](const Race& race) {
        TwoPools two(race);
        two.run(seconds{20}, seconds{9});
        EXPECT_EQ(two.left(0), std::set<int>{1}) << race.text();
        EXPECT_EQ(two.left(1), std::set<int>{1}) << race.text();
    });
}

}  // namespace
}  // namespace sov::hub
