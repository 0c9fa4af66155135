#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/host.h"
#include "daemon/core/snapshot.h"

namespace sov::api {

enum class VerdictWord : std::uint8_t { kStarting, kOnline, kDegraded, kOffline };

/// "starting", "online", "degraded", "offline".
std::string_view verdict_text(VerdictWord word);

struct VerdictReason {
    std::string code, sentence, next_step;
};

/// The first line of every status and why it says so, the gravest reason first.
struct Verdict {
    VerdictWord word{};
    std::string sentence;
    std::vector<VerdictReason> reasons;
};

/// What the verdict is made of.
struct VerdictInput {
    const NodeStatus& status;
    const std::vector<BootstrapEntry>& bootstrap;
    const std::vector<OwnName>& names;
    const std::vector<LayerSwitch>& layers;
    ConfiguredMode mode{};
    std::string store_problem, store_notice;
    EconomyFacts economy{};
    bool identity_waits = false;      ///< another identity takes effect with a restart
    bool hand_over_disputed = false;  ///< another one than ours is signed with an old key of ours
};

/// Whether somebody else signed a hand-over with one of our older keys.
bool any_disputed(const std::vector<OwnHandOver>& hand_overs);

/// Judges. A node that talks to nobody is offline, one that misses something is degraded.
Verdict judge(const VerdictInput& input);

}  // namespace sov::api
