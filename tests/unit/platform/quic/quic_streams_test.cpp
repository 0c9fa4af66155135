#include "tests/unit/platform/quic/quic_fixture.h"

// Streams: bytes in order both ways, windows, ends, codes, limits.

namespace sov::quic {

TEST_F(QuicPair, carries_bytes_both_ways_and_ends_each_direction_by_itself) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    EXPECT_EQ(*ann.transport->write(stream, as_bytes("question"), true), 8u);
    EXPECT_EQ(to_text(read_all(bob, at_bob(stream))), "question");
    EXPECT_EQ(bob.all<ports::StreamArrived>().front().stream, at_bob(stream));
    EXPECT_EQ(*bob.transport->write(at_bob(stream), as_bytes("answer"), true), 6u);
    EXPECT_EQ(to_text(read_all(ann, stream)), "answer");
    EXPECT_TRUE(wire.run([&] {
        return ann.count<ports::StreamEnded>() == 1 && bob.count<ports::StreamEnded>() == 1;
    }));
    EXPECT_EQ(ann.transport->read(stream, 1).error(), Errc::kNotFound);
    EXPECT_EQ(ann.transport->write(stream, {}, true).error(), Errc::kNotFound);
}

// A turn of the daemon's loop for each datagram would cost as much as the datagram.
TEST_F(QuicPair, wants_no_turn_for_the_pace_of_what_has_left_already) {
    connect();
    wire.run([] { return false; }, seconds{1});
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, pattern(600), false));
    ann.transport->flush(wire.now);
    EXPECT_GE(ann.transport->next_timeout() - wire.now, milliseconds{5});
}

TEST_F(QuicPair, acknowledges_a_question_with_the_answer_or_soon_after) {
    connect();
    wire.latency = std::chrono::microseconds{20};
    wire.pass(seconds{2});
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("question"), false));
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::StreamReadable>() == 1; }));
    ASSERT_TRUE(bob.transport->read(at_bob(stream), 100));
    const std::size_t before = bob_path->sent;
    wire.pass(milliseconds{1});
    EXPECT_EQ(bob_path->sent, before) << "an app needs a moment for its answer";
    ASSERT_TRUE(bob.transport->write(at_bob(stream), as_bytes("answer"), false));
    ASSERT_TRUE(wire.run([&] { return ann.count<ports::StreamReadable>() == 1; }));
    const std::size_t with_answer = bob_path->sent;
    EXPECT_FALSE(ann.transport->figures(dialled)->owed_since) << "acknowledged by the answer";
    wire.pass(milliseconds{50});
    EXPECT_EQ(bob_path->sent, with_answer);

    // Ann had nothing to say to it, so she said that she has it.
    EXPECT_FALSE(bob.transport->figures(accepted)->owed_since);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("a remark"), false));
    wire.pass(milliseconds{1});
    EXPECT_TRUE(ann.transport->figures(dialled)->owed_since);
    wire.pass(milliseconds{5});
    EXPECT_FALSE(ann.transport->figures(dialled)->owed_since);
}

TEST_F(QuicPair, carries_streams_that_the_listener_opens) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *bob.transport->open_stream(accepted);
    EXPECT_EQ(*bob.transport->write(stream, as_bytes("hello"), true), 5u);
    ASSERT_TRUE(wire.run([&] { return ann.count<ports::StreamReadable>() == 1; }));
    EXPECT_EQ(ann.all<ports::StreamArrived>().front().stream, at_ann(stream));
    EXPECT_EQ(to_text(read_all(ann, at_ann(stream))), "hello");
}

TEST_F(QuicPair, carries_more_than_all_windows_in_order) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    const Bytes sent = pattern(12 << 20);
    Bytes got;
    write_all(ann, stream, sent, bob, at_bob(stream), got);
    EXPECT_TRUE(got == sent);
}

TEST_F(QuicPair, loses_no_byte_where_datagrams_are_lost_doubled_and_overtaken) {
    ASSERT_NO_FATAL_FAILURE(connect());
    Rng rng(7);
    wire.on_wire = [&](VirtualWire::Packet& packet) {
        if (rng.below(20) == 0) return false;
        if (rng.below(20) == 0) wire.put_later(packet, milliseconds{7});
        return true;
    };
    const StreamId stream = *ann.transport->open_stream(dialled);
    const Bytes sent = pattern(1 << 20);
    Bytes got;
    write_all(ann, stream, sent, bob, at_bob(stream), got);
    EXPECT_TRUE(got == sent);
}

// A stream that is opened and never read costs its window and no more, and the others go on.
TEST_F(QuicPair, holds_no_more_than_a_window_of_what_nobody_reads) {
    QuicTransport::Options options;
    QuicLimits& limits = options.limits;
    limits.stream_window = 512 << 10;
    meet(options, options);
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId unread = *ann.transport->open_stream(dialled);
    const Bytes much = pattern(2 << 20);
    ASSERT_EQ(*ann.transport->write(unread, much, false), much.size());
    wire.pass(seconds{5});
    std::size_t held = 0;
    const StreamId there = at_bob(unread);
    const StreamId other = *ann.transport->open_stream(dialled);
    EXPECT_EQ(*ann.transport->write(other, as_bytes("through"), true), 7u);
    EXPECT_EQ(to_text(read_all(bob, at_bob(other))), "through");
    // What has arrived is there at once; nothing more comes without reading.
    held = bob.transport->read(there, SIZE_MAX)->bytes.size();
    EXPECT_EQ(held, limits.stream_window);
}

TEST_F(QuicPair, takes_no_more_to_send_than_its_buffer_and_tells_when_there_is_room) {
    QuicTransport::Options options;
    QuicLimits& limits = options.limits;
    limits.stream_window = 512 << 10;
    limits.send_buffer_max = limits.send_buffer;
    meet(options, options);
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    const Bytes much(limits.send_buffer + 1000, 1);
    EXPECT_EQ(*ann.transport->write(stream, much, true), limits.send_buffer);
    EXPECT_EQ(*ann.transport->write(stream, much, true), 0u);
    wire.pass(seconds{1});
    EXPECT_EQ(ann.count<ports::StreamWritable>(), 0u);
    ASSERT_TRUE(wire.run(
        [&] {
            if (bob.count<ports::StreamArrived>() > 0)
                (void)bob.transport->read(at_bob(stream), SIZE_MAX);
            return ann.count<ports::StreamWritable>() == 1;
        },
        seconds{30}));
    EXPECT_GT(*ann.transport->write(stream, much, false), 0u);
}

TEST_F(QuicPair, tells_the_code_when_a_stream_is_reset) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("begun"), false));
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::StreamReadable>() == 1; }));
    ann.transport->reset(stream, 77);
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::StreamReset>() == 1; }));
    EXPECT_EQ(bob.all<ports::StreamReset>().front().code, 77u);
    EXPECT_TRUE(wire.run([&] {
        return ann.count<ports::StreamEnded>() == 1 && bob.count<ports::StreamEnded>() == 1;
    }));
}

TEST_F(QuicPair, tells_when_the_other_side_stops_reading_which_may_still_write) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, pattern(1 << 20), false));
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::StreamReadable>() == 1; }));
    bob.transport->stop_reading(at_bob(stream), 5);
    ASSERT_TRUE(wire.run([&] { return ann.count<ports::StreamStopped>() == 1; }));
    EXPECT_EQ(ann.transport->write(stream, as_bytes("x"), false).error(), Errc::kCancelled);
    EXPECT_EQ(*bob.transport->write(at_bob(stream), as_bytes("enough"), true), 6u);
    EXPECT_EQ(to_text(read_all(ann, stream)), "enough");
}

// Windows come back from streams that were given up, or many of them would starve the connection.
TEST_F(QuicPair, does_not_starve_after_many_streams_were_given_up_unread) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const Bytes much = pattern(300 << 10);
    for (int round = 0; round < 20; ++round) {
        const StreamId stream = *ann.transport->open_stream(dialled);
        ASSERT_TRUE(ann.transport->write(stream, much, true));
        const std::size_t arrived = bob.count<ports::StreamArrived>();
        ASSERT_TRUE(wire.run([&] { return bob.count<ports::StreamArrived>() > arrived; })) << round;
        if (round % 2 == 0) wire.pass(seconds{1});
        if (round % 3 == 0) {
            ann.transport->reset(stream, 1);
            wire.pass(seconds{1});
        }
        // What had arrived whole before a reset is still there to be read, so the reader lets go.
        bob.transport->reset(at_bob(stream), 1);
        wire.pass(seconds{1});
    }
    const StreamId last = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(last, much, true));
    EXPECT_EQ(read_all(bob, at_bob(last)).size(), much.size());
}

TEST_F(QuicPair, lets_the_other_side_open_as_many_streams_as_the_limit_and_more_when_some_ended) {
    QuicTransport::Options few;
    few.limits.streams_max = 4;
    meet({}, few);
    ASSERT_NO_FATAL_FAILURE(connect());
    std::vector<StreamId> streams;
    for (int count = 0; count < 4; ++count) {
        streams.push_back(*ann.transport->open_stream(dialled));
        ASSERT_TRUE(ann.transport->write(streams.back(), as_bytes("x"), true));
    }
    EXPECT_EQ(ann.transport->open_stream(dialled).error(), Errc::kBusy);
    wire.pass(seconds{1});
    // Both directions are over for the protocol, but the end was not read.
    for (const StreamId& stream : streams) {
        ASSERT_TRUE(bob.transport->write(at_bob(stream), {}, true));
    }
    wire.pass(seconds{1});
    EXPECT_EQ(ann.transport->open_stream(dialled).error(), Errc::kBusy);
    EXPECT_EQ(read_all(bob, at_bob(streams[0])).size(), 1u);
    wire.pass(seconds{1});
    EXPECT_TRUE(ann.transport->open_stream(dialled).has_value());
    EXPECT_EQ(ann.transport->open_stream(dialled).error(), Errc::kBusy);
}

TEST_F(QuicPair, shares_the_way_between_streams) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId big = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(big, pattern(400 << 10), true));
    const StreamId small = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(small, as_bytes("small"), true));
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::StreamArrived>() == 2; }, milliseconds{50}));
    EXPECT_EQ(to_text(read_all(bob, at_bob(small))), "small");
    EXPECT_EQ(read_all(bob, at_bob(big)).size(), std::size_t{400 << 10});
}

}  // namespace sov::quic
