#include "daemon/api/event_history.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace sov::api {
namespace {

sovereign::v1::Event event_of(const std::string& type) {
    sovereign::v1::Event event;
    event.set_type(type);
    return event;
}

/// Keeps what it is given; a test takes the rest when it likes.
class Collector final : public EventReader {
  public:
    void give(SharedEvent event) override { given.push_back(std::move(event)); }
    void leave() override { left = true; }
    std::vector<SharedEvent> given;
    bool left = false;
};

/// Takes until nothing is left, so that the reader is idle afterwards.
std::vector<SharedEvent> take_all(EventHistory& history, EventReader& reader) {
    std::vector<SharedEvent> taken;
    while (auto event = history.take(reader)) taken.push_back(std::move(event));
    return taken;
}

TEST(Glob, matches_stars_and_question_marks) {
    EXPECT_TRUE(glob_matches("*", "discovery.state"));
    EXPECT_TRUE(glob_matches("*", ""));
    EXPECT_TRUE(glob_matches("discovery.*", "discovery.state"));
    EXPECT_TRUE(glob_matches("*.state", "discovery.state"));
    EXPECT_TRUE(glob_matches("d*.s*e", "discovery.state"));
    EXPECT_TRUE(glob_matches("table.?dded", "table.added"));
    EXPECT_FALSE(glob_matches("discovery", "discovery.state"));
    EXPECT_FALSE(glob_matches("?", ""));
    EXPECT_FALSE(glob_matches("", "x"));
    EXPECT_FALSE(glob_matches("*.state", "discovery.states"));
}

TEST(Glob, stays_cheap_with_many_stars) {
    EXPECT_FALSE(glob_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(4096, 'a')));
}

TEST(EventHistory, gives_an_idle_reader_each_event_at_once) {
    EventHistory history;
    Collector reader;
    ASSERT_TRUE(history.join(reader, {}, {}));
    EXPECT_TRUE(take_all(history, reader).empty());
    history.add(event_of("a"));
    ASSERT_EQ(reader.given.size(), 1u);
    EXPECT_EQ(reader.given[0]->cursor(), 1u);
    history.add(event_of("b"));
    EXPECT_EQ(reader.given.size(), 1u) << "a busy reader is not given a second one";
    const auto taken = take_all(history, reader);
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(taken[0]->type(), "b");
    history.part(reader);
}

TEST(EventHistory, marks_the_gap_of_a_slow_reader_and_keeps_the_newest) {
    EventHistory history;
    Collector reader;
    ASSERT_TRUE(history.join(reader, {}, {}));
    const std::size_t sent = EventReader::kQueueMax + 44;
    for (std::size_t at = 0; at < sent; ++at) history.add(event_of("flood"));
    const auto taken = take_all(history, reader);
    ASSERT_EQ(taken.size(), EventReader::kQueueMax + 1);
    EXPECT_EQ(taken[0]->type(), "stream.gap");
    EXPECT_EQ(taken[0]->gap().missed(), 44u);
    EXPECT_EQ(taken[1]->cursor(), 45u);
    EXPECT_EQ(taken.back()->cursor(), sent);
    history.part(reader);
}

TEST(EventHistory, does_not_let_one_slow_reader_disturb_another) {
    EventHistory history;
    Collector slow, quick;
    ASSERT_TRUE(history.join(slow, {}, {}));
    ASSERT_TRUE(history.join(quick, {}, {}));
    EXPECT_EQ(history.take(quick), nullptr);
    for (std::size_t at = 0; at < 1000; ++at) {
        history.add(event_of("x"));
        EXPECT_EQ(history.take(quick), nullptr);
    }
    EXPECT_EQ(quick.given.size(), 1000u);
    history.part(slow);
    history.part(quick);
}

TEST(EventHistory, replays_after_a_cursor_or_from_the_oldest) {
    EventHistory history;
    for (int at = 0; at < 10; ++at) history.add(event_of(at % 2 == 0 ? "even" : "odd"));
    Collector all, some, none;
    ASSERT_TRUE(history.join(all, {}, {.oldest = true}));
    EXPECT_EQ(take_all(history, all).size(), 10u);
    ASSERT_TRUE(history.join(some, {{"odd"}}, {.cursor = 4}));
    const auto taken = take_all(history, some);
    ASSERT_EQ(taken.size(), 3u);
    EXPECT_EQ(taken[0]->cursor(), 6u);
    ASSERT_TRUE(history.join(none, {}, {}));
    EXPECT_TRUE(take_all(history, none).empty());
    for (auto* reader : {&all, &some, &none}) history.part(*reader);
}

TEST(EventHistory, tells_a_reader_that_comes_too_late_what_is_gone) {
    EventHistory history;
    for (std::size_t at = 0; at < EventHistory::kRemembered + 100; ++at) history.add(event_of("x"));
    Collector reader;
    ASSERT_TRUE(history.join(reader, {}, {.cursor = 50}));
    const auto taken = take_all(history, reader);
    ASSERT_EQ(taken.size(), EventHistory::kRemembered + 1);
    EXPECT_EQ(taken[0]->gap().missed(), 50u);
    EXPECT_EQ(taken[1]->cursor(), 101u);
    history.part(reader);
}

TEST(EventHistory, refuses_more_readers_than_it_can_serve) {
    EventHistory history;
    std::vector<Collector> readers(EventHistory::kReadersMax + 1);
    for (std::size_t at = 0; at < EventHistory::kReadersMax; ++at)
        ASSERT_TRUE(history.join(readers[at], {}, {}));
    EXPECT_FALSE(history.join(readers.back(), {}, {}));
    history.part(readers.front());
    EXPECT_TRUE(history.join(readers.back(), {}, {}));
}

TEST(EventHistory, tells_everybody_when_the_daemon_leaves) {
    EventHistory history;
    Collector reader, late;
    ASSERT_TRUE(history.join(reader, {}, {}));
    history.close();
    EXPECT_TRUE(reader.left);
    EXPECT_FALSE(history.join(late, {}, {}));
}

TEST(EventHistory, loses_nothing_between_a_writer_and_a_reader_on_two_threads) {
    EventHistory history;
    constexpr std::uint64_t kEvents = 20'000;
    Collector reader;
    ASSERT_TRUE(history.join(reader, {}, {}));
    std::atomic<bool> written = false;
    std::thread writer([&] {
        for (std::uint64_t at = 0; at < kEvents; ++at) history.add(event_of("x"));
        written = true;
    });
    // Every event is taken, given or told as missed; which of them is a matter of timing.
    std::uint64_t seen = 0;
    const auto count = [&](const SharedEvent& event) {
        seen += event->has_gap() ? event->gap().missed() : 1;
    };
    while (!written) {
        if (const auto event = history.take(reader)) count(event);
    }
    writer.join();
    for (const auto& event : take_all(history, reader)) count(event);
    EXPECT_EQ(seen + reader.given.size(), kEvents);
    history.part(reader);
}

}  // namespace
}  // namespace sov::api
