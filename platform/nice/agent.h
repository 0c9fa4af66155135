#pragma once

#include <nice/agent.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/ports/ice_agent.h"
#include "platform/nice/addresses.h"
#include "platform/nice/shard.h"

namespace sov::nice {

/// A socket of ours and where the other side is, for a pair without a relay of ours between: what
/// is sent there directly is what libnice would send, many datagrams at a time.
struct DirectWay {
    /// Takes the descriptor over.
    DirectWay(int owned, const Endpoint& to) : descriptor(owned), remote(to) {}
    ~DirectWay();
    DirectWay(const DirectWay&) = delete;
    DirectWay& operator=(const DirectWay&) = delete;

    const int descriptor;  ///< our own copy: libnice closes its sockets when it likes
    const Endpoint remote;
};

/// One NiceAgent. It is made, told and closed on its shard's thread; only send()
/// and direct() are for the core thread. What it has to say goes into the shard's inbox.
class Agent : public std::enable_shared_from_this<Agent> {
  public:
    struct Plan {
        SessionNumber session = 0;
        ports::IceStart start;
        std::vector<Endpoint> own_addresses;
        IceDescription local;
        std::size_t candidates_max = 0;
        std::chrono::milliseconds pace{0};  ///< between two checks, Ta of RFC 8445
    };

    Agent(Shard& shard, Plan plan)
        : shard_(shard),
          plan_(std::move(plan)),
          local_(plan_.local),
          extra_addresses_(plan_.start.extra_addresses) {}
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    // --- on the shard's thread ---

    void open();
    void set_remote(const IceDescription& description, const std::vector<IceCandidate>& candidates);
    void add_remote_candidate(const IceCandidate& candidate);
    void remote_gathered();
    void restart(const IceDescription& local, const std::vector<Endpoint>& extra_addresses);
    /// Gives back relays, then the sockets; nothing is put into the inbox any more.
    void close();

    // --- on the core thread ---

    /// Drops it while there is no pair.
    void send(ByteView datagram);
    /// Nothing while there is no pair, or a relay of ours in it.
    std::shared_ptr<const DirectWay> direct();

  private:
    static void on_candidate(NiceAgent*, NiceCandidate* candidate, gpointer self);
    static void on_gathered(NiceAgent*, guint stream, gpointer self);
    static void on_state(NiceAgent*, guint stream, guint component, guint state, gpointer self);
    static void on_pair(NiceAgent*, guint stream, guint component, NiceCandidate* local,
                        NiceCandidate* remote, gpointer self);
    static void on_datagram(NiceAgent*, guint stream, guint component, guint size, gchar* bytes,
                            gpointer self);

    void add_servers();
    /// Those that libnice knows, from the other side's words or its checks.
    std::vector<IceCandidate> remote_candidates();
    void widen_buffers();
    void fail(const char* words);
    /// The chosen pair's, as libnice has it now.
    std::shared_ptr<const DirectWay> find_direct(const IcePair& pair);
    // --- with mutex_ held ---
    void tell(const IceCandidate& candidate);
    void tell_extra(const Endpoint& host);
    /// Only what is new.
    void tell_state(ports::IceState state, const char* words);
    void put(ports::IceEvent event);

    Shard& shard_;
    const Plan plan_;
    IceDescription local_;  ///< of this round; for the shard's thread only
    guint stream_ = 0;
    /// Set once by the shard, read by send().
    std::atomic<NiceAgent*> native_{nullptr};

    /// libnice emits signals on whichever thread calls it next, and send() is such a call. Guards
    /// all below.
    std::mutex mutex_;
    std::vector<Endpoint> extra_addresses_;
    std::vector<IceCandidate> told_;
    bool gathered_ = false, connected_ = false, was_connected_ = false;
    std::uint32_t round_ = 0;  ///< restarts until now
    std::optional<ports::IceState> state_;
    std::optional<IcePair> pair_;
    std::shared_ptr<const DirectWay> direct_;
};

}  // namespace sov::nice
