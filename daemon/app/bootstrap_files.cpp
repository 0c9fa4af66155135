#include "daemon/app/bootstrap_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <ostream>
#include <sstream>

#include "daemon/app/keys.h"
#include "daemon/app/start_failure.h"
#include "daemon/core/base/base_text.h"
#include "daemon/core/identity/peer_name.h"
#include "daemon/core/identity/values.h"
#include "platform/linux/identity_file.h"
#include "platform/openssl/host_crypto.h"

namespace sov::app {
namespace {

constexpr std::string_view kMagic = "sovereign-bootstrap-list-1";
constexpr std::size_t kFileBytesMax = 64 << 10;
constexpr std::size_t kDigitsALine = 96;
/// What one string of a TXT record has room for (RFC 1035 s3.3).
constexpr std::size_t kDnsStringMax = 255;
/// The longest that replicas keep anything.
constexpr std::chrono::seconds kListTtl{7 * 24 * 3600};

std::string without_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

// Lines without comments and blanks, with their numbers.
std::vector<std::pair<std::size_t, std::string>> lines_of(std::string_view text) {
    std::vector<std::pair<std::size_t, std::string>> lines;
    std::istringstream stream{std::string(text)};
    std::string line;
    for (std::size_t number = 1; std::getline(stream, line); ++number) {
        line = without_blanks(std::string_view(line).substr(0, line.find('#')));
        if (!line.empty()) lines.emplace_back(number, line);
    }
    return lines;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Seconds since 1970 at the beginning of a day in UTC.
std::optional<std::uint64_t> day(const std::string& text) {
    int year = 0, used = 0;
    unsigned month = 0, date = 0;
    if (std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &date, &used) != 3 ||
        static_cast<std::size_t>(used) != text.size())
        return std::nullopt;
    const std::chrono::year_month_day when{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(date)};
    if (!when.ok() || year < 1970) return std::nullopt;
    const auto since = std::chrono::sys_days(when).time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

std::string day_text(std::uint64_t seconds) {
    constexpr std::uint64_t kEndOfYear9999 = 253'402'300'799;
    const auto at = static_cast<std::time_t>(std::min(seconds, kEndOfYear9999));
    std::tm parts{};
    gmtime_r(&at, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
    return text;
}

// False when the line says nothing that can be used.
bool take_line(const std::string& key, const std::string& value, identity::Crypto& crypto,
               identity::BootstrapList& list) {
    if (key == "number") {
        const auto number = whole_number(value);
        list.number = number.value_or(0);
        return list.number > 0;
    }
    if (key == "network") {
        list.network = network_id(value, crypto);
        return !value.empty();
    }
    if (key == "expires") {
        const auto when = day(value);
        list.expires = when.value_or(0);
        return when.has_value();
    }
    if (key == "threshold") {
        const auto number = whole_number(value);
        list.threshold =
            static_cast<std::uint8_t>(std::min<std::uint64_t>(number.value_or(0), 255));
        return list.threshold > 0;
    }
    if (key == "key") {
        const auto peer = identity::parse_peer(value);
        if (peer) list.keys.push_back(*peer);
        return peer.has_value();
    }
    if (key != "node") return false;
    const auto line = identity::parse_bootstrap(value);
    if (!line || !line->hosts.empty()) return false;
    list.nodes.push_back({line->key, line->endpoints});
    return true;
}

std::variant<identity::BootstrapList, ListProblem> read_draft(
    const std::vector<std::pair<std::size_t, std::string>>& lines, identity::Crypto& crypto) {
    identity::BootstrapList list;
    list.network = network_id("sovereign", crypto);
    for (const auto& [number, line] : lines) {
        const auto equals = line.find('=');
        const std::string key = without_blanks(std::string_view(line).substr(0, equals));
        const std::string value = equals == std::string::npos
                                      ? ""
                                      : without_blanks(std::string_view(line).substr(equals + 1));
        if (!take_line(key, value, crypto, list)) {
            return ListProblem{"line " + std::to_string(number) + ": '" + line +
                               "' is none of number, network, expires = YYYY-MM-DD, threshold, "
                               "key = sov1... and node = sovn1...@address:port"};
        }
    }
    std::sort(list.keys.begin(), list.keys.end());
    if (!identity::encode_list(list)) {
        return ListProblem{
            "a list needs a number, an expiry, 1 to 16 different keys, a threshold of at most as "
            "many, and at most 64 different nodes with 1 to 4 addresses each"};
    }
    return list;
}

std::optional<std::string> file_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::string text(kFileBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kFileBytesMax) return std::nullopt;
    return text;
}

std::uint64_t seconds_now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

std::string why(Errc error, const identity::ListTrust& trust) {
    switch (error) {
        case Errc::kStale:
            return "it is not newer than the list in force, number " + std::to_string(trust.number);
        case Errc::kExpired: return "it has expired by this host's clock";
        case Errc::kWrongNetwork: return "it is for another network";
        case Errc::kBadSignature:
            return "fewer than " + std::to_string(trust.threshold) + " of the " +
                   std::to_string(trust.keys.size()) + " trusted keys signed it";
        default: return "it is damaged: " + std::string(errc_name(error));
    }
}

}  // namespace

std::string list_text(ByteView list) {
    const std::string digits = to_hex(list);
    std::string text = std::string(kMagic) + "\n";
    for (std::size_t at = 0; at < digits.size(); at += kDigitsALine)
        text += digits.substr(at, kDigitsALine) + "\n";
    return text;
}

std::string list_dns_text(ByteView list) { return std::string(kMagic) + " " + to_base64url(list); }

std::variant<identity::BootstrapList, ListProblem> read_list(std::string_view text,
                                                             identity::Crypto& crypto) {
    const auto lines = lines_of(text);
    if (lines.empty()) return ListProblem{"nothing stands in it"};
    const std::string& first = lines.front().second;
    const std::string dns_head = std::string(kMagic) + " ";
    const bool from_dns = first.starts_with(dns_head);
    if (!from_dns && first != kMagic) return read_draft(lines, crypto);
    std::string digits;
    for (std::size_t at = 1; at < lines.size(); ++at) digits += lines[at].second;
    const auto bytes = from_dns ? from_base64url(std::string_view(first).substr(dns_head.size()))
                                : from_hex(digits);
    if (!bytes || (from_dns && lines.size() > 1))
        return ListProblem{std::string("it is damaged: not ") +
                           (from_dns ? "base64url" : "hexadecimal")};
    auto list = identity::decode_list(*bytes);
    if (!list) return ListProblem{"it is damaged: " + std::string(errc_name(list.error()))};
    return std::move(*list);
}

std::string describe_list(const identity::BootstrapList& list, identity::Crypto& crypto) {
    std::ostringstream text;
    text << "number     " << list.number << "\n"
         << "network    " << to_hex(list.network.view()) << "\n"
         << "expires    " << day_text(list.expires) << "\n"
         << "threshold  " << static_cast<unsigned>(list.threshold) << " of " << list.keys.size()
         << " keys sign the next list\n";
    for (const PeerId& key : list.keys) text << "key        " << identity::peer_text(key) << "\n";
    for (const identity::PeerNode& node : list.nodes)
        text << "node       " << identity::bootstrap_text(node.key, node.endpoints) << "\n";
    const auto signers = identity::signers_of(crypto, list);
    for (const auto& one : list.signatures) {
        const bool good = std::find(signers.begin(), signers.end(), one.key) != signers.end();
        text << (good ? "signed by  " : "FORGED     ") << identity::peer_text(one.key) << "\n";
    }
    if (list.signatures.empty()) text << "signed by  nobody yet\n";
    return text.str();
}

// --- the list in force ---------------------------------------------------------------------------

ListKeeper::ListKeeper(std::string state_dir, const NetworkId& network, identity::ListTrust root,
                       identity::Crypto& crypto)
    : path_(std::move(state_dir) + "/bootstrap.list"),
      network_(network),
      root_(std::move(root)),
      trust_(root_),
      crypto_(crypto) {
    load();
}

// The first line of the kept file: what the trust began with.
std::string ListKeeper::root_line() const {
    Bytes all(network_.bytes.begin(), network_.bytes.end());
    all.push_back(root_.threshold);
    std::vector<PeerId> keys = root_.keys;
    std::sort(keys.begin(), keys.end());
    for (const PeerId& key : keys) all.insert(all.end(), key.bytes.begin(), key.bytes.end());
    return "# root " + to_hex(crypto_.hash({all}).view());
}

void ListKeeper::load() {
    const auto text = file_text(path_);
    if (!text) return;
    if (text->substr(0, text->find('\n')) != root_line()) {
        notice_ = path_ + " began with other keys than the configuration names: it is not used";
        return;
    }
    auto read = read_list(*text, crypto_);
    if (const auto* problem = std::get_if<ListProblem>(&read)) {
        notice_ = path_ + " is not used: " + problem->words;
        return;
    }
    list_ = std::move(std::get<identity::BootstrapList>(read));
    trust_ = identity::trust_of(*list_);
}

// Written beside and moved, so that there is always a whole one.
void ListKeeper::save(ByteView list) {
    notice_.clear();
    const std::string text = root_line() + "\n" + list_text(list), fresh = path_ + ".new";
    const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = file >= 0 &&
                write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                fsync(file) == 0;
    if (file >= 0) close(file);
    good = good && rename(fresh.c_str(), path_.c_str()) == 0;
    if (!good) notice_ = "can't write " + path_ + ": an older list could be taken after a restart";
}

std::optional<ListProblem> ListKeeper::take(ByteView bytes, std::uint64_t now) {
    // Copies of one list may carry more and fewer signatures.
    const auto statement = [](identity::BootstrapList list) {
        list.signatures.clear();
        return identity::encode_list(list);
    };
    if (const auto same = identity::decode_list(bytes); same && list_) {
        const auto theirs = statement(*same), ours = statement(*list_);
        if (theirs && ours && *theirs == *ours) return std::nullopt;
    }
    auto list = identity::check_list(crypto_, network_, trust_, now, bytes);
    if (!list) return ListProblem{why(list.error(), trust_)};
    list_ = std::move(*list);
    trust_ = identity::trust_of(*list_);
    save(bytes);
    return std::nullopt;
}

// --- offline verbs -------------------------------------------------------------------------------

namespace {

// One TXT record as zone files have it: a string has at most 255 characters.
void print_dns(const identity::BootstrapList& list, std::ostream& out) {
    const std::string text = list_dns_text(*identity::encode_list(list));
    out << "@ 3600 IN TXT (";
    for (std::size_t at = 0; at < text.size(); at += kDnsStringMax)
        out << "\n  \"" << text.substr(at, kDnsStringMax) << "\"";
    out << " )\n";
}

// The value that carries the list in the DHT, for whoever stores it: its key and its bytes.
int print_value(const identity::BootstrapList& list, const std::string& key_file,
                identity::Crypto& crypto, std::ostream& out, std::ostream& err) {
    if (access(key_file.c_str(), F_OK) != 0) {
        err << "there is no key file " << key_file << "\n";
        return kExitFailed;
    }
    const auto seed =
        host::load_or_create_seed(key_file, host::KeyKind::kUser, [](MutableBytes) {});
    if (!seed.seed) {
        err << seed.problem << "\n";
        return kExitUnusable;
    }
    const auto key = crypto.make_signing_key(*seed.seed);
    const PeerId owner{key.public_key};
    const auto signers = identity::signers_of(crypto, list);
    if (std::find(signers.begin(), signers.end(), owner) == signers.end()) {
        err << "this key, " << identity::peer_text(owner)
            << ", has not signed the list: nobody would look for it there\n  do   sovctl bootstrap "
               "sign "
            << "LIST --key " << key_file << "\n";
        return kExitFailed;
    }
    const identity::RecordHead head{identity::RecordKind::kMutable, false, owner,
                                    seconds_now() * 1000, kListTtl};
    const auto value = identity::make_mutable(crypto, key, list.network, identity::kListLabel, head,
                                              *identity::encode_list(list));
    out << to_hex(value.key.view()) << " " << to_hex(value.bytes) << "\n";
    return 0;
}

}  // namespace

int run_list_errand(const ListErrand& errand, const Config& config, std::ostream& out,
                    std::ostream& err) {
    openssl::HostCrypto crypto;
    const auto text = file_text(errand.file);
    if (!text) {
        err << "can't read " << errand.file << ", or it is larger than 64 KiB\n";
        return kExitFailed;
    }
    auto read = read_list(*text, crypto);
    if (const auto* problem = std::get_if<ListProblem>(&read)) {
        err << errand.file << ": " << problem->words << "\n";
        return kExitFailed;
    }
    auto& list = std::get<identity::BootstrapList>(read);
    if (errand.verb == ListErrand::Verb::kShow) {
        out << describe_list(list, crypto);
        return 0;
    }
    if (errand.verb == ListErrand::Verb::kDns) {
        print_dns(list, out);
        return 0;
    }
    if (errand.verb == ListErrand::Verb::kPublish)
        return print_value(list, errand.key_file, crypto, out, err);
    if (errand.verb == ListErrand::Verb::kVerify) {
        const identity::ListTrust root{config.list_keys,
                                       static_cast<std::uint8_t>(config.list_threshold), 0};
        const ListKeeper keeper(config.state_dir, network_id(config.network, crypto), root, crypto);
        const auto checked =
            identity::check_list(crypto, network_id(config.network, crypto), keeper.trust(),
                                 seconds_now(), *identity::encode_list(list));
        const bool kept =
            keeper.in_force() != nullptr &&
            *identity::encode_list(*keeper.in_force()) == *identity::encode_list(list);
        if (kept || checked) {
            out << "good: list " << list.number
                << (kept ? " is in force here\n" : " would be taken here\n");
            return 0;
        }
        err << "refused: " << why(checked.error(), keeper.trust()) << "\n";
        return kExitFailed;
    }
    const auto seed =
        host::load_or_create_seed(errand.key_file, host::KeyKind::kUser,
                                  [&](MutableBytes fresh) { crypto.fill_random(fresh); });
    if (!seed.seed) {
        err << seed.problem << "\n";
        return kExitUnusable;
    }
    const auto key = crypto.make_signing_key(*seed.seed);
    if (const auto done = identity::sign_list(crypto, key, list); !done) {
        err << errand.file << ": " << errc_name(done.error()) << "\n";
        return kExitFailed;
    }
    out << list_text(*identity::encode_list(list));
    // A comment, for those who catch both outputs in one file.
    err << "# signed by " << identity::peer_text(PeerId{key.public_key})
        << (seed.created ? ", a new key\n" : "\n");
    return 0;
}

}  // namespace sov::app
