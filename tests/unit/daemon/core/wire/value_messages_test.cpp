#include "daemon/core/wire/value_messages.h"

#include <gtest/gtest.h>

namespace sov::wire {

namespace {

template <typename Body>
Bytes value_body(const Body& body) {
    Bytes buffer(2000);
    ByteWriter writer(buffer);
    write(writer, body);
    return to_bytes(writer.written());
}

Version some_version() { return {PeerId{{3}}, identity::RecordKind::kMutable, 7}; }

}  // namespace

// A body that is cut short or too long is refused at every length.
template <typename Read>
void refuses_other_lengths(const Bytes& bytes, std::size_t shortest, Read read) {
    for (std::size_t size = 0; size < shortest; ++size) {
        ByteReader reader(ByteView(bytes).first(size));
        EXPECT_FALSE(read(reader).has_value()) << size;
    }
}

TEST(ValueMessages, are_read_as_they_were_written) {
    const Bytes record(100, 1);
    for (const std::optional<std::uint64_t> expected :
         {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{9}}) {
        const Bytes bytes = value_body(StoreValue{Key{{1}}, Token{{2}}, expected, record});
        ByteReader reader(bytes);
        const auto body = read_store_value(reader);
        ASSERT_TRUE(body.has_value());
        EXPECT_EQ(body->expected, expected);
        EXPECT_EQ(body->record, record);
    }
    const Bytes listen = value_body(Listen{Key{{1}}, {some_version(), some_version()}});
    ByteReader reader(listen);
    EXPECT_EQ(read_listen(reader)->known.size(), 2U);
    refuses_other_lengths(listen, listen.size(), [](ByteReader& r) { return read_listen(r); });
    const Bytes page = value_body(GetPage{Key{{1}}, some_version(), 3});
    refuses_other_lengths(page, page.size(), [](ByteReader& r) { return read_get_page(r); });
}

TEST(ValueMessages, with_numbers_out_of_range_are_refused) {
    const Bytes page(10, 1);
    const auto reads_page = [&](const StorePage& body) {
        const Bytes bytes = value_body(body);
        ByteReader reader(bytes);
        return read_store_page(reader).has_value();
    };
    EXPECT_TRUE(reads_page({Key{}, Token{}, some_version(), 65, page}));
    EXPECT_FALSE(reads_page({Key{}, Token{}, some_version(), 66, page}));
    EXPECT_FALSE(reads_page({Key{}, Token{}, some_version(), 0, {}}));
    EXPECT_FALSE(reads_page({Key{}, Token{}, some_version(), 0, Bytes(1025)}));
    Version unknown = some_version();
    unknown.kind = static_cast<identity::RecordKind>(9);
    EXPECT_FALSE(reads_page({Key{}, Token{}, unknown, 0, page}));

    const auto reads_held = [](Held::Status status, identity::PageSet missing) {
        const Bytes bytes = value_body(Held{status, 1, 2, {}, missing});
        ByteReader reader(bytes);
        return read_held(reader).has_value();
    };
    const identity::PageSet pages(~std::uint64_t{0});
    EXPECT_TRUE(reads_held(Held::Status::kHeld, 0));
    EXPECT_TRUE(reads_held(Held::Status::kMissing, pages));
    EXPECT_TRUE(reads_held(Held::Status::kMissing, ~pages));
    EXPECT_FALSE(reads_held(Held::Status::kMissing, 0)) << "nothing missing is held";
    Bytes missing = value_body(Held{Held::Status::kMissing, 1, 0, {}, 1});
    missing.push_back(0);
    const auto reads = [&] {
        ByteReader reader(missing);
        return read_held(reader).has_value();
    };
    EXPECT_FALSE(reads()) << "no list page is missing: then none is named";
    missing.back() = 3;
    EXPECT_TRUE(reads());
    missing.back() = 4;
    EXPECT_FALSE(reads()) << "no value has so many list pages";
    EXPECT_FALSE(reads_held(static_cast<Held::Status>(3), 0));

    Listen many{Key{}, std::vector<Version>(kVersionsMax + 1, some_version())};
    const Bytes bytes = value_body(many);
    ByteReader reader(bytes);
    EXPECT_FALSE(read_listen(reader).has_value());
}

}  // namespace sov::wire
