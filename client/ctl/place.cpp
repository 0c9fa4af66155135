#include "client/ctl/place.h"

#include "client/ctl/lookups.h"

namespace sov::ctl {

client::Result<std::string> place_key(Errand& errand, const std::string& target) {
    if (std::string key = key_bytes(target); !key.empty()) return key;
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.trace(target, options);
        },
        std::chrono::seconds(30));
    if (!answer) return answer.error();
    return key_bytes(answer->lookup.target_hex);
}

}  // namespace sov::ctl
