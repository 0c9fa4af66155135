#include "daemon/core/base/result.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sov {

TEST(Errc, has_a_word_of_its_own_for_every_code) {
    std::set<std::string_view> words;
    const int last = static_cast<int>(Errc::kInsufficientWork);
    for (int code = 1; code <= last; ++code) words.insert(errc_name(static_cast<Errc>(code)));
    EXPECT_EQ(words.size(), static_cast<std::size_t>(last));
    EXPECT_EQ(words.count("unknown"), 0U);
    EXPECT_EQ(make_error_code(Errc::kBadSignature).message(), "bad_signature");
}

}  // namespace sov
