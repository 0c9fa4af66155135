#include "daemon/app/identity_keeper.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <utility>

#include "daemon/core/identity/hand_over.h"
#include "daemon/core/identity/peer_name.h"
#include "platform/linux/identity_file.h"
#include "platform/linux/private_file.h"
#include "platform/openssl/host_crypto.h"
#include "platform/openssl/sealed_identity.h"

namespace sov::app {
namespace {

using api::VaultProblem;

constexpr std::string_view kHandOverWord = "sovereign-hand-over-1 ";
constexpr std::string_view kHandOversFile = "hand-overs", kKeyFile = "identity.key";
constexpr std::size_t kHandOversFileMost = std::size_t{1} << 16U;
/// Kept keys of one identity before somebody has to tidy up.
constexpr int kAsideMost = 100;

static_assert(openssl::kSealedHandOversMax == identity::kHandOversMax);

std::vector<Bytes> lines_in(const std::string& text) {
    std::vector<Bytes> records;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(kHandOverWord)) continue;
        if (auto record = from_hex(std::string_view(line).substr(kHandOverWord.size())))
            records.push_back(std::move(*record));
    }
    return records;
}

// Backwards from the key, at most as many as anybody follows.
std::vector<Bytes> leading_to(const PeerId& key, const NetworkId& network,
                              const std::vector<Bytes>& records, identity::Crypto& crypto) {
    std::vector<Bytes> chain;
    std::vector<PeerId> seen{key};
    while (chain.size() < identity::kHandOversMax) {
        const auto before = std::find_if(records.begin(), records.end(), [&](const Bytes& record) {
            const auto hand_over = identity::decode_hand_over(record);
            return hand_over && hand_over->to == seen.back() &&
                   std::find(seen.begin(), seen.end(), hand_over->from) == seen.end() &&
                   identity::check_record(crypto, network,
                                          identity::peer_key(crypto, hand_over->from), record);
        });
        if (before == records.end()) break;
        chain.insert(chain.begin(), *before);
        seen.push_back(identity::decode_hand_over(*before)->from);
    }
    return chain;
}

VaultProblem describe(openssl::OpenFailure failure) {
    switch (failure) {
        case openssl::OpenFailure::kNone:
            return {"not_an_identity", "this is no exported identity",
                    "it is what 'sovctl identity export FILE' wrote, whole"};
        case openssl::OpenFailure::kNewer:
            return {"newer_version", "the identity was exported by a newer version",
                    "install that version, or a later one"};
        case openssl::OpenFailure::kDamaged:
            return {"damaged", "the exported identity is damaged: its checksum is wrong",
                    "take another copy of the file"};
        case openssl::OpenFailure::kTooCostly:
            return {"too_costly",
                    "opening this file would take more than 128 MiB or 16 passes, which no export "
                    "of ours asks for",
                    "do not trust whoever gave it to you"};
        case openssl::OpenFailure::kWrongPassphrase: break;
    }
    return {"wrong_passphrase", "the file is whole, and this is not its passphrase",
            "try again; nobody can open it without the passphrase"};
}

}  // namespace

std::vector<Bytes> load_hand_overs(const std::string& state_dir, const NetworkId& network,
                                   const identity::SigningKey& user, identity::Crypto& crypto) {
    const auto text =
        host::read_private_file(state_dir + "/" + std::string(kHandOversFile), kHandOversFileMost);
    if (!text) return {};
    return leading_to(PeerId{user.public_key}, network, lines_in(*text), crypto);
}

IdentityKeeper::IdentityKeeper(std::string state_dir, const NetworkId& network, const Keys& keys,
                               LogSink& log)
    : state_dir_(std::move(state_dir)),
      network_(network),
      user_(keys.user),
      from_credential_(keys.user_key_is_credential),
      log_(log),
      crypto_(std::make_unique<openssl::HostCrypto>()) {}

IdentityKeeper::~IdentityKeeper() {
    if (worker_.joinable()) worker_.join();
    explicit_bzero(user_.seed.data(), user_.seed.size());
}

bool IdentityKeeper::begin(std::function<void()> job) {
    if (busy_.exchange(true)) return false;
    worker_ = std::jthread([this, job = std::move(job)] {
        job();
        busy_ = false;
    });
    return true;
}

std::optional<PeerId> IdentityKeeper::next() const {
    const std::lock_guard lock(mutex_);
    return next_;
}

std::string IdentityKeeper::source() const {
    return from_credential_ ? "a credential of the service manager" : "";
}

std::string IdentityKeeper::path(std::string_view name) const {
    return state_dir_ + "/" + std::string(name);
}

std::string IdentityKeeper::aside_for(const PeerId& peer) const {
    const std::string stem = path(kKeyFile) + "." + identity::peer_tag(*crypto_, peer) + "-";
    for (int number = 1; number < kAsideMost; ++number) {
        const std::string name = stem + std::to_string(number);
        if (access(name.c_str(), F_OK) != 0) return name;
    }
    return stem + std::to_string(kAsideMost);  // taken: replacing says so
}

std::variant<identity::SigningKey, VaultProblem> IdentityKeeper::stored_key() {
    auto loaded = host::load_credential_seed(path(kKeyFile), host::KeyKind::kUser);
    if (!loaded.seed) return VaultProblem{"store_failing", loaded.problem, ""};
    const identity::SigningKey key = crypto_->make_signing_key(*loaded.seed);
    explicit_bzero(loaded.seed->data(), loaded.seed->size());
    return key;
}

std::string IdentityKeeper::write_hand_overs(const std::vector<Bytes>& hand_overs) const {
    std::string text =
        "# Hand-overs from older keys of this identity. The daemon keeps them in the network, so\n"
        "# that those who know an old key find the new one. They are public.\n";
    for (const Bytes& record : hand_overs)
        text += std::string(kHandOverWord) + to_hex(record) + "\n";
    const std::string file = path(kHandOversFile);
    const int failure = host::replace_private_file(file, text);
    return failure == 0 ? "" : "can't write " + file + ": " + std::strerror(failure);
}

std::variant<std::string, VaultProblem> IdentityKeeper::seal(std::string_view passphrase) {
    const openssl::Identity identity{user_, load_hand_overs(state_dir_, network_, user_, *crypto_)};
    return openssl::seal_identity(*crypto_, identity, passphrase);
}

// The hand-overs first: those that lead to a key that is not in force are not read.
std::variant<std::string, VaultProblem> IdentityKeeper::replace(const identity::SigningKey& by,
                                                                std::vector<Bytes> hand_overs) {
    if (from_credential_)
        return VaultProblem{
            "identity_credential",
            "the identity is a credential of the service manager, which the daemon can't replace",
            "'systemctl cat sovereignd' shows which file it is loaded from"};
    auto stored = stored_key();
    if (auto* problem = std::get_if<VaultProblem>(&stored)) return *problem;
    const auto& old = std::get<identity::SigningKey>(stored);
    for (Bytes& known : load_hand_overs(state_dir_, network_, old, *crypto_))
        hand_overs.push_back(std::move(known));
    if (std::string problem = write_hand_overs(hand_overs); !problem.empty())
        return VaultProblem{"store_failing", problem, "make room on the disk and try again"};
    const PeerId before{old.public_key};
    const std::string aside = aside_for(before);
    if (std::string problem = host::replace_user_seed(path(kKeyFile), by.seed, aside);
        !problem.empty())
        return VaultProblem{"store_failing", problem, ""};
    const PeerId after{by.public_key};
    {
        const std::lock_guard lock(mutex_);
        next_ = after == PeerId{user_.public_key} ? std::nullopt : std::optional(after);
    }
    log_.write(api::LogLevel::kWarning, "app", "app.identity_replaced",
               "the identity will be another one after a restart; the old key is kept",
               {{"from", identity::peer_text(before)},
                {"to", identity::peer_text(after)},
                {"kept", aside}});
    return aside;
}

std::variant<IdentityKeeper::Opened, VaultProblem> IdentityKeeper::open(std::string_view sealed,
                                                                        std::string_view passphrase,
                                                                        bool take, bool in_use,
                                                                        bool replace_ours) {
    auto opened = openssl::open_identity(*crypto_, sealed, passphrase);
    if (const auto* failure = std::get_if<openssl::OpenFailure>(&opened)) return describe(*failure);
    auto& theirs = std::get<openssl::Identity>(opened);
    Opened answer;
    answer.peer = PeerId{theirs.key.public_key};
    answer.hand_overs = theirs.hand_overs.size();
    const auto in_force = next().value_or(PeerId{user_.public_key});
    answer.same = answer.peer == in_force;
    if (!take || answer.same) return answer;
    if (in_use && !replace_ours)
        return VaultProblem{"identity_in_use",
                            "this daemon has another identity with names, friends or messages: " +
                                identity::peer_text(in_force),
                            "export it first, then give it up for the other one with --force"};
    auto replaced = replace(theirs.key, std::move(theirs.hand_overs));
    explicit_bzero(theirs.key.seed.data(), theirs.key.seed.size());
    if (auto* problem = std::get_if<VaultProblem>(&replaced)) return *problem;
    answer.aside = std::get<std::string>(replaced);
    return answer;
}

std::variant<IdentityKeeper::Rotated, VaultProblem> IdentityKeeper::rotate() {
    if (const auto waiting = next())
        return VaultProblem{"identity_in_use",
                            "the identity was replaced already; it takes effect with a restart",
                            "systemctl restart sovereignd"};
    if (load_hand_overs(state_dir_, network_, user_, *crypto_).size() >= identity::kHandOversMax)
        return VaultProblem{"too_many_hand_overs",
                            "this identity has moved eight times already, and nobody follows more",
                            "keep this key"};
    identity::Secret32 seed{};
    crypto_->fill_random(seed);
    const identity::SigningKey fresh = crypto_->make_signing_key(seed);
    auto replaced = replace(fresh, {identity::encode_hand_over(*crypto_, user_, fresh, network_)});
    explicit_bzero(seed.data(), seed.size());
    if (auto* problem = std::get_if<VaultProblem>(&replaced)) return *problem;
    return Rotated{PeerId{user_.public_key}, PeerId{fresh.public_key},
                   std::get<std::string>(replaced)};
}

}  // namespace sov::app
