#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/base/endpoint.h"
#include "daemon/core/identity/peer_name.h"

// Any text as a peer, a node, a name, a bootstrap line: whatever is accepted can be written and
// read back as the same thing.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sov::identity;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto peer = parse_peer(text)) SOV_CHECK(parse_peer(peer_text(*peer)) == *peer);
    if (const auto node = parse_node(text)) SOV_CHECK(parse_node(node_text(*node)) == *node);
    if (const auto name = fold_name(text)) SOV_CHECK(*fold_name(*name) == *name);
    if (const auto query = parse_name(text)) {
        const std::string again = query->name + (query->tag.empty() ? "" : "#" + query->tag);
        SOV_CHECK(parse_name(again)->name == query->name && parse_name(again)->tag == query->tag);
    }
    if (const auto line = parse_bootstrap(text); line && !line->endpoints.empty()) {
        const auto again = parse_bootstrap(bootstrap_text(line->key, line->endpoints));
        SOV_CHECK(again && again->key == line->key && again->endpoints == line->endpoints);
    }
    return 0;
}
