#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "client/connections.h"
#include "client/diagnosis.h"
#include "client/identity.h"
#include "client/lookup.h"
#include "client/messages.h"
#include "client/node_status.h"
#include "client/offers.h"
#include "client/requests.h"
#include "client/result.h"
#include "client/values.h"

/// The client library of Sovereign: talks to the daemon on this host through its Unix socket. Plain
/// structures in and out; the transport behind it is not visible here.
///
///     auto client = sov::client::connect();
///     if (!client) return report(client.error().message, client.error().hint);
///     auto found = (*client)->find({.query = "bob"});
///     if (!found) return report(found.error().message, found.error().hint);
///     for (const auto& node : found->peers.front().nodes) {
///         for (const auto& endpoint : node.endpoints) std::puts(endpoint.c_str());
///     }
///
/// Words: wherever the daemon chooses from a fixed list, the field is a lower-case word and its
/// comment lists those known today. Readers must accept new ones. An empty word means that the
/// daemon did not say.

namespace sov::client {

// ---- the node ----------------------------------------------------------------------------------

struct BootstrapEntry {
    NodeId node;
    std::string source;  ///< anchor cache pinned dns
    std::vector<std::string> endpoints;
    std::uint32_t attempts = 0;
    std::optional<milliseconds> answered_ago;  ///< empty: never answered
    std::string problem;                       ///< empty: none
};

struct OwnName {
    std::string name;
    std::string key_hex;
    std::uint32_t replicas = 0;  ///< nodes that keep the claim; 0: not stored yet
    std::string problem;         ///< why it is not stored; empty: none
};

/// What the host lets the node spend, and what the node does without for it.
struct Economy {
    std::string profile;  ///< home desktop server; empty: an older daemon
    std::uint32_t flows = 0, flows_max = 0, datagrams_per_second_max = 0;  ///< 0: no bound
    std::optional<bool> on_battery, metered;                               ///< empty: nobody says
    std::string connectivity;                          ///< none portal limited full, or empty
    std::string saves_because, serves_nobody_because;  ///< empty: it does not, it does
    std::uint64_t budget_bytes = 0, used_bytes = 0;    ///< of this month; budget 0: none
    std::string budget_stage;                          ///< plenty ... used_up
    std::uint64_t budget_renews = 0;                   ///< seconds since 1970
    milliseconds clock_off{0};                         ///< 0: the host's clock is believed
    bool clock_absurd = false;
};

/// Where a node is (Vivaldi): the round trip to another one is the distance of both points and
/// both heights.
struct Coordinate {
    std::vector<microseconds> at;  ///< four of them
    microseconds height{0};
    std::uint32_t error_percent = 100;  ///< how far off its predictions are
};

struct NodeStatus {
    std::string verdict;  ///< starting online degraded offline
    std::string sentence;
    std::vector<Reason> reasons;  ///< gravest first
    bool abridged = false;        ///< the caller's role hides addresses, names and bootstrap peers
    std::string caller_role;      ///< observe use admin
    std::string version;
    milliseconds uptime{0};
    std::uint32_t pid = 0;
    PeerId peer;
    NodeId node;
    std::string network_id, network_name;
    std::string mode;  ///< auto server client
    bool serving = false;
    std::string discovery;  ///< starting bootstrapping populating ready isolated
    std::vector<FamilyStatus> families;
    std::uint64_t network_size = 0;  ///< estimated; 0: unknown
    std::uint32_t sessions = 0, half_open = 0, records = 0, lookups_running = 0;
    std::uint64_t record_bytes = 0;
    microseconds lookup_p50{0};  ///< 0: no lookup has finished yet
    std::uint32_t own_record_replicas = 0;
    std::optional<milliseconds> own_record_age;  ///< empty: never stored
    std::uint32_t contacts_known = 0, crowded_regions = 0;
    std::optional<Coordinate> coordinate;  ///< empty: no round trip was measured yet
    Surround surround;
    Signatures signatures;
    std::optional<BootstrapList> bootstrap_list;  ///< empty: none is configured
    std::vector<BootstrapEntry> bootstrap;
    std::vector<OwnName> names;
    std::vector<LayerStatus> layers;
    ConnectionCounts connections;
    Economy economy;
    std::optional<PortMapping> port_mapping;  ///< empty: not known
    std::string datagram_relay;  ///< carries all datagrams since UDP is blocked; empty: none
    std::string store_problem, store_notice;                      ///< empty: none
    std::vector<std::pair<std::string, std::uint64_t>> counters;  ///< in order of name
};

struct Session {
    NodeId node;
    std::string endpoint;
    bool confirmed = false, server = false;
    microseconds round_trip{0};  ///< smoothed; 0: not measured
    milliseconds age{0}, idle{0};
};

struct ModuleLogLevel {
    std::string module;
    std::string level;           ///< error warning info debug trace
    milliseconds reverts_in{0};  ///< 0: it stays
    std::string reverts_to;
};

struct ConfigChange {
    std::string key, before, after;
};

struct ReloadedConfig {
    std::vector<ConfigChange> applied, needs_restart;
};

/// Something that happened. `facts` are its fields as name and value, in the daemon's order: texts,
/// words, full ids and numbers as decimal text.
struct Event {
    std::uint64_t cursor = 0;  ///< position in the daemon's history
    std::chrono::system_clock::time_point time;
    std::string type;     ///< dotted, as in "discovery.state"
    std::string summary;  ///< one line for people
    std::vector<std::pair<std::string, std::variant<std::string, std::uint64_t, bool>>> facts;
};

struct EventQuery {
    std::vector<std::string> type_globs;  ///< '*' any run, '?' any one; none: all
    bool from_oldest = false;             ///< first what the daemon remembers
    bool follow = false;                  ///< then what happens, until cancelled
    bool audit = false;                   ///< of the audit log; needs the role admin
};

// ---- lookups -----------------------------------------------------------------------------------

struct FoundPeer {
    PeerId peer;
    bool pinned = false;         ///< owned this name when it was first used here
    std::uint32_t replicas = 0;  ///< nodes that returned this claim
    std::uint32_t work_bits = 0;
    std::uint64_t claim_sequence = 0;
    bool located = false;  ///< its own record was found: the fields below are set
    std::uint64_t sequence = 0;
    milliseconds ttl{0};
    std::vector<Contact> nodes;
    /// none unchecked missing unverifiable verified false; empty: there is no record
    std::string post_quantum;
    std::vector<PeerId> moved_from;  ///< the keys that it had before, the oldest first
    bool disputed = false;           ///< one of them was stolen
    /// Of a friend, beside what is remembered: held unchecked missing changed awaited; or empty
    std::string second_key = {};
};

struct Found {
    std::vector<FoundPeer> peers;  ///< ranked, best first; empty only with `miss`
    std::string name;              ///< canonical; empty when found by id
    bool owner_changed = false;    ///< an alarm: the pinned owner does not claim the name any more
    PeerId pinned_owner;
    std::string source;  ///< dht own held
    Lookup lookup;
    std::optional<Error> miss;       ///< with a trace, a failed search is still an answer
    std::vector<FoundPeer> refused;  ///< whom identity.post_quantum does not let through
    std::string crypto_library;      ///< of the daemon, as in "OpenSSL 3.0.19"
};

struct FindQuery {
    std::string query;  ///< "bob", "bob#k7f3q2" or "sov1..."
    bool trace = false;
    std::string level = {};  ///< fast normal strong; empty: normal
};

/// Where something was stored.
struct Stored {
    std::string name;  ///< for claims: canonical
    std::string key_hex;
    std::uint64_t sequence = 0;
    std::uint32_t stored = 0, refused = 0;
    PeerId owner;  ///< for claims: this peer
    Lookup lookup;
};

struct Names {
    std::vector<OwnName> names;
    PeerId owner;
};

struct TableEntry {
    Contact contact;
    std::uint32_t bucket = 0, strikes = 0;
    milliseconds verified_ago{0};
    bool replacement = false;
};

struct RoutingTable {
    std::vector<TableEntry> entries;
    NodeId self;
};

struct Record {
    std::string key_hex;
    std::string kind;  ///< peer name immutable mutable
    bool tombstone = false;
    PeerId owner;
    std::uint64_t sequence = 0, size_bytes = 0;
    milliseconds ttl{0}, expires_in{0};  ///< expires_in 0: unknown
    std::string bytes;                   ///< as it travels; empty in lists
};

struct Gotten {
    std::vector<Record> records;
    std::vector<Contact> closest;
    Lookup lookup;
};

struct Held {
    std::vector<Record> records;
    std::uint64_t total = 0;
};

// ---- nearby ------------------------------------------------------------------------------------

/// How near a radio neighbour is, smoothed.
struct Proximity {
    std::int32_t rssi_dbm = 0;
    std::uint32_t distance_cm = 0;  ///< a guess
    bool near = false;              ///< within arm's reach or so
};

/// One way in which one medium sees a neighbour.
struct Evidence {
    std::string medium;    ///< mdns ble
    std::string trust;     ///< unverified recognised signed verified; only the last is proof
    std::string presence;  ///< present fading lost
    PeerId peer;           ///< whom it names, as `trust` says; may be empty, like `node`
    NodeId node;
    std::string endpoint;  ///< empty: a radio
    std::string where;     ///< interface or radio of this host
    std::string label;     ///< what it calls itself on the air for now
    milliseconds first_seen_ago{0}, last_seen_ago{0};
    std::optional<Proximity> proximity;
};

/// A peer nearby: one object over all media.
struct Neighbour {
    std::uint64_t number = 0;  ///< names it while it is there
    PeerId peer;               ///< empty while nobody knows
    NodeId node;               ///< likewise
    std::string trust;         ///< of its strongest evidence
    std::string presence;      ///< of its liveliest evidence
    milliseconds first_seen_ago{0}, last_seen_ago{0};
    std::uint32_t capabilities = 0;
    std::optional<Proximity> proximity;
    std::vector<Evidence> evidence;  ///< strongest first
};

struct NeighbourChange {
    std::string change;  ///< listed found updated fading lost; missed: a reader too slow
    Neighbour neighbour;
    std::optional<std::uint64_t> became;  ///< of a loss: the neighbour that it turned out to be
    std::uint64_t missed = 0;             ///< how many changes are missing here: browse again
    std::chrono::system_clock::time_point time;
};

struct BrowseQuery {
    std::string medium;   ///< mdns or ble; empty: both
    bool follow = false;  ///< after the list what changes, until cancelled
};

/// A peer that this user has added.
struct Friend {
    PeerId peer;
    std::string note;                     ///< what they are called here; may be empty
    bool recognisable = false;            ///< we know the tags that they show
    bool told = false;                    ///< they know ours
    std::optional<milliseconds> met_ago;  ///< empty: not since the daemon started
    PeerId moved_from;                    ///< the key that they had before; empty: none is known
    std::string second_key_hash = {};     ///< 32 bytes; empty: none is remembered
    std::string second_key = {};          ///< held, unchecked, missing, changed, awaited; or empty
};

/// Mail for a peer that may be away.
struct LeaveMail {
    std::string peer;     ///< "sov1..."
    std::string body;     ///< at most 759 bytes
    milliseconds ttl{0};  ///< 0: seven days
};

struct Mail {
    std::string id;  ///< 32 bytes
    PeerId sender;
    std::chrono::system_clock::time_point sent;  ///< by the sender's clock
    milliseconds ttl{0};
    std::string body;
};

struct Mailbox {
    std::vector<Mail> mail;  ///< in the order in which it was sent
    std::uint32_t replicas = 0;
};

// ---- calls -------------------------------------------------------------------------------------

/// Where the daemon's socket is: $SOVEREIGN_SOCKET, else /run/sovereignd/api.sock.
std::string default_socket();

struct ConnectOptions {
    std::string socket = default_socket();
    milliseconds patience{2000};  ///< how long a full listen queue is tried again
    /// What this program calls itself, "chat/1.2"; the daemon's admin sees it in the audit log.
    std::string app = {};
};

/// Limits of one call.
struct CallOptions {
    milliseconds deadline{10000};  ///< 0: none, for streams. A lookup needs a second, rarely more
    std::stop_token stop = {};     ///< request_stop() cancels the call, here and in the daemon
};

/// One of the daemon's figures.
struct Measure {
    std::string name, help;
    std::string kind;                ///< counter gauge distribution
    std::string label, label_value;  ///< empty: none
    double value = 0;
    std::vector<double> bounds;  ///< of a distribution, with how many took at most that
    std::vector<std::uint64_t> upto;
    std::uint64_t count = 0;
    double sum = 0;
};
struct Stats {
    std::vector<Measure> measures;
    std::vector<double> history;  ///< the oldest first, `interval` apart
    milliseconds interval{0};
    std::vector<std::string> remembered;  ///< names that have a history, when another was asked for
};

/// A connection to the daemon. Calls block; several threads may call at once. When the daemon has
/// left, calls answer "connection_lost" and a new connection is needed. Fakes of this interface are
/// how programs test themselves without a daemon.
class Client {
  public:
    virtual ~Client() = default;

    virtual Result<NodeStatus> status(const CallOptions& options = {}) = 0;
    virtual Result<Identity> identity(const CallOptions& options = {}) = 0;
    /// `passphrase` has 8 to 1024 bytes.
    virtual Result<ExportedIdentity> export_identity(const std::string& passphrase,
                                                     const CallOptions& options = {}) = 0;
    virtual Result<ImportedIdentity> import_identity(const ImportIdentity& wanted,
                                                     const CallOptions& options = {}) = 0;
    virtual Result<RotatedIdentity> rotate_identity(const CallOptions& options = {}) = 0;
    virtual Result<std::vector<Session>> sessions(const CallOptions& options = {}) = 0;
    /// Calls `on_event` for each event, on the calling thread, until it returns false, the past is
    /// told (without `follow`), the call is cancelled, or the daemon leaves (an Error).
    virtual Result<Done> events(const EventQuery& query,
                                const std::function<bool(const Event&)>& on_event,
                                const CallOptions& options = {}) = 0;
    virtual Result<std::vector<ModuleLogLevel>> log_levels(const CallOptions& options = {}) = 0;
    /// `module` may be "*". `duration` 0: until changed again. invalid_argument for unknown words.
    virtual Result<std::vector<ModuleLogLevel>> set_log_level(const std::string& module,
                                                              const std::string& level,
                                                              milliseconds duration,
                                                              const CallOptions& options = {}) = 0;
    virtual Result<std::vector<LayerStatus>> set_layer(const std::string& layer, bool on,
                                                       const CallOptions& options = {}) = 0;
    /// `who`: "sov1...", "sovn1..."; to block also an address or a prefix, answered as listed.
    /// Takes three seconds at most; `on_progress` may be empty.
    virtual Result<NetworkReport> check_network(
        const std::function<void(std::uint32_t settled, std::uint32_t asked)>& on_progress,
        const CallOptions& options = {}) = 0;
    virtual Result<Judgement> explain_peer(const std::string& who,
                                           const CallOptions& options = {}) = 0;
    virtual Result<std::string> block(const std::string& who, const CallOptions& options = {}) = 0;
    virtual Result<Done> unblock(const std::string& who, const CallOptions& options = {}) = 0;
    virtual Result<std::vector<std::string>> blocks(const CallOptions& options = {}) = 0;
    /// Figures whose name matches one of `globs`, all when there is none; and the last hour of
    /// `history_of` unless it is empty.
    virtual Result<Stats> stats(const std::vector<std::string>& globs,
                                const std::string& history_of = {},
                                const CallOptions& options = {}) = 0;
    virtual Result<ReloadedConfig> reload_config(const CallOptions& options = {}) = 0;
    /// Answers before the daemon is gone. `at_once` leaves its records to expire by themselves.
    virtual Result<Done> shutdown(bool at_once, const CallOptions& options = {}) = 0;

    /// not_found when nodes answered and nobody knows it, no_peers when there is nobody to ask.
    virtual Result<Found> find(const FindQuery& query, const CallOptions& options = {}) = 0;
    virtual Result<Stored> claim_name(const std::string& name, const CallOptions& options = {}) = 0;
    virtual Result<Stored> release_name(const std::string& name,
                                        const CallOptions& options = {}) = 0;
    virtual Result<Names> names(const CallOptions& options = {}) = 0;
    /// Forgets who owned `name` at first use. not_found when it was not pinned.
    virtual Result<Done> forget_pin(const std::string& name, const CallOptions& options = {}) = 0;

    /// `medium`: mdns or ble; empty: both.
    virtual Result<std::vector<Neighbour>> neighbours(const std::string& medium,
                                                      const CallOptions& options = {}) = 0;
    /// Calls `on_change` for each neighbour and then for each change, as events() does.
    virtual Result<Done> browse(const BrowseQuery& query,
                                const std::function<bool(const NeighbourChange&)>& on_change,
                                const CallOptions& options = {}) = 0;
    /// `peer`: "sov1...". Adds, or changes the note.
    virtual Result<Friend> add_friend(const std::string& peer, const std::string& note,
                                      const CallOptions& options = {}) = 0;
    virtual Result<Done> remove_friend(const std::string& peer,
                                       const CallOptions& options = {}) = 0;
    /// Forgets the second key that a friend was seen with. Errors: not_found (none is remembered).
    virtual Result<Done> repin_friend(const std::string& peer, const CallOptions& options = {}) = 0;
    virtual Result<std::vector<Friend>> friends(const CallOptions& options = {}) = 0;
    virtual Result<std::vector<Check>> doctor(const CallOptions& options = {}) = 0;

    /// Always answers with a report unless the call itself failed.
    /// `on_step` hears what happens meanwhile; it may be empty.
    virtual Result<ConnectReport> connect_peer(const ConnectQuery& query, const StepTold& on_step,
                                               const CallOptions& options = {}) = 0;
    virtual Result<ConnectionReason> explain_connection(const std::string& peer,
                                                        const CallOptions& options = {}) = 0;
    virtual Result<PeerId> disconnect_peer(const std::string& peer,
                                           const CallOptions& options = {}) = 0;
    virtual Result<std::vector<Connection>> connections(const CallOptions& options = {}) = 0;
    /// Calls `on_change` for each connection and then for each change, as events() does.
    virtual Result<Done> watch_connections(
        const std::function<bool(const ConnectionChange&)>& on_change,
        const CallOptions& options = {}) = 0;
    virtual Result<PeerPing> ping_peer(const std::string& peer,
                                       const CallOptions& options = {}) = 0;
    /// Opens a stream of the first of the protocols that the peer serves, connecting where need be.
    /// The deadline and the stop of `options` are the stream's, not only the opening's.
    virtual Result<std::unique_ptr<Stream>> open_stream(const std::string& peer,
                                                        const std::vector<std::string>& protocols,
                                                        const CallOptions& options = {}) = 0;
    /// Calls `on_serving` when the protocol is served and `on_incoming` for each stream that
    /// somebody opens, on the calling thread, until one returns false, the call is cancelled, or
    /// the daemon leaves.
    virtual Result<Done> serve(const ServeQuery& query, const std::function<bool()>& on_serving,
                               const std::function<bool(const IncomingStream&)>& on_incoming,
                               const CallOptions& options = {}) = 0;
    virtual Result<std::unique_ptr<Stream>> take_stream(const IncomingStream& incoming,
                                                        const CallOptions& options = {}) = 0;
    /// Asks a peer, connecting where need be. Calls `on_part` for each part of the answer until it
    /// returns false; a refusal is an outcome and no Error. Errors: as of connect_peer;
    /// invalid_argument, not_served, timed_out, peer_gone (the answer is not whole).
    virtual Result<RequestOutcome> request(const RequestQuery& query,
                                           const std::function<bool(std::string_view)>& on_part,
                                           const CallOptions& options = {}) = 0;
    /// Answers requests of these names, 1 to 64, until told to end, cancelled, or the daemon
    /// leaves. Errors: invalid_argument, exists (answered by another app), over_quota.
    virtual Result<Done> answer_requests(const std::vector<std::string>& names,
                                         const AnsweringTold& told,
                                         const CallOptions& options = {}) = 0;

    virtual Result<RoutingTable> table(bool replacements, const CallOptions& options = {}) = 0;
    /// `key`: 20 bytes.
    virtual Result<Gotten> get(std::string_view key, bool trace,
                               const CallOptions& options = {}) = 0;
    /// `target`: 40 hexadecimal digits, "name:bob" or "peer:sov1...".
    virtual Result<Gotten> trace(const std::string& target, const CallOptions& options = {}) = 0;
    /// `key`: 20 bytes; `record`: signed already, at most 1000 bytes; a value with its pages.
    virtual Result<Stored> put(std::string_view key, std::string_view record,
                               const CallOptions& options = {}) = 0;
    /// invalid_argument, too_large, conflict (the message says the sequence number that there is),
    /// no_peers, over_quota, timed_out.
    virtual Result<ValueStored> put_value(const PutValue& value,
                                          const CallOptions& options = {}) = 0;
    /// `level`: fast, normal, strong or empty. not_found also when it was withdrawn. With
    /// `newer_than` only a mutable value with a higher sequence number is fetched.
    virtual Result<ValueGotten> get_value(const ValuePlace& place, const std::string& level,
                                          std::optional<std::uint64_t> newer_than = std::nullopt,
                                          const CallOptions& options = {}) = 0;
    /// What the daemon keeps in the network for the caller's user; for an admin, for all.
    virtual Result<OwnValues> own_values(const CallOptions& options = {}) = 0;
    /// Keeps the caller's values at a key of 20 bytes no longer; copies end with their ttl.
    /// not_found.
    virtual Result<Done> let_go(std::string_view key, const CallOptions& options = {}) = 0;
    /// Calls `on_told` for what is there and for each change, on the calling thread, until it
    /// returns false, the call is cancelled, or the daemon leaves (an Error).
    virtual Result<Done> listen(const ValuePlace& place, const std::string& cursor,
                                const std::function<bool(const ValueTold&)>& on_told,
                                const CallOptions& options = {}) = 0;
    /// invalid_argument, too_large, over_quota, no_peers, timed_out. `sequence` is 0.
    virtual Result<ValueStored> leave_mail(const LeaveMail& mail,
                                           const CallOptions& options = {}) = 0;
    /// All mail that waits; it goes on waiting until it is acknowledged.
    virtual Result<Mailbox> collect_mail(const CallOptions& options = {}) = 0;
    /// Deletes mail, 1 to 256; the number of nodes that did.
    virtual Result<std::uint32_t> acknowledge_mail(const std::vector<std::string>& ids,
                                                   const CallOptions& options = {}) = 0;
    /// Calls `on_progress` with the message's id once it is on disk, and with `query.follow` for
    /// each change until it is delivered or has failed, or until it returns false.
    virtual Result<Done> send_message(
        const MessageQuery& query, const std::function<bool(const MessageProgress&)>& on_progress,
        const CallOptions& options = {}) = 0;
    /// Calls `on_message` for what waits and for what comes, until it returns false, the call is
    /// cancelled, or the daemon leaves. At most 64 are told before they are acknowledged.
    virtual Result<Done> receive_messages(
        const std::optional<std::string>& topic,
        const std::function<bool(const ReceivedMessage&)>& on_message,
        const CallOptions& options = {}) = 0;
    /// At most 256 that wait, oldest first, with a serial above `after`.
    virtual Result<std::vector<ReceivedMessage>> received_messages(
        const std::optional<std::string>& topic, std::uint64_t after,
        const CallOptions& options = {}) = 0;
    /// Forgets messages, at most 256; the number of those that were there.
    virtual Result<std::uint32_t> acknowledge_messages(const std::vector<std::uint64_t>& serials,
                                                       const CallOptions& options = {}) = 0;
    /// Ours without a receipt.
    virtual Result<std::vector<SentMessage>> sent_messages(const CallOptions& options = {}) = 0;
    virtual Result<Done> cancel_message(const std::string& id, const CallOptions& options = {}) = 0;
    /// `state`: online, away, busy or offline.
    virtual Result<Done> set_presence(const std::string& state, const std::string& words,
                                      const CallOptions& options = {}) = 0;
    virtual Result<PeerPresence> presence(const std::string& peer,
                                          const CallOptions& options = {}) = 0;
    /// Offers until withdrawn or the daemon ends, which forgets it. The last progress is the
    /// answer. Errors: invalid_argument, exists (offered by another user), over_quota.
    virtual Result<OfferProgress> offer(
        const OfferQuery& query, const std::function<void(const OfferProgress&)>& on_progress,
        const CallOptions& options = {}) = 0;
    /// How many were withdrawn; not_found when none is offered.
    virtual Result<std::uint32_t> withdraw_offers(const std::vector<Subject>& subjects,
                                                  const CallOptions& options = {}) = 0;
    /// Tells each provider once, as soon as it is sure; the answer has them all. Errors: not_found,
    /// no_peers, over_quota.
    virtual Result<Providers> find_providers(
        const ProviderQuery& query, const std::function<void(const FoundProvider&)>& on_found,
        const CallOptions& options = {}) = 0;
    /// All pages of this user's offers; an admin gets everybody's.
    virtual Result<std::vector<OwnOffer>> offers(const CallOptions& options = {}) = 0;
    /// All pages of the records that the daemon holds for others.
    virtual Result<Held> held(const CallOptions& options = {}) = 0;
};

/// Connects to the daemon's socket. Errors: not_running (exit code 3; system_error says ENOENT: no
/// socket, ECONNREFUSED: nobody listens), socket_forbidden (4). Costs no round trip: a daemon that
/// accepts and never answers shows in the first call.
Result<std::unique_ptr<Client>> connect(const ConnectOptions& options = {});

}  // namespace sov::client
