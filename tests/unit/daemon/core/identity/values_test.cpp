#include "daemon/core/identity/values.h"

#include <gtest/gtest.h>

#include "tests/support/sim_crypto.h"

namespace sov::identity {

namespace {

using std::chrono::hours;

Bytes filled(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t at = 0; at < size; ++at)
        bytes[at] = static_cast<std::uint8_t>(at * 31 + at / 1024);
    return bytes;
}

}  // namespace

class ValueRecords : public ::testing::Test {
  protected:
    support::SimCrypto crypto{1};
    NetworkId network{{9}};
    SigningKey owner = crypto.make_signing_key(Secret32{1});

    Errc refusal(const Key& key, ByteView bytes) {
        const auto checked = check_record(crypto, network, key, bytes);
        return checked ? Errc{} : checked.error();
    }
    CheckedRecord labelled(std::string_view label, ByteView content, bool gone = false) {
        return make_mutable(crypto, owner, network, label,
                            {RecordKind::kMutable, gone, {}, 5, hours{2}}, content);
    }
};

TEST_F(ValueRecords, of_every_size_come_back_as_they_went_in) {
    for (const std::size_t size : {0U, 1U, 884U, 885U, 1024U, 1025U, 16384U, 24576U, 24577U, 32768U,
                                   32769U, 60000U, 65536U}) {
        const Bytes content = filled(size);
        for (const CheckedRecord& made :
             {make_immutable(crypto, hours{2}, content), labelled("notes", content)}) {
            const ByteView record = record_part(made.bytes);
            ASSERT_LE(record.size(), kRecordBytesMax);
            ASSERT_EQ(refusal(made.key, record), Errc{}) << size;
            const auto value = decode_value(record);
            ASSERT_TRUE(value.has_value());
            const ByteView behind = ByteView(made.bytes).subspan(record.size());
            EXPECT_TRUE(check_value(crypto, network, made.key, made.bytes).has_value()) << size;
            if (!value->pages) {
                EXPECT_EQ(value->content, content);
                EXPECT_TRUE(behind.empty());
                continue;
            }
            ASSERT_EQ(value->pages->length, size);
            EXPECT_EQ(behind.size(), paged_bytes(size));
            EXPECT_EQ(to_bytes(value->pages->content_of(behind)), content);
            Bytes joined;
            for (std::size_t page = 0; page < value->pages->pages(); ++page) {
                const ByteView part = value->pages->page_of(behind, page);
                EXPECT_LE(part.size(), kPageBytes);
                joined.insert(joined.end(), part.begin(), part.end());
            }
            EXPECT_EQ(joined, content);
            const std::size_t beyond = std::max<std::size_t>(value->pages->pages(), 255);
            EXPECT_TRUE(value->pages->page_of(behind, beyond).empty());
            EXPECT_EQ(value->pages->list_pages(), size <= 24576 ? 0U : size <= 32768 ? 1U : 2U);
        }
    }
}

TEST_F(ValueRecords, are_checked_with_all_their_pages) {
    const auto refused = [&](const Key& key, ByteView bytes) {
        const auto checked = check_value(crypto, network, key, bytes);
        return checked ? Errc{} : checked.error();
    };
    for (const std::size_t size : {0U, 800U, 3000U, 4096U, 30000U, 65536U}) {
        const CheckedRecord value = labelled("x", filled(size));
        const auto checked = check_value(crypto, network, value.key, value.bytes);
        ASSERT_TRUE(checked.has_value()) << size;
        EXPECT_EQ(checked->bytes, value.bytes);
        Bytes longer = value.bytes;
        longer.push_back(0);
        EXPECT_EQ(refused(value.key, longer), Errc::kMalformed) << size;
    }
    const CheckedRecord value = labelled("x", filled(3000));
    EXPECT_EQ(refused(value.key, record_part(value.bytes)), Errc::kMalformed) << "no pages";
    EXPECT_EQ(refused(Key{}, value.bytes), Errc::kWrongKey);
    Bytes changed = value.bytes;
    changed.back() ^= 1;
    EXPECT_EQ(refused(value.key, changed), Errc::kMalformed);
    changed = value.bytes;
    changed[40] ^= 1;
    EXPECT_EQ(refused(value.key, changed), Errc::kBadSignature);
    EXPECT_NE(refused(value.key, {}), Errc{});
}

TEST_F(ValueRecords, travel_inline_as_long_as_they_fit_the_record) {
    EXPECT_FALSE(
        decode_value(make_immutable(crypto, hours{1}, filled(884)).bytes)->pages.has_value());
    EXPECT_TRUE(decode_value(record_part(make_immutable(crypto, hours{1}, filled(885)).bytes))
                    ->pages.has_value());
    const std::string longest(kLabelBytesMax, 'x');
    const auto most = labelled(longest, filled(kHashesInRecord * kPageBytes));
    EXPECT_EQ(refusal(most.key, record_part(most.bytes)), Errc{});
    EXPECT_EQ(decode_value(record_part(most.bytes))->pages->list_pages(), 0U);
}

TEST_F(ValueRecords, that_were_changed_do_not_belong_where_they_lie) {
    const auto made = make_immutable(crypto, hours{2}, filled(100));
    Bytes changed = made.bytes;
    changed[kRecordHeadSize + 10] ^= 1;
    EXPECT_EQ(refusal(made.key, changed), Errc::kWrongKey);
    changed = made.bytes;
    changed.back() = 1;
    EXPECT_EQ(refusal(made.key, changed), Errc::kBadSignature);
    const auto mine = labelled("notes", filled(10));
    changed = mine.bytes;
    changed[changed.size() - Signature::kSize - 1] ^= 1;
    EXPECT_EQ(refusal(mine.key, changed), Errc::kBadSignature);
    EXPECT_EQ(refusal(mutable_key(crypto, PeerId{owner.public_key}, "other"), mine.bytes),
              Errc::kWrongKey);
}

TEST_F(ValueRecords, that_are_withdrawn_still_say_where_they_live) {
    const auto gone = labelled("notes", {}, true);
    EXPECT_EQ(gone.key, labelled("notes", filled(3)).key);
    EXPECT_EQ(refusal(gone.key, gone.bytes), Errc{});
    const auto elsewhere = mutable_key(crypto, PeerId{owner.public_key}, "mine too");
    EXPECT_EQ(refusal(elsewhere, gone.bytes), Errc::kWrongKey);
}

TEST_F(ValueRecords, without_an_owner_have_nothing_that_could_differ) {
    const auto made = make_immutable(crypto, hours{2}, filled(10));
    for (const std::size_t at : {std::size_t{2}, std::size_t{3}, std::size_t{3 + 32 + 7}}) {
        Bytes changed = made.bytes;
        changed[at] = 1;  // a tombstone, an owner, a sequence number
        EXPECT_EQ(refusal(made.key, changed), Errc::kMalformed) << at;
    }
}

TEST_F(ValueRecords, with_page_lists_that_do_not_add_up_are_malformed) {
    const auto made = labelled("", filled(2000));
    const Bytes record = to_bytes(record_part(made.bytes));
    const std::size_t length_at = kRecordHeadSize + 3 + 3;
    // 33 pages and more would be of two list pages, and 66 KiB of three.
    for (const std::uint32_t length : {0U, 1024U, 2049U, 32768U, 65537U, 0xffffffffU}) {
        Bytes changed = record;
        store_u32(&changed[length_at], length);
        EXPECT_FALSE(decode_value(changed).has_value()) << length;
    }
    const auto large = labelled("", filled(60000));
    for (const std::uint32_t length : {1025U, 2048U, 24577U, 32768U, 65537U, 0xffffffffU}) {
        Bytes changed = to_bytes(record_part(large.bytes));
        store_u32(&changed[length_at], length);
        const auto read = decode_value(changed);
        const bool two_pages = length > 1024 && length <= 2048;
        EXPECT_EQ(read.has_value(), two_pages) << length;
        EXPECT_EQ(refusal(large.key, changed), two_pages ? Errc::kBadSignature : Errc::kMalformed);
    }
}

TEST_F(ValueRecords, have_receipts_that_are_good_for_one_node_record_span_and_token) {
    const SigningKey node = crypto.make_signing_key(Secret32{2});
    const NodeKey key{node.public_key};
    const auto made = labelled("notes", filled(10)), other = labelled("notes", filled(11));
    const Bytes token(8, 1), old(8, 2);
    const Signature receipt = sign_receipt(crypto, node, network, made.key, made.bytes, 60, token);
    const auto good = [&](const NodeKey& by, ByteView record, std::uint32_t span,
                          ByteView challenge) {
        return verify_receipt(crypto, by, network, made.key, record, span, challenge, receipt);
    };
    EXPECT_TRUE(good(key, made.bytes, 60, token));
    EXPECT_FALSE(good(NodeKey{owner.public_key}, made.bytes, 60, token));
    EXPECT_FALSE(good(key, other.bytes, 60, token));
    EXPECT_FALSE(good(key, made.bytes, 61, token));
    EXPECT_FALSE(good(key, made.bytes, 60, old));
}

}  // namespace sov::identity
