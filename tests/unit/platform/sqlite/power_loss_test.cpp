// The power goes: of what was not synced only some is on the disk, the last write in part.

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "tests/unit/platform/sqlite/faulty_disk.h"
#include "tests/unit/platform/sqlite/state_folder.h"

namespace sov::sqlite {
namespace {

constexpr std::uint32_t kRecordsMost = 40;

/// A batch of records of many sizes; sometimes numbers are reserved with it. Returns the number
/// that is reserved once the batch is confirmed.
std::uint64_t write_some(SqliteStore& store, std::minstd_rand& random, std::uint64_t reserved) {
    std::vector<ports::StoreWrite> writes;
    for (std::size_t count = 1 + random() % 20; count > 0; --count) {
        const auto number = static_cast<std::uint32_t>(random() % kRecordsMost);
        writes.push_back(ports::PutRecord{record_of(number, 50 + number * 100)});
    }
    const bool reserves = random() % 3 == 0;
    if (reserves) writes.push_back(ports::ReserveSequence{reserved + 64});
    const auto done = write_all(store, std::move(writes));
    EXPECT_TRUE(std::all_of(done.begin(), done.end(), [](bool ok) { return ok; }));
    return reserves ? reserved + 64 : reserved;
}

/// Writes for a while and pulls the plug; what is then on the disk is put into `after`. Returns the
/// number that was reserved.
std::uint64_t lose_power(std::minstd_rand& random, const StateFolder& after) {
    const StateFolder before;
    FaultyDisk disk;
    SqliteStore store(before.options());
    EXPECT_TRUE(store.load(kNow).has_value());
    std::uint64_t reserved = 0;
    for (std::size_t rounds = 1 + random() % 12; rounds > 0; --rounds)
        reserved = write_some(store, random, reserved);
    for (const auto& [path, content] : disk.after_power_loss(random))
        replace_content(after.path() + "/" + std::filesystem::path(path).filename().string(),
                        content);
    return reserved;
}

TEST(PowerLoss, takes_no_number_that_was_reserved_and_leaves_a_state_that_starts) {
    std::size_t kept = 0;
    for (unsigned seed = 1; seed <= 100; ++seed) {
        std::minstd_rand random(seed);
        const StateFolder after;
        const std::uint64_t reserved = lose_power(random, after);
        SqliteStore store(after.options());
        const auto state = store.load(kNow);
        ASSERT_TRUE(state.has_value()) << "seed " << seed << ": " << store.problem();
        EXPECT_EQ(state->notice, "") << "seed " << seed << ": nothing is damaged";
        EXPECT_GE(state->sequence_reserved, reserved) << "seed " << seed;
        for (const ports::StoredRecord& record : state->records) {
            const std::uint32_t number = load_u32(record.key.bytes.data());
            EXPECT_EQ(record.record, record_of(number, 50 + number * 100).record)
                << "seed " << seed;
        }
        kept += state->records.size();
        EXPECT_TRUE(write_one(store, ports::PutRecord{record_of(999)})) << "seed " << seed;
    }
    EXPECT_GT(kept, 100U) << "caches may shrink, not vanish";
}

}  // namespace
}  // namespace sov::sqlite
