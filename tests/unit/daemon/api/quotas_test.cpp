#include "daemon/api/quotas.h"

#include <gtest/gtest.h>

namespace sov::api {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

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
    std::vector<Quotas::Slot> slots;
    for (uid_t user = 0; user < Quotas::kUsersMax; ++user)
        slots.push_back(*quotas.begin(Quotas::Kind::kLookups, user));
    EXPECT_FALSE(quotas.begin(Quotas::Kind::kLookups, Quotas::kUsersMax).has_value());
    slots.pop_back();
    EXPECT_TRUE(quotas.begin(Quotas::Kind::kLookups, Quotas::kUsersMax).has_value());
}

TEST(Quotas, count_what_is_under_way_for_each_user_and_kind) {
    QuotaLimits limits;
    limits.lookups = 2;
    limits.listens = 1;
    Quotas quotas(limits);
    auto first = quotas.begin(Quotas::Kind::kLookups, 1000);
    {
        const auto second = quotas.begin(Quotas::Kind::kLookups, 1000);
        EXPECT_TRUE(first && second);
        EXPECT_FALSE(quotas.begin(Quotas::Kind::kLookups, 1000).has_value());
        EXPECT_TRUE(quotas.begin(Quotas::Kind::kLookups, 1001).has_value());
        EXPECT_TRUE(quotas.begin(Quotas::Kind::kListens, 1000).has_value());
    }
    EXPECT_TRUE(quotas.begin(Quotas::Kind::kLookups, 1000).has_value()) << "one has ended";
}

TEST(Quotas, name_the_bound_and_its_key_when_they_refuse) {
    const Quotas quotas;
    const std::pair<grpc::Status, std::string> refusals[] = {
        {quotas.lookups_refused(),
         "256 lookups and stores under way, and may not have more "
         "(api.quota.lookups)"},
        {quotas.listens_refused(),
         "64 listeners already, and may not have more "
         "(api.quota.listens)"},
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
