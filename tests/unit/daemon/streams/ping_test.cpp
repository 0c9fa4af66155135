#include "daemon/streams/ping.h"

#include <gtest/gtest.h>

namespace sov::streams {

namespace {

using std::chrono::milliseconds;

constexpr Instant kAsked = Instant{} + milliseconds{1000};

PingBytes counting() {
    PingBytes bytes;
    for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = static_cast<std::uint8_t>(at);
    return bytes;
}

}  // namespace

TEST(Ping, measures_the_round_trip_until_the_last_byte_of_the_answer) {
    Pinger pinger;
    PingAnswerer answerer;
    const Bytes question = pinger.ask(kAsked, counting());
    Bytes answer;
    answerer.receive(ByteView(question).first(10), answer);
    EXPECT_TRUE(answer.empty());
    answerer.receive(ByteView(question).subspan(10), answer);
    ASSERT_EQ(answer, question);

    const auto half = pinger.receive(kAsked + milliseconds{5}, ByteView(answer).first(16));
    EXPECT_EQ(*half, std::nullopt);
    const auto whole = pinger.receive(kAsked + milliseconds{7}, ByteView(answer).subspan(16));
    EXPECT_EQ(*whole, Duration{milliseconds{7}});
    EXPECT_FALSE(pinger.waiting());
}

TEST(Ping, refuses_another_answer_than_its_question_and_one_that_was_not_asked_for) {
    Pinger pinger;
    EXPECT_EQ(pinger.receive(kAsked, Bytes{0}).error(), Errc::kMalformed);
    pinger.ask(kAsked, counting());
    EXPECT_EQ(pinger.receive(kAsked, Bytes{9}).error(), Errc::kMalformed);
    Bytes longer = to_bytes(counting());
    longer.push_back(0);
    EXPECT_EQ(pinger.receive(kAsked, longer).error(), Errc::kMalformed);
}

TEST(Ping, answers_many_questions_that_arrive_together) {
    PingAnswerer answerer;
    Bytes out;
    answerer.receive(Bytes(3 * kPingBytes + 1, 5), out);
    EXPECT_EQ(out, Bytes(3 * kPingBytes, 5));
    answerer.receive(Bytes(kPingBytes - 1, 5), out);
    EXPECT_EQ(out.size(), 4 * kPingBytes);
}

}  // namespace sov::streams
