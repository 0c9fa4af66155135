#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "daemon/api/identity_vault.h"
#include "daemon/app/keys.h"
#include "daemon/app/log_sink.h"
#include "daemon/core/identity/crypto.h"

namespace sov::app {

/// Hand-overs of the state folder that lead to `user`, the oldest first: what the file
/// `hand-overs` says, a line for each ("sovereign-hand-over-1 <record>"). Lines about other keys,
/// of other networks or of no sense are left out.
std::vector<Bytes> load_hand_overs(const std::string& state_dir, const NetworkId& network,
                                   const identity::SigningKey& user, identity::Crypto& crypto);

/// The files of the identity: exports the key sealed, and replaces it for the next start by an
/// imported or a new one. Each change is whole or not at all, whenever the process is killed; the
/// old key is kept beside the new one as identity.key.TAG-NUMBER, which only this user can read.
class IdentityKeeper final : public api::IdentityVault {
  public:
    IdentityKeeper(std::string state_dir, const NetworkId& network, const Keys& keys, LogSink& log);
    ~IdentityKeeper() override;
    IdentityKeeper(const IdentityKeeper&) = delete;
    IdentityKeeper& operator=(const IdentityKeeper&) = delete;

    bool begin(std::function<void()> job) override;
    std::optional<PeerId> next() const override;
    std::string source() const override;
    std::variant<std::string, api::VaultProblem> seal(std::string_view passphrase) override;
    std::variant<Opened, api::VaultProblem> open(std::string_view sealed,
                                                 std::string_view passphrase, bool take,
                                                 bool in_use, bool replace) override;
    std::variant<Rotated, api::VaultProblem> rotate() override;

  private:
    std::string path(std::string_view name) const;
    /// A free name for a key that is replaced.
    std::string aside_for(const PeerId& peer) const;
    std::string write_hand_overs(const std::vector<Bytes>& hand_overs) const;
    std::variant<std::string, api::VaultProblem> replace(const identity::SigningKey& by,
                                                         std::vector<Bytes> hand_overs);
    /// The key for the next start, which may be another one than the one in force.
    std::variant<identity::SigningKey, api::VaultProblem> stored_key();

    const std::string state_dir_;
    const NetworkId network_;
    identity::SigningKey user_;
    const bool from_credential_;
    LogSink& log_;
    /// Of the job's thread: cryptography serves one thread at a time.
    const std::unique_ptr<identity::Crypto> crypto_;
    mutable std::mutex mutex_;  // guards next_
    std::optional<PeerId> next_;
    std::atomic<bool> busy_{false};
    std::jthread worker_;
};

}  // namespace sov::app
