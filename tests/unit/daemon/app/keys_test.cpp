#include "daemon/app/keys.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "daemon/core/identity/records.h"
#include "platform/openssl/host_crypto.h"
#include "tests/support/temporary_folder.h"

namespace sov::app {
namespace {

class KeysTest : public testing::Test {
  protected:
    std::variant<Keys, StartFailure> load(NodeMode mode = NodeMode::kAuto, int work_bits = 4) {
        return load_keys(state_, mode, work_bits, crypto_, log_);
    }
    Keys keys(NodeMode mode = NodeMode::kAuto, int work_bits = 4) {
        auto loaded = load(mode, work_bits);
        const auto* failure = std::get_if<StartFailure>(&loaded);
        EXPECT_EQ(failure, nullptr) << failure->message;
        return failure == nullptr ? std::get<Keys>(loaded) : Keys{};
    }

    support::TemporaryFolder temporary_;
    std::string folder_ = temporary_.path(), state_ = temporary_.path("state");
    openssl::HostCrypto crypto_;
    std::vector<std::string> lines_;
    LogSink log_{{}, {[this](const std::string& line) { lines_.push_back(line); }, nullptr}, [] {
                     return LogSink::Clock::time_point{};
                 }};
};

TEST_F(KeysTest, makes_both_keys_once_for_their_user_alone) {
    const Keys first = keys(), second = keys();
    EXPECT_EQ(first.user.public_key, second.user.public_key);
    EXPECT_EQ(first.node.public_key, second.node.public_key);
    EXPECT_NE(first.user.public_key, first.node.public_key);
    EXPECT_TRUE(first.node_key_persistent);
    struct stat found {};
    for (const char* file : {"/identity.key", "/node.key"}) {
        ASSERT_EQ(stat((state_ + file).c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 0777, 0600u) << file;
    }
    ASSERT_EQ(stat(state_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0700u);
}

TEST_F(KeysTest, never_log_a_secret) {
    const Keys made = keys();
    for (const std::string& line : lines_) {
        EXPECT_EQ(line.find(to_hex(made.user.seed)), std::string::npos);
        EXPECT_EQ(line.find(to_hex(made.node.seed)), std::string::npos);
    }
    EXPECT_FALSE(lines_.empty());
}

TEST_F(KeysTest, gives_a_client_a_new_node_key_at_each_start_and_no_file) {
    const Keys first = keys(NodeMode::kClient), second = keys(NodeMode::kClient);
    EXPECT_EQ(first.user.public_key, second.user.public_key);
    EXPECT_NE(first.node.public_key, second.node.public_key);
    EXPECT_FALSE(first.node_key_persistent);
    EXPECT_FALSE(std::filesystem::exists(state_ + "/node.key"));
}

TEST_F(KeysTest, replaces_a_node_key_with_too_little_work_but_keeps_the_old_file) {
    int weak_bits = 0;
    const Keys weak = keys(NodeMode::kAuto, 0);
    weak_bits = identity::key_work(crypto_, NodeKey::from(weak.node.public_key));
    const Keys strong = keys(NodeMode::kAuto, weak_bits + 1);
    EXPECT_NE(strong.node.public_key, weak.node.public_key);
    EXPECT_GT(identity::key_work(crypto_, NodeKey::from(strong.node.public_key)), weak_bits);
    int aside = 0;
    for (const auto& entry : std::filesystem::directory_iterator(state_)) {
        aside += entry.path().filename().string().starts_with("node.key.weak-") ? 1 : 0;
    }
    EXPECT_EQ(aside, 1);
    EXPECT_EQ(strong.user.public_key, weak.user.public_key);
}

TEST_F(KeysTest, refuses_an_identity_that_others_may_read_or_that_is_damaged) {
    keys();
    const std::string file = state_ + "/identity.key";
    std::filesystem::permissions(file, std::filesystem::perms(0644));
    auto loaded = load();
    ASSERT_TRUE(std::holds_alternative<StartFailure>(loaded));
    EXPECT_EQ(std::get<StartFailure>(loaded).exit_code, kExitUnusable);
    EXPECT_NE(std::get<StartFailure>(loaded).message.find("chmod"), std::string::npos);

    std::filesystem::permissions(file, std::filesystem::perms(0600));
    std::ofstream(file, std::ios::trunc).close();
    loaded = load();
    ASSERT_TRUE(std::holds_alternative<StartFailure>(loaded));
    EXPECT_EQ(std::filesystem::file_size(file), 0u) << "never overwritten";
}

TEST_F(KeysTest, says_what_to_do_when_the_folder_cannot_be_made) {
    state_ = folder_ + "/missing/state";
    const auto loaded = load();
    ASSERT_TRUE(std::holds_alternative<StartFailure>(loaded));
    EXPECT_EQ(std::get<StartFailure>(loaded).exit_code, kExitUnusable);
    EXPECT_NE(std::get<StartFailure>(loaded).message.find("install -d"), std::string::npos);
}

TEST_F(KeysTest, hashes_a_networks_name_and_takes_an_id_as_it_is) {
    EXPECT_EQ(network_id(std::string(64, 'a'), crypto_).bytes[0], 0xaa);
    // SHA-256("abc"), FIPS 180-4.
    EXPECT_EQ(network_id("abc", crypto_).hex(),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace sov::app
