#include "platform/nice/agent.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace sov::nice {

namespace {

using ports::IceServer;
using ports::IceState;

/// A burst of a QUIC window; the kernel gives what it may (net.core.rmem_max).
constexpr int kReceiveBytes = 4 << 20;
/// RFC 8445 s5.1.2.2.
constexpr std::uint32_t kServerReflexivePreference = 100;

/// What libnice calls none of its own.
const std::string kExtraFoundation = "extra";

std::uint32_t extra_priority(std::size_t number) {
    return (kServerReflexivePreference << 24) | (static_cast<std::uint32_t>(0xffff - number) << 8) |
           (256U - kIceComponent);
}

struct Goodbye {
    Shard& shard;
    std::shared_ptr<Agent> agent;
};

void on_closed(GObject* native, GAsyncResult*, gpointer data) {
    const std::unique_ptr<Goodbye> goodbye(static_cast<Goodbye*>(data));
    g_object_unref(native);
    goodbye->shard.agent_closed();
}

}  // namespace

DirectWay::~DirectWay() { ::close(descriptor); }

Agent::~Agent() {
    // Only when the shard ended before it could run close().
    if (NiceAgent* native = native_.load()) g_object_unref(native);
}

void Agent::open() {
    const auto options = static_cast<NiceAgentOption>(NICE_AGENT_OPTION_ICE_TRICKLE |
                                                      NICE_AGENT_OPTION_CONSENT_FRESHNESS);
    NiceAgent* native = nice_agent_new_full(shard_.context(), NICE_COMPATIBILITY_RFC5245, options);
    shard_.agent_opened();
    // Without TCP: it would make libnice nominate the slow way. Port mapping is not an agent's.
    g_object_set(native, "upnp", FALSE, "ice-tcp", FALSE, "stun-pacing-timer",
                 static_cast<guint>(plan_.pace.count()), "controlling-mode",
                 plan_.start.role == IceRole::kControlling ? TRUE : FALSE, "force-relay",
                 plan_.start.relay_only ? TRUE : FALSE, nullptr);
    for (const Endpoint& own : plan_.own_addresses) {
        NiceAddress address = native_address(own);
        nice_agent_add_local_address(native, &address);
    }
    stream_ = nice_agent_add_stream(native, 1);
    native_.store(native);
    g_signal_connect(native, "new-candidate-full", G_CALLBACK(on_candidate), this);
    g_signal_connect(native, "candidate-gathering-done", G_CALLBACK(on_gathered), this);
    g_signal_connect(native, "component-state-changed", G_CALLBACK(on_state), this);
    g_signal_connect(native, "new-selected-pair-full", G_CALLBACK(on_pair), this);
    nice_agent_set_local_credentials(native, stream_, local_.fragment.c_str(),
                                     local_.password.c_str());
    if (plan_.start.port_max != 0) {
        nice_agent_set_port_range(native, stream_, kIceComponent, plan_.start.port_min,
                                  plan_.start.port_max);
    }
    nice_agent_attach_recv(native, stream_, kIceComponent, shard_.context(), on_datagram, this);
    add_servers();
    if (plan_.own_addresses.empty()) return fail("this host has no address that others can reach");
    if (nice_agent_gather_candidates(native, stream_) == FALSE) {
        return fail(plan_.start.port_max != 0 ? "no port of the range could be had"
                                              : "no socket could be opened");
    }
    widen_buffers();
}

// A STUN server beside TURN over UDP on the same socket is asked in a way that it does not answer
// in libnice 0.1.21, which holds back the end of gathering for two seconds. TURN tells the same.
void Agent::add_servers() {
    NiceAgent* native = native_.load();
    const auto& servers = plan_.start.servers;
    const bool turn_udp = std::any_of(servers.begin(), servers.end(), [](const IceServer& server) {
        return server.kind == IceServer::Kind::kTurnUdp;
    });
    bool stun = turn_udp;
    for (const IceServer& server : servers) {
        const std::string address = server.endpoint.address_text();
        if (server.kind == IceServer::Kind::kStun) {
            // libnice knows one.
            if (stun) continue;
            stun = true;
            g_object_set(native, "stun-server", address.c_str(), "stun-server-port",
                         guint{server.endpoint.port}, nullptr);
        } else {
            nice_agent_set_relay_info(
                native, stream_, kIceComponent, address.c_str(), server.endpoint.port,
                server.user.c_str(), server.password.c_str(),
                server.kind == IceServer::Kind::kTurnUdp ? NICE_RELAY_TYPE_TURN_UDP
                                                         : NICE_RELAY_TYPE_TURN_TCP);
        }
    }
}

void Agent::widen_buffers() {
    GPtrArray* sockets = nice_agent_get_sockets(native_.load(), stream_, kIceComponent);
    if (sockets == nullptr) return;
    for (guint at = 0; at < sockets->len; ++at) {
        const int descriptor = g_socket_get_fd(static_cast<GSocket*>(sockets->pdata[at]));
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes);
    }
    g_ptr_array_unref(sockets);
}

void Agent::fail(const char* words) {
    const std::lock_guard guard(mutex_);
    tell_state(IceState::kFailed, words);
}

// The other side's first checks may be faster than its words. libnice 0.1.21 answers those that it
// has when gathering ends by checks without a password, which fail, and a pair that has failed is
// not tried again: often the best one, on the same LAN. So these pairs are forgotten, and the
// addresses, which have proven that they know our password, are checked like candidates.
void Agent::set_remote(const IceDescription& description,
                       const std::vector<IceCandidate>& candidates) {
    NiceAgent* native = native_.load();
    const std::vector<IceCandidate> early = remote_candidates();
    if (!early.empty()) {
        nice_agent_restart_stream(native, stream_);
        nice_agent_set_local_credentials(native, stream_, local_.fragment.c_str(),
                                         local_.password.c_str());
    }
    nice_agent_set_remote_credentials(native, stream_, description.fragment.c_str(),
                                      description.password.c_str());
    for (const IceCandidate& candidate : candidates) add_remote_candidate(candidate);
    for (const IceCandidate& candidate : early) add_remote_candidate(candidate);
}

// They are ours and not the other side's word, so candidate_of() would refuse them.
std::vector<IceCandidate> Agent::remote_candidates() {
    std::vector<IceCandidate> found;
    GSList* list = nice_agent_get_remote_candidates(native_.load(), stream_, kIceComponent);
    for (const GSList* at = list; at != nullptr; at = at->next) {
        const NativeCandidate native(static_cast<NiceCandidate*>(at->data));
        const auto endpoint = endpoint_of(native->addr);
        if (!endpoint || found.size() >= plan_.candidates_max) continue;
        IceCandidate candidate;
        candidate.foundation = native->foundation;
        candidate.priority = native->priority;
        candidate.endpoint = *endpoint;
        // As it is told: libnice takes no peer-reflexive one from outside.
        candidate.kind = CandidateKind::kServerReflexive;
        found.push_back(std::move(candidate));
    }
    g_slist_free(list);
    return found;
}

void Agent::add_remote_candidate(const IceCandidate& candidate) {
    const NativeCandidate native = native_candidate(candidate, stream_);
    GSList list{native.get(), nullptr};
    nice_agent_set_remote_candidates(native_.load(), stream_, kIceComponent, &list);
}

void Agent::remote_gathered() { nice_agent_peer_candidate_gathering_done(native_.load(), stream_); }

void Agent::restart(const IceDescription& local, const std::vector<Endpoint>& extra_addresses) {
    local_ = local;
    {
        const std::lock_guard guard(mutex_);
        ++round_;
        connected_ = was_connected_ = false;
        state_.reset();
        extra_addresses_ = extra_addresses;
        std::erase_if(told_, [](const IceCandidate& one) {
            return one.foundation.starts_with(kExtraFoundation);
        });
        for (const IceCandidate& candidate : told_) put(ports::IceLocalCandidate{candidate});
        const std::vector<IceCandidate> own = told_;
        for (const IceCandidate& candidate : own) {
            if (candidate.kind == CandidateKind::kHost) tell_extra(candidate.endpoint);
        }
        if (gathered_) put(ports::IceGathered{});
    }
    nice_agent_restart(native_.load());
    nice_agent_set_local_credentials(native_.load(), stream_, local.fragment.c_str(),
                                     local.password.c_str());
}

void Agent::close() {
    NiceAgent* native = native_.exchange(nullptr);
    if (native == nullptr) return;
    g_signal_handlers_disconnect_by_data(native, this);
    {
        const std::lock_guard guard(mutex_);
        direct_.reset();
    }
    // Sockets are read on, for the servers' answers. The callback comes to this thread's loop.
    nice_agent_close_async(native, on_closed, new Goodbye{shard_, shared_from_this()});
}

void Agent::send(ByteView datagram) {
    if (NiceAgent* native = native_.load()) {
        nice_agent_send(native, stream_, kIceComponent, static_cast<guint>(datagram.size()),
                        reinterpret_cast<const gchar*>(datagram.data()));
    }
}

std::shared_ptr<const DirectWay> Agent::direct() {
    const std::lock_guard guard(mutex_);
    return direct_;
}

std::shared_ptr<const DirectWay> Agent::find_direct(const IcePair& pair) {
    NiceAgent* native = native_.load();
    if (native == nullptr || pair.local_kind == CandidateKind::kRelayed) return nullptr;
    GSocket* socket = nice_agent_get_selected_socket(native, stream_, kIceComponent);
    if (socket == nullptr) return nullptr;
    const int descriptor = fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0);
    g_object_unref(socket);
    if (descriptor < 0) return nullptr;
    return std::make_shared<const DirectWay>(descriptor, pair.remote);
}

// --- what libnice says ---------------------------------------------------------------------------

void Agent::on_candidate(NiceAgent*, NiceCandidate* native, gpointer data) {
    Agent& self = *static_cast<Agent*>(data);
    const auto candidate = candidate_of(*native);
    if (!candidate) return;
    const std::lock_guard guard(self.mutex_);
    if (self.plan_.start.relay_only && candidate->kind != CandidateKind::kRelayed) return;
    self.tell(*candidate);
    if (candidate->kind == CandidateKind::kHost) self.tell_extra(candidate->endpoint);
}

void Agent::on_gathered(NiceAgent*, guint, gpointer data) {
    Agent& self = *static_cast<Agent*>(data);
    const std::lock_guard guard(self.mutex_);
    self.gathered_ = true;
    self.put(ports::IceGathered{});
}

void Agent::on_pair(NiceAgent*, guint, guint, NiceCandidate* local, NiceCandidate* remote,
                    gpointer data) {
    Agent& self = *static_cast<Agent*>(data);
    const auto near = endpoint_of(local->addr), far = endpoint_of(remote->addr);
    if (!near || !far) return;
    const IcePair pair{kind_of(local->type), kind_of(remote->type), *near, *far};
    auto direct = self.find_direct(pair);
    const std::lock_guard guard(self.mutex_);
    if (self.pair_ == pair) return;
    self.pair_ = pair;
    self.direct_ = std::move(direct);
    if (!self.connected_) return;
    self.state_.reset();
    self.tell_state(IceState::kConnected, "");
}

void Agent::on_state(NiceAgent*, guint, guint, guint state, gpointer data) {
    Agent& self = *static_cast<Agent*>(data);
    const std::lock_guard guard(self.mutex_);
    switch (state) {
        case NICE_COMPONENT_STATE_GATHERING: return self.tell_state(IceState::kGathering, "");
        case NICE_COMPONENT_STATE_CONNECTING: return self.tell_state(IceState::kChecking, "");
        // READY comes two seconds after CONNECTED, and nothing is gained by waiting for it.
        case NICE_COMPONENT_STATE_CONNECTED:
        case NICE_COMPONENT_STATE_READY:
            self.connected_ = true;
            return self.tell_state(IceState::kConnected, "");
        case NICE_COMPONENT_STATE_FAILED:
            self.connected_ = false;
            self.pair_.reset();
            self.direct_.reset();
            if (self.was_connected_) {
                return self.tell_state(IceState::kDisconnected,
                                       "the other side does not answer any more");
            }
            return self.tell_state(IceState::kFailed, "no pair of addresses works");
        default: return;
    }
}

void Agent::on_datagram(NiceAgent*, guint, guint, guint size, gchar* bytes, gpointer data) {
    const Agent& self = *static_cast<const Agent*>(data);
    if (self.native_.load() == nullptr) return;
    self.shard_.inbox().put(self.plan_.session,
                            ByteView(reinterpret_cast<const std::uint8_t*>(bytes), size));
}

// --- and what becomes of it ----------------------------------------------------------------------

void Agent::tell(const IceCandidate& candidate) {
    if (told_.size() >= plan_.candidates_max) return;
    const bool known = std::any_of(told_.begin(), told_.end(), [&](const IceCandidate& other) {
        return other.endpoint == candidate.endpoint;
    });
    if (known) return;
    told_.push_back(candidate);
    put(ports::IceLocalCandidate{candidate});
}

// The other side needs to know of it; libnice does not, since what arrives there arrives at the
// host candidate.
void Agent::tell_extra(const Endpoint& host) {
    for (std::size_t at = 0; at < extra_addresses_.size(); ++at) {
        Endpoint outside = extra_addresses_[at];
        if (outside.family != host.family) continue;
        if (outside.port == 0) outside.port = host.port;
        IceCandidate candidate;
        candidate.foundation = kExtraFoundation + std::to_string(at + 1);
        candidate.priority = extra_priority(told_.size());
        candidate.endpoint = outside;
        candidate.kind = CandidateKind::kServerReflexive;
        candidate.related = host;
        tell(candidate);
    }
}

void Agent::tell_state(IceState state, const char* words) {
    if (state_ == state || (state == IceState::kConnected && !pair_)) return;
    state_ = state;
    was_connected_ = was_connected_ || state == IceState::kConnected;
    ports::IceStateChanged changed;
    changed.state = state;
    if (state == IceState::kConnected) changed.pair = pair_;
    changed.words = words;
    put(std::move(changed));
}

void Agent::put(ports::IceEvent event) {
    shard_.inbox().put({plan_.session, round_, std::move(event)});
}

}  // namespace sov::nice
