#include "platform/sqlite/sqlite_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <random>
#include <set>

#include "tests/unit/platform/sqlite/state_folder.h"

namespace sov::sqlite {
namespace {

using ports::StoreWrite;

TEST(SqliteStore, starts_empty_with_private_files) {
    StateFolder folder;
    StoreOptions options = folder.options();
    options.directory += "/made";
    SqliteStore store(options);
    const auto state = store.load(kNow);
    ASSERT_TRUE(state.has_value()) << store.problem();
    EXPECT_TRUE(state->records.empty() && state->peers.empty() && state->pins.empty());
    EXPECT_TRUE(state->own_names.empty());
    EXPECT_EQ(state->sequence_reserved, 0u);
    EXPECT_EQ(state->notice, "");
    EXPECT_TRUE(write_one(store, ports::ReserveSequence{1}));
    EXPECT_EQ(store.health(), "");
    struct stat status {};
    ASSERT_EQ(stat(options.directory.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options.directory)) {
        ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
        ++files;
    }
    EXPECT_EQ(files, 4);  // state.db, -wal, -shm, .lock
}

TEST(SqliteStore, every_write_comes_back_after_a_restart) {
    StateFolder folder;
    const PeerId owner{{1, 2, 3}};
    const Contact both = [] {
        Contact contact = Contact::of(NodeKey{{9}}, Endpoint::v4(0xc0000201, 6881));
        contact.set(*Endpoint::parse("[2001:db8::1]:6882"));
        return contact;
    }();
    const Contact six = Contact::of(NodeKey{{8}}, *Endpoint::parse("[2001:db8::2]:1"));
    const Contact four = Contact::of(NodeKey{{7}}, Endpoint::v4(0x0a000001, 65535));
    const std::string odd_name("n\0'\xff", 4);
    const std::vector<ports::StoredFriend> friends{
        {PeerId{{4}}, "Bob", Hash32{{9}}, true},
        {PeerId{{5}}, "", std::nullopt, false, PeerId{{6}}},
        {PeerId{{6}}, "", std::nullopt, false, std::nullopt, Hash32{{7}}}};
    const std::vector<ports::StoredBlock> blocks{
        {3, Bytes{198, 51, 100, 0}, 24}, {2, Bytes(32, 7), 0}, {3, Bytes(16, 1), 128}};
    {
        SqliteStore store(folder.options());
        ASSERT_TRUE(store.load(kNow).has_value());
        const auto answers =
            write_all(store, {ports::PutRecord{record_of(1)},
                              ports::PutRecord{record_of(2, 0)},
                              ports::PutRecord{record_of(3)},
                              ports::EraseRecord{record_of(1).key, record_of(1).owner, 2},
                              ports::EraseRecord{record_of(3).key, record_of(3).owner, 1},
                              ports::PutRecord{record_of(3, 7, ~0ULL)},
                              ports::ReplacePeers{{{four, false}}},
                              ports::ReplacePeers{{{both, true}, {six, false}}},
                              ports::PutPin{{"bob", owner}},
                              ports::PutPin{{"eve", owner}},
                              ports::PutPin{{odd_name, owner}},
                              ports::ErasePin{"eve"},
                              ports::ReplaceOwnNames{{"old"}},
                              ports::ReplaceOwnNames{{"zed", "", "anna"}},
                              ports::ReplaceFriends{Hash32{{1}}, {{owner, "gone", {}, false}}},
                              ports::ReplaceFriends{Hash32{{2}}, friends},
                              ports::ReplaceBlocks{{{1, Bytes(32, 1), 0}}},
                              ports::ReplaceBlocks{blocks},
                              ports::ReserveSequence{~0ULL - 5},
                              ports::ReserveSequence{64}});
        EXPECT_EQ(std::count(answers.begin(), answers.end(), true), 20);
    }
    const auto state = reload(folder.options());
    ASSERT_EQ(state.records.size(), 2u);
    EXPECT_EQ(state.records[0].key, record_of(2).key);
    EXPECT_EQ(state.records[0].owner, record_of(2).owner);
    EXPECT_EQ(state.records[0].kind, 2);
    EXPECT_TRUE(state.records[0].record.empty());
    EXPECT_EQ(state.records[0].expires, kNow + 1000);
    EXPECT_EQ(state.records[1].record, Bytes(7, 3));
    EXPECT_EQ(state.records[1].expires, ~0ULL >> 1);  // the last time that SQLite can hold
    ASSERT_EQ(state.peers.size(), 2u);
    EXPECT_EQ(state.peers[0].contact, both);
    EXPECT_TRUE(state.peers[0].anchor);
    EXPECT_EQ(state.peers[1].contact, six);
    EXPECT_FALSE(state.peers[1].anchor);
    ASSERT_EQ(state.pins.size(), 2u);
    EXPECT_EQ(state.pins[0].name, "bob");
    EXPECT_EQ(state.pins[0].owner, owner);
    EXPECT_EQ(state.pins[1].name, odd_name);
    EXPECT_EQ(state.own_names, (std::vector<std::string>{"zed", "", "anna"}));
    EXPECT_EQ(state.friends, friends);
    EXPECT_EQ(state.blocks, blocks);
    EXPECT_EQ(state.presence_key, Hash32{{2}});
    EXPECT_EQ(state.sequence_reserved, ~0ULL - 5) << "a reservation never goes back";
}

TEST(SqliteStore, own_values_come_back_until_they_end) {
    StateFolder folder;
    const PeerId owner{{1, 2, 3}};
    const auto value = [&](std::uint8_t key, std::uint32_t app, Bytes record, UnixMillis ends) {
        return ports::PutOwnValue{{Key{{key}}, owner, app, std::move(record), ends}};
    };
    {
        SqliteStore store(folder.options());
        ASSERT_TRUE(store.load(kNow).has_value());
        const auto answers = write_all(
            store, {value(2, 1000, Bytes(3, 1), kNow + 9), value(1, 1001, Bytes(2, 2), kNow + 8),
                    value(1, 1001, Bytes(900, 3), kNow + 7), value(3, 1001, Bytes(2, 2), kNow + 8),
                    ports::EraseOwnValue{Key{{3}}, owner}, value(4, 1001, Bytes(2, 2), kNow)});
        EXPECT_EQ(std::count(answers.begin(), answers.end(), true), 6);
    }
    EXPECT_EQ(reload(folder.options()).own_values,
              (std::vector<ports::StoredOwnValue>{value(1, 1001, Bytes(900, 3), kNow + 7).value,
                                                  value(2, 1000, Bytes(3, 1), kNow + 9).value}));
}

TEST(SqliteStore, a_file_from_before_own_values_were_kept_gets_their_table) {
    StateFolder folder;
    const ports::StoredOwnValue value{Key{{2}}, PeerId{{1}}, 1000, Bytes(3, 1), kNow + 9};
    {
        SqliteStore store(folder.options());
        ASSERT_TRUE(store.load(kNow).has_value());
        ASSERT_TRUE(write_one(store, ports::PutRecord{record_of(1)}));
    }
    run_sql(folder.database(), "DROP TABLE own_values");
    {
        SqliteStore store(folder.options());
        const auto state = store.load(kNow);
        ASSERT_TRUE(state.has_value()) << store.problem();
        EXPECT_EQ(state->records.size(), 1U);
        EXPECT_EQ(state->notice, "");
        EXPECT_TRUE(write_one(store, ports::PutOwnValue{value}));
    }
    EXPECT_EQ(reload(folder.options()).own_values, std::vector<ports::StoredOwnValue>{value});
}

TEST(SqliteStore, messages_come_back_after_a_restart) {
    StateFolder folder;
    const PeerId bob{{2}}, eve{{3}};
    const ports::StoredOutgoing late{~0ULL, 1, bob, {1}}, early{5, 7, bob, {2}};
    const ports::StoredIncoming kept{2, eve, {9, 9}, kNow};
    {
        SqliteStore store(folder.options());
        ASSERT_TRUE(store.load(kNow).has_value());
        const auto answers = write_all(
            store, {ports::PutOutgoing{late}, ports::PutOutgoing{early},
                    ports::PutOutgoing{{5, 8, bob, {3}}}, ports::EraseOutgoing{5, 8},
                    ports::PutIncoming{{1, bob, {8}, kNow}, {1}}, ports::PutIncoming{kept, {2}},
                    ports::EraseIncoming{1}, ports::PutIncoming{{3, bob, {7}, kNow}, {4, 4}},
                    ports::EraseIncoming{3}, ports::EraseTaken{eve}});
        EXPECT_EQ(std::count(answers.begin(), answers.end(), true), 10);
    }
    const auto state = reload(folder.options());
    EXPECT_EQ(state.outgoing, (std::vector{late, early})) << "in the order they were put";
    EXPECT_EQ(state.incoming, std::vector{kept});
    ASSERT_EQ(state.taken_numbers.size(), 1u);
    EXPECT_EQ(state.taken_numbers[0], (std::pair{bob, Bytes{4, 4}}));
}

TEST(SqliteStore, the_end_of_a_message_is_written_with_the_next_one_or_when_the_store_closes) {
    StateFolder folder;
    StoreOptions options = folder.options();
    options.linger = std::chrono::hours(1);
    const PeerId bob{{2}};
    {
        SqliteStore store(options);
        ASSERT_TRUE(store.load(kNow).has_value());
        ASSERT_TRUE(write_one(store, ports::PutOutgoing{{5, 1, bob, {1}}}));
        std::atomic<bool> erased = false;
        store.submit(ports::EraseOutgoing{5, 1}, [&](bool ok) { erased = ok; });
        ASSERT_TRUE(write_one(store, ports::PutOutgoing{{5, 2, bob, {2}}}));
        EXPECT_TRUE(erased);
        store.submit(ports::EraseOutgoing{5, 2}, {});
    }
    EXPECT_TRUE(reload(folder.options()).outgoing.empty());
}

TEST(SqliteStore, the_end_of_a_message_is_written_alone_when_nothing_else_comes) {
    StateFolder folder;
    SqliteStore store(folder.options());
    ASSERT_TRUE(store.load(kNow).has_value());
    EXPECT_TRUE(write_one(store, ports::EraseIncoming{1}));
}

TEST(SqliteStore, expired_records_are_left_out_and_removed) {
    StateFolder folder;
    {
        SqliteStore store(folder.options());
        ASSERT_TRUE(store.load(kNow).has_value());
        write_all(store, {ports::PutRecord{record_of(1, 10, kNow + 1)},
                          ports::PutRecord{record_of(2, 10, kNow + 2)}});
    }
    const auto later = reload(folder.options(), kNow + 1);
    ASSERT_EQ(later.records.size(), 1u);
    EXPECT_EQ(later.records[0].key, record_of(2).key);
    EXPECT_EQ(reload(folder.options(), kNow).records.size(), 1u);
}

TEST(SqliteStore, answers_come_once_in_order_and_the_rest_at_the_end) {
    StateFolder folder;
    std::vector<std::uint32_t> answered;
    {
        SqliteStore store(folder.options());
        ASSERT_TRUE(store.load(kNow).has_value());
        for (std::uint32_t at = 0; at < 2000; ++at) {
            store.submit(ports::PutRecord{record_of(at)}, [&answered, at](bool ok) {
                if (ok) answered.push_back(at);
            });
        }
    }
    ASSERT_EQ(answered.size(), 2000u);
    EXPECT_TRUE(std::is_sorted(answered.begin(), answered.end()));
    EXPECT_EQ(reload(folder.options()).records.size(), 2000u);
}

TEST(SqliteStore, refuses_at_once_what_the_queue_has_no_room_for) {
    StateFolder folder;
    StoreOptions options = folder.options();
    options.queue_max = 3;
    std::promise<void> entered, release;
    SqliteStore store(options);
    ASSERT_TRUE(store.load(kNow).has_value());
    // The first write's answer holds the writer, so that the queue can fill up.
    store.submit(ports::PutRecord{record_of(0)}, [&](bool) {
        entered.set_value();
        release.get_future().wait();
    });
    entered.get_future().wait();
    std::vector<int> answers;
    for (std::uint32_t at = 1; at <= 3; ++at) store.submit(ports::PutRecord{record_of(at)}, {});
    store.submit(ports::PutRecord{record_of(4)}, [&](bool ok) { answers.push_back(ok ? 1 : 0); });
    EXPECT_EQ(answers, std::vector<int>{0});
    release.set_value();
    EXPECT_TRUE(write_one(store, ports::ErasePin{"none"}) || store.health().empty());
}

TEST(SqliteStore, refuses_writes_before_it_is_loaded) {
    StateFolder folder;
    SqliteStore store(folder.options());
    EXPECT_FALSE(write_one(store, ports::ReserveSequence{5}));
    store.submit(ports::ReserveSequence{5}, {});
}

TEST(SqliteStore, a_second_store_on_the_same_file_is_told_who_has_it) {
    StateFolder folder;
    SqliteStore first(folder.options());
    ASSERT_TRUE(first.load(kNow).has_value());
    SqliteStore second(folder.options());
    const auto state = second.load(kNow);
    ASSERT_TRUE(state.has_error());
    EXPECT_EQ(state.error(), Errc::kBusy);
    const std::string words = "already running (pid " + std::to_string(getpid()) + ")";
    EXPECT_NE(second.problem().find(words), std::string::npos) << second.problem();
    EXPECT_TRUE(write_one(first, ports::ReserveSequence{5}));
}

// Every sixteenth write reserves sequence numbers, the others put a record; each is reported once
// it has been confirmed.
[[noreturn]] void write_and_report(SqliteStore& store, int to, std::uint32_t first) {
    for (std::uint32_t at = first;; ++at) {
        StoreWrite one = ports::PutRecord{record_of(at)};
        if (at % 16 == 0) one = ports::ReserveSequence{at};
        if (!write_one(store, one)) _exit(1);
        if (write(to, &at, sizeof at) != static_cast<ssize_t>(sizeof at)) _exit(1);
    }
}

TEST(SqliteStore, what_was_confirmed_survives_sigkill) {
    StateFolder folder;
    std::minstd_rand random(11);
    std::set<std::uint32_t> confirmed;
    std::uint64_t reserved = 0;
    const auto note = [&](std::uint32_t number) {
        if (number % 16 == 0) {
            reserved = std::max<std::uint64_t>(reserved, number);
        } else {
            confirmed.insert(number);
        }
    };
    for (std::uint32_t round = 0; round < 30; ++round) {
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            close(ends[0]);
            SqliteStore store(folder.options());
            if (!store.load(kNow).has_value()) _exit(1);
            write_and_report(store, ends[1], round * 1'000'000);
        }
        close(ends[1]);
        // Die after a random number of confirmations: a read from the pipe is the only clock.
        const auto last = static_cast<std::uint32_t>(1 + random() % 150);
        std::uint32_t number = 0;
        for (std::uint32_t count = 0; count < last; ++count) {
            ASSERT_EQ(read(ends[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));
            note(number);
        }
        kill(child, SIGKILL);
        ASSERT_EQ(waitpid(child, nullptr, 0), child);
        while (read(ends[0], &number, sizeof number) == static_cast<ssize_t>(sizeof number)) {
            note(number);
        }
        close(ends[0]);
        const auto state = reload(folder.options());
        EXPECT_EQ(state.notice, "");
        EXPECT_GE(state.sequence_reserved, reserved);
        std::set<std::uint32_t> found;
        for (const auto& record : state.records) found.insert(load_u32(record.key.bytes.data()));
        EXPECT_TRUE(std::includes(found.begin(), found.end(), confirmed.begin(), confirmed.end()))
            << round;
    }
    EXPECT_GT(confirmed.size(), 500u);
}

}  // namespace
}  // namespace sov::sqlite
