#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/result.h"
#include "daemon/streams/delimited.h"

// multistream-select 1.0 (libp2p specs, connections/README.md): two sides agree on the protocol of
// a stream. One message is a varint length, text, and a newline that counts:
//
//   dialler   /multistream/1.0.0   /ipfs/ping/1.0.0
//   listener  /multistream/1.0.0   /ipfs/ping/1.0.0, or na
//
// Both sides here are machines: bytes from the stream go in, bytes for the stream come out. Who
// drives them ends the stream when they fail, and after kNegotiationTime without an outcome.

namespace sov::streams {

inline constexpr std::string_view kMultistream = "/multistream/1.0.0";
/// Of one message, newline included. Others allow up to 16 kB; no protocol has such a name.
inline constexpr std::size_t kProtocolLineMax = 1024;
/// Proposals in one negotiation; the listener gives up after it.
inline constexpr std::size_t kProposalsMax = 16;
inline constexpr std::chrono::seconds kNegotiationTime{10};

/// Whether a name can be proposed: printable ASCII that begins with '/', short enough for a line.
bool is_protocol_name(std::string_view name);

/// The side that opened the stream: proposes one protocol after the other.
class Proposer {
  public:
    enum class Mode : std::uint8_t {
        kStrict,  ///< the application speaks after the listener has agreed
        /// Exactly one proposal, and the application may speak at once, behind opening(). A
        /// refusal then ends the stream, because the listener has taken what followed for
        /// proposals (multiformats/go-multistream#20).
        kLazy,
    };

    /// `protocols`: names in the order of preference, 1 to kProposalsMax; one of them when lazy.
    Proposer(std::vector<std::string> protocols, Mode mode);

    /// What the stream begins with, to be sent before anything else.
    Bytes opening() const;
    /// Takes bytes from the listener and appends what is to be sent to `out`.
    /// kUnsupported: all were refused. kMalformed: not multistream-select. kTooLarge: a line past
    /// the bound, or a length that is none. Not to be called again after an error, nor once agreed:
    /// what comes then belongs to the protocol, as does take_rest().
    Result<void> receive(ByteView bytes, Bytes& out);
    /// The protocol that both agreed on; empty before.
    const std::string& agreed() const { return agreed_; }
    /// What the listener sent behind its agreement; belongs to the protocol.
    Bytes take_rest() { return lines_.take_rest(); }

  private:
    Result<void> take_line(std::string_view line, Bytes& out);

    std::vector<std::string> protocols_;
    Mode mode_;
    DelimitedReader lines_{kProtocolLineMax};
    bool greeted_ = false;
    std::size_t proposed_ = 0;  ///< index of the proposal that waits for its answer
    std::string agreed_;
};

/// The side that got the stream: agrees to the first proposal that it knows.
class Chooser {
  public:
    /// `offered` are the names that this side speaks.
    explicit Chooser(std::vector<std::string> offered) : offered_(std::move(offered)) {}

    /// As of Proposer. kOverQuota: more than kProposalsMax proposals. "ls" is answered "na": nobody
    /// needs it, and identify tells the same to those who have proven who they are.
    Result<void> receive(ByteView bytes, Bytes& out);
    const std::string& agreed() const { return agreed_; }
    Bytes take_rest() { return lines_.take_rest(); }

  private:
    Result<void> take_line(std::string_view line, Bytes& out);

    std::vector<std::string> offered_;
    DelimitedReader lines_{kProtocolLineMax};
    bool greeted_ = false;
    std::size_t proposals_ = 0;
    std::string agreed_;
};

}  // namespace sov::streams
