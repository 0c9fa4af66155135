#include "daemon/app/identity_keeper.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "daemon/core/identity/hand_over.h"
#include "platform/linux/identity_file.h"
#include "platform/openssl/host_crypto.h"
#include "tests/support/temporary_folder.h"

namespace sov::app {
namespace {

class IdentityKeeperTest : public testing::Test {
  protected:
    IdentityKeeperTest() { start(); }

    // As the daemon does, again and again on one folder.
    void start() {
        auto loaded = load_keys(folder_, NodeMode::kClient, 0, crypto_, log_);
        keys_ = std::get<Keys>(loaded);
        keeper_ = std::make_unique<IdentityKeeper>(folder_, network_, keys_, log_);
    }
    PeerId me() const { return PeerId{keys_.user.public_key}; }
    std::vector<Bytes> hand_overs() {
        return load_hand_overs(folder_, network_, keys_.user, crypto_);
    }
    IdentityKeeper::Rotated rotate() {
        auto rotated = keeper_->rotate();
        const auto* problem = std::get_if<api::VaultProblem>(&rotated);
        EXPECT_EQ(problem, nullptr) << problem->message;
        return problem == nullptr ? std::get<IdentityKeeper::Rotated>(rotated)
                                  : IdentityKeeper::Rotated{};
    }

    support::TemporaryFolder temporary_;
    std::string folder_ = temporary_.path();
    openssl::HostCrypto crypto_;
    const NetworkId network_{{7}};
    LogSink log_{
        {}, {[](const std::string&) {}, nullptr}, [] { return LogSink::Clock::time_point{}; }};
    Keys keys_;
    std::unique_ptr<IdentityKeeper> keeper_;
};

TEST_F(IdentityKeeperTest, hands_over_to_a_new_key_that_is_in_force_after_the_next_start) {
    const PeerId old = me();
    EXPECT_TRUE(hand_overs().empty());
    const auto rotated = rotate();
    EXPECT_EQ(rotated.from, old);
    EXPECT_EQ(keeper_->next(), rotated.to);
    struct stat found {};
    for (const std::string& file : {folder_ + "/identity.key", rotated.aside}) {
        ASSERT_EQ(stat(file.c_str(), &found), 0) << file;
        EXPECT_EQ(found.st_mode & 0777, 0600U) << file;
    }
    EXPECT_TRUE(std::holds_alternative<api::VaultProblem>(keeper_->rotate())) << "once a start";
    start();
    EXPECT_EQ(me(), rotated.to);
    ASSERT_EQ(hand_overs().size(), 1U);
    EXPECT_EQ(*identity::decode_hand_over(hand_overs()[0]), (identity::HandOver{old, rotated.to}));
    const auto kept = host::load_credential_seed(rotated.aside, host::KeyKind::kUser);
    ASSERT_TRUE(kept.seed);
    EXPECT_EQ(PeerId{crypto_.make_signing_key(*kept.seed).public_key}, old);
}

TEST_F(IdentityKeeperTest, reads_no_hand_over_of_a_rotation_that_was_cut_off) {
    const PeerId old = me();
    const std::string aside = rotate().aside;
    // As if the process had died between the two files: the old key is in force still.
    std::filesystem::rename(aside, folder_ + "/identity.key");
    start();
    EXPECT_EQ(me(), old);
    EXPECT_TRUE(hand_overs().empty());
    rotate();
    start();
    EXPECT_EQ(hand_overs().size(), 1U) << "the one that was not made is gone";
}

TEST_F(IdentityKeeperTest, moves_eight_times_and_then_no_more) {
    for (std::size_t times = 1; times <= identity::kHandOversMax; ++times) {
        rotate();
        start();
        ASSERT_EQ(hand_overs().size(), times);
    }
    auto refused = keeper_->rotate();
    ASSERT_TRUE(std::holds_alternative<api::VaultProblem>(refused));
    EXPECT_EQ(std::get<api::VaultProblem>(refused).code, "too_many_hand_overs");
}

TEST_F(IdentityKeeperTest, brings_back_elsewhere_what_it_sealed_with_all_that_leads_to_it) {
    rotate();
    start();
    const PeerId ana = me();
    auto sealed = keeper_->seal("correct horse");
    ASSERT_TRUE(std::holds_alternative<std::string>(sealed));
    const std::string text = std::get<std::string>(sealed);
    std::filesystem::remove_all(folder_);
    start();
    ASSERT_NE(me(), ana) << "a new machine";
    const auto open = [&](bool take, bool in_use, bool replace) {
        return keeper_->open(text, "correct horse", take, in_use, replace);
    };
    auto looked = open(false, true, false);
    ASSERT_TRUE(std::holds_alternative<IdentityKeeper::Opened>(looked));
    EXPECT_EQ(std::get<IdentityKeeper::Opened>(looked).peer, ana);
    EXPECT_EQ(keeper_->next(), std::nullopt) << "looking changes nothing";
    EXPECT_EQ(std::get<api::VaultProblem>(open(true, true, false)).code, "identity_in_use");
    EXPECT_EQ(std::get<api::VaultProblem>(keeper_->open(text, "wrong", true, false, true)).code,
              "wrong_passphrase");
    ASSERT_TRUE(std::holds_alternative<IdentityKeeper::Opened>(open(true, true, true)));
    start();
    EXPECT_EQ(me(), ana);
    EXPECT_EQ(hand_overs().size(), 1U);
    auto again = open(true, true, false);
    ASSERT_TRUE(std::holds_alternative<IdentityKeeper::Opened>(again));
    EXPECT_TRUE(std::get<IdentityKeeper::Opened>(again).same);
}

}  // namespace
}  // namespace sov::app
