#include "daemon/app/persistence.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sov::app {
namespace {

using namespace std::chrono_literals;

/// Remembers writes and answers them when the test says so.
class RememberingStore final : public ports::Store {
  public:
    Result<ports::StoredState> load(UnixMillis) override { return ports::StoredState{}; }
    void submit(ports::StoreWrite write, std::function<void(bool)> done) override {
        writes.push_back(std::move(write));
        dones.push_back(std::move(done));
    }
    std::string health() const override { return health_text; }

    std::vector<ports::StoreWrite> writes;
    std::vector<std::function<void(bool)>> dones;
    std::string health_text;
};

UnixMillis unix_now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<UnixMillis>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

class PersistenceTest : public testing::Test {
  protected:
    RememberingStore store_;
    std::vector<std::string> lines_;
    LogSink log_{{}, {[this](const std::string& line) { lines_.push_back(line); }, nullptr}, [] {
                     return LogSink::Clock::time_point{};
                 }};
    std::vector<std::pair<std::uint64_t, bool>> confirmed_;
    Persistence persistence_{store_, log_, [this](std::uint64_t ticket, bool ok) {
                                 confirmed_.emplace_back(ticket, ok);
                             }};
};

TEST_F(PersistenceTest, stores_a_record_with_the_wall_clocks_idea_of_its_end) {
    const Instant now = Instant{} + 100s;
    PersistRecord wanted;
    wanted.ticket = 7;
    wanted.record = {1, 2, 3};
    wanted.kind = identity::RecordKind::kName;
    wanted.expires = now + 60s;
    const UnixMillis before = unix_now();
    persistence_.handle_event(now, wanted);
    ASSERT_EQ(store_.writes.size(), 1u);
    const auto& record = std::get<ports::PutRecord>(store_.writes[0]).record;
    EXPECT_EQ(record.record, wanted.record);
    EXPECT_EQ(record.kind, 2);
    EXPECT_GE(record.expires, before + 60'000);
    EXPECT_LE(record.expires, unix_now() + 60'000);
    EXPECT_TRUE(confirmed_.empty()) << "nothing is confirmed before the store says so";
    store_.dones[0](true);
    EXPECT_EQ(confirmed_, (std::vector<std::pair<std::uint64_t, bool>>{{7, true}}));
}

TEST_F(PersistenceTest, remembers_values_of_our_own_until_they_end) {
    const Instant now = Instant{} + 100s;
    persistence_.handle_event(now, OwnValueKept{Key{{1}}, PeerId{{2}}, 1000, {7}, now + 60s});
    persistence_.handle_event(now, OwnValueOver{Key{{1}}, PeerId{{2}}});
    ASSERT_EQ(store_.writes.size(), 2U);
    ports::StoredState stored;
    stored.own_values.push_back(std::get<ports::PutOwnValue>(store_.writes[0]).value);
    EXPECT_EQ(std::get<ports::EraseOwnValue>(store_.writes[1]).key, Key{{1}});
    const UnixMillis ends = stored.own_values[0].ends;
    const RestoredState state = restored_from(stored, ends - 20'000);
    ASSERT_EQ(state.own_values.size(), 1U);
    EXPECT_EQ(state.own_values[0].app, 1000U);
    EXPECT_EQ(state.own_values[0].ends_in, Duration(20s));
    EXPECT_TRUE(restored_from(stored, ends).own_values.empty());
}

TEST_F(PersistenceTest, brings_failures_back_as_failures) {
    persistence_.handle_event({}, ReserveSequence{9, 64});
    persistence_.handle_event({}, OwnNamesChanged{10, {"bob"}});
    persistence_.handle_event({}, OwnValueOver{Key{{1}}, PeerId{{2}}, std::nullopt, 11});
    store_.dones[0](false);
    store_.dones[1](true);
    store_.dones[2](false);
    EXPECT_EQ(confirmed_,
              (std::vector<std::pair<std::uint64_t, bool>>{{9, false}, {10, true}, {11, false}}));
    EXPECT_EQ(std::get<ports::ReserveSequence>(store_.writes[0]).up_to, 64u);
    EXPECT_EQ(std::get<ports::ReplaceOwnNames>(store_.writes[1]).names,
              std::vector<std::string>{"bob"});
}

TEST_F(PersistenceTest, logs_failures_that_nobody_waits_for) {
    persistence_.handle_event({}, PinName{"bob", {}});
    persistence_.forget_pin("bob");
    ASSERT_EQ(store_.writes.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<ports::PutPin>(store_.writes[0]));
    EXPECT_TRUE(std::holds_alternative<ports::ErasePin>(store_.writes[1]));
    store_.dones[0](false);
    store_.dones[1](true);
    ASSERT_EQ(lines_.size(), 1u);
    EXPECT_NE(lines_[0].find("store.write_failed"), std::string::npos);
}

TEST_F(PersistenceTest, writes_lists_that_failed_again_and_only_the_newest) {
    const auto friends = [](const std::string& note) {
        FriendsChanged changed;
        changed.friends.emplace_back().note = note;
        return changed;
    };
    const auto note_of = [&](std::size_t at) {
        return std::get<ports::ReplaceFriends>(store_.writes.at(at)).friends.at(0).note;
    };
    persistence_.write_again();
    EXPECT_TRUE(store_.writes.empty()) << "nothing has failed";
    persistence_.handle_event({}, friends("first"));
    persistence_.handle_event({}, friends("second"));
    persistence_.handle_event({}, BlocksChanged{});
    // The second one is refused at once, before the first is answered.
    store_.dones.at(1)(false);
    store_.dones.at(0)(true);
    store_.dones.at(2)(true);
    persistence_.write_again();
    ASSERT_EQ(store_.writes.size(), 4u) << "the blocks are written";
    EXPECT_EQ(note_of(3), "second");
    store_.dones.at(3)(false);
    persistence_.handle_event({}, friends("third"));
    store_.dones.at(4)(true);
    persistence_.write_again();
    EXPECT_EQ(store_.writes.size(), 5u) << "what is newer is written";
}

TEST_F(PersistenceTest, writes_own_names_again_that_the_disk_did_not_take_and_logs_that_once) {
    persistence_.handle_event({}, OwnNamesChanged{10, {"bob"}});
    store_.dones.at(0)(false);
    persistence_.write_again();
    ASSERT_EQ(store_.writes.size(), 2u);
    EXPECT_EQ(std::get<ports::ReplaceOwnNames>(store_.writes[1]).names,
              std::vector<std::string>{"bob"});
    store_.dones.at(1)(false);
    persistence_.write_again();
    store_.dones.at(2)(true);
    persistence_.write_again();
    EXPECT_EQ(store_.writes.size(), 3u);
    EXPECT_EQ(confirmed_, (std::vector<std::pair<std::uint64_t, bool>>{{10, false}}))
        << "whoever waited was told of the first attempt";
    EXPECT_EQ(lines_.size(), 1u);
}

TEST_F(PersistenceTest, writes_a_value_again_that_the_disk_did_not_take) {
    const OwnValueKept kept{Key{{1}}, PeerId{{2}}, 1000, {7}, Instant{} + 60s};
    persistence_.handle_event({}, kept);
    persistence_.handle_event({}, OwnValueKept{Key{{3}}, PeerId{{2}}, 1000, {8}, kept.ends});
    store_.dones.at(0)(false);
    store_.dones.at(1)(true);
    persistence_.write_again();
    ASSERT_EQ(store_.writes.size(), 3u) << "the other one is written";
    EXPECT_EQ(std::get<ports::PutOwnValue>(store_.writes[2]).value.record, Bytes{7});
    // It is let go before the disk has answered, and the disk takes neither.
    persistence_.handle_event({}, OwnValueOver{kept.key, kept.owner});
    store_.dones.at(2)(false);
    store_.dones.at(3)(false);
    persistence_.write_again();
    ASSERT_EQ(store_.writes.size(), 5u) << "its end takes its place";
    EXPECT_EQ(std::get<ports::EraseOwnValue>(store_.writes[4]).key, kept.key);
}

TEST_F(PersistenceTest, never_writes_again_what_something_newer_waits_behind) {
    const auto names = [](std::string name) { return OwnNamesChanged{0, {std::move(name)}}; };
    persistence_.handle_event({}, names("first"));
    store_.dones.at(0)(false);
    persistence_.handle_event({}, names("second"));
    persistence_.write_again();
    EXPECT_EQ(store_.writes.size(), 2u) << "the first would replace the second";
    store_.dones.at(1)(false);
    persistence_.write_again();
    ASSERT_EQ(store_.writes.size(), 3u);
    EXPECT_EQ(std::get<ports::ReplaceOwnNames>(store_.writes[2]).names.at(0), "second");
}

TEST_F(PersistenceTest, bounds_what_waits_for_a_disk_that_fails) {
    for (std::uint8_t high = 0; high < 8; ++high) {
        for (unsigned low = 0; low < 256; ++low)
            persistence_.handle_event(
                {}, OwnValueOver{Key{{high, static_cast<std::uint8_t>(low)}}, PeerId{}});
    }
    for (const auto& done : store_.dones) done(false);
    const std::size_t before = store_.writes.size();
    persistence_.write_again();
    EXPECT_EQ(store_.writes.size() - before, 1024u);
}

TEST_F(PersistenceTest, tries_a_disk_that_failed_until_it_takes_something) {
    store_.health_text = "the disk is full";
    persistence_.write_again();
    ASSERT_EQ(store_.writes.size(), 1u);
    EXPECT_EQ(std::get<ports::ReserveSequence>(store_.writes[0]).up_to, 0u);
    store_.health_text.clear();
    persistence_.write_again();
    EXPECT_EQ(store_.writes.size(), 1u);
}

TEST_F(PersistenceTest, keeps_with_which_second_key_a_friend_was_seen) {
    FriendsChanged changed;
    changed.friends.emplace_back().second_key = Hash32{{7}};
    persistence_.handle_event({}, changed);
    ports::StoredState stored;
    stored.friends = std::get<ports::ReplaceFriends>(store_.writes.at(0)).friends;
    EXPECT_EQ(restored_from(stored, 0).friends.at(0).second_key, Hash32{{7}});
}

TEST_F(PersistenceTest, leaves_all_other_events_alone) {
    persistence_.handle_event({}, StateChanged{});
    persistence_.handle_event({}, FindFinished{});
    EXPECT_TRUE(store_.writes.empty());
}

TEST(RestoredFrom, counts_lifetimes_from_now_and_drops_what_is_over) {
    ports::StoredState stored;
    stored.records.push_back({{}, {}, 1, {1}, 5'000});
    stored.records.push_back({{}, {}, 1, {2}, 10'000});
    stored.records.push_back({{}, {}, 1, {3}, ~0ULL});
    stored.peers = {{Contact{NodeKey::from(Bytes(32, 1)), {}, {}}, true},
                    {Contact{NodeKey::from(Bytes(32, 2)), {}, {}}, false}};
    stored.pins = {{"bob", PeerId::from(Bytes(32, 3))}};
    stored.own_names = {"me"};
    stored.sequence_reserved = 128;
    const RestoredState state = restored_from(stored, 5'000);
    ASSERT_EQ(state.records.size(), 2u);
    EXPECT_EQ(state.records[0].expires_in, 5s);
    EXPECT_LE(state.records[1].expires_in, std::chrono::hours(24 * 366))
        << "a clock that was wrong makes nothing eternal";
    ASSERT_EQ(state.anchors.size(), 1u);
    ASSERT_EQ(state.cached_peers.size(), 1u);
    EXPECT_EQ(state.name_pins[0].first, "bob");
    EXPECT_EQ(state.own_names, std::vector<std::string>{"me"});
    EXPECT_EQ(state.sequence_reserved, 128u);
}

TEST(RestoredFrom, leaves_out_names_that_flipped_bits_made_and_mends_notes) {
    ports::StoredState stored;
    stored.pins = {{"bo\xe2", PeerId::from(Bytes(32, 3))}};
    stored.own_names = {"me", "m\xc5", "Me", ""};
    for (const char* note : {"J\xc3\xb6rg \xf0\x9f\x98\x80", "J\xc3", "\xed\xa0\x80", "a\xffz"})
        stored.friends.emplace_back().note = note;
    const RestoredState state = restored_from(stored, 0);
    EXPECT_TRUE(state.name_pins.empty());
    EXPECT_EQ(state.own_names, std::vector<std::string>{"me"});
    ASSERT_EQ(state.friends.size(), 4u);
    EXPECT_EQ(state.friends[0].note, "J\xc3\xb6rg \xf0\x9f\x98\x80");
    EXPECT_EQ(state.friends[1].note, "J?");
    EXPECT_EQ(state.friends[2].note, "???");
    EXPECT_EQ(state.friends[3].note, "a?z");
}

}  // namespace
}  // namespace sov::app
