#include "daemon/app/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "daemon/app/config_table.h"
#include "tests/support/temporary_folder.h"

namespace sov::app {
namespace {

class ConfigTest : public testing::Test {
  protected:
    std::string write(const std::string& text, const std::string& name = "sovereignd.conf") const {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    ConfigOutcome load(const std::string& text, const Overrides& overrides = {}) const {
        return load_config(write(text), overrides);
    }
    /// The complaint about a file with one mistake.
    std::string complaint(const std::string& text) const {
        const auto outcome = load(text);
        EXPECT_EQ(outcome.problems.size(), 1u) << describe(outcome.problems);
        return describe(outcome.problems);
    }

    support::TemporaryFolder temporary_;
    std::string folder_ = temporary_.path();
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_F(ConfigTest, has_valid_defaults) {
    const auto outcome = load("");
    ASSERT_TRUE(outcome.problems.empty()) << describe(outcome.problems);
    EXPECT_EQ(outcome.config.udp_port, 6881);
    EXPECT_EQ(outcome.config.bucket_size, 20);
    EXPECT_EQ(outcome.config.mode, NodeMode::kAuto);
    EXPECT_EQ(outcome.config.state_dir, "/var/lib/sovereignd");
    EXPECT_EQ(outcome.config.api_socket_mode, 0666u);
    EXPECT_EQ(outcome.config.use_groups, std::vector<std::string>{"sovereign"});
}

TEST_F(ConfigTest, agrees_with_the_limits_that_the_core_has_without_configuration) {
    const Config config = load("").config;
    const Limits limits;
    EXPECT_EQ(static_cast<std::size_t>(config.bucket_size), limits.bucket_size);
    EXPECT_EQ(static_cast<std::size_t>(config.value_bytes_max), limits.value_bytes_max);
    EXPECT_EQ(static_cast<std::size_t>(config.sessions_max), limits.sessions_max);
    EXPECT_EQ(static_cast<std::size_t>(config.lookups_max), limits.lookups_max);
    EXPECT_EQ(static_cast<std::size_t>(config.records_max), limits.records_max);
    EXPECT_EQ(static_cast<std::size_t>(config.record_megabytes_max) << 20,
              limits.record_bytes_total_max);
    EXPECT_EQ(static_cast<std::uint32_t>(config.session_requests_per_second),
              limits.session_requests_per_second);
    EXPECT_EQ(config.node_work_bits, NodeOptions{}.key_work_bits);
    EXPECT_EQ(config.name_work_bits, NodeOptions{}.name_work_bits);
}

TEST_F(ConfigTest, reads_sections_and_dotted_keys_alike) {
    const auto outcome =
        load("dht.k = 8 # a comment\r\n[udp]\n  port=7000\n\n# another\nipv6 = no\n");
    ASSERT_TRUE(outcome.problems.empty()) << describe(outcome.problems);
    EXPECT_EQ(outcome.config.bucket_size, 8);
    EXPECT_EQ(outcome.config.udp_port, 7000);
    EXPECT_FALSE(outcome.config.ipv6);
}

TEST_F(ConfigTest, lets_flags_win_over_the_file) {
    const auto outcome = load("[udp]\nport = 7000\nbind = 192.0.2.1\n",
                              {{"udp.port", "7001"}, {"udp.bind", "192.0.2.2:80"}});
    ASSERT_TRUE(outcome.problems.empty()) << describe(outcome.problems);
    EXPECT_EQ(outcome.config.udp_port, 7001);
    ASSERT_EQ(outcome.config.bind.size(), 1u);
    EXPECT_EQ(outcome.config.bind[0].text(), "192.0.2.2:80");
}

TEST_F(ConfigTest, shows_file_line_key_and_range_of_a_wrong_value) {
    const std::string text = complaint("[dht]\n\nk = 400\n");
    EXPECT_TRUE(contains(text, folder_ + "/sovereignd.conf\n")) << text;
    EXPECT_TRUE(contains(text,
                         "   3 | k = 400\n     |     ^^^ dht.k must be 4..64 (default 20). Nodes "
                         "in each bucket of the routing table. Larger tables"))
        << text;
    EXPECT_TRUE(contains(text, "1 error.")) << text;
}

TEST_F(ConfigTest, names_the_nearest_known_key_and_section) {
    EXPECT_TRUE(contains(complaint("[udp]\nprot = 7000\n"),
                         "unknown key udp.prot; did you mean \"udp.port\"?"));
    EXPECT_TRUE(contains(complaint("[bootstrp]\npeer = x\n"),
                         "unknown section; did you mean \"bootstrap\"?"));
    EXPECT_FALSE(contains(complaint("[zzzzzzzzzzzz]\n"), "did you mean"));
}

TEST_F(ConfigTest, finds_all_mistakes_and_tells_them_in_the_order_of_the_file) {
    const auto outcome = load("[udp]\nport = x\nprot = 1\njust words\n[dht]\nk = 1\nk = 20\n",
                              {{"node.mode", "sometimes"}});
    ASSERT_EQ(outcome.problems.size(), 6u) << describe(outcome.problems);
    std::vector<int> lines;
    for (const auto& problem : outcome.problems) lines.push_back(problem.line);
    EXPECT_EQ(lines, (std::vector{2, 3, 4, 6, 7, 0})) << "the command line comes last";
}

TEST_F(ConfigTest, refuses_a_key_that_is_given_twice_unless_it_may_be) {
    EXPECT_TRUE(
        contains(complaint("[dht]\nk = 8\nk = 9\n"), "dht.k is given twice, first in line 2"));
    EXPECT_TRUE(load("[udp]\nbind = 192.0.2.1\nbind = [2001:db8::1]:7000\n").problems.empty());
}

TEST_F(ConfigTest, reads_servers_that_help_through_nats) {
    const auto outcome = load(
        "[connect]\nstun_servers = 192.0.2.1:3478\nturn_servers = me:se:c@ret@192.0.2.2:443/tcp\n"
        "turn_servers = me:secret@[2001:db8::1]:3478\n");
    ASSERT_TRUE(outcome.problems.empty()) << describe(outcome.problems);
    const auto& servers = outcome.config.ice_servers;
    ASSERT_EQ(servers.size(), 3u);
    using Kind = ports::IceServer::Kind;
    EXPECT_EQ(servers[0].kind, Kind::kStun);
    EXPECT_EQ(servers[1].kind, Kind::kTurnTcp);
    EXPECT_EQ(servers[1].user, "me");
    EXPECT_EQ(servers[1].password, "se:c@ret");
    EXPECT_EQ(servers[1].endpoint, *Endpoint::parse("192.0.2.2:443"));
    EXPECT_EQ(servers[2].kind, Kind::kTurnUdp);
    const auto over_tls =
        load("[connect]\nturn_servers = me:a/b@192.0.2.2:5349/tls:turn.example.org\n");
    ASSERT_TRUE(over_tls.problems.empty()) << describe(over_tls.problems);
    EXPECT_EQ(over_tls.config.ice_servers[0].kind, Kind::kTurnTcp);
    EXPECT_EQ(over_tls.config.ice_servers[0].tls_name, "turn.example.org");
    EXPECT_EQ(over_tls.config.ice_servers[0].password, "a/b");
    for (const char* wrong :
         {"turns:me:x@192.0.2.1:5349", "turn:me:x@192.0.2.1:3478",
          "me:x@192.0.2.1:5349/tls:", "me:x@192.0.2.1:5349/tls:a b", "192.0.2.1:3478",
          "me@192.0.2.1:3478", "me:@192.0.2.1:3478", ":x@192.0.2.1:3478", "me:x@192.0.2.1",
          "me:x@192.0.2.1:0", "me:x@turn.example.org", "me:x@turn.example.org:0",
          "me:x@turn.example.org:65536", "me:x@-turn.example.org:3478", "me:x@turn..org:3478",
          "me:x@192.0.2.300:3478", "me:x@turn example:3478"}) {
        EXPECT_TRUE(contains(complaint("[connect]\nturn_servers = " + std::string(wrong) + "\n"),
                             "user:password@"))
            << wrong;
    }
}

TEST_F(ConfigTest, reads_servers_that_are_given_by_name) {
    const auto outcome = load(
        "[connect]\nstun_servers = stun.example.org:3478\n"
        "turn_servers = me:secret@turn-1.example.org:443/tls:turn.example.org\n");
    ASSERT_TRUE(outcome.problems.empty()) << describe(outcome.problems);
    const auto& servers = outcome.config.ice_servers;
    ASSERT_EQ(servers.size(), 2u);
    EXPECT_EQ(servers[0].host, "stun.example.org");
    EXPECT_EQ(servers[0].endpoint.port, 3478);
    EXPECT_EQ(servers[1].host, "turn-1.example.org");
    EXPECT_EQ(servers[1].endpoint.port, 443);
    EXPECT_EQ(servers[1].tls_name, "turn.example.org");
}

TEST_F(ConfigTest, refuses_what_makes_no_sense_together) {
    EXPECT_TRUE(contains(complaint("[udp]\nipv4 = no\nipv6 = no\n"), "at least one must be on"));
    EXPECT_TRUE(contains(complaint("[udp]\nipv4 = no\nbind = 192.0.2.1\n"), "udp.ipv4 is off"));
    EXPECT_TRUE(
        contains(complaint("[udp]\nbind = 192.0.2.1\nbind = 192.0.2.2\n"), "one address a family"));
    EXPECT_TRUE(contains(complaint("[api]\nconnections = 8\nconnections_per_user = 9\n"),
                         "at most api.connections"));
}

TEST_F(ConfigTest, refuses_unsafe_socket_permissions_and_relative_folders) {
    EXPECT_TRUE(contains(complaint("[api]\nsocket_mode = 0777\n"), "0600..0666"));
    EXPECT_TRUE(contains(complaint("[node]\nstate_dir = here\n"), "absolute path"));
    EXPECT_TRUE(contains(complaint("[api]\nsocket = /" + std::string(200, 'x') + "\n"), "99"));
}

TEST_F(ConfigTest, reads_bootstrap_peers_from_both_places) {
    const std::string first =
        identity::bootstrap_text(NodeKey::from(Bytes(32, 1)), {Endpoint::v4(0xc0000201, 6881)});
    const std::string second =
        identity::bootstrap_text(NodeKey::from(Bytes(32, 2)), {Endpoint::v4(0xc0000202, 6881)});
    write("# a list\n\n" + second + "   # Bob's\n", "bootstrap.conf");
    const auto outcome = load("[bootstrap]\npeer = " + first + "\n");
    ASSERT_TRUE(outcome.problems.empty()) << describe(outcome.problems);
    ASSERT_EQ(outcome.config.bootstrap.size(), 2u);
    EXPECT_EQ(outcome.config.bootstrap[0].key, NodeKey::from(Bytes(32, 1)));
    EXPECT_EQ(outcome.config.bootstrap[1].key, NodeKey::from(Bytes(32, 2)));
    EXPECT_EQ(outcome.config.values.at("bootstrap.peer"), first + ", " + second);
}

TEST_F(ConfigTest, points_into_the_bootstrap_file_when_the_mistake_is_there) {
    write("\nnonsense\n", "bootstrap.conf");
    const std::string text = complaint("");
    EXPECT_TRUE(contains(text, folder_ + "/bootstrap.conf\n   2 | nonsense\n")) << text;
    EXPECT_TRUE(contains(text, "sovn1...@address:port"));
}

TEST_F(ConfigTest, misses_only_a_bootstrap_file_that_was_asked_for) {
    EXPECT_TRUE(load("").problems.empty());
    EXPECT_TRUE(contains(complaint("[bootstrap]\nfile = elsewhere.conf\n"), "elsewhere.conf"));
}

TEST_F(ConfigTest, survives_files_that_are_none) {
    const auto problem_of = [&](const std::string& path) {
        const auto outcome = load_config(path, {});
        EXPECT_EQ(outcome.problems.size(), 1u);
        return describe(outcome.problems);
    };
    EXPECT_TRUE(contains(problem_of(folder_ + "/missing.conf"), "No such file"));
    EXPECT_TRUE(contains(problem_of(folder_), "no regular file"));
    std::filesystem::create_symlink("loop.conf", folder_ + "/loop.conf");
    EXPECT_TRUE(contains(problem_of(folder_ + "/loop.conf"), "in a circle"));
    EXPECT_TRUE(contains(problem_of(write(std::string("\x7f"
                                                      "ELF\0\1",
                                                      6))),
                         "binary"));
    EXPECT_TRUE(contains(problem_of(write(std::string((1 << 20) + 1, 'x'))), "larger than 1 MiB"));
    // A pipe that nobody writes to must not keep the daemon waiting.
    ASSERT_EQ(mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
    EXPECT_TRUE(contains(problem_of(folder_ + "/pipe"), "no regular file"));
    // A sparse file claims 64 MB and holds nothing.
    const std::string huge = write("");
    std::filesystem::resize_file(huge, 64 << 20);
    EXPECT_TRUE(contains(problem_of(huge), "larger than 1 MiB"));
}

TEST_F(ConfigTest, shows_no_byte_that_a_terminal_might_obey) {
    const auto outcome = load_config(write("[dht]\nk = 1\n"), {{"node.mode", "\x1b[2J\x07"}});
    const std::string text = describe(outcome.problems);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST_F(ConfigTest, tells_many_mistakes_without_flooding) {
    std::string lines = "[dht]\n";
    for (int at = 0; at < 5000; ++at) lines += "x" + std::to_string(at) + " = 1\n";
    const std::string text = describe(load(lines).problems);
    EXPECT_LT(text.size(), 10'000u);
    EXPECT_TRUE(contains(text, "and 4980 more"));
    EXPECT_TRUE(contains(text, "5000 errors."));
}

TEST(IsNetworkId, wants_64_hexadecimal_digits) {
    EXPECT_TRUE(is_network_id(std::string(64, 'a')));
    EXPECT_FALSE(is_network_id(std::string(63, 'a')));
    EXPECT_FALSE(is_network_id(std::string(64, 'g')));
}

}  // namespace
}  // namespace sov::app
