#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "tests/unit/platform/sqlite/state_folder.h"

namespace sov::sqlite {
namespace {

// A state file with something in every table; also its log, as a killed process leaves it.
struct FilledState {
    StateFolder folder;
    Bytes database, log, shared;

    FilledState() {
        SqliteStore store(folder.options());
        EXPECT_TRUE(store.load(kNow).has_value());
        std::vector<ports::StoreWrite> writes;
        for (std::uint32_t at = 0; at < 60; ++at) {
            writes.push_back(ports::PutRecord{record_of(at, 300)});
        }
        const Contact contact = Contact::of(NodeKey{{9}}, Endpoint::v4(0xc0000201, 6881));
        writes.push_back(ports::ReplacePeers{{{contact, true}, {contact, false}}});
        writes.push_back(ports::PutPin{{"bob", PeerId{{1}}}});
        writes.push_back(ports::ReplaceOwnNames{{"alice"}});
        writes.push_back(ports::ReserveSequence{640});
        write_all(store, std::move(writes));
        log = content_of(folder.database() + "-wal");
        shared = content_of(folder.database() + "-shm");
        database = content_of(folder.database());
        EXPECT_GT(log.size(), 10000u);
    }
};

void spoil(Bytes& content, std::minstd_rand& random) {
    const std::size_t size = content.size();
    switch (random() % 4) {
        case 0: content.resize(random() % size); break;
        case 1:
            for (int flips = 0; flips < 20; ++flips) {
                content[random() % size] ^= static_cast<std::uint8_t>(1 << (random() % 8));
            }
            break;
        case 2: {
            const std::size_t from = random() % size;
            const std::size_t length = std::min(size - from, random() % 5000 + 1);
            std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(from), length,
                        std::uint8_t{0});
            break;
        }
        case 3: {
            const std::size_t from = random() % 2 == 0 ? random() % 100 : random() % size;
            for (std::size_t at = from; at < std::min(size, from + 8); ++at) {
                content[at] = static_cast<std::uint8_t>(random());
            }
            break;
        }
    }
}

// Half of the seeds spoil the checkpointed file, the others one of the three that a kill leaves.
void starts_with_seed(const FilledState& killed, const Bytes& checkpointed, unsigned seed) {
    StateFolder folder;
    std::minstd_rand random(seed);
    Bytes parts[3] = {killed.database, killed.log, killed.shared};
    if (seed % 2 == 0) {
        parts[0] = checkpointed;
        spoil(parts[0], random);
        replace_content(folder.database(), parts[0]);
    } else {
        spoil(parts[random() % 3], random);
        replace_content(folder.database(), parts[0]);
        replace_content(folder.database() + "-wal", parts[1]);
        replace_content(folder.database() + "-shm", parts[2]);
    }
    {
        SqliteStore store(folder.options());
        const auto state = store.load(kNow);
        ASSERT_TRUE(state.has_value()) << "seed " << seed << ": " << store.problem();
        EXPECT_EQ(store.health(), "") << "seed " << seed;
        EXPECT_EQ(state->notice.empty(), folder.names_with(".corrupt-").empty()) << "seed " << seed;
        ASSERT_TRUE(
            write_all(store, {ports::PutRecord{record_of(999)}, ports::ReserveSequence{700}}) ==
            (std::vector<bool>{true, true}))
            << "seed " << seed << ": " << store.health();
    }
    const auto state = reload(folder.options());
    EXPECT_GE(state.sequence_reserved, 700u) << "seed " << seed;
    EXPECT_TRUE(std::any_of(state.records.begin(), state.records.end(),
                            [](const auto& record) { return record.key == record_of(999).key; }))
        << "seed " << seed;
}

TEST(DamagedState, always_starts_and_takes_writes_again) {
    const FilledState killed;  // its store has closed by now, so the file is checkpointed
    const Bytes checkpointed = content_of(killed.folder.database());
    ASSERT_GT(checkpointed.size(), killed.database.size());
    for (unsigned seed = 1; seed <= 240; ++seed) starts_with_seed(killed, checkpointed, seed);
}

TEST(DamagedState, every_flipped_bit_of_the_header_is_survived) {
    const FilledState filled;
    const Bytes whole = content_of(filled.folder.database());
    for (std::size_t bit = 0; bit < 100 * 8; bit += 3) {
        StateFolder folder;
        Bytes content = whole;
        content[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
        replace_content(folder.database(), content);
        SqliteStore store(folder.options());
        ASSERT_TRUE(store.load(kNow).has_value()) << bit << ": " << store.problem();
        ASSERT_TRUE(write_one(store, ports::PutRecord{record_of(999)})) << bit << store.health();
    }
}

TEST(DamagedState, is_set_aside_whole_and_the_sequence_is_kept) {
    StateFolder folder;
    FilledState filled;
    Bytes content = content_of(filled.folder.database());
    // A page of the records table that is no page: quick_check sees it, the sequence is elsewhere.
    const std::string needle(60, '\7');  // the body of record 7
    const auto found = std::search(content.begin(), content.end(), needle.begin(), needle.end());
    ASSERT_NE(found, content.end());
    const auto page = (found - content.begin()) / 4096 * 4096;
    std::fill_n(content.begin() + page, 100, std::uint8_t{0xff});
    replace_content(folder.database(), content);
    const auto state = reload(folder.options());
    EXPECT_TRUE(state.records.empty());
    EXPECT_EQ(state.sequence_reserved, 640u);
    const std::string aside = folder.path() + "/state.db.corrupt-" + std::to_string(kNow / 1000);
    EXPECT_EQ(content_of(aside).size(), content.size());
    EXPECT_NE(state.notice.find(aside), std::string::npos) << state.notice;
    EXPECT_EQ(reload(folder.options()).notice, "") << "the notice is given once";
    EXPECT_EQ(reload(folder.options()).sequence_reserved, 640u);
}

TEST(DamagedState, is_told_in_words_that_every_reader_can_show) {
    FilledState filled;
    run_sql(filled.folder.database(),
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = CAST(x'fffe01' AS TEXT), "
            "sql = CAST(x'437245415445ff0a' AS TEXT) WHERE name = 'pins'");
    const auto state = reload(filled.folder.options());
    EXPECT_NE(state.notice.find("malformed"), std::string::npos) << state.notice;
    EXPECT_TRUE(std::all_of(state.notice.begin(), state.notice.end(), [](char byte) {
        return byte >= ' ' && byte <= '~';
    })) << state.notice;
}

TEST(DamagedState, only_the_newest_set_aside_files_are_kept) {
    StateFolder folder;
    for (int round = 0; round < 8; ++round) {
        replace_content(folder.database(), Bytes(5000, 'x'));
        EXPECT_NE(reload(folder.options(), kNow + 60000 * static_cast<UnixMillis>(round)).notice,
                  "");
    }
    auto names = folder.names_with(".corrupt-");
    std::sort(names.begin(), names.end());
    ASSERT_EQ(names.size(), StateFile::kSetAsideMost);
    EXPECT_EQ(names.front(), "state.db.corrupt-" + std::to_string(kNow / 1000 + 180));
}

void expect_refused_untouched(const StateFolder& folder, const std::string& word) {
    const Bytes before = content_of(folder.database());
    SqliteStore store(folder.options());
    const auto state = store.load(kNow);
    ASSERT_TRUE(state.has_error());
    EXPECT_EQ(state.error(), Errc::kUnsupported);
    EXPECT_NE(store.problem().find(word), std::string::npos) << store.problem();
    EXPECT_FALSE(write_one(store, ports::ReserveSequence{5}));
    EXPECT_EQ(content_of(folder.database()), before);
    EXPECT_TRUE(folder.names_with("-wal").empty());
    EXPECT_TRUE(folder.names_with(".corrupt-").empty());
}

TEST(ForeignState, a_newer_schema_is_refused_and_not_touched) {
    FilledState filled;
    run_sql(filled.folder.database(), "PRAGMA user_version = 2; UPDATE meta SET schema = 2");
    expect_refused_untouched(filled.folder, "downgrade: restore the backup");
}

TEST(ForeignState, another_programs_database_is_refused_and_not_touched) {
    for (const char* const id : {"", "PRAGMA application_id = 77;"}) {
        for (const char* const mode : {"DELETE", "WAL"}) {
            StateFolder folder;
            run_sql(folder.database(),
                    std::string(id) + "PRAGMA journal_mode = " + mode +
                        "; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
            expect_refused_untouched(folder, "another program");
        }
    }
}

TEST(ForeignState, what_is_no_plain_file_is_refused) {
    StateFolder folder;
    replace_content(folder.path() + "/elsewhere", {});
    ASSERT_EQ(symlink("elsewhere", folder.database().c_str()), 0);
    {
        SqliteStore link(folder.options());
        EXPECT_EQ(link.load(kNow).error(), Errc::kUnauthorized);
        EXPECT_NE(link.problem().find("state.db"), std::string::npos);
    }
    unlink(folder.database().c_str());
    ASSERT_EQ(mkdir(folder.database().c_str(), 0700), 0);
    SqliteStore directory(folder.options());
    EXPECT_EQ(directory.load(kNow).error(), Errc::kUnauthorized);

    StoreOptions nowhere = folder.options();
    nowhere.directory += "/missing/parent";
    SqliteStore missing(nowhere);
    EXPECT_EQ(missing.load(kNow).error(), Errc::kUnauthorized);
    EXPECT_NE(missing.problem().find("mkdir -p -m 0700 " + nowhere.directory), std::string::npos);
}

TEST(ForeignState, a_file_readable_by_others_is_made_private) {
    StateFolder folder;
    reload(folder.options());
    ASSERT_EQ(chmod(folder.database().c_str(), 0644), 0);
    reload(folder.options());
    struct stat status {};
    ASSERT_EQ(stat(folder.database().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
}

}  // namespace
}  // namespace sov::sqlite
