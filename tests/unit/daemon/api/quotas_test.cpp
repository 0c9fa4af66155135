#include "daemon/api/quotas.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

namespace sov::api {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Granted = std::variant<Quotas::Slot, grpc::Status>;

bool granted(const Granted& answer) { return std::holds_alternative<Quotas::Slot>(answer); }

TEST(Quotas, let_each_user_leave_so_many_mails_in_any_hour) {
    Quotas quotas;
    Quotas::Time now{};
    for (std::size_t count = 0; count < quotas.limits().mails_per_hour; ++count)
        EXPECT_TRUE(quotas.admit_mail(1000, now += seconds(1)));
    EXPECT_FALSE(quotas.admit_mail(1000, now));
    EXPECT_TRUE(quotas.admit_mail(1001, now)) << "others are not held up";
    EXPECT_FALSE(quotas.admit_mail(1000, Quotas::Time{} + hours(1)));
    EXPECT_TRUE(quotas.admit_mail(1000, Quotas::Time{} + hours(1) + seconds(1)));
}

TEST(Quotas, remember_so_many_users_and_no_more) {
    Quotas quotas;
    for (uid_t user = 0; user < Quotas::kUsersMax; ++user)
        EXPECT_TRUE(quotas.admit_mail(user, Quotas::Time{}));
    EXPECT_FALSE(quotas.admit_mail(Quotas::kUsersMax, Quotas::Time{}));
    EXPECT_TRUE(quotas.admit_mail(0, Quotas::Time{}));
    EXPECT_TRUE(quotas.admit_mail(Quotas::kUsersMax, Quotas::Time{} + hours(1)));
    std::vector<Granted> all;
    for (uid_t user = 0; user < Quotas::kUsersMax; ++user)
        all.push_back(quotas.begin(Quotas::Kind::kLookups, {user, 1}));
    EXPECT_TRUE(std::all_of(all.begin(), all.end(), granted));
    EXPECT_FALSE(granted(quotas.begin(Quotas::Kind::kLookups, {Quotas::kUsersMax, 1})));
    all.pop_back();
    EXPECT_TRUE(granted(quotas.begin(Quotas::Kind::kLookups, {Quotas::kUsersMax, 1})));
}

TEST(Quotas, count_what_is_under_way_for_each_user_and_kind) {
    QuotaLimits limits;
    limits.lookups = 2;
    limits.listens = 1;
    limits.app_percent = 100;
    Quotas quotas(limits);
    const auto first = quotas.begin(Quotas::Kind::kLookups, {1000, 1});
    {
        const auto second = quotas.begin(Quotas::Kind::kLookups, {1000, 2});
        EXPECT_TRUE(granted(first) && granted(second));
        EXPECT_FALSE(granted(quotas.begin(Quotas::Kind::kLookups, {1000, 3})));
        EXPECT_TRUE(granted(quotas.begin(Quotas::Kind::kLookups, {1001, 1})));
        EXPECT_TRUE(granted(quotas.begin(Quotas::Kind::kListens, {1000, 1})));
    }
    EXPECT_TRUE(granted(quotas.begin(Quotas::Kind::kLookups, {1000, 3}))) << "one has ended";
}

TEST(Quotas, leave_a_part_for_the_other_apps_of_a_user) {
    for (const auto kind : {Quotas::Kind::kCalls, Quotas::Kind::kWatches, Quotas::Kind::kLookups,
                            Quotas::Kind::kListens}) {
        QuotaLimits limits;
        limits.calls = limits.watches = limits.lookups = limits.listens = 5;
        Quotas quotas(limits);
        std::deque<Granted> held;
        for (int count = 0; count < 2; ++count) held.push_back(quotas.begin(kind, {1000, 7}));
        const auto over = quotas.begin(kind, {1000, 7});
        ASSERT_FALSE(granted(over)) << "half of five is two";
        EXPECT_EQ(std::get<grpc::Status>(over).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
        EXPECT_NE(std::get<grpc::Status>(over).error_message().find("this app (process 7) has 2"),
                  std::string::npos);
        EXPECT_NE(std::get<grpc::Status>(over).error_message().find("api.quota.app_percent"),
                  std::string::npos);
        held.push_back(quotas.begin(kind, {1000, 8}));
        EXPECT_TRUE(granted(held.back())) << "another app";
        held.pop_front();
        EXPECT_TRUE(granted(quotas.begin(kind, {1000, 7}))) << "one has ended";
    }
}

TEST(Quotas, let_an_app_have_one_of_everything_and_do_not_divide_what_has_no_process) {
    QuotaLimits limits;
    limits.watches = 3;
    limits.app_percent = 1;
    Quotas quotas(limits);
    const auto one = quotas.begin(Quotas::Kind::kWatches, {1000, 7});
    EXPECT_TRUE(granted(one));
    EXPECT_FALSE(granted(quotas.begin(Quotas::Kind::kWatches, {1000, 7})));
    const auto two = quotas.begin(Quotas::Kind::kWatches, {1000, 0});
    const auto three = quotas.begin(Quotas::Kind::kWatches, {1000, 0});
    EXPECT_TRUE(granted(two) && granted(three));
    EXPECT_FALSE(granted(quotas.begin(Quotas::Kind::kWatches, {1000, 0})));
}

TEST(Quotas, name_the_bound_and_its_key_when_they_refuse) {
    QuotaLimits limits;
    limits.calls = limits.watches = limits.lookups = limits.listens = 1;
    Quotas quotas(limits);
    const auto refusal = [&](Quotas::Kind kind) {
        const auto first = quotas.begin(kind, {1000, 1});
        return std::get<grpc::Status>(quotas.begin(kind, {1000, 2}));
    };
    const std::pair<grpc::Status, std::string> refusals[] = {
        {refusal(Quotas::Kind::kCalls),
         "this user has 1 calls under way, and may not have more (api.quota.calls)"},
        {refusal(Quotas::Kind::kWatches),
         "1 event streams open, and may not have more (api.quota.watches)"},
        {refusal(Quotas::Kind::kLookups), "(api.quota.lookups)"},
        {refusal(Quotas::Kind::kListens), "(api.quota.listens)"},
        {quotas.mail_refused(), "(api.quota.mails_per_hour)"},
        {quotas.values_refused(), "(api.quota.values)"},
        {quotas.value_bytes_refused(), "(api.quota.value_bytes)"}};
    for (const auto& [status, words] : refusals) {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
        EXPECT_NE(status.error_message().find(words), std::string::npos) << status.error_message();
    }
}

}  // namespace
}  // namespace sov::api
