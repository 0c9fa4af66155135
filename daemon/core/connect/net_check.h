#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/base/instant.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/connect/stun_message.h"

namespace sov::connect {

/// What a network test begins with.
struct NetCheckPlan {
    std::vector<Endpoint> servers;  ///< STUN over UDP; past NetCheck::kServersMax they are left out
    /// Addresses of this host with the ports of its sockets. A family without any here is not
    /// tested.
    std::vector<Endpoint> own;
    /// Whether strangers get in. A test writes to them in the end, so for some minutes after it
    /// another one would find its holes and call them open doors.
    bool filtering = true;
};

/// What it found out.
struct NetFindings {
    struct Server {
        Endpoint endpoint;
        std::optional<Duration> took;    ///< nothing: it did not answer
        std::optional<Endpoint> mapped;  ///< as it saw us
    };
    /// Who saw us, and where.
    struct Seen {
        Endpoint by, as;
    };
    struct OfFamily {
        std::vector<Seen> seen;
        /// Whether an answer came in from an address, or a port, that we had never written to
        /// (RFC 5780 s4.4). Nothing: no server offers that.
        std::optional<bool> stranger_passes, other_port_passes;
        /// Whether what we send to our own outside address comes back (RFC 5780 s4.5).
        std::optional<bool> hairpin;
        std::size_t sizes_asked = 0;   ///< 0: path MTU not tested
        std::size_t bytes_passed = 0;  ///< the longest datagram that was answered
    };

    std::vector<Server> servers;
    std::array<OfFamily, 2> families;  ///< IPv4, IPv6

    OfFamily& of(Family family) { return families[family == Family::kIpv4 ? 0 : 1]; }
    const OfFamily& of(Family family) const { return families[family == Family::kIpv4 ? 0 : 1]; }
};

/// Asks STUN servers, over the node's own sockets, what lies between them and us: whether UDP
/// passes, our address outside, the NAT's behaviour (RFC 5780), and how long datagrams may be. A
/// machine as the node: inputs carry the time, then what it wants to send is taken. It sends at
/// most kQuestionsMax questions, each up to three times, all within kTimeMax.
class NetCheck {
  public:
    static constexpr std::size_t kServersMax = 8;
    static constexpr std::size_t kQuestionsMax = 32;
    static constexpr std::chrono::milliseconds kTimeMax{3000};
    /// Bytes of UDP payload that are tried, the longest first: Ethernet with IPv6, a tunnel or
    /// two, and what every path with IPv6 takes (RFC 8200 s5).
    static constexpr std::array<std::size_t, 4> kSizes = {1452, 1400, 1320, 1232};

    struct Outgoing {
        Endpoint to;
        Bytes datagram;
    };

    /// `seed` makes ids that nobody else guesses.
    NetCheck(NetCheckPlan plan, std::uint64_t seed);

    void start(Instant now);
    /// Whether this datagram answers a question, or is one that came back.
    bool claims(ByteView datagram) const;
    void handle_datagram(Instant now, const Endpoint& from, ByteView datagram);
    void handle_timeout(Instant now);
    /// kNever when done.
    Instant next_timeout() const;
    std::vector<Outgoing> take_outgoing() { return std::exchange(outgoing_, {}); }

    bool done() const { return open_ == 0; }
    std::size_t asked() const { return questions_.size(); }
    std::size_t settled() const { return questions_.size() - open_; }
    const NetFindings& findings() const { return findings_; }

  private:
    enum class Purpose : std::uint8_t { kAddress, kStranger, kOtherPort, kOther, kSize, kHairpin };
    struct Question {
        StunId id{};
        Purpose purpose{};
        std::size_t server = 0;  ///< index; of kHairpin it means nothing
        Endpoint to;
        Bytes datagram;
        Instant asked{}, next_send{}, give_up{};
        std::size_t sent = 0;
        bool open = true;
    };

    void ask(Instant now, Purpose purpose, std::size_t server, const Endpoint& to,
             StunQuestion question);
    void send_due(Instant now, Question& question);
    void settle(Instant now, Question& question);
    void take_answer(Instant now, Question& question, const Endpoint& from,
                     const StunMessage& message);
    void begin_family(Instant now, std::size_t server, const StunMessage& message);
    void give_up(Instant now, Question& question);
    const Question* find(ByteView datagram) const;
    bool is_own(const Endpoint& endpoint) const;

    NetCheckPlan plan_;
    Rng rng_;
    Instant end_ = kNever;
    std::size_t open_ = 0;
    std::vector<Question> questions_;
    std::vector<Outgoing> outgoing_;
    std::array<bool, 2> begun_{};                    ///< families whose first answer has come
    std::array<std::optional<Endpoint>, 2> others_;  ///< other addresses of the servers asked
    NetFindings findings_;
};

}  // namespace sov::connect
