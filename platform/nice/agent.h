#pragma once

#include <nice/agent.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/ports/ice_agent.h"
#include "platform/nice/addresses.h"
#include "platform/nice/shard.h"

namespace sov::nice {

/// One NiceAgent. It is made, told and closed on its shard's thread; only send() is for the core
/// thread. What it has to say goes into the shard's inbox.
class Agent : public std::enable_shared_from_this<Agent> {
  public:
    struct Plan {
        SessionNumber session = 0;
        ports::IceStart start;
        std::vector<Endpoint> own_addresses;
        IceDescription local;
        std::size_t candidates_max = 0;
    };

    Agent(Shard& shard, Plan plan) : shard_(shard), plan_(std::move(plan)) {}
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    // --- on the shard's thread ---

    void open();
    void set_remote(const IceDescription& description);
    void add_remote_candidate(const IceCandidate& candidate);
    void remote_gathered();
    void restart(const IceDescription& local);
    /// Gives back relays, then the sockets; nothing is put into the inbox any more.
    void close();

    // --- on the core thread ---

    /// Drops it while there is no pair.
    void send(ByteView datagram);

  private:
    static void on_candidate(NiceAgent*, NiceCandidate* candidate, gpointer self);
    static void on_gathered(NiceAgent*, guint stream, gpointer self);
    static void on_state(NiceAgent*, guint stream, guint component, guint state, gpointer self);
    static void on_pair(NiceAgent*, guint stream, guint component, NiceCandidate* local,
                        NiceCandidate* remote, gpointer self);
    static void on_datagram(NiceAgent*, guint stream, guint component, guint size, gchar* bytes,
                            gpointer self);

    void add_servers();
    void widen_buffers();
    void fail(const char* words);
    // --- with mutex_ held ---
    void tell(const IceCandidate& candidate);
    void tell_extra(const Endpoint& host);
    /// Only what is new.
    void tell_state(ports::IceState state, const char* words);
    void put(ports::IceEvent event);

    Shard& shard_;
    const Plan plan_;
    guint stream_ = 0;
    /// Set once by the shard, read by send().
    std::atomic<NiceAgent*> native_{nullptr};

    /// libnice emits signals on whichever thread calls it next, and send() is such a call. Guards
    /// all below.
    std::mutex mutex_;
    std::vector<IceCandidate> told_;
    bool gathered_ = false, connected_ = false, was_connected_ = false;
    std::uint32_t round_ = 0;  ///< restarts until now
    std::optional<ports::IceState> state_;
    std::optional<IcePair> pair_;
};

}  // namespace sov::nice
