#include "platform/openssl/ml_dsa.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include <iostream>
#include <numeric>

#include "platform/openssl/host_crypto.h"

namespace sov::openssl {

namespace {

identity::Secret32 counting_seed() {
    identity::Secret32 seed;
    std::iota(seed.begin(), seed.end(), std::uint8_t{0});
    return seed;
}

}  // namespace

// One of the two branches runs on each host; the output says which.
TEST(MlDsa, gives_the_known_answers_where_it_is_and_says_so_where_it_is_missing) {
    ERR_clear_error();  // of what other tests did in this thread
    const MlDsa ml_dsa;
    const Bytes message = to_bytes(as_bytes("hello"));
    HostCrypto crypto;
    EXPECT_EQ(crypto.has_post_quantum(), ml_dsa.present());
    EXPECT_EQ(ERR_peek_error(), 0U) << "looking for it leaves no error behind";
    if (!ml_dsa.present()) {
        std::cout << "[ MISSING  ] ML-DSA-65 is not in " << OpenSSL_version(OPENSSL_VERSION)
                  << ": the known answer was not checked\n";
        EXPECT_TRUE(ml_dsa.public_key(counting_seed()).empty());
        EXPECT_TRUE(ml_dsa.sign(counting_seed(), message).empty());
        EXPECT_FALSE(ml_dsa.verify(Bytes(1952), message, Bytes(3309)).has_value());
        return;
    }
    std::cout << "[ PRESENT  ] ML-DSA-65 of " << OpenSSL_version(OPENSSL_VERSION) << "\n";
    const Bytes key = ml_dsa.public_key(counting_seed());
    // FIPS 204, ML-DSA.KeyGen from the seed 000102...1f, as OpenSSL 4.0.0 answers it.
    EXPECT_EQ(to_hex(crypto.hash({key}).view()),
              "d666806e11cee19a7c989f7445f90dd419cf4d2d51db8c0fdb4c0f0a542238c9");
    Bytes signature = ml_dsa.sign(counting_seed(), message);
    ASSERT_EQ(signature.size(), identity::kPostQuantumSignatureBytes);
    EXPECT_EQ(ml_dsa.verify(key, message, signature), true);
    EXPECT_EQ(ml_dsa.verify(key, {}, signature), false);
    signature[100] ^= 1;
    EXPECT_EQ(ml_dsa.verify(key, message, signature), false);
    EXPECT_EQ(ml_dsa.verify(Bytes(1951), message, signature), false);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace sov::openssl
