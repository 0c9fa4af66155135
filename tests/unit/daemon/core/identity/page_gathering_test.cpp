#include "daemon/core/identity/page_gathering.h"

#include <gtest/gtest.h>

#include "tests/support/sim_crypto.h"

namespace sov::identity {

namespace {

class PageGatheringTest : public ::testing::Test {
  protected:
    void make(std::size_t size) {
        Bytes content(size);
        for (std::size_t at = 0; at < size; ++at)
            content[at] = static_cast<std::uint8_t>(at * 31 + at / 1024);
        value = make_immutable(crypto, std::chrono::hours{2}, content);
        const ByteView record = record_part(value.bytes);
        list = *decode_value(record)->pages;
        behind = ByteView(value.bytes).subspan(record.size());
        gathering.emplace(CheckedRecord{value.head, value.key, to_bytes(record)}, list);
    }
    bool take(std::size_t number) {
        return gathering->take(crypto, number, list.page_of(behind, number));
    }

    support::SimCrypto crypto{1};
    CheckedRecord value;
    PageList list;
    ByteView behind;
    std::optional<PageGathering> gathering;
};

}  // namespace

TEST_F(PageGatheringTest, takes_pages_in_any_order_and_each_once) {
    make(2500);
    EXPECT_EQ(gathering->wanted(), PageSet(0b111));
    EXPECT_TRUE(take(2));
    EXPECT_FALSE(take(2)) << "not wanted any more";
    EXPECT_TRUE(take(0));
    EXPECT_EQ(gathering->wanted(), PageSet(0b010));
    EXPECT_TRUE(take(1));
    EXPECT_TRUE(gathering->wanted().none());
    EXPECT_EQ(gathering->take_value().bytes, value.bytes);
}

TEST_F(PageGatheringTest, wants_pages_when_it_has_the_list_page_that_names_them) {
    make(60000);
    EXPECT_EQ(gathering->wanted(), PageSet(0b11) << kFirstListPage);
    EXPECT_FALSE(take(0)) << "nobody can say yet whether it is the right one";
    EXPECT_TRUE(take(kFirstListPage + 1));
    EXPECT_FALSE(take(31));
    EXPECT_TRUE(take(32));
    EXPECT_TRUE(take(58)) << "the last one, which is shorter";
    EXPECT_FALSE(gathering->wanted().test(59)) << "there is none behind it";
    EXPECT_TRUE(take(kFirstListPage));
    for (std::size_t page = 0; page < 59; ++page) take(page);
    EXPECT_TRUE(gathering->wanted().none());
    EXPECT_EQ(gathering->take_value().bytes, value.bytes);
}

TEST_F(PageGatheringTest, refuses_pages_that_lie_and_keeps_nothing_of_them) {
    make(60000);
    const auto refused = [&](std::size_t number, ByteView page) {
        const PageSet before = gathering->wanted();
        EXPECT_FALSE(gathering->take(crypto, number, page)) << number;
        EXPECT_EQ(gathering->wanted(), before);
    };
    const Bytes first = to_bytes(list.page_of(behind, kFirstListPage));
    const Bytes second = to_bytes(list.page_of(behind, kFirstListPage + 1));
    ASSERT_EQ(first.size(), kPageBytes);
    ASSERT_EQ(second.size(), 27 * Hash32::kSize);
    Bytes lie = first;
    lie[100] ^= 1;
    refused(kFirstListPage, lie);
    refused(kFirstListPage, second);
    refused(kFirstListPage + 1, first);
    Bytes longer = second;
    longer.resize(kPageBytes);
    refused(kFirstListPage + 1, longer);
    refused(kFirstListPage, ByteView(first).first(kPageBytes - Hash32::kSize));
    refused(kFirstListPage, {});
    refused(kFirstListPage + kListPagesMax, first);
    refused(255, first);
    EXPECT_TRUE(take(kFirstListPage));
    refused(0, list.page_of(behind, 1));
    refused(0, first);
    EXPECT_TRUE(take(0));
}

// A list page is only ever read as hashes of pages: who lists a list page as a page gets it back
// as content.
TEST_F(PageGatheringTest, knows_no_third_level) {
    make(60000);
    const Bytes lists = to_bytes(behind.subspan(60000));
    const auto nested = make_immutable(crypto, std::chrono::hours{2}, lists);
    const auto read = decode_value(record_part(nested.bytes));
    ASSERT_TRUE(read->pages.has_value());
    EXPECT_EQ(read->pages->list_pages(), 0U);
    PageGathering outer({nested.head, nested.key, to_bytes(record_part(nested.bytes))},
                        *read->pages);
    EXPECT_TRUE(outer.take(crypto, 0, ByteView(lists).first(kPageBytes)));
    EXPECT_TRUE(outer.take(crypto, 1, ByteView(lists).subspan(kPageBytes)));
    EXPECT_TRUE(outer.wanted().none());
    EXPECT_EQ(outer.take_value().bytes, nested.bytes);
}

}  // namespace sov::identity
