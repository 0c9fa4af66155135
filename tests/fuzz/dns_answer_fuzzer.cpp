#include <cstdint>

#include "daemon/core/base/base_text.h"
#include "daemon/core/base/check.h"
#include "daemon/core/base/dns_answer.h"
#include "daemon/core/identity/bootstrap_list.h"

// Any bytes as the answer of a DNS server, and what is read from it as a bootstrap list, as it is
// on its way from a name to the node: no more text than came, and nothing but whole lists.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sov;
    const auto texts = read_dns_texts(ByteView(data, size));
    if (!texts) return 0;
    SOV_CHECK(texts->size() <= kDnsTextsMax);
    std::size_t length = 0;
    for (const std::string& text : *texts) {
        length += text.size();
        const auto space = text.find(' ');
        if (space == std::string::npos) continue;
        const auto bytes = from_base64url(std::string_view(text).substr(space + 1));
        if (!bytes) continue;
        if (const auto list = identity::decode_list(*bytes))
            SOV_CHECK(*identity::encode_list(*list) == *bytes);
    }
    SOV_CHECK(length <= size);
    return 0;
}
