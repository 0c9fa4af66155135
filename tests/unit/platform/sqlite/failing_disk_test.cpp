#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/platform/sqlite/faulty_disk.h"
#include "tests/unit/platform/sqlite/state_folder.h"

namespace sov::sqlite {
namespace {

bool holds(const ports::StoredState& state, std::uint32_t number) {
    return std::any_of(state.records.begin(), state.records.end(),
                       [&](const auto& record) { return record.key == record_of(number).key; });
}

TEST(FailingDisk, at_the_files_limit_writes_are_refused_until_there_is_room) {
    StateFolder folder;
    StoreOptions options = folder.options();
    options.pages_most = 40;  // 160 KiB
    std::uint32_t stored = 0;
    {
        SqliteStore store(options);
        ASSERT_TRUE(store.load(kNow).has_value());
        while (write_one(store, ports::PutRecord{record_of(stored, 1000)})) {
            EXPECT_EQ(store.health(), "");
            ASSERT_LT(++stored, 1000u);
        }
        EXPECT_GT(stored, 50u);
        EXPECT_NE(store.health().find("full"), std::string::npos) << store.health();
        // One transaction that has to fail as a whole, with parts that succeed alone.
        std::vector<ports::StoreWrite> mixed;
        for (std::uint32_t at = 0; at < 20; ++at) {
            const auto& gone = record_of(at);
            mixed.push_back(ports::EraseRecord{gone.key, gone.owner, gone.kind});
        }
        mixed.push_back(ports::PutRecord{record_of(5000, 500'000)});
        mixed.push_back(ports::PutRecord{record_of(5001, 1000)});
        const auto answers = write_all(store, mixed);
        EXPECT_EQ(std::count(answers.begin(), answers.begin() + 20, true), 20);
        EXPECT_FALSE(answers[20]);
        EXPECT_TRUE(answers[21]);
        EXPECT_TRUE(write_one(store, ports::ReserveSequence{64}));
        EXPECT_EQ(store.health(), "");
    }
    const auto state = reload(options);
    EXPECT_EQ(state.records.size(), stored - 20 + 1);
    EXPECT_TRUE(holds(state, 5001));
    EXPECT_EQ(state.notice, "");
}

TEST(FailingDisk, a_full_disk_is_reported_and_writes_resume_when_there_is_room) {
    StateFolder folder;
    FaultyDisk disk;
    {
        SqliteStore store(folder.options());
        ASSERT_TRUE(store.load(kNow).has_value());
        EXPECT_TRUE(write_one(store, ports::PutRecord{record_of(1)}));
        disk.full = true;
        EXPECT_FALSE(write_one(store, ports::PutRecord{record_of(2)}));
        EXPECT_NE(store.health().find("make room on the disk of " + folder.path()),
                  std::string::npos)
            << store.health();
        EXPECT_FALSE(write_one(store, ports::ReserveSequence{64}));
        disk.full = false;
        EXPECT_TRUE(write_one(store, ports::PutRecord{record_of(3)}));
        EXPECT_EQ(store.health(), "");
    }
    const auto state = reload(folder.options());
    EXPECT_TRUE(holds(state, 1));
    EXPECT_FALSE(holds(state, 2));
    EXPECT_TRUE(holds(state, 3));
    EXPECT_EQ(state.sequence_reserved, 0u);
}

TEST(FailingDisk, after_an_io_error_the_file_is_opened_anew) {
    for (const bool sync : {false, true}) {
        StateFolder folder;
        FaultyDisk disk;
        {
            SqliteStore store(folder.options());
            ASSERT_TRUE(store.load(kNow).has_value());
            EXPECT_TRUE(write_one(store, ports::ReserveSequence{64}));
            const int opens = disk.opens;
            (sync ? disk.syncs_fail : disk.writes_fail) = true;
            EXPECT_FALSE(write_one(store, ports::ReserveSequence{128}));
            EXPECT_NE(store.health().find("check the disk"), std::string::npos) << store.health();
            EXPECT_EQ(disk.opens, opens) << "nothing is retried on its own";
            (sync ? disk.syncs_fail : disk.writes_fail) = false;
            EXPECT_TRUE(write_one(store, ports::ReserveSequence{192}));
            EXPECT_GT(disk.opens, opens) << "the old handle can't be trusted";
            EXPECT_EQ(store.health(), "");
        }
        EXPECT_EQ(reload(folder.options()).sequence_reserved, 192u);
        EXPECT_TRUE(folder.names_with(".corrupt-").empty()) << "a failing disk is no damaged file";
    }
}

TEST(FailingDisk, is_tried_again_only_after_a_while) {
    StateFolder folder;
    FaultyDisk disk;
    StoreOptions options = folder.options();
    options.retry_after = std::chrono::hours(1);
    SqliteStore store(options);
    ASSERT_TRUE(store.load(kNow).has_value());
    disk.writes_fail = true;
    EXPECT_FALSE(write_one(store, ports::ReserveSequence{128}));
    const int opens = disk.opens;
    disk.writes_fail = false;
    EXPECT_FALSE(write_one(store, ports::ReserveSequence{128}));
    EXPECT_EQ(disk.opens, opens);
    EXPECT_NE(store.health(), "");
}

TEST(FailingDisk, a_reservation_is_synced_to_the_disk_and_a_record_is_not) {
    StateFolder folder;
    FaultyDisk disk;
    SqliteStore store(folder.options());
    ASSERT_TRUE(store.load(kNow).has_value());
    EXPECT_TRUE(write_one(store, ports::PutRecord{record_of(1)}));
    const int before = disk.syncs;
    EXPECT_TRUE(write_one(store, ports::PutRecord{record_of(2)}));
    EXPECT_EQ(disk.syncs, before);
    EXPECT_TRUE(write_one(store, ports::ReserveSequence{64}));
    EXPECT_GT(disk.syncs, before);
    const int after = disk.syncs;
    EXPECT_TRUE(write_one(store, ports::PutRecord{record_of(3)}));
    EXPECT_EQ(disk.syncs, after);
}

TEST(FailingDisk, a_start_without_writes_reads_what_is_there_and_recovers) {
    StateFolder folder;
    {
        SqliteStore store(folder.options());
        ASSERT_TRUE(store.load(kNow).has_value());
        write_all(store, {ports::PutRecord{record_of(1)}, ports::ReserveSequence{64}});
    }
    FaultyDisk disk;
    disk.writes_fail = true;
    {
        SqliteStore store(folder.options());
        const auto state = store.load(kNow);
        ASSERT_TRUE(state.has_value()) << store.problem();
        EXPECT_TRUE(holds(*state, 1));
        EXPECT_EQ(state->sequence_reserved, 64u);
        EXPECT_NE(store.health().find("nothing new is kept"), std::string::npos) << store.health();
        EXPECT_EQ(state->notice, "") << "it would outlive the fault";
        EXPECT_FALSE(write_one(store, ports::PutRecord{record_of(2)}));
        disk.writes_fail = false;
        EXPECT_TRUE(write_one(store, ports::PutRecord{record_of(2)}));
        EXPECT_EQ(store.health(), "");
    }
    disk.opening_fails = true;
    SqliteStore store(folder.options());
    const auto state = store.load(kNow);
    ASSERT_TRUE(state.has_value()) << store.problem();
    EXPECT_TRUE(state->records.empty());
    EXPECT_NE(state->notice.find("could not be read"), std::string::npos) << state->notice;
    disk.opening_fails = false;
    EXPECT_TRUE(write_one(store, ports::ReserveSequence{8}));
}

TEST(FailingDisk, damage_found_while_running_is_set_aside_and_writes_resume) {
    StateFolder folder;
    SqliteStore store(folder.options());
    ASSERT_TRUE(store.load(kNow).has_value());
    EXPECT_TRUE(write_one(store, ports::ReserveSequence{64}));
    // Another program takes a table away, which no statement of ours survives.
    Connection other(file_uri(folder.database()), SQLITE_OPEN_READWRITE);
    ASSERT_EQ(other.execute("DROP TABLE records"), SQLITE_OK) << other.message();
    EXPECT_FALSE(write_one(store, ports::PutRecord{record_of(1)}));
    EXPECT_NE(store.health(), "");
    EXPECT_TRUE(write_one(store, ports::PutRecord{record_of(1)}));
    EXPECT_EQ(store.health(), "");
    EXPECT_NE(store.notice().find("set aside"), std::string::npos);
    EXPECT_FALSE(folder.names_with(".corrupt-").empty());
}

}  // namespace
}  // namespace sov::sqlite
