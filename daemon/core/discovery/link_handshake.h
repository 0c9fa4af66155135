#pragma once

#include <optional>

#include "daemon/core/base/ids.h"
#include "daemon/core/discovery/advert.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/core/identity/noise.h"

namespace sov::discovery {

/// Noise_XX_25519_AESGCM_SHA256 between the user keys of two neighbours; the static keys travel in
/// their Ed25519 form. The network and the responder's rid are in the prologue.
///
///   hello   e 32 | greeting 16                       -> e, payload
///   answer  e 32 | Enc(peer id) 48 | Enc() 16        <- e, ee, s, es
///   proof   Enc(peer id) 48 | Enc() 16               -> s, se
///
/// In XX the responder says first who it is, to anybody who sends a hello. In private mode that
/// would tell every stranger, so a hello carries a greeting that only friends of the responder can
/// make (Recognition::greet), and whoever makes the responder's side checks it before answer().
/// The initiator says who it is after it has seen who answers, and may stop there.
class LinkHandshake {
  public:
    static constexpr std::size_t kGreetingBytes = 16;
    static constexpr std::size_t kHelloBytes = 48, kAnswerBytes = 96, kProofBytes = 64;

    struct Done {
        identity::SealKey send, receive;
        PeerId peer;
    };

    LinkHandshake(identity::Crypto& crypto, const identity::SigningKey& user,
                  const NetworkId& network, const Rid& responder);

    // --- initiator ---
    /// What the greeting has to be made over.
    ByteView ephemeral() const { return ephemeral_.public_key; }
    /// One key generation, in the constructor.
    Bytes hello(ByteView greeting);
    /// Who answered; nothing when the answer is not whole. Two key agreements.
    std::optional<PeerId> read_answer(ByteView answer);
    /// Says who we are to whoever read_answer() told, and ends. One key agreement.
    std::optional<Bytes> proof(Done& done);

    // --- responder ---
    /// The parts of a hello, borrowed; nothing for another length. Costs nothing.
    struct Hello {
        ByteView ephemeral, greeting;
    };
    static std::optional<Hello> read_hello(ByteView hello);
    /// Says who we are. Two key agreements.
    std::optional<Bytes> answer(const Hello& hello);
    /// Who the initiator is; nothing when the proof is not whole. One key agreement.
    std::optional<Done> read_proof(ByteView proof);

  private:
    identity::Crypto& crypto_;
    const PeerId own_id_;
    const identity::AgreementKey own_;
    identity::AgreementKey ephemeral_;
    identity::NoiseState noise_;
    identity::Public32 their_ephemeral_{};
    PeerId peer_;
};

}  // namespace sov::discovery
