#include "tests/sim/id_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "daemon/core/base/rng.h"

namespace sov::sim {

namespace {

Key random_key(Rng& rng) {
    Key key;
    for (std::uint8_t& byte : key.bytes) byte = static_cast<std::uint8_t>(rng.next());
    return key;
}

}  // namespace

TEST(IdIndex, finds_the_nearest_as_a_search_through_all_of_them_does) {
    Rng rng(7);
    IdIndex index;
    std::vector<Key> ids;
    for (int count = 0; count < 500; ++count) {
        ids.push_back(random_key(rng));
        index.add(ids.back(), Contact{}, false);
    }
    index.sort();
    for (int round = 0; round < 50; ++round) {
        const Key place = random_key(rng);
        std::sort(ids.begin(), ids.end(),
                  [&](const Key& a, const Key& b) { return closer(place, a, b); });
        const auto found = index.nearest(place, 20);
        ASSERT_EQ(found.size(), 20U);
        for (std::size_t at = 0; at < found.size(); ++at) EXPECT_EQ(found[at]->id, ids[at]);
    }
    EXPECT_EQ(index.nearest(ids[0], 1000).size(), 500U);
}

TEST(IdIndex, names_exactly_those_that_share_a_prefix) {
    Rng rng(8);
    IdIndex index;
    std::vector<Key> ids;
    for (int count = 0; count < 300; ++count) {
        ids.push_back(random_key(rng));
        index.add(ids.back(), Contact{}, false);
    }
    index.sort();
    for (const int bits : {0, 1, 3, 8, 160}) {
        const auto sharing = index.sharing(ids[0], bits);
        const auto expected =
            static_cast<std::size_t>(std::count_if(ids.begin(), ids.end(), [&](const Key& id) {
                return common_prefix_bits(id, ids[0]) >= bits;
            }));
        EXPECT_EQ(sharing.size(), expected) << bits;
    }
}

}  // namespace sov::sim
