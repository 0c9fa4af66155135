#include "daemon/core/discovery/announcement.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/core/base/base_text.h"
#include "daemon/core/base/service.h"
#include "platform/openssl/host_crypto.h"
#include "tests/unit/daemon/core/discovery/lan_fixture.h"

namespace sov::discovery {

class AnnouncementTest : public ::testing::Test {
  protected:
    openssl::HostCrypto crypto;
    identity::SigningKey user = crypto.make_signing_key(identity::Secret32{1});
    NetworkId network{{7}};
    std::string instance = "abcdefghij234567";
    AnnouncedAs as{network, instance, 6881};
    PublicAnnouncement said{PeerId{user.public_key}, NodeKey{{9}}, 0x2b, 6881, 1999, 3};

    std::vector<std::string> public_txt() { return encode_announcement(crypto, user, as, said); }
    Errc refusal(const std::vector<std::string>& txt) { return refusal(as, txt); }
    Errc refusal(const AnnouncedAs& from, const std::vector<std::string>& txt) {
        const auto read = decode_announcement(crypto, from, txt);
        EXPECT_FALSE(read.has_value());
        return read.has_value() ? Errc{} : read.error();
    }
    static void replace(std::vector<std::string>& txt, std::string_view key, std::string value) {
        for (std::string& entry : txt) {
            if (entry.starts_with(std::string(key) + "=")) entry = std::move(value);
        }
    }
    static std::size_t size(const std::vector<std::string>& txt) {
        std::size_t bytes = 0;
        for (const std::string& entry : txt) bytes += 1 + entry.size();
        return bytes;
    }
};

TEST_F(AnnouncementTest, in_public_says_who_is_here) {
    const auto read = decode_announcement(crypto, as, public_txt());
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(std::get<PublicAnnouncement>(*read), said);
    EXPECT_LE(size(public_txt()), 400u) << "RFC 6763 s6.2";
}

TEST_F(AnnouncementTest, is_read_in_any_order_of_its_strings) {
    auto txt = public_txt();
    std::reverse(txt.begin(), txt.end());
    EXPECT_TRUE(decode_announcement(crypto, as, txt).has_value());
}

TEST_F(AnnouncementTest, is_refused_when_anything_of_it_was_changed) {
    for (std::size_t at = 0; at < public_txt().size(); ++at) {
        for (const char by : {'\1', '\2', '\4'}) {
            auto txt = public_txt();
            txt[at].back() = static_cast<char>(txt[at].back() ^ by);
            EXPECT_FALSE(decode_announcement(crypto, as, txt).has_value()) << txt[at];
            txt = public_txt();
            txt[at].front() = static_cast<char>(txt[at].front() ^ by);
            EXPECT_FALSE(decode_announcement(crypto, as, txt).has_value()) << txt[at];
        }
        auto shorter = public_txt();
        shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(at));
        EXPECT_FALSE(decode_announcement(crypto, as, shorter).has_value());
    }
    auto longer = public_txt();
    longer.push_back("x=1");
    EXPECT_EQ(refusal(longer), Errc::kBadSignature) << "an unknown key is signed, too";
}

TEST_F(AnnouncementTest, cannot_be_moved_to_another_instance_port_or_network) {
    const auto txt = public_txt();
    EXPECT_EQ(refusal({network, "abcdefghij234566", 6881}, txt), Errc::kBadSignature);
    EXPECT_EQ(refusal({network, instance, 6882}, txt), Errc::kBadSignature);
    const NetworkId other{{8}};
    EXPECT_EQ(refusal({other, instance, 6881}, txt), Errc::kWrongNetwork);
    auto relabelled = txt;
    replace(relabelled, "n", "n=" + network_tag(crypto, other));
    EXPECT_EQ(refusal({other, instance, 6881}, relabelled), Errc::kBadSignature);
}

TEST_F(AnnouncementTest, has_one_spelling_for_every_value) {
    const std::pair<const char*, const char*> second_spellings[] = {
        {"c", "c=2B"},    {"c", "c=02b"},    {"u", "u=06881"},  {"u", "u=+6881"}, {"u", "u=0"},
        {"u", "u=65536"}, {"e", "e="},       {"q", "q=3 "},     {"q", "q=0x3"},   {"p", "p=dht2"},
        {"id", "id=aa"},  {"pk", "pk=AAAA"}, {"n", "n=zzzzzzz"}};
    for (const auto& [key, entry] : second_spellings) {
        auto txt = public_txt();
        replace(txt, key, entry);
        EXPECT_EQ(refusal(txt), Errc::kMalformed) << entry;
    }
    auto twice = public_txt();
    twice.push_back(twice.front());
    EXPECT_EQ(refusal(twice), Errc::kMalformed);
    auto nameless = public_txt();
    nameless.push_back("=x");
    EXPECT_EQ(refusal(nameless), Errc::kMalformed);
    EXPECT_EQ(refusal({}), Errc::kMalformed);
    auto both = public_txt();
    both.push_back("r=AAAAAAAAAAAAAAAA");
    EXPECT_EQ(refusal(both), Errc::kMalformed);
    auto later = public_txt();
    replace(later, "txtvers", "txtvers=2");
    EXPECT_EQ(refusal(later), Errc::kUnsupported);
}

TEST_F(AnnouncementTest, is_refused_beyond_its_limits) {
    auto txt = public_txt();
    txt.push_back("x=" + std::string(kTxtStringBytesMax, 'x'));
    EXPECT_EQ(refusal(txt), Errc::kTooLarge);
    txt = public_txt();
    for (char letter = 'a'; letter < 'g'; ++letter)
        txt.push_back(std::string("x") + letter + "=" + std::string(200, 'x'));
    EXPECT_EQ(refusal(txt), Errc::kTooLarge);
    txt = std::vector<std::string>(kTxtStringsMax + 1, "x");
    EXPECT_EQ(refusal(txt), Errc::kTooLarge);
    const std::string long_instance(kServiceNameBytesMax + 1, 'a');
    EXPECT_EQ(refusal({network, long_instance, 6881}, public_txt()), Errc::kTooLarge);
}

class PrivateAnnouncementTest : public AnnouncementTest {
  protected:
    PeerId bob{{2}};
    Recognition bobs{crypto, kLanWall}, ours{crypto, kLanWall};
    const Place place{NodeKey{{5}}, 40123};

    void SetUp() override {
        bobs.set_own_key(PresenceKey{7});
        ours.set_friends({{bob, PresenceKey{7}}});
    }
    PrivateAnnouncement bobs_announcement(Instant now, const std::string& name) {
        return {bobs.own_tag(now, Medium::kMdns), veil_place(bobs, now, name, place)};
    }
};

TEST_F(PrivateAnnouncementTest, tells_a_friend_who_and_where) {
    const auto txt = encode_announcement(crypto, as, bobs_announcement({}, instance));
    const auto read = decode_announcement(crypto, as, txt);
    ASSERT_TRUE(read.has_value());
    const auto& hidden = std::get<PrivateAnnouncement>(*read);
    EXPECT_EQ(ours.recognise({}, Medium::kMdns, hidden.tag), bob);
    const auto found = unveil_place(ours, {}, instance, hidden);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->node, place.node);
    EXPECT_EQ(found->port, place.port);
}

TEST_F(PrivateAnnouncementTest, tells_a_stranger_nothing) {
    const auto hidden = bobs_announcement({}, instance);
    Recognition strangers(crypto, kLanWall);
    EXPECT_FALSE(unveil_place(strangers, {}, instance, hidden));
    std::string all;
    for (const auto& entry : encode_announcement(crypto, as, hidden)) all += entry + "\n";
    EXPECT_EQ(all.find("40123"), std::string::npos);
    EXPECT_EQ(all.find(to_base64url(place.node.view()).substr(0, 40)), std::string::npos);
}

TEST_F(PrivateAnnouncementTest, leads_a_friend_nowhere_under_another_instance) {
    const auto hidden = bobs_announcement({}, instance);
    const auto found = unveil_place(ours, {}, "a234567abcdefghi", hidden);
    ASSERT_TRUE(found.has_value());
    EXPECT_NE(found->node, place.node);
}

TEST_F(PrivateAnnouncementTest, is_equally_long_for_everybody) {
    const auto bobs_txt = encode_announcement(crypto, as, bobs_announcement({}, instance));
    Recognition carols(crypto, kLanWall);
    carols.set_own_key(PresenceKey{8});
    const PrivateAnnouncement carols_announcement{carols.own_tag({}, Medium::kMdns),
                                                  veil_place(carols, {}, "b", {NodeKey{{1}}, 7})};
    const auto carols_txt = encode_announcement(crypto, as, carols_announcement);
    ASSERT_EQ(bobs_txt.size(), carols_txt.size());
    for (std::size_t at = 0; at < bobs_txt.size(); ++at)
        EXPECT_EQ(bobs_txt[at].size(), carols_txt[at].size()) << bobs_txt[at];
    EXPECT_EQ(size(bobs_txt), 93u);
}

TEST_F(PrivateAnnouncementTest, is_refused_when_it_has_another_size) {
    auto txt = encode_announcement(crypto, as, bobs_announcement({}, instance));
    auto broken = txt;
    replace(broken, "r", "r=AAAA");
    EXPECT_EQ(refusal(broken), Errc::kMalformed);
    broken = txt;
    replace(broken, "k", "k=AAAA");
    EXPECT_EQ(refusal(broken), Errc::kMalformed);
    broken = txt;
    replace(broken, "p", "p=2");
    EXPECT_EQ(refusal(broken), Errc::kMalformed);
}

}  // namespace sov::discovery
