#include <gtest/gtest.h>

#include "daemon/streams/request_answerer.h"
#include "daemon/streams/request_asker.h"

namespace sov::streams {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kNow = Instant{} + seconds{100};

Bytes body(std::string_view text) { return to_bytes(as_bytes(text)); }

}  // namespace

// Two sides of a stream and the bytes that lie between them.
class Requests : public ::testing::Test {
  protected:
    RequestAsker asker;
    RequestAnswerer answerer;
    Bytes there, back;
    RequestAnswerer::Arrived arrived;
    std::vector<RequestAsker::Outcome> outcomes;

    std::uint32_t ask(std::string_view name, Duration time = seconds{5}) {
        return *asker.ask(kNow, name, body("question"), time, there);
    }
    void carry(Instant now = kNow) {
        ASSERT_TRUE(answerer.receive(now, std::exchange(there, {}), arrived, back));
        ASSERT_TRUE(asker.receive(std::exchange(back, {}), outcomes));
    }
};

TEST_F(Requests, carry_name_body_and_deadline_and_bring_the_answer_back) {
    const std::uint32_t id = ask("store.get", milliseconds{1500});
    carry(kNow + seconds{1});
    ASSERT_EQ(arrived.asked.size(), 1u);
    EXPECT_EQ(arrived.asked[0].request.name, "store.get");
    EXPECT_EQ(arrived.asked[0].request.body, body("question"));
    EXPECT_EQ(arrived.asked[0].deadline, kNow + milliseconds{2500});
    EXPECT_TRUE(answerer.answer(kNow + seconds{1}, id, body("answer"), true, back));
    carry();
    ASSERT_EQ(outcomes.size(), 1u);
    EXPECT_EQ(std::get<Answer>(outcomes[0]), (Answer{id, true, body("answer")}));
    EXPECT_EQ(asker.pending() + answerer.pending(), 0u);
}

TEST_F(Requests, bring_back_for_how_long_an_answer_stays_true) {
    const std::uint32_t id = ask("a");
    carry();
    EXPECT_TRUE(answerer.answer(kNow, id, body("1"), false, back));
    EXPECT_TRUE(answerer.answer(kNow, id, body("2"), true, back, 60'000));
    carry();
    ASSERT_EQ(outcomes.size(), 2u);
    EXPECT_EQ(std::get<Answer>(outcomes[0]).keep_ms, 0u);
    EXPECT_EQ(std::get<Answer>(outcomes[1]), (Answer{id, true, body("2"), 60'000}));
    EXPECT_EQ(read_frame(Bytes{5, 0, 0, 0, 1, 0, 0, 0, 0, 'x'}).error(), Errc::kMalformed)
        << "an answer that is not kept has another form";
}

TEST_F(Requests, are_answered_in_any_order_and_in_parts) {
    const std::uint32_t first = ask("a"), second = ask("b");
    carry();
    EXPECT_TRUE(answerer.answer(kNow, second, body("1"), false, back));
    EXPECT_TRUE(answerer.answer(kNow, first, body("x"), true, back));
    EXPECT_TRUE(answerer.answer(kNow, second, body("2"), true, back));
    EXPECT_FALSE(answerer.answer(kNow, second, body("3"), true, back));
    carry();
    ASSERT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(std::get<Answer>(outcomes[0]), (Answer{second, false, body("1")}));
    EXPECT_EQ(std::get<Answer>(outcomes[1]), (Answer{first, true, body("x")}));
    EXPECT_EQ(std::get<Answer>(outcomes[2]), (Answer{second, true, body("2")}));
}

TEST_F(Requests, bring_back_why_they_are_refused) {
    const std::uint32_t id = ask("a");
    carry();
    const Refusal refusal{id, kOwnCodes + 4, 250, "the shelf is empty", body("detail")};
    EXPECT_TRUE(answerer.refuse(kNow, refusal, back));
    EXPECT_FALSE(answerer.refuse(kNow, refusal, back));
    carry();
    EXPECT_EQ(std::get<Refusal>(outcomes.at(0)), refusal);
    EXPECT_EQ(asker.pending(), 0u);
}

TEST_F(Requests, that_are_overdue_end_as_timed_out_on_both_sides) {
    const std::uint32_t late = ask("a", seconds{1});
    ask("b", seconds{9});
    carry();
    EXPECT_EQ(asker.next_timeout(), kNow + seconds{1});
    asker.handle_timeout(kNow + milliseconds{999}, there, outcomes);
    EXPECT_TRUE(outcomes.empty());
    asker.handle_timeout(kNow + seconds{1}, there, outcomes);
    EXPECT_EQ(std::get<Refusal>(outcomes.at(0)), refusal_of(late, Errc::kTimedOut));
    EXPECT_FALSE(answerer.answer(kNow + seconds{1}, late, body("late"), true, back));
    EXPECT_TRUE(back.empty());
    carry(kNow + seconds{1});
    EXPECT_EQ(asker.next_timeout(), kNow + seconds{9});
}

TEST_F(Requests, that_are_given_up_reach_the_other_side_and_late_answers_are_dropped) {
    const std::uint32_t id = ask("a");
    carry();
    EXPECT_TRUE(answerer.answer(kNow, id, body("crossing"), false, back));
    asker.cancel(id, there);
    carry();
    EXPECT_EQ(arrived.cancelled, std::vector<std::uint32_t>{id});
    EXPECT_TRUE(outcomes.empty());
    EXPECT_FALSE(answerer.answer(kNow, id, body("more"), true, back));
    asker.cancel(id, there);
    EXPECT_TRUE(there.empty());
}

TEST_F(Requests, past_the_askers_bound_fail_at_once) {
    for (std::size_t at = 0; at < RequestAsker::kPendingMax; ++at) ask("a");
    EXPECT_EQ(asker.ask(kNow, "a", {}, seconds{1}, there).error(), Errc::kBusy);
}

TEST_F(Requests, past_the_answerers_bound_are_refused_with_a_time_to_ask_again) {
    for (std::size_t at = 0; at <= RequestAnswerer::kPendingMax; ++at) ask("a");
    carry();
    EXPECT_EQ(arrived.asked.size(), RequestAnswerer::kPendingMax);
    const auto& refusal = std::get<Refusal>(outcomes.at(0));
    EXPECT_EQ(refusal.code, static_cast<std::uint16_t>(Errc::kBusy));
    EXPECT_EQ(refusal.retry_after_ms, RequestAnswerer::kBusyRetryMs);
    // Those whose time is over make room.
    ask("b");
    carry(kNow + seconds{6});
    EXPECT_EQ(arrived.asked.size(), RequestAnswerer::kPendingMax + 1);
}

TEST_F(Requests, all_fail_when_the_stream_ends) {
    ask("a");
    ask("b");
    asker.fail_all(Errc::kCancelled, outcomes);
    ASSERT_EQ(outcomes.size(), 2u);
    EXPECT_EQ(std::get<Refusal>(outcomes[1]), refusal_of(2, Errc::kCancelled));
    EXPECT_EQ(asker.next_timeout(), kNever);
}

TEST_F(Requests, with_arguments_out_of_range_are_refused_before_anything_is_sent) {
    EXPECT_EQ(asker.ask(kNow, "", {}, seconds{1}, there).error(), Errc::kInvalidArgument);
    EXPECT_EQ(asker.ask(kNow, std::string(256, 'a'), {}, seconds{1}, there).error(),
              Errc::kInvalidArgument);
    EXPECT_EQ(asker.ask(kNow, "a\n", {}, seconds{1}, there).error(), Errc::kInvalidArgument);
    EXPECT_EQ(asker.ask(kNow, "a", {}, seconds{0}, there).error(), Errc::kInvalidArgument);
    EXPECT_EQ(asker.ask(kNow, "a", Bytes(kRequestBodyMax + 1), seconds{1}, there).error(),
              Errc::kTooLarge);
    EXPECT_TRUE(there.empty());
    EXPECT_TRUE(asker.ask(kNow, "a", Bytes(kRequestBodyMax), seconds{1}, there).has_value());
    carry();
    EXPECT_EQ(arrived.asked.at(0).request.body.size(), kRequestBodyMax);
}

TEST_F(Requests, end_the_stream_when_the_other_side_does_not_keep_to_its_side) {
    Bytes wrong;
    append_frame(wrong, Request{1, 1, "a", {}});
    EXPECT_EQ(asker.receive(wrong, outcomes).error(), Errc::kMalformed);
    wrong.clear();
    append_frame(wrong, Answer{1, true, {}});
    EXPECT_EQ(answerer.receive(kNow, wrong, arrived, back).error(), Errc::kMalformed);
    wrong.clear();
    append_frame(wrong, Request{1, 1000, "a", {}});
    append_frame(wrong, Request{1, 1000, "a", {}});
    EXPECT_EQ(RequestAnswerer{}.receive(kNow, wrong, arrived, back).error(), Errc::kMalformed);
}

TEST(RequestFrame, refuses_cut_frames_foreign_kinds_and_fields_out_of_range) {
    for (const RequestFrame& frame :
         {RequestFrame{Request{7, 1000, "name", {}}}, RequestFrame{Refusal{7, 3, 0, "text", {}}},
          RequestFrame{Answer{7, true, {}}}, RequestFrame{Cancel{7}}}) {
        Bytes bytes;
        append_frame(bytes, frame);
        const ByteView whole = ByteView(bytes).subspan(1);
        EXPECT_EQ(*read_frame(whole), frame);
        for (std::size_t size = 0; size < whole.size(); ++size) {
            EXPECT_EQ(read_frame(whole.first(size)).error(), Errc::kMalformed);
        }
    }
    EXPECT_EQ(read_frame(Bytes{9, 0, 0, 0, 0}).error(), Errc::kUnsupported);
    EXPECT_EQ(read_frame(*from_hex("0400000007ff")).error(), Errc::kMalformed);  // behind a cancel
    EXPECT_EQ(read_frame(*from_hex("020000000702")).error(), Errc::kMalformed);  // last: 2
    EXPECT_EQ(read_frame(*from_hex("0100000007000000000161")).error(),
              Errc::kMalformed);  // no time
    EXPECT_EQ(read_frame(*from_hex("0100000007000000010107")).error(), Errc::kMalformed);  // a bell
    EXPECT_EQ(read_frame(*from_hex("03000000070000000000000000")).error(), Errc::kMalformed);
}

}  // namespace sov::streams
