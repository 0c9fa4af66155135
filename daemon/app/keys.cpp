#include "daemon/app/keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "daemon/app/config.h"
#include "daemon/core/identity/records.h"
#include "platform/linux/identity_file.h"
#include "platform/linux/service_manager.h"

namespace sov::app {
namespace {

/// As systemd/sovereignd.service names it.
constexpr std::string_view kIdentityCredential = "sovereignd.identity";

std::optional<StartFailure> make_folder(const std::string& path) {
    struct stat found {};
    if (mkdir(path.c_str(), 0700) == 0) return std::nullopt;
    if (errno == EEXIST && stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode))
        return std::nullopt;
    return StartFailure{kExitUnusable,
                        "can't make the state folder " + path + ": " + std::strerror(errno) +
                            "\n  do   install -d -m 0700 " + path +
                            "   (owned by the daemon's user), or change node.state_dir"};
}

std::variant<identity::SigningKey, StartFailure> read_key(const std::string& path,
                                                          host::KeyKind kind, int work_bits,
                                                          identity::Crypto& crypto, LogSink& log) {
    // A new node key is searched for until it carries its work; a user key is plainly random.
    const auto fresh = [&](MutableBytes out) {
        if (kind == host::KeyKind::kUser) {
            crypto.fill_random(out);
        } else {
            const identity::SigningKey key = identity::make_node_key(crypto, work_bits);
            std::copy(key.seed.begin(), key.seed.end(), out.begin());
        }
    };
    const host::LoadedSeed loaded = host::load_or_create_seed(path, kind, fresh);
    if (!loaded.seed) return StartFailure{kExitUnusable, loaded.problem};
    if (loaded.created) {
        log.write(api::LogLevel::kInfo, "app", "app.key_made", "made a new key", {{"file", path}});
    }
    return crypto.make_signing_key(*loaded.seed);
}

std::variant<identity::SigningKey, StartFailure> read_user_key(const std::string& state_dir,
                                                               identity::Crypto& crypto,
                                                               LogSink& log) {
    const std::string path = state_dir + "/identity.key";
    const auto credential = host::credential_file(kIdentityCredential);
    if (!credential) return read_key(path, host::KeyKind::kUser, 0, crypto, log);
    const host::LoadedSeed loaded = host::load_credential_seed(*credential, host::KeyKind::kUser);
    if (!loaded.seed) return StartFailure{kExitUnusable, loaded.problem};
    log.write(api::LogLevel::kInfo, "app", "app.identity_credential",
              "the identity is the one that the service manager handed over");
    if (access(path.c_str(), F_OK) == 0) {
        const host::LoadedSeed stored = host::load_credential_seed(path, host::KeyKind::kUser);
        if (!stored.seed || *stored.seed != *loaded.seed) {
            log.write(api::LogLevel::kWarning, "app", "app.identity_unused",
                      "the identity in the state folder is another one and is not used",
                      {{"file", path}});
        }
    }
    return crypto.make_signing_key(*loaded.seed);
}

}  // namespace

std::variant<Keys, StartFailure> load_keys(const std::string& state_dir, NodeMode mode,
                                           int work_bits, identity::Crypto& crypto, LogSink& log) {
    if (auto failure = make_folder(state_dir)) return *failure;
    auto user = read_user_key(state_dir, crypto, log);
    if (auto* failure = std::get_if<StartFailure>(&user)) return *failure;
    Keys keys;
    keys.user = std::get<identity::SigningKey>(user);
    keys.user_key_is_credential = host::credential_file(kIdentityCredential).has_value();
    if (mode == NodeMode::kClient) {
        keys.node = identity::make_node_key(crypto, 0);
        return keys;
    }
    keys.node_key_persistent = true;
    const std::string path = state_dir + "/node.key";
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto node = read_key(path, host::KeyKind::kNode, work_bits, crypto, log);
        if (auto* failure = std::get_if<StartFailure>(&node)) return *failure;
        keys.node = std::get<identity::SigningKey>(node);
        if (identity::key_work(crypto, NodeKey::from(keys.node.public_key)) >= work_bits)
            return keys;
        const std::string aside = path + ".weak-" + std::to_string(std::time(nullptr));
        if (std::rename(path.c_str(), aside.c_str()) != 0) {
            return StartFailure{
                kExitUnusable,
                "the node key in " + path +
                    " has less proof of work than node.work_bits and can't be set aside: " +
                    std::strerror(errno) + "\n  do   rm " + path};
        }
        log.write(api::LogLevel::kWarning, "app", "app.node_key_replaced",
                  "the node key had too little proof of work for this network and was set aside; "
                  "bootstrap lines of this node have changed",
                  {{"file", aside}});
    }
    return StartFailure{
        kExitUnusable,
        "no node key with the proof of work of node.work_bits could be made in " + path};
}

NetworkId network_id(const std::string& network, identity::Crypto& crypto) {
    if (is_network_id(network)) return NetworkId::from(*from_hex(network));
    return NetworkId::from(crypto.hash({as_bytes(network)}).view());
}

}  // namespace sov::app
