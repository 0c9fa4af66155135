#include "daemon/core/dht/page_fetches.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/daemon/core/dht/lone_context.h"

namespace sov::dht {
namespace {

// A fetch of 60,000 bytes from three replicas that the test plays itself.
class PageFetchesTest : public ::testing::Test {
  protected:
    PageFetchesTest() {
        Bytes content(60000);
        for (std::size_t at = 0; at < content.size(); ++at)
            content[at] = static_cast<std::uint8_t>(at * 31 + at / 1024);
        value = identity::make_immutable(lone.crypto, std::chrono::hours{2}, content);
        const ByteView record = identity::record_part(value.bytes);
        list = *identity::decode_value(record)->pages;
        std::vector<Replica> holders;
        for (std::uint8_t number = 1; number <= 3; ++number)
            holders.push_back({Contact::of(NodeKey{{number}}, Endpoint::v4(0x08080808, number)),
                               Family::kIpv4, wire::Token{}});
        fetches.start(Instant{}, lone.context, {value.head, value.key, to_bytes(record)}, list,
                      std::move(holders));
    }
    std::vector<wire::Request> asked() { return std::exchange(lone.context.requests, {}); }
    static std::size_t page_in(const wire::Request& request) {
        ByteReader reader(request.body);
        return wire::read_get_page(reader).value_or(wire::GetPage{}).index;
    }
    Bytes page(const wire::Request& request) {
        return to_bytes(
            list.page_of(ByteView(value.bytes).subspan(identity::record_part(value.bytes).size()),
                         page_in(request)));
    }
    void answer(const wire::Request& request, const Bytes& body) {
        wire::Answer message;
        message.tag = request.tag;
        message.kind = wire::Kind::kPage;
        message.body = body;
        fetches.on_answer(lone.context, message);
    }
    /// Everybody is honest from now on; the greatest number of pages under way at once.
    std::size_t answer_all(std::vector<wire::Request> requests) {
        std::size_t most = 0;
        for (std::size_t at = 0; at < requests.size(); ++at) {
            most = std::max(most, requests.size() - at);
            answer(requests[at], page(requests[at]));
            for (wire::Request& more : asked()) requests.push_back(std::move(more));
        }
        return most;
    }

    LoneContext lone;
    PageFetches fetches;
    identity::CheckedRecord value;
    identity::PageList list;
};

TEST_F(PageFetchesTest, list_pages_come_first_and_everything_in_the_end) {
    auto first = asked();
    ASSERT_EQ(first.size(), 2U);
    EXPECT_EQ(page_in(first[0]), identity::kFirstListPage);
    EXPECT_EQ(page_in(first[1]), identity::kFirstListPage + 1);
    EXPECT_NE(first[0].to.key, first[1].to.key) << "spread over the replicas";
    EXPECT_EQ(answer_all(std::move(first)), 18U) << "six at each of three";
    const auto finished = fetches.take_finished();
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_TRUE(finished[0].complete);
    EXPECT_EQ(finished[0].value.bytes, value.bytes);
    EXPECT_EQ(fetches.running(), 0U);
}

TEST_F(PageFetchesTest, a_list_page_that_lies_is_asked_for_elsewhere_and_pages_go_on) {
    const auto first = asked();
    Bytes lie = page(first[0]);
    lie[7] ^= 1;
    answer(first[0], lie);
    auto again = asked();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(page_in(again[0]), identity::kFirstListPage);
    EXPECT_NE(again[0].to.key, first[0].to.key);
    answer(first[1], page(first[1]));
    const auto of_second = asked();
    EXPECT_FALSE(of_second.empty()) << "what the other list page names is on its way";
    for (const wire::Request& request : of_second) EXPECT_GE(page_in(request), 32U);
    answer(again[0], Bytes(1025, 1));
    again = asked();  // it was too long; the third replica is busy with other pages
    for (const wire::Request& request : of_second) again.push_back(request);
    answer_all(std::move(again));
    const auto finished = fetches.take_finished();
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_TRUE(finished[0].complete);
    EXPECT_EQ(finished[0].value.bytes, value.bytes);
}

TEST_F(PageFetchesTest, a_list_page_that_every_replica_misses_twice_ends_the_fetch) {
    const auto first = asked();
    wire::Request next = first[0];
    std::size_t tries = 0;
    while (fetches.running() > 0 && tries < 20) {
        fetches.on_failed(lone.context, next.tag);
        ++tries;
        for (wire::Request& more : asked()) next = std::move(more);
    }
    EXPECT_EQ(tries, 6U);
    const auto finished = fetches.take_finished();
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_FALSE(finished[0].complete);
    answer(first[1], page(first[1]));  // too late, and nobody is there
    EXPECT_TRUE(asked().empty());
}

TEST(PageFetchOrder, begins_with_the_quickest_replicas_and_ends_with_those_nobody_measured) {
    LoneContext lone;
    PageFetches fetches;
    const auto value = identity::make_immutable(lone.crypto, std::chrono::hours{2}, Bytes(4096, 7));
    const ByteView record = identity::record_part(value.bytes);
    std::vector<Replica> holders;
    for (std::uint8_t number = 0; number < 4; ++number) {
        const NodeKey key{{number, 1}};
        holders.push_back(
            {Contact::of(key, Endpoint::v4(0x08080808, static_cast<std::uint16_t>(number + 1))),
             Family::kIpv4,
             {}});
    }
    const auto measure = [&](std::size_t holder, int trip_ms) {
        lone.context.proximity.note({}, holders[holder].contact.key,
                                    std::chrono::milliseconds{trip_ms});
    };
    measure(0, 300);
    measure(2, 100);
    measure(3, 200);
    fetches.start({}, lone.context, {value.head, value.key, to_bytes(record)},
                  *identity::decode_value(record)->pages, holders);
    ASSERT_EQ(lone.context.requests.size(), 4U);
    std::map<int, int> holder_of_page;
    for (const wire::Request& request : lone.context.requests) {
        ByteReader reader(request.body);
        holder_of_page[wire::read_get_page(reader)->index] = request.to.key.bytes[0];
    }
    EXPECT_EQ(holder_of_page, (std::map<int, int>{{0, 2}, {1, 3}, {2, 0}, {3, 1}}));
}

}  // namespace
}  // namespace sov::dht
