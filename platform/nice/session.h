#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/core/base/rng.h"
#include "daemon/ports/ice_agent.h"
#include "platform/linux/udp_burst.h"
#include "platform/nice/agent.h"

namespace sov::nice {

class NiceAgents;

/// Addresses of ours that servers do not tell of.
inline constexpr std::size_t kExtraAddressesMax = 8;

/// The core thread's half of a session.
class NiceSession final : public ports::IceSession {
  public:
    NiceSession(NiceAgents& agents, Shard& shard, SessionNumber number, ports::IceStart start,
                ports::IceSinks sinks);
    ~NiceSession() override;
    NiceSession(const NiceSession&) = delete;
    NiceSession& operator=(const NiceSession&) = delete;

    const IceDescription& local() const override { return local_; }
    Result<void> set_remote(const IceDescription& description) override;
    Result<void> add_remote_candidate(const IceCandidate& candidate) override;
    void remote_gathered() override;
    const IceDescription& restart(const std::vector<Endpoint>& extra_addresses) override;
    ports::DatagramPath& path() override { return path_; }
    Endpoint remote() const override;
    ports::IceState state() const override { return state_; }
    std::optional<IcePair> pair() const override { return pair_; }
    /// Between two of its checks.
    std::chrono::milliseconds pace() const { return pace_; }

    // --- for NiceAgents; the session may be gone after either ---
    void handle(const Inbox::News& news);
    void handle(std::span<const ByteView> datagrams);

  private:
    class Path final : public ports::DatagramPath {
      public:
        Path(NiceSession& session, const Endpoint& local) : session_(session), local_(local) {}
        void send(const Endpoint& to, ByteView datagram) override;
        Endpoint local() const override { return local_; }
        std::size_t datagram_bytes_max() const override { return kDatagramBytesMax; }
        /// There is a pair: what was held until now leaves.
        void release();

      private:
        /// What leaves together at the end of the loop's turn, and through what. It has nothing
        /// of the session, which may be gone by then.
        struct Waiting {
            std::shared_ptr<const DirectWay> way;
            std::unique_ptr<host::UdpBurst> burst;  ///< while something waits
            bool cuts = true;
            void flush();
        };

        void leave(ByteView datagram);

        NiceSession& session_;
        const Endpoint local_;
        /// The other side may have a path, and say its first words on it, a round trip before we
        /// do: what is answered meanwhile waits for ours.
        std::vector<Bytes> held_;
        bool released_ = false;
        const std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
    };

    template <typename Call>
    void post(Call call);
    bool must_not_be_sent_to(const Endpoint& endpoint) const;
    bool is_told(const Endpoint& endpoint) const;

    /// RFC 9000 s14: what every path carries, relays included.
    static constexpr std::size_t kDatagramBytesMax = 1200;
    /// Datagrams that wait for the first pair, a few handshakes' worth; past it they are dropped.
    static constexpr std::size_t kHeldMax = 16;

    NiceAgents& agents_;
    Shard& shard_;
    const SessionNumber number_;
    /// Kept by whoever calls them, since a call may destroy this.
    std::shared_ptr<const ports::IceSinks> sinks_;
    OwnAddresses own_;
    IceDescription local_;
    std::optional<IceDescription> remote_;
    std::vector<IceCandidate> remote_candidates_;
    std::vector<Endpoint> told_;  ///< our own candidates
    bool remote_gathered_ = false;
    std::uint32_t round_ = 0;
    ports::IceState state_ = ports::IceState::kGathering;
    std::optional<IcePair> pair_;
    std::shared_ptr<Agent> agent_;
    const std::chrono::milliseconds pace_;
    Path path_;
};

}  // namespace sov::nice
