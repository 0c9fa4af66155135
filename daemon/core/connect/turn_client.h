#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/core/base/instant.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/connect/turn_message.h"

namespace sov::connect {

/// Who asks a TURN server for an address, and of which family.
struct TurnLogin {
    std::string user, password;
    Family family = Family::kIpv4;
};

/// An address on a TURN server (RFC 8656) that datagrams go out from and come in to, over one
/// stream to the server. A machine as the node: inputs carry the time, then what it wants to send
/// is taken. Whom we send to may answer, from any of its ports; the server lets in nobody else.
///
/// The stream is ordered, so a permission and the first datagram that needs it leave together, and
/// nothing waits for the server's answer. A request without an answer within kPatience ends it, as
/// does everything on the stream that is no TURN.
class TurnClient {
  public:
    static constexpr std::chrono::seconds kPatience{8};
    /// The same for check().
    static constexpr std::chrono::milliseconds kCheckTime{1500};
    /// What we ask for and refresh at half of; the server may lend for shorter.
    static constexpr std::chrono::seconds kLifetime{600}, kLifetimeMin{20};
    /// A permission lasts five minutes (s9); one that is used is renewed before.
    static constexpr std::chrono::seconds kPermissionRenewed{240};
    /// Addresses that may send to us; past it those that we wrote to least lately are forgotten.
    static constexpr std::size_t kPermissionsMax = 1024;
    /// Questions without an answer; past it nobody new is let in, and what goes to them is lost.
    static constexpr std::size_t kPendingMax = 64;
    /// Realm and nonce have fewer than 128 characters (RFC 8489 s14.9, s14.10), of up to 6 bytes.
    static constexpr std::size_t kRealmBytesMax = 763;

    using Deliver = std::function<void(const Endpoint& from, ByteView datagram)>;

    TurnClient(TurnLogin login, const TurnDigests& digests, std::uint64_t seed);

    /// The stream is there: asks for the address.
    void start(Instant now);
    /// Takes whole messages off the front of the stream and returns how many bytes they had; calls
    /// `deliver` for each datagram that came for us.
    std::size_t handle_stream(Instant now, ByteView stream, const Deliver& deliver);
    void handle_timeout(Instant now);
    Instant next_timeout() const;
    /// Nothing happens before the address is there, and for addresses of another family.
    void send(Instant now, const Endpoint& to, ByteView datagram);
    /// Whether the server is still there: without an answer within kCheckTime it is over.
    void check(Instant now);
    /// Gives the address back; the answer need not be awaited.
    void give_back();

    /// What waits to be written, in order.
    Bytes take_outgoing() { return std::exchange(outgoing_, {}); }
    std::size_t outgoing_bytes() const { return outgoing_.size(); }

    /// The address that we were lent; nothing before and after.
    const std::optional<Endpoint>& relayed() const { return relayed_; }
    /// Why it is over, for a person; empty as long as it goes on.
    const std::string& problem() const { return problem_; }

  private:
    struct Pending {
        StunId id{};
        TurnRequest::Method method{};
        Instant asked{};
        std::optional<Endpoint> peer;  ///< of a permission
        bool repeated = false;         ///< with the nonce of a refusal
        Duration patience = kPatience;
    };

    StunId new_id();
    void ask(Instant now, Pending pending);
    void permit(Instant now, const Endpoint& peer);
    void forget_permissions(Instant now);
    void take(Instant now, ByteView bytes, const TurnMessage& message);
    void take_answer(Instant now, const Pending& question, const TurnMessage& message);
    void take_refusal(Instant now, Pending question, const TurnMessage& message);
    bool take_credential(const TurnMessage& message);
    void fail(std::string words);

    const TurnLogin login_;
    const TurnDigests& digests_;
    Rng rng_;
    std::optional<TurnCredential> credential_;
    std::optional<Endpoint> relayed_;
    std::string problem_;
    Instant refresh_at_ = kNever;
    std::vector<Pending> pending_;
    std::unordered_map<Endpoint, Instant, EndpointHash> permissions_;  ///< port 0; since when
    Bytes outgoing_;
};

}  // namespace sov::connect
