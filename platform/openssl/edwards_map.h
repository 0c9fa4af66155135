#pragma once

#include <openssl/bn.h>

#include <array>
#include <memory>
#include <optional>

#include "daemon/core/identity/crypto.h"

namespace sov::openssl {

/// Maps Ed25519 public keys to X25519 ones: u = (1 + y) / (1 - y) mod p, p = 2^255 - 19
/// (RFC 7748 s4.1). Field arithmetic is OpenSSL's Montgomery multiplication; one exponentiation
/// answers both whether the point exists and what the inverse is, about 12 us in all.
class EdwardsMap {
  public:
    EdwardsMap();

    /// Nothing for y >= p, for a y that no point has, and for the points of small order.
    ///
    /// That the point lies in the subgroup of prime order is not checked (it would cost 40 us more,
    /// one scalar multiplication). X25519 multiplies by a secret that is a multiple of the cofactor
    /// 8 (clamping, RFC 7748 s5), so a component of small order vanishes from the shared secret:
    /// such a key tells its maker nothing about ours, and agree() refuses the all-zero result.
    std::optional<identity::Public32> montgomery(const identity::Public32& edwards);

  private:
    struct FreeNumber {
        void operator()(BIGNUM* number) const { BN_free(number); }
        void operator()(BN_CTX* scratch) const { BN_CTX_free(scratch); }
        void operator()(BN_MONT_CTX* context) const { BN_MONT_CTX_free(context); }
    };
    using Number = std::unique_ptr<BIGNUM, FreeNumber>;

    Number small_number(unsigned value);
    void multiply(Number& result, const Number& a, const Number& b);
    void square_times(Number& result, const Number& a, int times);
    void raise_to_p_minus_5_over_8(Number& result, const Number& base);

    std::unique_ptr<BN_CTX, FreeNumber> scratch_;
    std::unique_ptr<BN_MONT_CTX, FreeNumber> montgomery_;
    Number prime_;
    Number one_;                   ///< all below in Montgomery form
    Number curve_d_;               ///< -121665 / 121666 (RFC 8032 s5.1)
    std::array<Number, 8> n_;      ///< working numbers of montgomery()
    std::array<Number, 4> chain_;  ///< working numbers of the exponentiation
};

}  // namespace sov::openssl
