#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include "daemon/ports/ice_agent.h"
#include "platform/nice/addresses.h"
#include "platform/nice/inbox.h"
#include "platform/nice/shard.h"

namespace sov::nice {

class NiceSession;

struct NiceOptions {
    AddressRule addresses;
    /// Past it open() says busy.
    std::size_t sessions_max = 256;
    /// Of each side; ours past it are not told, the other side's are refused.
    std::size_t candidates_max = 24;
    /// On one thread. A new thread is begun when all have as many; threads are kept.
    std::size_t agents_per_shard = 50;
    /// Datagrams of one thread that the core thread has not taken yet; past it they are dropped.
    std::size_t inbox_bytes_max = std::size_t{8} << 20;
    /// What a session waits between two checks when no other looks for a path; beside one that does
    /// twice as much, beside two three times as much, up to the most. RFC 8445 s14.2 wants 5 ms
    /// between any two checks of a host, and has 50 ms for who knows nothing of the other side.
    std::chrono::milliseconds pace{5}, pace_max{50};
};

/// ICE by libnice, whose loops run on threads of their own (docs/decisions, "ICE on libnice").
/// Everything but those is on the thread of `context`. Sessions go before their agents.
class NiceAgents final : public ports::IceAgents {
  public:
    NiceAgents(boost::asio::io_context& context, NiceOptions options);
    /// Waits at most a second for servers to take relays back.
    ~NiceAgents() override;
    NiceAgents(const NiceAgents&) = delete;
    NiceAgents& operator=(const NiceAgents&) = delete;

    Result<std::unique_ptr<ports::IceSession>> open(const ports::IceStart& start,
                                                    ports::IceSinks sinks) override;
    std::size_t sessions() const override { return sessions_.size(); }
    /// Datagrams that came faster than they were taken.
    std::uint64_t dropped() const { return dropped_; }
    std::size_t threads() const { return lanes_.size(); }

    // --- for NiceSession ---
    const NiceOptions& options() const { return options_; }
    boost::asio::io_context& context() { return context_; }
    void forget(SessionNumber number);
    /// What a session that is opened now waits between two checks (NiceOptions::pace).
    std::chrono::milliseconds next_pace() const;

  private:
    struct Lane {
        std::unique_ptr<Shard> shard;
        std::size_t sessions = 0;
    };
    struct Entry {
        NiceSession* session = nullptr;
        std::size_t lane = 0;
    };

    std::size_t roomy_lane();
    void take(std::size_t lane);
    NiceSession* find(SessionNumber number) const;

    boost::asio::io_context& context_;
    const NiceOptions options_;
    std::vector<Lane> lanes_;
    std::map<SessionNumber, Entry> sessions_;
    SessionNumber last_ = 0;
    std::uint64_t dropped_ = 0;
    Inbox::Batch batch_;
    std::vector<ByteView> views_;
    /// Wake-ups that are still under way when this is gone wake nobody.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sov::nice
