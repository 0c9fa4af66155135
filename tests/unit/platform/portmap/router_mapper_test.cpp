#include "platform/portmap/router_mapper.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "platform/portmap/upnp.h"
#include "tests/unit/platform/portmap/fake_router.h"

namespace sov::portmap {
namespace {

constexpr std::uint16_t kPort = 6881;

class RouterMapperTest : public ::testing::Test {
  protected:
    static MapperOptions options() {
        MapperOptions options;
        options.port = kPort;
        options.gateway = FakeRouter::address();
        options.upnp = false;
        options.retry_first = options.retry_last = std::chrono::milliseconds(20);
        return options;
    }

    std::unique_ptr<RouterMapper> mapper(const MapperOptions& options) {
        return std::make_unique<RouterMapper>(
            context_, options,
            [this](const ports::MappingChanged& changed) { changes_.push_back(changed); });
    }

    bool until(const std::function<bool()>& happened) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        const auto work = boost::asio::make_work_guard(context_);
        while (!happened()) {
            if (std::chrono::steady_clock::now() > end) return false;
            context_.restart();
            context_.run_one_for(std::chrono::milliseconds(10));
        }
        return true;
    }

    boost::asio::io_context context_;
    FakeRouter router_;
    std::vector<ports::MappingChanged> changes_;
};

TEST_F(RouterMapperTest, ToldIsWhereTheRouterSendsOn) {
    const auto mapper = this->mapper(options());
    ASSERT_TRUE(until([&] { return !changes_.empty(); }));
    ASSERT_TRUE(changes_[0].mapping);
    EXPECT_EQ(changes_[0].mapping->external, *Endpoint::parse("198.41.0.10:6881"));
    EXPECT_EQ(changes_[0].mapping->port, kPort);
    EXPECT_EQ(changes_[0].mapping->lifetime, std::chrono::hours(2));
    EXPECT_EQ(changes_[0].mapping->method, ports::MappingMethod::kNatPmp);
}

TEST_F(RouterMapperTest, ItIsRenewedWithoutANewWord) {
    MapperOptions often = options();
    often.renew = std::chrono::milliseconds(10);
    const auto mapper = this->mapper(often);
    ASSERT_TRUE(until([&] { return router_.asked().size() >= 4; }));
    EXPECT_EQ(changes_.size(), 1U);
}

TEST_F(RouterMapperTest, ItIsDeletedAtTheEnd) {
    const auto mapper = this->mapper(options());
    ASSERT_TRUE(until([&] { return !changes_.empty(); }));
    mapper->stop();
    ASSERT_FALSE(router_.asked().empty());
    EXPECT_EQ(router_.asked().back().lifetime, 0U);
    EXPECT_EQ(router_.asked().back().inside, kPort);
}

TEST_F(RouterMapperTest, ARefusalIsToldOnceAndAskedAgain) {
    router_.refuse_with(2);
    const auto mapper = this->mapper(options());
    ASSERT_TRUE(until([&] { return !changes_.empty(); }));
    EXPECT_FALSE(changes_[0].mapping);
    EXPECT_NE(changes_[0].reason.find("does not allow"), std::string::npos) << changes_[0].reason;
    router_.refuse_with(0);
    ASSERT_TRUE(until([&] { return changes_.size() == 2; }));
    EXPECT_TRUE(changes_[1].mapping);
}

// Two NATs in a row: what the inner one maps nobody outside can use.
TEST_F(RouterMapperTest, AMappingOfAPrivateAddressIsGivenBack) {
    router_.set_outside(*Endpoint::parse("100.64.1.2:1"));
    const auto mapper = this->mapper(options());
    ASSERT_TRUE(until([&] { return !changes_.empty(); }));
    EXPECT_FALSE(changes_[0].mapping);
    EXPECT_NE(changes_[0].reason.find("another NAT"), std::string::npos) << changes_[0].reason;
    EXPECT_EQ(router_.asked().back().lifetime, 0U);
}

TEST_F(RouterMapperTest, AChangeOfNetworkIsLookedIntoAtOnce) {
    MapperOptions rarely = options();
    rarely.retry_first = rarely.retry_last = std::chrono::hours(1);
    router_.refuse_with(3);
    const auto mapper = this->mapper(rarely);
    ASSERT_TRUE(until([&] { return !changes_.empty(); }));
    router_.refuse_with(0);
    mapper->look_again();
    ASSERT_TRUE(until([&] { return changes_.size() == 2; }));
    EXPECT_TRUE(changes_[1].mapping);
}

TEST_F(RouterMapperTest, ASilentRouterIsNoReasonToStay) {
    router_.be_silent(true);
    MapperOptions patient = options();
    patient.nat_pmp_patience = std::chrono::hours(1);
    const auto mapper = this->mapper(patient);
    mapper->stop();
    context_.poll();
    EXPECT_TRUE(changes_.empty());
}

TEST(UpnpRouter, IsAskedOnlyOnOurOwnNetworks) {
    EXPECT_TRUE(is_near("http://192.168.1.1:5000/root.xml"));
    EXPECT_TRUE(is_near("http://10.0.0.1/root.xml"));
    EXPECT_FALSE(is_near("http://203.0.113.1/root.xml"));
    EXPECT_FALSE(is_near("http://127.0.0.1:6881/"));
    EXPECT_FALSE(is_near("http://router.example/root.xml"));
    EXPECT_FALSE(is_near("https://192.168.1.1/"));
    EXPECT_FALSE(is_near("http://192.168.1.1@203.0.113.1/"));
    EXPECT_FALSE(is_near(""));
}

}  // namespace
}  // namespace sov::portmap
