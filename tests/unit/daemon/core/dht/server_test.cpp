#include "daemon/core/dht/server.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/dht/lone_context.h"

namespace sov::dht {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint8_t kAll = wire::kWantIpv4 | wire::kWantPlaces;

// A node with a table, whose places come from peers around it.
class ServerPlaces : public ::testing::Test {
  protected:
    void fill_table(std::uint8_t count) {
        for (std::uint8_t number = 0; number < count; ++number) {
            const NodeKey key = key_of(number);
            context.table(Family::kIpv4)
                .verified(now, key, identity::node_id(lone.crypto, key),
                          Endpoint::v4(0x0b000001U + (std::uint32_t{number} << 20U), 6881), false);
        }
    }
    static NodeKey key_of(std::uint8_t number) { return NodeKey{{number, 1}}; }
    // Everybody 40 ms away, and so far away they say that they are.
    void find_place() {
        for (int round = 0; round < 40; ++round) {
            now += seconds{11};
            for (std::uint8_t number = 0; number < 8; ++number) {
                context.proximity.note(now, key_of(number), milliseconds{40});
                context.proximity.note_told(now, context.rng, key_of(number),
                                            Coordinate{{200, 0, 0, 0}, 100, 10});
            }
        }
    }
    Bytes ask(std::uint8_t want, std::size_t room = wire::kDataMessageMax) {
        std::array<std::uint8_t, wire::kDataMessageMax> buffer;
        ByteWriter out(MutableBytes(buffer).first(room));
        const Bytes body = body_bytes(wire::FindNode{{}, want});
        server.answer(now, context, requester,
                      {static_cast<std::uint8_t>(wire::Kind::kFindNode), 9}, ByteReader(body), out);
        EXPECT_TRUE(out.ok());
        ByteReader reader(out.written());
        EXPECT_EQ(wire::read_head(reader)->kind, static_cast<std::uint8_t>(wire::Kind::kNodes));
        return to_bytes(reader.rest());
    }
    wire::Nodes nodes(const Bytes& bytes, std::uint8_t want) {
        ByteReader reader(bytes);
        const auto read = wire::read_nodes(reader, want);
        EXPECT_TRUE(read.has_value());
        return read.value_or(wire::Nodes{});
    }

    LoneContext lone;
    Context& context = lone.context;
    Server server;
    Requester requester{NodeKey{{200}}, Endpoint::v4(0x08080808, 1), false, true};
    Instant now = Instant{} + seconds{100};
};

}  // namespace

TEST_F(ServerPlaces, are_not_told_to_who_did_not_ask_nor_before_anything_was_measured) {
    fill_table(8);
    const Bytes plain = ask(wire::kWantIpv4);
    EXPECT_EQ(ask(kAll), plain);
    find_place();
    EXPECT_EQ(ask(wire::kWantIpv4), plain);
    EXPECT_GT(ask(kAll).size(), plain.size());
}

TEST_F(ServerPlaces, are_told_for_the_contacts_whose_own_word_agrees_with_what_was_measured) {
    fill_table(10);
    find_place();
    context.proximity.note(now, key_of(9), milliseconds{400});
    context.proximity.note_told(now, context.rng, key_of(9), Coordinate{{200, 0, 0, 0}, 100, 10});
    const auto answer = nodes(ask(kAll), kAll);
    ASSERT_TRUE(answer.places.own.has_value());
    EXPECT_TRUE(answer.places.own->plausible());
    ASSERT_EQ(answer.places.theirs.size(), answer.contacts.size());
    std::size_t told = 0;
    for (std::size_t at = 0; at < answer.contacts.size(); ++at) {
        const bool measured = answer.contacts[at].key.bytes[0] < 8;
        EXPECT_EQ(answer.places.theirs[at].known(), measured);
        told += measured ? 1U : 0U;
    }
    EXPECT_EQ(told, 8U);
}

TEST_F(ServerPlaces, give_way_to_contacts_and_never_make_an_answer_longer_than_it_may_be) {
    fill_table(8);
    find_place();
    const std::size_t plain = ask(wire::kWantIpv4).size() + wire::kMessageHeadSize;
    const std::size_t with_own = plain + wire::kCoordinateSize;
    const std::size_t with_all = with_own + 8 * wire::kRoughCoordinateSize;
    for (std::size_t room = plain; room <= with_all + 1; ++room) {
        const auto answer = nodes(ask(kAll, room), kAll);
        EXPECT_EQ(answer.contacts.size(), 8U);
        EXPECT_EQ(answer.places.own.has_value(), room >= with_own) << room;
        EXPECT_EQ(answer.places.theirs.size(), room >= with_all ? 8U : 0U) << room;
    }
}

}  // namespace sov::dht
