#include "platform/openssl/sealed_identity.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "platform/openssl/host_crypto.h"

namespace sov::openssl {

namespace {

constexpr DerivationCost kCheap = kDerivationLeast;
constexpr std::string_view kPassphrase = "correct horse";

class SealedIdentity : public ::testing::Test {
  protected:
    HostCrypto crypto;
    Identity mine{crypto.make_signing_key(identity::Secret32{1, 2, 3}), {Bytes{4, 5}, Bytes{6}}};
    std::string text = seal_identity(crypto, mine, kPassphrase, kCheap);

    OpenFailure failure(std::string_view sealed, std::string_view passphrase = kPassphrase) {
        const auto opened = open_identity(crypto, sealed, passphrase);
        const auto* failed = std::get_if<OpenFailure>(&opened);
        EXPECT_NE(failed, nullptr) << "it opened";
        return failed != nullptr ? *failed : OpenFailure{};
    }
    std::string word(std::size_t number) const {
        const std::string line = text.substr(text.rfind("sovereign-identity-1"));
        std::size_t at = 0;
        for (; number > 0; --number) at = line.find(' ', at) + 1;
        return line.substr(at, line.find_first_of(" \n", at) - at);
    }
    // As somebody would make it who wants that file to be opened: with a fitting checksum.
    std::string forged(const Bytes& body) {
        const std::string tag = "sovereign-identity-1";
        const Hash32 hash = crypto.hash({as_bytes(tag), ByteView(body)});
        return tag + " " + to_hex(body) + " " + to_hex(hash.view().first(4)) + "\n";
    }
};

}  // namespace

TEST_F(SealedIdentity, comes_back_with_its_passphrase) {
    const auto opened = open_identity(crypto, text, kPassphrase);
    ASSERT_TRUE(std::holds_alternative<Identity>(opened));
    EXPECT_EQ(std::get<Identity>(opened).key.seed, mine.key.seed);
    EXPECT_EQ(std::get<Identity>(opened).key.public_key, mine.key.public_key);
    EXPECT_EQ(std::get<Identity>(opened).hand_overs, mine.hand_overs);
}

TEST_F(SealedIdentity,
       tells_a_wrong_passphrase_from_damage_from_a_later_version_from_something_else) {
    EXPECT_EQ(failure(text, "wrong horse"), OpenFailure::kWrongPassphrase);
    EXPECT_EQ(failure(text, std::string(2000, 'x')), OpenFailure::kWrongPassphrase);
    std::string damaged = text;
    char& digit = damaged[damaged.size() - 40];
    digit = digit == '0' ? '1' : '0';
    EXPECT_EQ(failure(damaged), OpenFailure::kDamaged);
    EXPECT_EQ(failure(text.substr(0, text.size() - 20)), OpenFailure::kDamaged);
    std::string later = text;
    later.replace(later.rfind("identity-1"), 10, "identity-2");
    EXPECT_EQ(failure(later), OpenFailure::kNewer);
    EXPECT_EQ(failure("hello"), OpenFailure::kNone);
    EXPECT_EQ(failure(""), OpenFailure::kNone);
    EXPECT_EQ(failure("sovereign-user-key-1 00 00"), OpenFailure::kNone);
    EXPECT_EQ(failure(text + std::string(kSealedBytesMax, '\n')), OpenFailure::kNone);
}

TEST_F(SealedIdentity, survives_what_a_mailer_does_to_line_ends) {
    std::string mailed;
    for (const char each : text)
        mailed += each == '\n' ? std::string("\r\n") : std::string(1, each);
    EXPECT_TRUE(std::holds_alternative<Identity>(open_identity(crypto, mailed, kPassphrase)));
}

TEST_F(SealedIdentity, a_file_that_asks_for_too_much_is_refused_before_anything_is_derived) {
    Bytes body = *from_hex(word(1));
    store_u32(body.data() + 4, 128 * 1024 + 1);
    EXPECT_EQ(failure(forged(body)), OpenFailure::kTooCostly);
    store_u32(body.data() + 4, UINT32_MAX);
    EXPECT_EQ(failure(forged(body)), OpenFailure::kTooCostly);
    store_u32(body.data() + 4, 8 * 1024);
    store_u32(body.data(), UINT32_MAX);
    EXPECT_EQ(failure(forged(body)), OpenFailure::kTooCostly);
    store_u32(body.data(), 0);
    EXPECT_EQ(failure(forged(body)), OpenFailure::kDamaged);
}

TEST_F(SealedIdentity, nothing_of_it_can_be_changed_with_a_fitting_checksum) {
    const Bytes good = *from_hex(word(1));
    for (const std::size_t at :
         {std::size_t{3}, std::size_t{10}, std::size_t{30}, std::size_t{50}, good.size() - 1}) {
        Bytes body = good;
        body[at] = static_cast<std::uint8_t>(body[at] ^ 3);  // one pass becomes two
        EXPECT_EQ(failure(forged(body)), OpenFailure::kWrongPassphrase) << at;
    }
}

TEST_F(SealedIdentity, shows_neither_the_key_nor_the_passphrase_nor_twice_the_same) {
    EXPECT_EQ(text.find(to_hex(ByteView(mine.key.seed))), std::string::npos);
    EXPECT_EQ(text.find(kPassphrase), std::string::npos);
    EXPECT_NE(seal_identity(crypto, mine, kPassphrase, kCheap), text);
}

}  // namespace sov::openssl
