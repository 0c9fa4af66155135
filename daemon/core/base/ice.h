#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/endpoint.h"

// Interactive Connectivity Establishment (RFC 8445): what two peers tell each other to find a path
// through their NATs. One component, UDP only.

namespace sov {

/// How an address of a candidate was found (RFC 8445 s4).
enum class CandidateKind : std::uint8_t {
    kHost,             ///< of an interface of that host
    kServerReflexive,  ///< as a server or another peer saw that host
    kPeerReflexive,    ///< as the other side saw it during the checks; never signalled
    kRelayed,          ///< of a TURN server that passes on
};
/// The word of RFC 8839 s5.1, as in "srflx".
constexpr std::string_view candidate_kind_name(CandidateKind kind) {
    switch (kind) {
        case CandidateKind::kHost: return "host";
        case CandidateKind::kServerReflexive: return "srflx";
        case CandidateKind::kPeerReflexive: return "prflx";
        case CandidateKind::kRelayed: return "relay";
    }
    return "unknown";
}

/// Between the host or relay of a candidate and the other side. How a host talks with its own
/// relay is nobody else's business.
enum class IceProtocol : std::uint8_t { kUdp };

inline constexpr std::size_t kFoundationBytesMax = 32;  // RFC 8839 s5.1
inline constexpr std::uint8_t kIceComponent = 1;        ///< we never use another one

/// An address at which a peer may be reached.
struct IceCandidate {
    std::string foundation;  ///< 1 to 32 of letters, digits, "+" and "/"
    std::uint8_t component = kIceComponent;
    IceProtocol protocol = IceProtocol::kUdp;
    std::uint32_t priority = 0;  ///< 1 to 2^31 - 1 (RFC 8445 s5.1.2)
    Endpoint endpoint;           ///< without a zone
    CandidateKind kind = CandidateKind::kHost;
    std::optional<Endpoint> related;  ///< what a server saw belongs to; for diagnosis only

    friend bool operator==(const IceCandidate&, const IceCandidate&) = default;
};

/// What makes the checks of one session secret between two peers (RFC 8445 s5.3). The password is
/// never logged.
struct IceDescription {
    std::string fragment;  ///< 4 to 32 of letters, digits, "+" and "/"; a new one is a restart
    std::string password;  ///< 22 to 64 of the same

    friend bool operator==(const IceDescription&, const IceDescription&) = default;
};

/// RFC 8839 s5.4 and s5.3 allow 256; nobody needs them.
inline constexpr std::size_t kFragmentBytesMin = 4, kFragmentBytesMax = 32;
inline constexpr std::size_t kIcePasswordBytesMin = 22, kIcePasswordBytesMax = 64;

/// Letters, digits, "+" and "/" only: "ice-char" of RFC 8839 s5.1.
inline bool is_ice_text(std::string_view text, std::size_t least, std::size_t most) {
    return text.size() >= least && text.size() <= most &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '+' || c == '/';
           });
}
inline bool is_valid(const IceDescription& description) {
    return is_ice_text(description.fragment, kFragmentBytesMin, kFragmentBytesMax) &&
           is_ice_text(description.password, kIcePasswordBytesMin, kIcePasswordBytesMax);
}
/// That its fields keep their ranges. Whether anybody should send to its address is not asked.
inline bool is_well_formed(const IceCandidate& candidate) {
    return is_ice_text(candidate.foundation, 1, kFoundationBytesMax) &&
           candidate.component == kIceComponent && candidate.protocol == IceProtocol::kUdp &&
           candidate.priority >= 1 && candidate.priority <= 0x7fffffffU &&
           candidate.kind != CandidateKind::kPeerReflexive;
}

/// Who decides which pair is used (RFC 8445 s6.1.1): with us the side that dials.
enum class IceRole : std::uint8_t { kControlling, kControlled };

/// The pair of addresses in use.
struct IcePair {
    CandidateKind local_kind{}, remote_kind{};
    Endpoint local, remote;

    friend bool operator==(const IcePair&, const IcePair&) = default;
};

/// What a path costs and how it may be improved.
enum class PathClass : std::uint8_t {
    kLan,      ///< both on networks that are not the Internet
    kDirect,   ///< from host to host over the Internet
    kRelayed,  ///< through a server
};
/// The stable lower-case word, as in "relayed".
constexpr std::string_view path_class_name(PathClass path) {
    switch (path) {
        case PathClass::kLan: return "lan";
        case PathClass::kDirect: return "direct";
        case PathClass::kRelayed: return "relayed";
    }
    return "unknown";
}
inline PathClass path_class(const IcePair& pair) {
    if (pair.local_kind == CandidateKind::kRelayed || pair.remote_kind == CandidateKind::kRelayed)
        return PathClass::kRelayed;
    return pair.remote.scope() == Scope::kGlobal ? PathClass::kDirect : PathClass::kLan;
}

}  // namespace sov
