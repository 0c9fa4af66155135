#include "daemon/core/identity/bootstrap_list.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "platform/openssl/host_crypto.h"

namespace sov::identity {

class BootstrapLists : public ::testing::Test {
  protected:
    openssl::HostCrypto crypto;
    NetworkId network{{7}};
    static constexpr std::uint64_t kNow = 1'800'000'000;

    SigningKey signer(std::uint8_t number) { return crypto.make_signing_key(Secret32{number}); }
    std::vector<PeerId> people(std::initializer_list<std::uint8_t> numbers) {
        std::vector<PeerId> keys;
        for (const std::uint8_t number : numbers) keys.push_back(PeerId{signer(number).public_key});
        std::sort(keys.begin(), keys.end());
        return keys;
    }
    BootstrapList list(std::uint64_t number, std::initializer_list<std::uint8_t> next) {
        BootstrapList made;
        made.network = network;
        made.number = number;
        made.expires = kNow + 1000;
        made.threshold = 2;
        made.keys = people(next);
        made.nodes.push_back({NodeKey{{1}}, {Endpoint::v4(0xc0000201, 6881)}});
        made.nodes.push_back(
            {NodeKey{{2}}, {*Endpoint::parse("[2001:db8::1]:6881"), Endpoint::v4(0xc0000202, 1)}});
        return made;
    }
    Bytes signed_by(BootstrapList made, std::initializer_list<std::uint8_t> numbers) {
        for (const std::uint8_t number : numbers)
            EXPECT_TRUE(sign_list(crypto, signer(number), made).has_value());
        return *encode_list(made);
    }
    Errc refusal(const ListTrust& trust, const Bytes& bytes, std::uint64_t now = kNow) {
        const auto checked = check_list(crypto, network, trust, now, bytes);
        return checked ? Errc{} : checked.error();
    }
    ListTrust root() { return {people({1, 2, 3}), 2, 0}; }
};

TEST_F(BootstrapLists, come_back_as_they_were_written) {
    const Bytes bytes = signed_by(list(3, {1, 2, 4}), {3, 1});
    const auto read = decode_list(bytes);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->number, 3U);
    EXPECT_EQ(read->keys, people({1, 2, 4}));
    EXPECT_EQ(read->nodes, list(3, {1, 2, 4}).nodes);
    EXPECT_EQ(signers_of(crypto, *read), people({1, 3}));
    EXPECT_EQ(*encode_list(*read), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(
            decode_list(Bytes(bytes.begin(), bytes.begin() + static_cast<long>(size))).has_value());
    }
    EXPECT_EQ(decode_list(Bytes(BootstrapList::kBytesMax + 1)).error(), Errc::kTooLarge);
}

TEST_F(BootstrapLists, are_believed_when_k_of_the_trusted_keys_signed_and_not_with_one_less) {
    EXPECT_EQ(refusal(root(), signed_by(list(1, {1, 2, 3}), {1, 3})), Errc{});
    EXPECT_EQ(refusal(root(), signed_by(list(1, {1, 2, 3}), {1})), Errc::kBadSignature);
    EXPECT_EQ(refusal(root(), signed_by(list(1, {1, 8, 9}), {1, 8, 9})), Errc::kBadSignature)
        << "keys that a list brings do not sign for it";
    BootstrapList once = list(1, {1, 2, 3});
    ASSERT_TRUE(sign_list(crypto, signer(1), once).has_value());
    ASSERT_TRUE(sign_list(crypto, signer(1), once).has_value());
    EXPECT_EQ(refusal(root(), *encode_list(once)), Errc::kBadSignature) << "one key counts once";
    EXPECT_EQ(refusal({{}, 0, 0}, signed_by(list(1, {1, 2, 3}), {1, 2})), Errc::kBadSignature)
        << "who trusts nobody believes nobody";
}

TEST_F(BootstrapLists, hand_trust_on_from_list_to_list) {
    const auto first =
        check_list(crypto, network, root(), kNow, signed_by(list(1, {2, 3, 4}), {1, 2}));
    ASSERT_TRUE(first.has_value());
    const ListTrust then = trust_of(*first);
    EXPECT_EQ(refusal(then, signed_by(list(2, {4, 5, 6}), {3, 4})), Errc{});
    EXPECT_EQ(refusal(then, signed_by(list(2, {4, 5, 6}), {1, 2})), Errc::kBadSignature)
        << "a key that was taken off the list is not one of two";
    EXPECT_EQ(refusal(root(), signed_by(list(2, {4, 5, 6}), {1, 2, 3, 4})), Errc{})
        << "signatures of both generations carry a newcomer over";
}

TEST_F(BootstrapLists, of_the_past_of_another_network_and_altered_ones_are_refused) {
    ListTrust later = root();
    later.number = 5;
    EXPECT_EQ(refusal(later, signed_by(list(4, {1, 2, 3}), {1, 2, 3})), Errc::kStale);
    EXPECT_EQ(refusal(later, signed_by(list(5, {1, 2, 3}), {1, 2, 3})), Errc::kStale);
    EXPECT_EQ(refusal(later, signed_by(list(6, {1, 2, 3}), {1, 2, 3})), Errc{});
    EXPECT_EQ(refusal(root(), signed_by(list(1, {1, 2, 3}), {1, 2}), kNow + 1000), Errc::kExpired);
    BootstrapList foreign = list(1, {1, 2, 3});
    foreign.network = NetworkId{{8}};
    EXPECT_EQ(refusal(root(), signed_by(foreign, {1, 2})), Errc::kWrongNetwork);
    const Bytes good = signed_by(list(1, {1, 2, 3}), {1, 2});
    const std::size_t body = good.size() - 1 - 2 * (32 + 64);
    for (std::size_t at = 0; at < body; ++at) {
        Bytes altered = good;
        altered[at] ^= 1;
        EXPECT_NE(refusal(root(), altered), Errc{}) << at;
    }
}

TEST_F(BootstrapLists, that_break_a_bound_are_neither_written_nor_read) {
    const auto unsound = [&](auto change) {
        BootstrapList made = list(1, {1, 2, 3});
        change(made);
        return encode_list(made).has_value() ? Errc{} : encode_list(made).error();
    };
    const Errc bad = Errc::kInvalidArgument;
    EXPECT_EQ(unsound([](auto&) {}), Errc{});
    EXPECT_EQ(unsound([](auto& made) { made.threshold = 0; }), bad);
    EXPECT_EQ(unsound([](auto& made) { made.threshold = 4; }), bad);
    EXPECT_EQ(unsound([](auto& made) { made.keys.clear(); }), bad);
    EXPECT_EQ(unsound([](auto& made) { std::reverse(made.keys.begin(), made.keys.end()); }), bad);
    EXPECT_EQ(unsound([](auto& made) { made.keys[1] = made.keys[0]; }), bad);
    EXPECT_EQ(unsound([](auto& made) { made.nodes[1].key = made.nodes[0].key; }), bad);
    EXPECT_EQ(unsound([](auto& made) { made.nodes[0].endpoints.clear(); }), bad);
    EXPECT_EQ(unsound([](auto& made) { made.nodes[0].endpoints[0].port = 0; }), bad);
    EXPECT_EQ(
        unsound([](auto& made) { made.nodes[0].endpoints.assign(2, made.nodes[0].endpoints[0]); }),
        bad);
    EXPECT_EQ(unsound([](auto& made) {
                  for (std::uint8_t at = 0; at < 17; ++at) made.keys.push_back(PeerId{{0xff, at}});
              }),
              bad);
    EXPECT_EQ(unsound([](auto& made) {
                  made.nodes.clear();
                  for (std::uint8_t at = 0; at < 65; ++at)
                      made.nodes.push_back({NodeKey{{at, 1}}, {Endpoint::v4(0xc0000201, 1)}});
              }),
              bad);
    BootstrapList full = list(1, {1, 2, 3});
    full.nodes.clear();
    const Endpoint six = *Endpoint::parse("[2001:db8::1]:1");
    for (std::uint8_t at = 0; at < 64; ++at) {
        full.nodes.push_back({NodeKey{{at, 1}}, {six, six, six, six}});
        for (std::uint16_t port = 0; port < 4; ++port)
            full.nodes.back().endpoints[port].port = static_cast<std::uint16_t>(port + 1);
    }
    for (std::uint8_t at = 0; at < 32; ++at) full.signatures.push_back({PeerId{{at}}, {}});
    EXPECT_TRUE(encode_list(full).has_value()) << "the largest list fits";
    EXPECT_EQ(sign_list(crypto, signer(1), full).error(), Errc::kOverQuota);
}

}  // namespace sov::identity
