#include "daemon/api/listen_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

class RememberingSink final : public ListenSink {
  public:
    void give(SharedTold told) override { given.push_back(told->changed().value().sequence()); }
    void leave(const grpc::Status& status) override { left = status.error_code(); }
    std::vector<std::uint64_t> given;
    std::optional<grpc::StatusCode> left;
};

v1::ListenResponse version(std::uint64_t sequence, const std::string& owner = "a") {
    v1::ListenResponse told;
    told.mutable_changed()->mutable_value()->set_sequence(sequence);
    told.mutable_changed()->mutable_value()->mutable_owner()->set_key(owner);
    return told;
}

TEST(ListenFeed, gives_an_idle_reader_what_comes_and_keeps_the_rest_in_order) {
    RememberingSink sink;
    ListenFeed feed(sink);
    EXPECT_EQ(feed.take(), nullptr);
    feed.add(version(1));
    feed.add(version(2));
    feed.add(version(3));
    EXPECT_EQ(sink.given, std::vector<std::uint64_t>{1}) << "one at a time";
    EXPECT_EQ(feed.take()->changed().value().sequence(), 2U);
    EXPECT_EQ(feed.take()->changed().value().sequence(), 3U);
    EXPECT_EQ(feed.take(), nullptr);
    feed.add(version(4));
    EXPECT_EQ(sink.given.back(), 4U);
}

TEST(ListenFeed, leaves_out_overtaken_versions_of_a_slow_reader_and_never_the_newest) {
    RememberingSink sink;
    ListenFeed feed(sink);
    feed.add(version(1, "quiet"));
    for (std::uint64_t sequence = 1; sequence <= 1000; ++sequence)
        feed.add(version(sequence, "busy"));
    std::size_t count = 0, quiet = 0;
    std::uint64_t newest = 0;
    for (auto told = feed.take(); told != nullptr; told = feed.take()) {
        ++count;
        if (told->changed().value().owner().key() == "quiet") ++quiet;
        if (told->changed().value().owner().key() == "busy") {
            EXPECT_GT(told->changed().value().sequence(), newest);
            newest = told->changed().value().sequence();
        }
    }
    EXPECT_LE(count, ListenFeed::kQueueMax);
    EXPECT_EQ(quiet, 1U);
    EXPECT_EQ(newest, 1000U);
}

TEST(ListenFeed, does_not_touch_a_stream_that_has_gone) {
    RememberingSink sink;
    ListenFeed feed(sink);
    feed.take();
    feed.detach();
    feed.add(version(1));
    feed.end(grpc::Status::CANCELLED);
    EXPECT_TRUE(sink.given.empty());
    EXPECT_FALSE(sink.left.has_value());
}

TEST(ListenTable, ends_all_streams_when_the_daemon_leaves_and_those_that_come_later) {
    ListenTable table;
    RememberingSink early, late;
    table.add(CommandId{1}, std::make_shared<ListenFeed>(early));
    table.close();
    EXPECT_EQ(early.left, grpc::StatusCode::UNAVAILABLE);
    table.add(CommandId{2}, std::make_shared<ListenFeed>(late));
    EXPECT_EQ(late.left, grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace sov::api
