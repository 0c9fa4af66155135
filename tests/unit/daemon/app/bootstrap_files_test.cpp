#include "daemon/app/bootstrap_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/app/keys.h"
#include "daemon/core/identity/peer_name.h"
#include "daemon/core/identity/values.h"
#include "platform/openssl/host_crypto.h"

namespace sov::app {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kToday = 1'800'000'000;

class BootstrapFiles : public ::testing::Test {
  protected:
    void SetUp() override {
        folder = fs::temp_directory_path() /
                 ("sov-lists-" + std::to_string(getpid()) + "-" +
                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
        fs::create_directories(folder);
    }
    void TearDown() override { fs::remove_all(folder); }

    openssl::HostCrypto crypto;
    NetworkId network = network_id("sovereign", crypto);
    fs::path folder;

    identity::SigningKey signer(std::uint8_t number) {
        return crypto.make_signing_key(identity::Secret32{number});
    }
    PeerId person(std::uint8_t number) { return PeerId{signer(number).public_key}; }
    identity::ListTrust root() { return {{person(1), person(2), person(3)}, 2, 0}; }
    std::string draft(int number) {
        return "# ours\nnumber = " + std::to_string(number) +
               "\nnetwork = sovereign\nexpires = 2030-01-01\nthreshold = 2\nkey = " +
               identity::peer_text(person(1)) + "\nkey = " + identity::peer_text(person(2)) +
               "\nkey = " + identity::peer_text(person(4)) + "\nnode = " +
               identity::bootstrap_text(NodeKey{{9}}, {Endpoint::v4(0xc0000201, 6881)}) + "\n";
    }
    Bytes signed_list(int number, std::initializer_list<std::uint8_t> signers) {
        auto list = std::get<identity::BootstrapList>(read_list(draft(number), crypto));
        for (const std::uint8_t one : signers)
            EXPECT_TRUE(identity::sign_list(crypto, signer(one), list).has_value());
        return *identity::encode_list(list);
    }
    ListKeeper keeper() { return ListKeeper(folder.string(), network, root(), crypto); }
    std::string write(const std::string& name, const std::string& text) {
        std::ofstream(folder / name) << text;
        return (folder / name).string();
    }
    // What a verb prints; its exit code goes first.
    std::string run(ListErrand::Verb verb, const std::string& file, const std::string& key = {}) {
        Config config;
        config.state_dir = (folder / "state").string();
        config.network = "sovereign";
        config.list_keys = root().keys;
        config.list_threshold = 2;
        std::ostringstream out, err;
        const int code = run_list_errand({verb, file, key}, config, out, err);
        said = err.str();
        return std::to_string(code) + " " + out.str();
    }
    std::string said;
};

TEST_F(BootstrapFiles, read_a_draft_and_name_the_line_that_is_wrong) {
    const auto read = read_list(draft(3), crypto);
    ASSERT_TRUE(std::holds_alternative<identity::BootstrapList>(read));
    const auto& list = std::get<identity::BootstrapList>(read);
    EXPECT_EQ(list.number, 3U);
    EXPECT_EQ(list.network, network);
    EXPECT_EQ(list.expires, 1'893'456'000U);
    EXPECT_EQ(list.nodes.size(), 1U);
    for (const char* line : {"number = x", "number = 0", "expires = 2030-13-01", "expires = 2030",
                             "key = sov1mistyped", "node = sovn1x", "colour = red", "number"}) {
        const auto refused = read_list(draft(3) + line + "\n", crypto);
        ASSERT_TRUE(std::holds_alternative<ListProblem>(refused)) << line;
        EXPECT_NE(std::get<ListProblem>(refused).words.find("line 10: "), std::string::npos)
            << line << ": " << std::get<ListProblem>(refused).words;
    }
    EXPECT_TRUE(std::holds_alternative<ListProblem>(read_list("", crypto)));
    EXPECT_TRUE(std::holds_alternative<ListProblem>(read_list("number = 1\n", crypto)));
}

TEST_F(BootstrapFiles, of_lists_come_back_whole_and_damaged_ones_are_named) {
    const Bytes bytes = signed_list(1, {1, 2});
    const std::string text = list_text(bytes);
    const auto read = read_list("# a comment\n" + text, crypto);
    ASSERT_TRUE(std::holds_alternative<identity::BootstrapList>(read));
    EXPECT_EQ(*identity::encode_list(std::get<identity::BootstrapList>(read)), bytes);
    EXPECT_TRUE(
        std::holds_alternative<ListProblem>(read_list(text.substr(0, text.size() - 9), crypto)));
}

TEST_F(BootstrapFiles, of_lists_fit_a_txt_record_and_come_back_from_it) {
    const Bytes bytes = signed_list(1, {1, 2});
    const std::string text = list_dns_text(bytes);
    EXPECT_TRUE(text.starts_with("sovereign-bootstrap-list-1 "));
    const auto read = read_list(text, crypto);
    ASSERT_TRUE(std::holds_alternative<identity::BootstrapList>(read));
    EXPECT_EQ(*identity::encode_list(std::get<identity::BootstrapList>(read)), bytes);
    for (const std::string& damaged :
         {text.substr(0, text.size() - 1), text + "\nmore", text + "=",
          std::string("sovereign-bootstrap-list-1 "), std::string("v=spf1 -all")})
        EXPECT_TRUE(std::holds_alternative<ListProblem>(read_list(damaged, crypto))) << damaged;
}

TEST_F(BootstrapFiles, of_one_list_with_more_or_fewer_signatures_are_the_same_list) {
    ListKeeper fresh = keeper();
    ASSERT_FALSE(fresh.take(signed_list(2, {1, 3}), kToday).has_value());
    EXPECT_FALSE(fresh.take(signed_list(2, {1}), kToday).has_value());
    EXPECT_FALSE(fresh.take(signed_list(2, {1, 2, 3}), kToday).has_value());
    EXPECT_EQ(fresh.in_force()->signatures.size(), 2U) << "the one that was taken stays";
}

TEST_F(BootstrapFiles, become_values_that_a_signer_stores_in_the_dht) {
    fs::create_directories(folder / "state");
    const std::string anna = (folder / "anna.key").string();
    EXPECT_TRUE(run(ListErrand::Verb::kPublish, write("draft", draft(1)), anna).starts_with("1 "));
    EXPECT_NE(said.find("no key file"), std::string::npos) << said;
    EXPECT_FALSE(fs::exists(anna)) << "no key is made for it";
    const std::string list =
        write("list", run(ListErrand::Verb::kSign, write("draft", draft(1)), anna).substr(2));
    const std::string line = run(ListErrand::Verb::kPublish, list, anna);
    ASSERT_TRUE(line.starts_with("0 ")) << said;
    const auto key = from_hex(line.substr(2, 40));
    const auto value = from_hex(line.substr(43, line.size() - 44));
    ASSERT_TRUE(key && value);
    const auto checked = identity::check_value(crypto, network, Key::from(*key), *value);
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(identity::mutable_key(crypto, checked->head.owner, identity::kListLabel),
              Key::from(*key));
    // Whoever has not signed it would put it where nobody looks.
    const std::string eve = (folder / "eve.key").string();
    run(ListErrand::Verb::kSign, write("draft", draft(1)), eve);
    EXPECT_TRUE(run(ListErrand::Verb::kPublish, list, eve).starts_with("1 "));
    EXPECT_NE(said.find("has not signed the list"), std::string::npos) << said;
    const std::string zone = run(ListErrand::Verb::kDns, list);
    EXPECT_TRUE(zone.starts_with("0 @ 3600 IN TXT (\n  \"sovereign-bootstrap-list-1 ")) << zone;
}

TEST_F(BootstrapFiles, take_a_list_with_enough_signatures_and_never_an_older_one) {
    {
        ListKeeper fresh = keeper();
        EXPECT_EQ(fresh.in_force(), nullptr);
        EXPECT_TRUE(fresh.take(signed_list(2, {1}), kToday).has_value()) << "k - 1 signers";
        EXPECT_TRUE(fresh.take(signed_list(2, {1, 4}), kToday).has_value())
            << "4 is not trusted yet";
        EXPECT_EQ(fresh.in_force(), nullptr);
        EXPECT_FALSE(fresh.take(signed_list(2, {1, 3}), kToday).has_value());
        EXPECT_FALSE(fresh.take(signed_list(2, {1, 3}), kToday).has_value()) << "the same again";
        EXPECT_EQ(fresh.in_force()->number, 2U);
    }
    ListKeeper restarted = keeper();
    ASSERT_NE(restarted.in_force(), nullptr) << restarted.notice();
    EXPECT_EQ(restarted.in_force()->number, 2U);
    const auto older = restarted.take(signed_list(1, {1, 2, 3}), kToday);
    ASSERT_TRUE(older.has_value());
    EXPECT_NE(older->words.find("not newer"), std::string::npos) << older->words;
    EXPECT_TRUE(restarted.take(signed_list(3, {2, 3}), kToday).has_value())
        << "3 was taken off the list";
    EXPECT_FALSE(restarted.take(signed_list(3, {2, 4}), kToday).has_value());
    EXPECT_TRUE(restarted.take(signed_list(4, {2, 4}), 1'893'456'000).has_value()) << "expired";
}

TEST_F(BootstrapFiles, begin_anew_when_the_configuration_names_other_keys) {
    ASSERT_FALSE(keeper().take(signed_list(2, {1, 3}), kToday).has_value());
    ListKeeper other(folder.string(), network, {{person(7), person(8)}, 1, 0}, crypto);
    EXPECT_EQ(other.in_force(), nullptr);
    EXPECT_FALSE(other.notice().empty());
    std::ofstream(folder / "bootstrap.list", std::ios::app) << "zz\n";
    EXPECT_EQ(keeper().in_force(), nullptr) << "a damaged file is not used";
}

TEST_F(BootstrapFiles, are_signed_shown_and_verified_offline) {
    fs::create_directories(folder / "state");
    const std::string first = write("draft", draft(1));
    const std::string anna = (folder / "anna.key").string();
    const std::string once = run(ListErrand::Verb::kSign, first, anna);
    ASSERT_TRUE(once.starts_with("0 sovereign-bootstrap-list-1")) << said;
    EXPECT_NE(said.find("a new key"), std::string::npos);
    const std::string list = write("list", once.substr(2));
    EXPECT_NE(run(ListErrand::Verb::kShow, list).find("signed by  sov1"), std::string::npos);
    EXPECT_TRUE(run(ListErrand::Verb::kVerify, list).starts_with("1 "));
    EXPECT_NE(said.find("fewer than 2 of the 3 trusted keys"), std::string::npos) << said;
    const std::string good = write("good", list_text(signed_list(1, {1, 2})));
    EXPECT_EQ(run(ListErrand::Verb::kVerify, good), "0 good: list 1 would be taken here\n") << said;
    EXPECT_TRUE(run(ListErrand::Verb::kShow, (folder / "none").string()).starts_with("1 "));
}

}  // namespace
}  // namespace sov::app
