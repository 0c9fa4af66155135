#include "platform/openssl/host_crypto.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace sov::openssl {
namespace {

using identity::Public32;
using identity::Secret32;

template <typename Array>
Array array_of(std::string_view hex) {
    const auto bytes = from_hex(hex);
    Array array{};
    EXPECT_TRUE(bytes && bytes->size() == array.size()) << hex;
    if (bytes) std::copy_n(bytes->begin(), array.size(), array.begin());
    return array;
}

Secret32 secret(std::string_view hex) { return array_of<Secret32>(hex); }

TEST(HostCrypto, hash_is_sha256_over_all_parts_in_order) {
    HostCrypto crypto;
    // FIPS 180-4 examples.
    EXPECT_EQ(crypto.hash({}).hex(),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(crypto.hash({as_bytes("a"), {}, as_bytes("bc")}).hex(),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const std::string long_text(200, 'x');
    EXPECT_EQ(crypto.hash({as_bytes(long_text)}),
              crypto.hash({as_bytes(long_text.substr(0, 63)), as_bytes(long_text.substr(63))}));
}

struct MacCase {
    Bytes key;
    Bytes data;
    std::string mac;
};

TEST(HostCrypto, mac_gives_the_results_of_rfc_4231) {
    const std::vector<MacCase> cases = {
        {Bytes(20, 0x0b), to_bytes(as_bytes("Hi There")),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {to_bytes(as_bytes("Jefe")), to_bytes(as_bytes("what do ya want for nothing?")),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {Bytes(20, 0xaa), Bytes(50, 0xdd),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {Bytes(131, 0xaa),
         to_bytes(as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {Bytes(131, 0xaa),
         to_bytes(as_bytes("This is a test using a larger than block-size key and a larger than "
                           "block-size data. The key needs to be hashed before being used by the "
                           "HMAC algorithm.")),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    HostCrypto crypto;
    for (const MacCase& test : cases) {
        const ByteView data(test.data);
        EXPECT_EQ(crypto.mac(test.key, {data}).hex(), test.mac);
        EXPECT_EQ(crypto.mac(test.key, {data.first(3), data.subspan(3)}).hex(), test.mac);
    }
}

struct SignCase {
    std::string_view seed, public_key, message, signature;
};

TEST(HostCrypto, signatures_are_those_of_rfc_8032) {
    const SignCase cases[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b46"
         "bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d8"
         "c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "84dc65"
         "94a7c15e9716ed28dc027beceea1ec40a"},
    };
    HostCrypto crypto;
    for (const SignCase& test : cases) {
        const auto key = crypto.make_signing_key(secret(test.seed));
        EXPECT_EQ(to_hex(key.public_key), test.public_key);
        const Bytes message = *from_hex(test.message);
        const Signature signature = crypto.sign(key, message);
        EXPECT_EQ(signature.hex(), test.signature);
        EXPECT_TRUE(crypto.verify(key.public_key, message, signature));
    }
}

TEST(HostCrypto, verify_refuses_a_changed_message_signature_or_key) {
    HostCrypto crypto;
    const auto key = crypto.make_signing_key(Secret32{7});
    const Signature signature = crypto.sign(key, as_bytes("message"));
    EXPECT_FALSE(crypto.verify(key.public_key, as_bytes("messagf"), signature));
    for (std::size_t at = 0; at < Signature::kSize; at += 5) {
        Signature wrong = signature;
        wrong.bytes[at] ^= 1;
        EXPECT_FALSE(crypto.verify(key.public_key, as_bytes("message"), wrong)) << at;
    }
    EXPECT_FALSE(crypto.verify(crypto.make_signing_key(Secret32{8}).public_key, as_bytes("message"),
                               signature));
    Public32 no_point{2};  // y = 2 has no x
    EXPECT_FALSE(crypto.verify(no_point, as_bytes("message"), signature));
}

TEST(HostCrypto, agreement_gives_the_results_of_rfc_7748) {
    HostCrypto crypto;
    const auto once =
        crypto.agree(secret("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                     secret("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"));
    ASSERT_TRUE(once);
    EXPECT_EQ(to_hex(*once), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    // The second vector has the top bit of u set, which must be ignored.
    const auto masked =
        crypto.agree(secret("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
                     secret("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"));
    ASSERT_TRUE(masked);
    EXPECT_EQ(to_hex(*masked), "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");

    Secret32 k{9};
    Public32 u{9};
    for (int round = 0; round < 1000; ++round) {
        const auto result = crypto.agree(k, u);
        ASSERT_TRUE(result);
        u = k;
        k = *result;
    }
    EXPECT_EQ(to_hex(k), "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST(HostCrypto, both_sides_of_an_agreement_get_the_same_secret) {
    HostCrypto crypto;
    const auto alice = crypto.make_agreement_key();
    const auto bob = crypto.make_agreement_key();
    EXPECT_NE(alice.secret, bob.secret);
    const auto shared = crypto.agree(alice.secret, bob.public_key);
    ASSERT_TRUE(shared);
    EXPECT_EQ(shared, crypto.agree(bob.secret, alice.public_key));
    const auto signing_a = crypto.make_signing_key(Secret32{1});
    const auto signing_b = crypto.make_signing_key(Secret32{2});
    EXPECT_EQ(crypto.agree(crypto.agreement_form(signing_a).secret,
                           *crypto.agreement_form(signing_b.public_key)),
              crypto.agree(crypto.agreement_form(signing_b).secret,
                           *crypto.agreement_form(signing_a.public_key)));
}

TEST(HostCrypto, agreement_refuses_the_all_zero_secret) {
    HostCrypto crypto;
    const auto key = crypto.make_agreement_key();
    EXPECT_FALSE(crypto.agree(key.secret, Public32{}));
    EXPECT_FALSE(crypto.agree(key.secret, Public32{1}));
    EXPECT_FALSE(crypto.agree(
        key.secret, secret("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")));
    EXPECT_FALSE(crypto.agree(
        key.secret, secret("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")));
}

// RFC 9001 s5.4.3 in the plainest way: one fresh AES-128-ECB context for every block.
void mask_plainly(const identity::MaskKey& key, const identity::MaskSample& sample,
                  MutableBytes header) {
    for (std::size_t start = 0; start < header.size(); start += 16) {
        identity::MaskSample block = sample;
        block[15] ^= static_cast<std::uint8_t>(start / 16);
        std::array<std::uint8_t, 32> pad{};
        int written = 0;
        EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
        EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), nullptr, key.bytes.data(), nullptr);
        EVP_EncryptUpdate(context, pad.data(), &written, block.data(), 16);
        EVP_CIPHER_CTX_free(context);
        for (std::size_t at = start; at < std::min(start + 16, header.size()); ++at) {
            header[at] ^= pad[at - start];
        }
    }
}

TEST(HostCrypto, mask_of_the_first_block_is_that_of_rfc_9001) {
    HostCrypto crypto;  // RFC 9001 A.2: the client's Initial packet
    identity::MaskKey key{
        array_of<std::array<std::uint8_t, 16>>("9f50449e04a0e810283a1e9933adedd2")};
    Bytes header(5, 0);
    crypto.mask(key, array_of<identity::MaskSample>("d1b1c98dd7689fb8ec11d242b123dc9b"), header);
    EXPECT_EQ(to_hex(header), "437b9aec36");
}

TEST(HostCrypto, mask_equals_the_plain_computation_for_every_length_and_undoes_itself) {
    HostCrypto crypto;
    for (std::size_t length = 0; length <= 64; ++length) {
        identity::MaskKey key;
        identity::MaskSample sample;
        Bytes header(length);
        crypto.fill_random(key.bytes);
        crypto.fill_random(sample);
        crypto.fill_random(header);
        const Bytes clear = header;
        Bytes expected = header;
        mask_plainly(key, sample, expected);
        crypto.mask(key, sample, header);
        EXPECT_EQ(header, expected) << length;
        crypto.mask(key, sample, header);
        EXPECT_EQ(header, clear) << length;
    }
}

TEST(HostCrypto, more_mask_keys_than_cache_slots_keep_their_results) {
    HostCrypto crypto;
    const identity::MaskSample sample{1, 2, 3};
    for (int round = 0; round < 2; ++round) {
        for (std::uint32_t at = 0; at < 9000; ++at) {
            identity::MaskKey key;
            const Hash32 hash = crypto.hash({ByteView(reinterpret_cast<std::uint8_t*>(&at), 4)});
            std::copy_n(hash.bytes.begin(), 16, key.bytes.begin());
            Bytes header(13), expected(13);
            crypto.mask(key, sample, header);
            mask_plainly(key, sample, expected);
            ASSERT_EQ(header, expected) << at;
        }
    }
    EXPECT_LE(crypto.mask_contexts(), 4096u);
    EXPECT_GT(crypto.mask_contexts(), 3000u);
}

TEST(HostCrypto, random_bytes_never_repeat_and_fill_any_size) {
    HostCrypto crypto;
    std::set<Bytes> seen;
    for (int at = 0; at < 2000; ++at) {
        Bytes bytes(16);
        crypto.fill_random(bytes);
        EXPECT_TRUE(seen.insert(bytes).second);
    }
    Bytes big(20000);
    crypto.fill_random(big);
    EXPECT_LT(std::count(big.begin(), big.end(), 0), 200);
    crypto.fill_random({});
}

TEST(HostCrypto, a_forked_child_draws_other_bytes) {
    HostCrypto crypto;
    Bytes before(8);
    crypto.fill_random(before);  // the pool is filled now
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    Bytes drawn(32);
    crypto.fill_random(drawn);
    if (child == 0) _exit(write(ends[1], drawn.data(), drawn.size()) == 32 ? 0 : 1);
    Bytes of_child(32);
    ASSERT_EQ(read(ends[0], of_child.data(), of_child.size()), 32);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_NE(drawn, of_child);
    EXPECT_NE(of_child, Bytes(32));
    close(ends[0]);
    close(ends[1]);
}

}  // namespace
}  // namespace sov::openssl
