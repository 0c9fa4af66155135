#include "daemon/app/list_watch.h"

#include <algorithm>
#include <utility>

#include "daemon/app/keys.h"
#include "daemon/core/identity/values.h"

namespace sov::app {

namespace {

using api::LogLevel;

identity::ListTrust root_of(const Config& config) {
    return {config.list_keys, static_cast<std::uint8_t>(config.list_threshold), 0};
}

}  // namespace

ListWatch::ListWatch(boost::asio::io_context& context, LogSink& log, identity::Crypto& crypto,
                     const Config& config, Sinks sinks)
    : log_(log),
      crypto_(crypto),
      sinks_(std::move(sinks)),
      root_keys_(config.list_keys),
      keeper_(config.state_dir, network_id(config.network, crypto), root_of(config), crypto),
      sources_(
          context, places_of(config),
          {[this](const std::string& text, const std::string& where) { take(text, where); },
           [this](const std::string& where, const std::string& reason) { refuse(where, reason); },
           [this] { read_dht(); }}) {
    if (!keeper_.notice().empty()) refuse("the state folder", keeper_.notice());
    if (keeper_.in_force() != nullptr) note_in_force("the state folder");
}

ListPlaces ListWatch::places_of(const Config& config) {
    return {config.bootstrap_list, config.list_dns, config.dns_server, config.list_dht,
            std::chrono::seconds(config.list_refresh)};
}

void ListWatch::joined() {
    if (std::exchange(joined_, true)) return;
    if (sources_.places().dht) read_dht();
}

// Whoever signed a list that we may believe has one of these keys.
void ListWatch::read_dht() {
    if (!joined_) return;
    std::set<PeerId> signers(root_keys_.begin(), root_keys_.end());
    signers.insert(keeper_.trust().keys.begin(), keeper_.trust().keys.end());
    for (const PeerId& signer : signers)
        sinks_.read(identity::mutable_key(crypto_, signer, identity::kListLabel));
}

void ListWatch::handle_event(const Event& event) {
    const auto* read = std::get_if<ValueGetFinished>(&event);
    if (read == nullptr || reads_.erase(read->command) == 0) return;
    // Most signers publish nothing there.
    if (read->gotten.error) return;
    const dht::ValueVersion& value = read->gotten.value;
    take(list_text(value.content), "DHT, " + identity::peer_text(value.head.owner));
}

void ListWatch::take(const std::string& text, const std::string& where) {
    const auto read = read_list(text, crypto_);
    if (const auto* problem = std::get_if<ListProblem>(&read)) return refuse(where, problem->words);
    const auto bytes = identity::encode_list(std::get<identity::BootstrapList>(read));
    if (!bytes) return refuse(where, std::string(errc_name(bytes.error())));
    const std::uint64_t before = keeper_.trust().number;
    if (const auto problem = keeper_.take(*bytes, sinks_.now()))
        return refuse(where, problem->words);
    if (!keeper_.notice().empty()) refuse("the state folder", keeper_.notice());
    refused_.erase(where);
    if (facts_.refused_from == where) facts_.refused_from = facts_.refused = {};
    if (keeper_.trust().number == before) return;
    note_in_force(where);
    log_.write(LogLevel::kInfo, "discovery", "bootstrap.list", "a bootstrap list is in force",
               {{"number", std::to_string(keeper_.trust().number)}, {"from", where}});
    sinks_.taken();
}

void ListWatch::note_in_force(const std::string& where) {
    const identity::BootstrapList& list = *keeper_.in_force();
    facts_.number = list.number;
    facts_.expires = list.expires;
    facts_.nodes = static_cast<std::uint32_t>(list.nodes.size());
    facts_.from = where;
}

void ListWatch::refuse(const std::string& where, const std::string& reason) {
    facts_.refused_from = where;
    facts_.refused = reason;
    if (std::exchange(refused_[where], reason) == reason) return;
    log_.write(LogLevel::kWarning, "discovery", "bootstrap.list", "a bootstrap list is not taken",
               {{"from", where}, {"reason", reason}});
}

}  // namespace sov::app
