#include "daemon/core/wire/message.h"

#include <gtest/gtest.h>

#include <functional>

#include "daemon/core/wire/packet.h"

namespace sov::wire {

namespace {

Contact dual_stack(std::uint8_t number) {
    Contact contact = Contact::of(NodeKey{{number, 7}}, Endpoint::v4(0xc0000200U | number, 6881));
    contact.set(*Endpoint::parse("[2001:db8::" + std::to_string(number + 1) + "]:6881"));
    return contact;
}

template <typename Write>
Bytes written(Write&& write_body) {
    Bytes buffer(Limits::kDatagramBytesMax);
    ByteWriter writer(buffer);
    write_body(writer);
    EXPECT_TRUE(writer.ok());
    buffer.resize(writer.size());
    return buffer;
}

// A body and how to read it; the reader says whether it accepted.
struct Sample {
    const char* name;
    Bytes body;
    std::function<bool(ByteReader&)> read;
    bool open_ended = false;  ///< ends with bytes of any length, which another layer checks
};

std::vector<Sample> samples() {
    const Key key{{1, 2, 3}};
    const Token token{{4, 5}};
    const Nonce nonce{{6}};
    const Bytes record(50, 9);
    const auto body = [](const auto& value) {
        return written([&](ByteWriter& writer) { write(writer, value); });
    };
    Touch touch{key, token, PeerId{{8}}, identity::RecordKind::kName, 77, Signature{{9}}};
    const Bytes nodes = written([&](ByteWriter& writer) {
        writer.fixed(token);
        writer.u8(1);
        writer.u8(2);
        write_contact(writer, dual_stack(1), kWantIpv4);
        write_contact(writer, dual_stack(2), kWantIpv4 | kWantIpv6);
    });
    const Bytes value = written([&](ByteWriter& writer) {
        writer.u8(3);
        writer.u8(1);
        writer.u16(50);
        writer.bytes(record);
        writer.u8(0);
        writer.u8(1);
        write_contact(writer, dual_stack(3), kWantIpv6);
    });
    const Bytes pong =
        written([](ByteWriter& writer) { write_endpoint(writer, dual_stack(4).v6); });
    return {
        {"find_node", body(FindNode{key, 3}),
         [](ByteReader& r) { return read_find_node(r).has_value(); }},
        {"get", body(Get{key, 1, 2}), [](ByteReader& r) { return read_get(r).has_value(); }},
        {"get of newer", body(Get{key, 1 | kWantNewer, 2, 77}),
         [](ByteReader& r) { return read_get(r).has_value(); }},
        {"store", body(Store{key, token, record}),
         [](ByteReader& r) { return read_store(r).has_value(); }, true},
        {"touch", body(touch), [](ByteReader& r) { return read_touch(r).has_value(); }},
        {"delete", body(Delete{key, token, record}),
         [](ByteReader& r) { return read_delete(r).has_value(); }, true},
        {"dialback", body(Dialback{nonce, Family::kIpv6}),
         [](ByteReader& r) { return read_dialback(r).has_value(); }},
        {"dial_peer", body(DialPeer{nonce, dual_stack(5)}),
         [](ByteReader& r) { return read_dial_peer(r).has_value(); }},
        {"nonce", to_bytes(nonce.view()), [](ByteReader& r) { return read_nonce(r).has_value(); }},
        {"pong", pong, [](ByteReader& r) { return read_pong(r).has_value(); }},
        {"nodes", nodes, [](ByteReader& r) { return read_nodes(r, kWantToken).has_value(); }},
        {"value", value, [](ByteReader& r) { return read_value(r, 0).has_value(); }},
        {"stored", Bytes{0, 0, 1, 2}, [](ByteReader& r) { return read_stored(r).has_value(); }},
        {"byte", Bytes{7}, [](ByteReader& r) { return read_byte(r).has_value(); }},
    };
}

}  // namespace

TEST(Messages, are_accepted_whole_and_refused_when_cut_or_lengthened) {
    for (const Sample& sample : samples()) {
        ByteReader whole(sample.body);
        EXPECT_TRUE(sample.read(whole)) << sample.name;
        for (std::size_t size = 0; size < sample.body.size(); ++size) {
            if (sample.open_ended && size >= Key::kSize + kTokenSize) continue;
            ByteReader cut(ByteView(sample.body).first(size));
            EXPECT_FALSE(sample.read(cut)) << sample.name << " of " << size << " bytes";
        }
        Bytes longer = sample.body;
        longer.push_back(0);
        ByteReader trailing(longer);
        EXPECT_EQ(sample.read(trailing), sample.open_ended) << sample.name;
    }
}

TEST(Messages, survive_any_garbage_without_reading_beyond_it) {
    // Exactly sized heap blocks: AddressSanitizer sees a single byte too far.
    std::uint64_t state = 1;
    for (int round = 0; round < 3000; ++round) {
        for (const Sample& sample : samples()) {
            Bytes bytes = sample.body;
            for (int change = 0; change < 3; ++change) {
                state = state * 6364136223846793005ULL + 1442695040888963407ULL;
                bytes[(state >> 33) % bytes.size()] = static_cast<std::uint8_t>(state >> 56);
            }
            ByteReader reader(bytes);
            sample.read(reader);
        }
    }
}

TEST(Messages, carry_what_was_put_into_them) {
    const Touch touch{Key{{1}}, Token{{2}},    PeerId{{3}}, identity::RecordKind::kName,
                      77,       Signature{{9}}};
    const Bytes body = written([&](ByteWriter& writer) { write(writer, touch); });
    ByteReader reader(body);
    const auto read = read_touch(reader);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->key, touch.key);
    EXPECT_EQ(read->token, touch.token);
    EXPECT_EQ(read->owner, touch.owner);
    EXPECT_EQ(read->kind, touch.kind);
    EXPECT_EQ(read->sequence, touch.sequence);
    EXPECT_EQ(read->signature, touch.signature);
}

TEST(Contacts, keep_only_the_families_that_were_asked_for) {
    const Contact both = dual_stack(1);
    for (const auto families : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
        const Bytes bytes =
            written([&](ByteWriter& writer) { write_contact(writer, both, families); });
        EXPECT_EQ(bytes.size(), contact_size(both, families));
        ByteReader reader(bytes);
        const auto read = read_contact(reader);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->key, both.key);
        EXPECT_EQ(read->has(Family::kIpv4), (families & kWantIpv4) != 0);
        EXPECT_EQ(read->has(Family::kIpv6), (families & kWantIpv6) != 0);
    }
    const Contact only_v4 = Contact::of(NodeKey{{1}}, Endpoint::v4(0x01020304, 5));
    EXPECT_EQ(contact_size(only_v4, kWantIpv6), 0U);
}

TEST(Contacts, are_refused_without_an_address_or_with_a_disguised_one) {
    const std::string key(64, '1');
    for (const std::string& hex :
         {"00" + key, "04" + key + "010203040005", "07" + key, "01" + key + "010203040000",
          "02" + key + "00000000000000000000ffff010203040005"}) {
        const Bytes bytes = *from_hex(hex);
        ByteReader reader(bytes);
        EXPECT_FALSE(read_contact(reader).has_value()) << hex;
    }
}

TEST(Contacts, fit_a_datagram_twenty_at_a_time_with_both_addresses_and_a_token) {
    const Bytes answer = written([](ByteWriter& writer) {
        write_head(writer, Kind::kNodes, 1);
        writer.fixed(Token{});
        writer.u8(0);
        writer.u8(kContactsMax);
        for (std::uint8_t number = 0; number < kContactsMax; ++number) {
            write_contact(writer, dual_stack(number), kWantIpv4 | kWantIpv6);
        }
    });
    EXPECT_LE(answer.size(), kDataMessageMax);
    EXPECT_LE(answer.size(), kReplyMessageMax);
}

TEST(Nodes, refuses_more_contacts_than_fit_an_answer) {
    const Bytes bytes = written([](ByteWriter& writer) {
        writer.u8(0);
        writer.u8(kContactsMax + 1);
        for (std::uint8_t number = 0; number <= kContactsMax; ++number) {
            write_contact(writer, dual_stack(number), kWantIpv4);
        }
    });
    ByteReader reader(bytes);
    EXPECT_FALSE(read_nodes(reader, 0).has_value());
}

TEST(Value, borrows_its_records_in_order) {
    const Bytes bytes = written([](ByteWriter& writer) {
        writer.u8(5);
        writer.u8(2);
        writer.u16(1);
        writer.u8(0xaa);
        writer.u16(2);
        writer.u16(0xbbcc);
        writer.u8(0);
        writer.u8(0);
    });
    ByteReader reader(bytes);
    const auto value = read_value(reader, 0);
    ASSERT_TRUE(value.has_value());
    EXPECT_EQ(value->total, 5);
    ASSERT_EQ(value->records.size(), 2U);
    EXPECT_EQ(to_hex(value->records[0]), "aa");
    EXPECT_EQ(to_hex(value->records[1]), "bbcc");
}

TEST(Messages, tell_how_many_records_were_left_out_where_newer_ones_were_asked_for) {
    const Bytes bytes{0, 0, 1, 0, 0};
    ByteReader reader(bytes);
    const auto value = read_value(reader, kWantNewer);
    ASSERT_TRUE(value.has_value());
    EXPECT_EQ(value->known, 1);
    ByteReader unasked(bytes);
    EXPECT_FALSE(read_value(unasked, 0).has_value());
}

namespace {

// The head of an empty answer, or one with a contact, and places behind it.
Bytes nodes_with_places(std::size_t contacts, std::size_t rough) {
    return written([&](ByteWriter& writer) {
        writer.u8(0);
        writer.u8(static_cast<std::uint8_t>(contacts));
        for (std::size_t at = 0; at < contacts; ++at)
            write_contact(writer, dual_stack(static_cast<std::uint8_t>(at + 1)), kWantIpv4);
        write_coordinate(writer, Coordinate{{-10'000, 10'000, 1, -1}, 77, 12});
        for (std::size_t at = 0; at < rough; ++at)
            write_coordinate(writer, RoughCoordinate{{-127, 127, 1, -1}, 9});
    });
}

}  // namespace

TEST(Messages, end_in_places_only_where_they_were_asked_for) {
    const Bytes bytes = nodes_with_places(2, 2);
    ByteReader reader(bytes), unasked(bytes);
    const auto nodes = read_nodes(reader, kWantPlaces);
    ASSERT_TRUE(nodes.has_value());
    EXPECT_EQ(nodes->places.own, (Coordinate{{-10'000, 10'000, 1, -1}, 77, 12}));
    ASSERT_EQ(nodes->places.theirs.size(), 2U);
    EXPECT_EQ(nodes->places.theirs[1], (RoughCoordinate{{-127, 127, 1, -1}, 9}));
    EXPECT_FALSE(read_nodes(unasked, 0).has_value());
}

TEST(Messages, are_read_from_nodes_that_do_not_know_places) {
    const Bytes older{0, 0};
    ByteReader reader(older);
    const auto nodes = read_nodes(reader, kWantPlaces);
    ASSERT_TRUE(nodes.has_value());
    EXPECT_FALSE(nodes->places.own.has_value());
}

TEST(Messages, tell_the_place_of_every_contact_or_of_none) {
    for (const std::size_t rough : {0U, 1U, 2U, 3U, 4U}) {
        const Bytes bytes = nodes_with_places(3, rough);
        ByteReader reader(bytes);
        EXPECT_EQ(read_nodes(reader, kWantPlaces).has_value(), rough == 0 || rough == 3) << rough;
    }
    Bytes cut = nodes_with_places(0, 0);
    cut.pop_back();
    ByteReader reader(cut);
    EXPECT_FALSE(read_nodes(reader, kWantPlaces).has_value());
}

TEST(Messages, carry_places_that_nobody_can_be_at_for_the_reader_to_judge) {
    const Bytes bytes = written([](ByteWriter& writer) {
        writer.u16(0);
        for (int word = 0; word < 5; ++word) writer.u16(0x8000);
        writer.u8(255);
    });
    ByteReader reader(bytes);
    const auto nodes = read_nodes(reader, kWantPlaces);
    ASSERT_TRUE(nodes.has_value());
    EXPECT_FALSE(nodes->places.own->plausible());
}

}  // namespace sov::wire
