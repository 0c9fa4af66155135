#include "daemon/core/guard/eclipse_check.h"

namespace sov::guard {

namespace {

constexpr std::uint64_t kRatio = 3;
constexpr unsigned kLooksToBegin = 3, kLooksToEnd = 5;
/// Fewer nodes than this have no variety to judge by.
constexpr std::size_t kNodesToJudge = 20;
constexpr std::size_t kNodesPerSubnet = 4;
constexpr std::size_t kAnchorsToJudge = 3;

void add(std::string& signs, const std::string& sign) {
    signs += (signs.empty() ? "" : "; ") + sign;
}

}  // namespace

bool EclipseCheck::look(Instant now, const Surround& around) {
    next_ = now + kInterval;
    last_ = around;
    signs_.clear();
    unsigned weight = 0;
    const bool sizes_known = around.size_near > 0 && around.size_far > 0 && !around.small;
    if (sizes_known && (around.size_near / kRatio > around.size_far ||
                        around.size_far / kRatio > around.size_near)) {
        add(signs_, "about " + std::to_string(around.size_near) +
                        " nodes seem to exist by our neighbourhood and " +
                        std::to_string(around.size_far) + " by lookups elsewhere");
        weight += 2;
    }
    if (!around.small && around.public_nodes >= kNodesToJudge &&
        around.subnets * kNodesPerSubnet < around.public_nodes) {
        add(signs_, std::to_string(around.public_nodes) + " nodes share " +
                        std::to_string(around.subnets) + " networks");
        ++weight;
    }
    if (!around.small && around.nodes >= kNodesToJudge && 2 * around.inbound > around.nodes) {
        add(signs_, std::to_string(around.inbound) + " of " + std::to_string(around.nodes) +
                        " nodes came by themselves");
        ++weight;
    }
    if (around.nodes >= kNodesToJudge && around.anchors >= kAnchorsToJudge &&
        around.anchors_answering == 0) {
        add(signs_, "none of " + std::to_string(around.anchors) + " anchors answers");
        ++weight;
    }
    const bool seen = weight >= 2;
    in_a_row_ = seen == alarmed_ ? 0 : in_a_row_ + 1;
    if (in_a_row_ < (alarmed_ ? kLooksToEnd : kLooksToBegin)) return false;
    in_a_row_ = 0;
    alarmed_ = seen;
    return true;
}

}  // namespace sov::guard
