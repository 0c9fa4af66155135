#include "platform/openssl/edwards_map.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::openssl {

namespace {

using identity::Public32;

// p = 2^255 - 19, little-endian.
constexpr Public32 kPrime = [] {
    Public32 bytes{};
    bytes.fill(0xff);
    bytes[0] = 0xed;
    bytes[31] = 0x7f;
    return bytes;
}();

// The y of the points of order 8, little-endian: the two roots of d y^4 + 2 y^2 - 1 whose points
// exist (the same values stand in libsodium's and curve25519-dalek's lists of small-order points).
constexpr Public32 kOrder8 = {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                              0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                              0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05};
constexpr Public32 kMinusOrder8 = {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
                                   0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
                                   0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a};

// Public keys are public: these comparisons need not be constant in time.
bool below_prime(const Public32& y) {
    return std::lexicographical_compare(y.rbegin(), y.rend(), kPrime.rbegin(), kPrime.rend());
}

bool has_small_order(const Public32& y) {
    const bool middle_zero = std::all_of(y.begin() + 1, y.end(), [](auto b) { return b == 0; });
    if (middle_zero && y[0] <= 1) return true;  // 0: order 4; 1: the neutral element
    Public32 minus_one = kPrime;                // order 2
    minus_one[0] = 0xec;
    return y == minus_one || y == kOrder8 || y == kMinusOrder8;
}

}  // namespace

EdwardsMap::EdwardsMap()
    : scratch_(BN_CTX_new()), montgomery_(BN_MONT_CTX_new()), prime_(BN_new()) {
    SOV_CHECK(scratch_ != nullptr && montgomery_ != nullptr && prime_ != nullptr);
    SOV_CHECK(BN_lebin2bn(kPrime.data(), 32, prime_.get()) != nullptr);
    SOV_CHECK(BN_MONT_CTX_set(montgomery_.get(), prime_.get(), scratch_.get()) == 1);
    for (Number& number : n_) number.reset(BN_new());
    for (Number& number : chain_) number.reset(BN_new());
    one_ = small_number(1);
    curve_d_.reset(BN_new());
    const Number numerator = small_number(121665);
    const Number denominator(BN_new());
    SOV_CHECK(BN_set_word(denominator.get(), 121666) == 1);
    SOV_CHECK(BN_mod_inverse(denominator.get(), denominator.get(), prime_.get(), scratch_.get()) !=
              nullptr);
    SOV_CHECK(BN_to_montgomery(denominator.get(), denominator.get(), montgomery_.get(),
                               scratch_.get()) == 1);
    multiply(curve_d_, numerator, denominator);
    SOV_CHECK(BN_sub(curve_d_.get(), prime_.get(), curve_d_.get()) == 1);
}

EdwardsMap::Number EdwardsMap::small_number(unsigned value) {
    Number number(BN_new());
    SOV_CHECK(number != nullptr && BN_set_word(number.get(), value) == 1);
    SOV_CHECK(BN_to_montgomery(number.get(), number.get(), montgomery_.get(), scratch_.get()) == 1);
    return number;
}

void EdwardsMap::multiply(Number& result, const Number& a, const Number& b) {
    SOV_CHECK(BN_mod_mul_montgomery(result.get(), a.get(), b.get(), montgomery_.get(),
                                    scratch_.get()) == 1);
}

void EdwardsMap::square_times(Number& result, const Number& a, int times) {
    multiply(result, a, a);
    for (int at = 1; at < times; ++at) multiply(result, result, result);
}

// base^((p-5)/8) = base^(2^252 - 3), by the usual chain over exponents 2^k - 1 (Bernstein's ref10,
// pow22523): 252 squarings and 11 multiplications.
void EdwardsMap::raise_to_p_minus_5_over_8(Number& result, const Number& base) {
    auto& [a, b, c, all] = chain_;
    square_times(a, base, 1);  // 2
    square_times(b, a, 2);     // 8
    multiply(b, base, b);      // 9
    multiply(a, a, b);         // 11
    square_times(a, a, 1);     // 22
    multiply(a, b, a);         // 2^5 - 1
    square_times(b, a, 5);
    multiply(a, b, a);  // 2^10 - 1
    square_times(b, a, 10);
    multiply(b, b, a);  // 2^20 - 1
    square_times(c, b, 20);
    multiply(b, c, b);  // 2^40 - 1
    square_times(b, b, 10);
    multiply(a, b, a);  // 2^50 - 1
    square_times(b, a, 50);
    multiply(b, b, a);  // 2^100 - 1
    square_times(c, b, 100);
    multiply(b, c, b);  // 2^200 - 1
    square_times(b, b, 50);
    multiply(a, b, a);  // 2^250 - 1
    square_times(all, a, 2);
    multiply(result, all, base);
}

std::optional<Public32> EdwardsMap::montgomery(const Public32& edwards) {
    Public32 y_bytes = edwards;
    y_bytes[31] &= 0x7f;  // the top bit is the sign of x, which u does not depend on
    if (!below_prime(y_bytes) || has_small_order(y_bytes)) return std::nullopt;

    const BIGNUM* const p = prime_.get();
    auto& [y, y2, v, w, n, e, t, u] = n_;
    SOV_CHECK(BN_lebin2bn(y_bytes.data(), 32, y.get()) != nullptr);
    SOV_CHECK(BN_to_montgomery(y.get(), y.get(), montgomery_.get(), scratch_.get()) == 1);

    // The point exists if x^2 = (y^2 - 1) / (d y^2 + 1) is a square, which is so if
    // v = (y^2 - 1)(d y^2 + 1) is one. With w = 1 - y and n = v w^2, n is a square if v is, and
    // 1 / w = v w / n. Neither is zero: y = 1 and y = -1 are gone, and -1/d is no square.
    multiply(y2, y, y);
    multiply(t, curve_d_, y2);
    BN_mod_add_quick(t.get(), t.get(), one_.get(), p);
    BN_mod_sub_quick(v.get(), y2.get(), one_.get(), p);
    multiply(v, v, t);
    BN_mod_sub_quick(w.get(), one_.get(), y.get(), p);
    multiply(t, v, w);  // t = v w
    multiply(n, t, w);

    // e = n^((p-5)/8). Then (e^2 n)^2 = n^((p-1)/2) is 1 for squares (Euler's criterion), and
    // e^8 n^3 = n^(p-2) is 1 / n.
    raise_to_p_minus_5_over_8(e, n);
    multiply(e, e, e);
    multiply(u, e, n);
    multiply(u, u, u);
    if (BN_cmp(u.get(), one_.get()) != 0) return std::nullopt;
    square_times(e, e, 2);
    multiply(u, n, n);
    multiply(u, u, n);
    multiply(u, u, e);

    multiply(u, u, t);  // 1 / w
    BN_mod_add_quick(y.get(), y.get(), one_.get(), p);
    multiply(u, u, y);
    SOV_CHECK(BN_from_montgomery(u.get(), u.get(), montgomery_.get(), scratch_.get()) == 1);
    Public32 result;
    SOV_CHECK(BN_bn2lebinpad(u.get(), result.data(), 32) == 32);
    return result;
}

}  // namespace sov::openssl
