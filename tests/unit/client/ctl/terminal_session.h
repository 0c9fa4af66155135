#pragma once

#include <gtest/gtest.h>
#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/ctl/command_line.h"
#include "client/ctl/help.h"
#include "client/ctl/machine.h"
#include "client/ctl/program.h"
#include "client/sovereign_client.h"
#include "tests/unit/client/ctl/request_script.h"

// sovctl without a daemon, a terminal or a host: a test writes the daemon's answers down, runs a
// command line and reads what appeared.

namespace sov::ctl::test {

inline client::Error daemon_error(std::string code, int grpc_status, int exit_code,
                                  std::string message, std::string hint = {}) {
    client::Error error;
    error.code = std::move(code);
    error.message = std::move(message);
    error.hint = std::move(hint);
    error.grpc_status = grpc_status;
    error.exit_code = exit_code;
    return error;
}

inline client::Error unset() {
    return daemon_error("unset", 13, 1, "this test has not written that answer down");
}

/// What the daemon would answer, and what it was asked.
struct Script {
    client::Result<client::NodeStatus> status = unset();
    client::Result<client::Identity> identity = unset();
    client::Result<client::ExportedIdentity> exported = unset();
    client::Result<client::ImportedIdentity> imported = unset();
    client::Result<client::RotatedIdentity> rotated = unset();
    client::Result<std::vector<client::Session>> sessions = unset();
    std::vector<client::Event> events;
    client::Result<client::Done> events_end = client::Done{};
    client::Result<std::vector<client::ModuleLogLevel>> log_levels = unset();
    client::Result<std::vector<client::LayerStatus>> layers = unset();
    client::Result<client::ReloadedConfig> reloaded = unset();
    client::Result<client::Done> done = unset();
    client::Result<client::Judgement> judgement = unset();
    client::Result<client::NetworkReport> network = unset();
    client::Result<client::ConnectionReason> connection_reason = unset();
    std::vector<client::ConnectStep> connect_steps;
    client::Result<std::string> blocked = unset();
    client::Result<std::vector<std::string>> blocks = unset();
    client::Result<client::Stats> stats = unset();
    client::Result<client::Found> found = unset();
    client::Result<client::Stored> stored = unset();
    client::Result<client::ValueStored> value_stored = unset();
    client::Result<client::ValueGotten> value_gotten = unset();
    std::vector<client::ValueTold> told;
    client::Result<client::Done> listen_end = client::Done{};
    client::PutValue value_put;                   ///< what was asked for last
    std::vector<client::OfferProgress> progress;  ///< of an offer, before its answer
    client::Result<client::OfferProgress> offered = unset();
    client::Result<std::uint32_t> withdrawn = unset();
    client::Result<client::Providers> providers = unset();
    client::Result<std::vector<client::OwnOffer>> offers = unset();
    std::vector<client::Subject> subjects;  ///< what was asked for last
    client::OfferHints hints;
    client::milliseconds lasts{0};
    client::ProviderQuery provider_query;
    client::Result<client::Names> names = unset();
    client::Result<client::RoutingTable> table = unset();
    client::Result<client::Gotten> gotten = unset();
    client::Result<client::Gotten> traced = unset();
    client::Result<client::Held> held = unset();
    client::Result<client::OwnValues> own_values = unset();
    client::Result<client::Done> let_go = unset();
    client::Result<std::vector<client::Neighbour>> neighbours = unset();
    std::vector<client::NeighbourChange> changes;
    client::Result<client::Done> changes_end = client::Done{};
    client::Result<client::Friend> befriended = unset();
    client::Result<std::vector<client::Friend>> friends = unset();
    client::Result<std::vector<client::Check>> checks = unset();

    client::Result<client::ValueStored> left = unset();
    client::Result<client::Mailbox> mailbox = unset();
    std::vector<client::MessageProgress> message_progress;
    std::vector<client::ReceivedMessage> messages;
    client::Result<client::Done> message_end = client::Done{};
    client::Result<std::vector<client::SentMessage>> sent_messages = unset();
    client::Result<client::PeerPresence> presence = unset();
    client::Result<std::uint32_t> acknowledged = unset();
    client::Result<client::ConnectReport> connected = unset();
    client::Result<client::PeerId> disconnected = unset();
    client::Result<std::vector<client::Connection>> connections = unset();
    std::vector<client::ConnectionChange> connection_changes;
    std::vector<client::Result<client::PeerPing>> pings;  ///< one after the other, then unset()
    client::ConnectQuery connect_query;                   ///< what was asked for last
    client::ServeQuery serve_query;
    std::vector<client::IncomingStream> incoming;
    client::Result<client::Done> serve_end = client::Done{};
    /// The next stream that is opened or taken.
    std::function<client::Result<std::unique_ptr<client::Stream>>()> stream = [] {
        return client::Result<std::unique_ptr<client::Stream>>(unset());
    };

    RequestScript requests;

    std::vector<std::string> calls;
    std::vector<std::chrono::milliseconds> deadlines;
    client::EventQuery event_query;
};

class ScriptedClient final : public client::Client {
  public:
    explicit ScriptedClient(Script& script) : script_(script) {}

    using Options = client::CallOptions;

    client::Result<client::NodeStatus> status(const Options& options) override {
        return note("status", options), script_.status;
    }
    client::Result<client::Identity> identity(const Options& options) override {
        return note("identity", options), script_.identity;
    }
    client::Result<std::vector<client::Session>> sessions(const Options& options) override {
        return note("sessions", options), script_.sessions;
    }
    client::Result<client::Stats> stats(const std::vector<std::string>& globs,
                                        const std::string& history_of,
                                        const Options& options) override {
        std::string call = "stats";
        for (const std::string& glob : globs) call += ' ' + glob;
        if (!history_of.empty()) call += " history " + history_of;
        return note(call, options), script_.stats;
    }
    client::Result<client::Done> events(const client::EventQuery& query,
                                        const std::function<bool(const client::Event&)>& on_event,
                                        const Options& options) override {
        note("events", options);
        script_.event_query = query;
        for (const client::Event& event : script_.events) on_event(event);
        return script_.events_end;
    }
    client::Result<std::vector<client::ModuleLogLevel>> log_levels(
        const Options& options) override {
        return note("log_levels", options), script_.log_levels;
    }
    client::Result<std::vector<client::ModuleLogLevel>> set_log_level(
        const std::string& module, const std::string& level, client::milliseconds duration,
        const Options& options) override {
        note("set_log_level " + module + ' ' + level + ' ' + std::to_string(duration.count()),
             options);
        return script_.log_levels;
    }
    client::Result<std::vector<client::LayerStatus>> set_layer(const std::string& layer, bool on,
                                                               const Options& options) override {
        return note("set_layer " + layer + (on ? " on" : " off"), options), script_.layers;
    }
    client::Result<client::NetworkReport> check_network(
        const std::function<void(std::uint32_t, std::uint32_t)>& on_progress,
        const Options& options) override {
        if (on_progress) on_progress(1, 4);
        return note("check_network", options), script_.network;
    }
    client::Result<client::Judgement> explain_peer(const std::string& who,
                                                   const Options& options) override {
        return note("explain_peer " + who, options), script_.judgement;
    }
    client::Result<client::ExportedIdentity> export_identity(const std::string& passphrase,
                                                             const Options& options) override {
        return note("export_identity " + passphrase, options), script_.exported;
    }
    client::Result<client::ImportedIdentity> import_identity(const client::ImportIdentity& wanted,
                                                             const Options& options) override {
        return note((wanted.check_only ? "verify_identity " : "import_identity ") + wanted.sealed +
                        " " + wanted.passphrase + (wanted.replace ? " replace" : ""),
                    options),
               script_.imported;
    }
    client::Result<client::RotatedIdentity> rotate_identity(const Options& options) override {
        return note("rotate_identity", options), script_.rotated;
    }
    client::Result<std::string> block(const std::string& who, const Options& options) override {
        return note("block " + who, options), script_.blocked;
    }
    client::Result<client::Done> unblock(const std::string& who, const Options& options) override {
        return note("unblock " + who, options), script_.done;
    }
    client::Result<std::vector<std::string>> blocks(const Options& options) override {
        return note("blocks", options), script_.blocks;
    }
    client::Result<client::ReloadedConfig> reload_config(const Options& options) override {
        return note("reload_config", options), script_.reloaded;
    }
    client::Result<client::Done> shutdown(bool at_once, const Options& options) override {
        return note(at_once ? "shutdown at once" : "shutdown", options), script_.done;
    }
    client::Result<client::Found> find(const client::FindQuery& query,
                                       const Options& options) override {
        return note("find " + query.query + (query.level.empty() ? "" : " " + query.level),
                    options),
               script_.found;
    }
    client::Result<client::Stored> claim_name(const std::string& name,
                                              const Options& options) override {
        return note("claim_name " + name, options), script_.stored;
    }
    client::Result<client::Stored> release_name(const std::string& name,
                                                const Options& options) override {
        return note("release_name " + name, options), script_.stored;
    }
    client::Result<client::Names> names(const Options& options) override {
        return note("names", options), script_.names;
    }
    client::Result<client::Done> forget_pin(const std::string& name,
                                            const Options& options) override {
        return note("forget_pin " + name, options), script_.done;
    }
    client::Result<client::ValueStored> leave_mail(const client::LeaveMail& mail,
                                                   const Options& options) override {
        return note("leave_mail " + mail.peer + ' ' + mail.body + ' ' +
                        std::to_string(mail.ttl.count()),
                    options),
               script_.left;
    }
    client::Result<client::Mailbox> collect_mail(const Options& options) override {
        return note("collect_mail", options), script_.mailbox;
    }
    client::Result<client::Done> send_message(
        const client::MessageQuery& query,
        const std::function<bool(const client::MessageProgress&)>& on_progress,
        const Options& options) override {
        note("send_message " + query.peer + ' ' + query.topic + ' ' + query.body +
                 (query.follow ? " followed" : ""),
             options);
        for (const client::MessageProgress& progress : script_.message_progress) {
            if (!on_progress(progress)) return client::Done{};
        }
        return script_.message_end;
    }
    client::Result<client::Done> receive_messages(
        const std::optional<std::string>& topic,
        const std::function<bool(const client::ReceivedMessage&)>& on_message,
        const Options& options) override {
        note("receive_messages " + topic.value_or("of all"), options);
        for (const client::ReceivedMessage& message : script_.messages) {
            if (!on_message(message)) return client::Done{};
        }
        return script_.message_end;
    }
    client::Result<std::vector<client::ReceivedMessage>> received_messages(
        const std::optional<std::string>& topic, std::uint64_t after,
        const Options& options) override {
        note("received_messages " + topic.value_or("of all") + " after " + std::to_string(after),
             options);
        std::vector<client::ReceivedMessage> page;
        for (const client::ReceivedMessage& message : script_.messages) {
            if (message.serial > after) page.push_back(message);
        }
        return page;
    }
    client::Result<std::uint32_t> acknowledge_messages(const std::vector<std::uint64_t>& serials,
                                                       const Options& options) override {
        note("acknowledge_messages " + std::to_string(serials.size()), options);
        return static_cast<std::uint32_t>(serials.size());
    }
    client::Result<std::vector<client::SentMessage>> sent_messages(
        const Options& options) override {
        return note("sent_messages", options), script_.sent_messages;
    }
    client::Result<client::Done> cancel_message(const std::string& id,
                                                const Options& options) override {
        return note("cancel_message " + id, options), script_.done;
    }
    client::Result<client::Done> set_presence(const std::string& state, const std::string& words,
                                              const Options& options) override {
        return note("set_presence " + state + ' ' + words, options), script_.done;
    }
    client::Result<client::PeerPresence> presence(const std::string& peer,
                                                  const Options& options) override {
        return note("presence " + peer, options), script_.presence;
    }
    client::Result<std::uint32_t> acknowledge_mail(const std::vector<std::string>& ids,
                                                   const Options& options) override {
        return note("acknowledge_mail " + std::to_string(ids.size()), options),
               script_.acknowledged;
    }
    client::Result<client::RoutingTable> table(bool replacements, const Options& options) override {
        return note(replacements ? "table with spare" : "table", options), script_.table;
    }
    client::Result<client::Gotten> get(std::string_view key, bool,
                                       const Options& options) override {
        return note("get of " + std::to_string(key.size()) + " bytes", options), script_.gotten;
    }
    client::Result<client::Gotten> trace(const std::string& target,
                                         const Options& options) override {
        return note("trace " + target, options), script_.traced;
    }
    client::Result<client::Stored> put(std::string_view key, std::string_view record,
                                       const Options& options) override {
        note("put of " + std::to_string(record.size()) + " bytes at " + std::to_string(key.size()),
             options);
        return script_.stored;
    }
    client::Result<client::ValueStored> put_value(const client::PutValue& value,
                                                  const Options& options) override {
        script_.value_put = value;
        return note("put_value of " + std::to_string(value.content.size()), options),
               script_.value_stored;
    }
    client::Result<client::ValueGotten> get_value(const client::ValuePlace& place,
                                                  const std::string& level,
                                                  std::optional<std::uint64_t> newer_than,
                                                  const Options& options) override {
        note("get_value " + place.owner + '/' + place.label + ' ' +
                 std::to_string(place.key.size()) + ' ' + level +
                 (newer_than ? " newer than " + std::to_string(*newer_than) : ""),
             options);
        return script_.value_gotten;
    }
    client::Result<client::Done> listen(const client::ValuePlace& place, const std::string& cursor,
                                        const std::function<bool(const client::ValueTold&)>& told,
                                        const Options& options) override {
        note("listen " + place.owner + '/' + place.label + " after " + cursor, options);
        for (const client::ValueTold& news : script_.told) {
            if (!told(news)) break;
        }
        return script_.listen_end;
    }
    client::Result<client::OfferProgress> offer(
        const client::OfferQuery& query,
        const std::function<void(const client::OfferProgress&)>& on_progress,
        const Options& options) override {
        note("offer of " + std::to_string(query.subjects.size()), options);
        script_.subjects = query.subjects;
        script_.hints = query.hints;
        script_.lasts = query.lasts;
        for (const client::OfferProgress& progress : script_.progress) on_progress(progress);
        return script_.offered;
    }
    client::Result<std::uint32_t> withdraw_offers(const std::vector<client::Subject>& subjects,
                                                  const Options& options) override {
        script_.subjects = subjects;
        return note("withdraw_offers of " + std::to_string(subjects.size()), options),
               script_.withdrawn;
    }
    client::Result<client::Providers> find_providers(
        const client::ProviderQuery& query,
        const std::function<void(const client::FoundProvider&)>& on_found,
        const Options& options) override {
        script_.provider_query = query;
        if (script_.providers) {
            for (const client::FoundProvider& found : script_.providers->providers) on_found(found);
        }
        return note("find_providers", options), script_.providers;
    }
    client::Result<std::vector<client::OwnOffer>> offers(const Options& options) override {
        return note("offers", options), script_.offers;
    }
    client::Result<client::OwnValues> own_values(const Options& options) override {
        return note("own_values", options), script_.own_values;
    }
    client::Result<client::Done> let_go(std::string_view key, const Options& options) override {
        return note("let_go " + std::to_string(key.size()), options), script_.let_go;
    }
    client::Result<client::Held> held(const Options& options) override {
        return note("held", options), script_.held;
    }
    client::Result<std::vector<client::Neighbour>> neighbours(const std::string& medium,
                                                              const Options& options) override {
        return note(medium.empty() ? "neighbours" : "neighbours " + medium, options),
               script_.neighbours;
    }
    client::Result<client::Done> browse(
        const client::BrowseQuery& query,
        const std::function<bool(const client::NeighbourChange&)>& on_change,
        const Options& options) override {
        note("browse " + query.medium + (query.follow ? " and follow" : ""), options);
        for (const client::NeighbourChange& change : script_.changes) on_change(change);
        return script_.changes_end;
    }
    client::Result<client::Friend> add_friend(const std::string& peer, const std::string& text,
                                              const Options& options) override {
        return note("add_friend " + peer + ' ' + text, options), script_.befriended;
    }
    client::Result<client::Done> remove_friend(const std::string& peer,
                                               const Options& options) override {
        return note("remove_friend " + peer, options), script_.done;
    }
    client::Result<client::Done> repin_friend(const std::string& peer,
                                              const Options& options) override {
        return note("repin_friend " + peer, options), script_.done;
    }
    client::Result<std::vector<client::Friend>> friends(const Options& options) override {
        return note("friends", options), script_.friends;
    }
    client::Result<std::vector<client::Check>> doctor(const Options& options) override {
        return note("doctor", options), script_.checks;
    }
    client::Result<client::ConnectionReason> explain_connection(const std::string& peer,
                                                                const Options& options) override {
        return note("explain_connection " + peer, options), script_.connection_reason;
    }
    client::Result<client::ConnectReport> connect_peer(const client::ConnectQuery& query,
                                                       const client::StepTold& on_step,
                                                       const Options& options) override {
        script_.connect_query = query;
        for (const auto& step : script_.connect_steps) on_step(step);
        return note("connect " + query.peer + ' ' + query.policy, options), script_.connected;
    }
    client::Result<client::PeerId> disconnect_peer(const std::string& peer,
                                                   const Options& options) override {
        return note("disconnect " + peer, options), script_.disconnected;
    }
    client::Result<std::vector<client::Connection>> connections(const Options& options) override {
        return note("connections", options), script_.connections;
    }
    client::Result<client::Done> watch_connections(
        const std::function<bool(const client::ConnectionChange&)>& on_change,
        const Options& options) override {
        note("watch_connections", options);
        for (const client::ConnectionChange& change : script_.connection_changes) on_change(change);
        return client::Done{};
    }
    client::Result<client::PeerPing> ping_peer(const std::string& peer,
                                               const Options& options) override {
        note("ping " + peer, options);
        if (script_.pings.empty()) return unset();
        const auto answer = script_.pings.front();
        script_.pings.erase(script_.pings.begin());
        return answer;
    }
    client::Result<std::unique_ptr<client::Stream>> open_stream(
        const std::string& peer, const std::vector<std::string>& protocols,
        const Options& options) override {
        return note("open " + peer + ' ' + protocols.front(), options), script_.stream();
    }
    client::Result<client::Done> serve(
        const client::ServeQuery& query, const std::function<bool()>& on_serving,
        const std::function<bool(const client::IncomingStream&)>& on_incoming,
        const Options& options) override {
        note("serve " + query.protocol, options);
        script_.serve_query = query;
        bool more = on_serving();
        for (const client::IncomingStream& incoming : script_.incoming) {
            if (more) more = on_incoming(incoming);
        }
        return script_.serve_end;
    }
    client::Result<std::unique_ptr<client::Stream>> take_stream(
        const client::IncomingStream& incoming, const Options& options) override {
        return note("take " + incoming.token, options), script_.stream();
    }
    client::Result<client::RequestOutcome> request(
        const client::RequestQuery& query, const std::function<bool(std::string_view)>& on_part,
        const Options& options) override {
        return note("request " + query.peer + ' ' + query.name + ' ' + query.body, options),
               script_.requests.ask(query, on_part);
    }
    client::Result<client::Done> answer_requests(const std::vector<std::string>& names,
                                                 const client::AnsweringTold& told,
                                                 const Options& options) override {
        return note("answer_requests " + names.front(), options), script_.requests.serve(told);
    }

  private:
    void note(std::string call, const Options& options) {
        script_.calls.push_back(std::move(call));
        script_.deadlines.push_back(options.deadline);
    }

    Script& script_;
};

/// A host and a terminal in memory.
struct TerminalSession {
    Script script;
    client::Error connect_error;  ///< with a code: connecting fails
    DaemonTraces traces;
    Terminal terminal = {.is_tty = false, .color = false, .utf8 = true, .columns = 0};
    std::optional<ProgramOutcome> program;
    std::map<std::string, std::string> files;
    int standard_input = -1, standard_output = -1;

    std::string out, err;
    std::vector<std::string> program_words;
    std::string socket;

    /// Runs a command line; `out` and `err` hold what it wrote.
    int run(const std::vector<std::string>& words) {
        out.clear();
        err.clear();
        const int exit_code = ctl::run(words, machine(), {});
        check_contract(words, exit_code);
        return exit_code;
    }

    /// The daemon's socket is missing, or nobody listens on it.
    void stop_daemon(int reason, std::string code = "not_running", int exit_code = 3) {
        connect_error =
            daemon_error(std::move(code), 14, exit_code, "there is no socket at /run/x.sock");
        connect_error.system_error = reason;
    }

  private:
    /// Whatever a test does, a command ends only with exit codes that its help lists.
    void check_contract(const std::vector<std::string>& words, int exit_code) const {
        const auto parsed = parse_command_line(words, terminal.is_tty);
        const auto* invocation = std::get_if<Invocation>(&parsed);
        if (invocation == nullptr || invocation->command == nullptr) return;
        const auto codes = exit_codes_of(*invocation->command);
        EXPECT_NE(std::find(codes.begin(), codes.end(), exit_code), codes.end())
            << invocation->command->path << " ended with " << exit_code;
    }

    Machine machine() {
        Machine machine;
        machine.environment = [](const char*) -> const char* { return nullptr; };
        machine.terminal = [this](int, ColorMode mode) {
            Terminal chosen = terminal;
            chosen.color =
                mode == ColorMode::kAlways || (mode == ColorMode::kAuto && terminal.color);
            return chosen;
        };
        machine.sink = [this](int descriptor) -> Screen::Sink {
            std::string& text = descriptor == 1 ? out : err;
            return [&text](std::string_view more) { text += more; };
        };
        machine.connect = [this](const client::ConnectOptions& options)
            -> client::Result<std::unique_ptr<client::Client>> {
            socket = options.socket;
            if (!connect_error.code.empty()) return connect_error;
            return std::unique_ptr<client::Client>(std::make_unique<ScriptedClient>(script));
        };
        machine.standard_input = standard_input;
        machine.standard_output = standard_output;
        machine.daemon_traces = [this] { return traces; };
        machine.run_program = [this](const std::vector<std::string>& words) {
            program_words = words;
            return program;
        };
        machine.run_child = [this](const ChildWish& wish, const std::stop_token& stop) {
            return script.requests.run_child(wish, stop);
        };
        machine.read_file = [this](const std::string& path, std::size_t most,
                                   int& error) -> std::optional<std::string> {
            const auto found = files.find(path);
            if (found == files.end()) {
                error = ENOENT;
                return std::nullopt;
            }
            return found->second.substr(0, most);
        };
        machine.read_chunks = [this](const std::string& path, const Machine::TakeChunk& take,
                                     int& error) {
            const auto found = files.find(path);
            if (found == files.end()) {
                error = ENOENT;
                return false;
            }
            constexpr std::size_t kPiece = 100;
            for (std::size_t at = 0; at < found->second.size(); at += kPiece) {
                const std::string piece = found->second.substr(at, kPiece);
                take(piece, at + piece.size(), found->second.size());
            }
            return true;
        };
        machine.create_file = [this](const std::string& path, std::string_view content) {
            return files.emplace(path, content).second ? 0 : EEXIST;
        };
        machine.create_private_file = machine.create_file;
        machine.replace_private_file = [this](const std::string& path, std::string_view content) {
            files[path] = content;
            return 0;
        };
        return machine;
    }
};

inline const std::string kBob = "sov1bob000000000000000000000000000000000000000000000000000000000";
inline const std::string kEve = "sov1eve000000000000000000000000000000000000000000000000000000000";
inline const std::string kNode = "sovn1node00000000000000000000000000000000000000000000000000000";
inline const std::string kPlace = "0123456789abcdef0123456789abcdef01234567";

}  // namespace sov::ctl::test
