#include <gtest/gtest.h>

#include <algorithm>

#include "client/ctl/sha256.h"
#include "client/ctl/values.h"
#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::kBob;
using test::kNode;
using test::kPlace;
using test::TerminalSession;

// SHA-256 of "abc", FIPS 180-4's example.
const std::string kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

client::OfferProgress offered(std::uint32_t total = 1) {
    client::OfferProgress progress;
    progress.total = progress.done = progress.stored = total;
    progress.replicas = 20 * total;
    progress.lookups = 1;
    progress.finished = true;
    return progress;
}

client::Providers providers() {
    client::Providers answer;
    answer.key_hex = kPlace;
    answer.lookup.took = 20ms;
    answer.lookup.asked = 14;
    answer.lookup.hops = 2;
    client::FoundProvider found;
    found.peer = {kBob, "k7f3q2"};
    found.contact = {{kNode, kPlace}, {"192.0.2.1:6881"}};
    found.hints = {"eu-west", "A4", 20ms};
    found.replicas = 7;
    answer.providers.push_back(found);
    answer.replicas = 12;
    answer.complete = true;
    return answer;
}

std::string digest(const std::vector<std::string>& pieces) {
    Sha256 hash;
    for (const std::string& piece : pieces) hash.add(as_bytes(piece));
    return hash.finish().hex();
}

TEST(Sha256, is_that_of_the_standard_however_the_bytes_come) {
    EXPECT_EQ(digest({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(digest({"abc"}), kAbc);
    EXPECT_EQ(digest({"a", "", "bc"}), kAbc);
    EXPECT_EQ(digest({"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"}),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(digest({std::string(1'000'000, 'a')}),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(OfferVerbs, a_service_is_offered_with_what_it_says) {
    TerminalSession session;
    session.script.offered = offered();
    EXPECT_EQ(session.run({"service", "offer", "printer/ipp", "--region", "eu-west", "--latency",
                           "20ms", "--note", "A4"}),
              0);
    ASSERT_EQ(session.script.subjects.size(), 1U);
    EXPECT_EQ(session.script.subjects.front().service, "printer/ipp");
    EXPECT_EQ(session.script.hints.region, "eu-west");
    EXPECT_EQ(session.script.hints.latency, 20ms);
    EXPECT_EQ(session.script.hints.note, "A4");
    EXPECT_EQ(session.out,
              "offered  printer/ipp\n"
              "  kept by  20 nodes\n"
              "  until withdrawn or the daemon ends: offer again after a restart\n");
    session.run({"service", "offer", "printer/ipp", "--json"});
    EXPECT_TRUE(session.out.starts_with(
        R"({"schema":"sovctl.service.offer/1","ok":true,"data":{"offered":1,"stored":1,)"));
}

TEST(OfferVerbs, what_nobody_keeps_yet_is_said) {
    TerminalSession session;
    client::OfferProgress none = offered();
    none.stored = none.replicas = 0;
    none.problem = "no_peers";
    session.script.offered = none;
    EXPECT_EQ(session.run({"service", "offer", "printer/ipp"}), 0);
    EXPECT_NE(session.out.find("1 not kept by anybody yet (no_peers)"), std::string::npos);
}

TEST(OfferVerbs, a_content_is_named_by_the_hash_of_its_file_or_by_its_digits) {
    TerminalSession session;
    session.files["disk.img"] = "abc";
    session.script.offered = offered(2);
    EXPECT_EQ(session.run({"content", "provide", "disk.img", kAbc}), 0);
    ASSERT_EQ(session.script.subjects.size(), 2U);
    EXPECT_EQ(hex_of(session.script.subjects[0].content), kAbc);
    EXPECT_EQ(hex_of(session.script.subjects[1].content), kAbc);
    EXPECT_EQ(session.run({"content", "provide", "missing.img"}), 2);
    EXPECT_NE(session.err.find("cannot read missing.img"), std::string::npos);
    EXPECT_EQ(session.run({"content", "provide"}), 2);
}

TEST(OfferVerbs, a_file_names_many) {
    TerminalSession session;
    session.files["ids"] = "# mine\n" + kAbc + "\n\n" + kAbc + "\n";
    session.script.offered = offered(2);
    EXPECT_EQ(session.run({"content", "provide", "--from", "ids"}), 0);
    EXPECT_EQ(session.script.calls.back(), "offer of 2");
    EXPECT_NE(session.out.find("20 nodes each on average, after 1 lookup"), std::string::npos);
    session.files["words"] = "service:printer/ipp\ncontent:" + kAbc + "\n";
    EXPECT_EQ(session.run({"dht", "provide", "--from", "words"}), 0);
    EXPECT_EQ(session.script.subjects[0].service, "printer/ipp");
    EXPECT_EQ(session.run({"dht", "provide", "printer"}), 2);
    EXPECT_NE(session.err.find("names nothing"), std::string::npos);
}

TEST(OfferVerbs, progress_is_shown_to_people_and_wiped_away) {
    TerminalSession session;
    session.terminal.is_tty = true;
    client::OfferProgress half = offered(4);
    half.done = 2;
    session.script.progress = {half};
    session.script.offered = offered(4);
    session.files["disk.img"] = std::string(1000, 'x');
    session.run({"content", "provide", "disk.img"});
    EXPECT_NE(session.err.find("announcing  [###############...............] 50 %"),
              std::string::npos);
    EXPECT_NE(session.err.find("reading disk.img  [###"), std::string::npos);
    EXPECT_TRUE(session.err.ends_with(" \r"));
    session.run({"content", "provide", "disk.img", "--json"});
    EXPECT_EQ(session.err, "");
}

TEST(OfferVerbs, providers_are_found_and_shown) {
    TerminalSession session;
    session.script.providers = providers();
    EXPECT_EQ(session.run({"service", "find", "printer/ipp", "--count", "5", "--region", "eu",
                           "--avoid", "eu-east,us"}),
              0);
    EXPECT_EQ(session.script.provider_query.most, 5U);
    EXPECT_EQ(session.script.provider_query.region, "eu");
    EXPECT_EQ(session.script.provider_query.avoid, (std::vector<std::string>{"eu-east", "us"}));
    EXPECT_NE(session.out.find(kBob + "  192.0.2.1:6881             7  eu-west, 20 ms, A4\n"),
              std::string::npos)
        << session.out;
    EXPECT_TRUE(session.out.ends_with("\n1 provider in 20 ms: 14 requests, 2 hops\n"))
        << session.out;
    session.run({"dht", "providers", "service:printer/ipp", "-q"});
    EXPECT_EQ(session.out, kBob + "\n");
    session.run({"content", "find", kAbc, "--json"});
    EXPECT_NE(session.out.find("{\"content\":\"" + kAbc + "\",\"key\":\"" + kPlace + "\""),
              std::string::npos);
    EXPECT_EQ(session.run({"service", "find", "printer/ipp", "--count", "none"}), 2);
    session.script.providers = test::daemon_error("not_found", 5, 5, "nothing was found");
    EXPECT_EQ(session.run({"service", "find", "printer/ipp"}), 5);
}

TEST(OfferVerbs, each_provider_is_a_row_as_it_comes_and_the_rest_is_said_at_the_end) {
    TerminalSession session;
    session.terminal.is_tty = true;
    client::Providers two = providers();
    two.providers.push_back(two.providers.front());
    two.providers.back().own = true;
    two.providers.back().hints = {};
    two.sampled = true;
    session.script.providers = two;
    EXPECT_EQ(session.run({"service", "find", "printer/ipp"}), 0);
    EXPECT_EQ(session.out.find("provider "), 0U) << "the titles come with the first row";
    EXPECT_NE(session.out.find("  7  (you) -\n"), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("random sample"), std::string::npos);
    EXPECT_NE(session.err.find("asking the network"), std::string::npos);
    EXPECT_TRUE(session.err.ends_with(" \r\r\r")) << "it is wiped away";
    two.complete = false;
    session.script.providers = two;
    session.run({"service", "find", "printer/ipp", "--count", "2"});
    EXPECT_NE(session.out.find("there may be more: --count"), std::string::npos);
    session.run({"service", "find", "printer/ipp", "--count", "3"});
    EXPECT_NE(session.out.find("its time was over"), std::string::npos);
    session.run({"service", "find", "printer/ipp", "--json"});
    EXPECT_NE(session.out.find(R"("complete":false,"sampled":true,"replicas":12)"),
              std::string::npos)
        << session.out;
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 1) << "one document";
    two.providers.clear();
    session.script.providers = two;
    session.run({"service", "find", "printer/ipp"});
    EXPECT_EQ(session.out.find("nothing new\n"), 0U);
}

TEST(OfferVerbs, own_offers_are_listed_by_their_kind_and_withdrawn) {
    TerminalSession session;
    client::OwnOffer printer, image;
    printer.subject.service = "printer/ipp";
    printer.replicas = 20;
    printer.announced_ago = 40s;
    image.subject.content = std::string(32, '\x01');
    image.problem = "no_peers";
    session.script.offers = std::vector<client::OwnOffer>{printer, image};
    EXPECT_EQ(session.run({"service", "list", "-q"}), 0);
    EXPECT_EQ(session.out, "printer/ipp\n");
    EXPECT_EQ(session.run({"content", "list"}), 0);
    EXPECT_NE(session.out.find("no_peers"), std::string::npos);
    EXPECT_EQ(session.out.find("printer"), std::string::npos);
    session.script.withdrawn = 1U;
    EXPECT_EQ(session.run({"service", "withdraw", "printer/ipp"}), 0);
    EXPECT_EQ(session.out, "withdrawn  1 offer\n");
    session.script.offers = std::vector<client::OwnOffer>{};
    session.run({"service", "list"});
    EXPECT_EQ(session.out, "nothing is offered\n");
}

}  // namespace
}  // namespace sov::ctl
