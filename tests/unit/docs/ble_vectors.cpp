#include <gtest/gtest.h>

#include "daemon/core/discovery/advert.h"
#include "tests/unit/docs/vectors.h"

namespace sov::vectors {

namespace {

using discovery::Advert;
using discovery::Rid;

Vector advert_vector(std::string name, const Advert& advert) {
    Vector vector{"advert " + std::move(name), {}};
    vector.add("flags", std::uint64_t{advert.flags});
    vector.add("rid", ByteView(advert.rid));
    vector.add("power_dbm", std::to_string(advert.power_at_one_metre));
    const Bytes data = encode_advert(advert);
    vector.add("service_data", ByteView(data));
    vector.add("advertising_data", ByteView(discovery::advertising_data(advert)));
    EXPECT_EQ(discovery::decode_advert(data), advert);
    return vector;
}

}  // namespace

std::vector<Vector> ble_vectors(identity::Crypto& crypto) {
    const Cast cast = make_cast(crypto);
    Rid prefix{};
    std::copy_n(cast.user.public_key.begin(), prefix.size(), prefix.begin());
    return {advert_vector("private", {Advert::kGatt, {0xa0, 1, 2, 3, 4, 5, 6, 7}, -59}),
            advert_vector("public", {Advert::kGatt | Advert::kLan | Advert::kPublic, prefix, -62})};
}

}  // namespace sov::vectors
