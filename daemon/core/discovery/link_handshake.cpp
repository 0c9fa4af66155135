#include "daemon/core/discovery/link_handshake.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::discovery {

namespace {

using identity::kTagSize;

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSealedKeyBytes = kKeyBytes + kTagSize;

}  // namespace

LinkHandshake::LinkHandshake(identity::Crypto& crypto, const identity::SigningKey& user,
                             const NetworkId& network, const Rid& responder)
    : crypto_(crypto),
      own_id_{user.public_key},
      own_(crypto.agreement_form(user)),
      ephemeral_(crypto.make_agreement_key()),
      noise_(crypto, "Noise_XX_25519_AESGCM_SHA256",
             {as_bytes("sovereign/ble/1"), network.view(), responder}) {}

Bytes LinkHandshake::hello(ByteView greeting) {
    SOV_CHECK(greeting.size() == kGreetingBytes);
    Bytes hello = to_bytes(ephemeral_.public_key);
    hello.insert(hello.end(), greeting.begin(), greeting.end());
    noise_.mix_hash(ephemeral());
    noise_.mix_hash(greeting);
    return hello;
}

std::optional<LinkHandshake::Hello> LinkHandshake::read_hello(ByteView hello) {
    if (hello.size() != kHelloBytes) return std::nullopt;
    return Hello{hello.first(kKeyBytes), hello.subspan(kKeyBytes)};
}

std::optional<Bytes> LinkHandshake::answer(const Hello& hello) {
    std::copy(hello.ephemeral.begin(), hello.ephemeral.end(), their_ephemeral_.begin());
    noise_.mix_hash(hello.ephemeral);
    noise_.mix_hash(hello.greeting);

    Bytes answer(kAnswerBytes);
    const MutableBytes all(answer);
    std::copy_n(ephemeral_.public_key.begin(), kKeyBytes, all.begin());
    noise_.mix_hash(ephemeral());
    if (!noise_.mix_agreement(ephemeral_.secret, their_ephemeral_)) return std::nullopt;
    std::copy_n(own_id_.bytes.begin(), kKeyBytes, all.begin() + kKeyBytes);
    noise_.seal(all.subspan(kKeyBytes, kSealedKeyBytes));
    if (!noise_.mix_agreement(own_.secret, their_ephemeral_)) return std::nullopt;
    noise_.seal(all.last(kTagSize));
    return answer;
}

std::optional<PeerId> LinkHandshake::read_answer(ByteView answer) {
    if (answer.size() != kAnswerBytes) return std::nullopt;
    Bytes opened = to_bytes(answer);
    const MutableBytes all(opened);
    std::copy_n(all.begin(), kKeyBytes, their_ephemeral_.begin());
    noise_.mix_hash(their_ephemeral_);
    if (!noise_.mix_agreement(ephemeral_.secret, their_ephemeral_)) return std::nullopt;
    if (!noise_.open(all.subspan(kKeyBytes, kSealedKeyBytes))) return std::nullopt;
    peer_ = PeerId::from(all.subspan(kKeyBytes));
    const auto theirs = crypto_.agreement_form(peer_.bytes);
    if (!theirs || peer_ == own_id_) return std::nullopt;
    if (!noise_.mix_agreement(ephemeral_.secret, *theirs)) return std::nullopt;
    if (!noise_.open(all.last(kTagSize))) return std::nullopt;
    return peer_;
}

std::optional<Bytes> LinkHandshake::proof(Done& done) {
    Bytes proof(kProofBytes);
    const MutableBytes all(proof);
    std::copy_n(own_id_.bytes.begin(), kKeyBytes, all.begin());
    noise_.seal(all.first(kSealedKeyBytes));
    if (!noise_.mix_agreement(own_.secret, their_ephemeral_)) return std::nullopt;
    noise_.seal(all.last(kTagSize));
    const auto keys = noise_.split();
    done = {keys.initiator_sends, keys.responder_sends, peer_};
    return proof;
}

std::optional<LinkHandshake::Done> LinkHandshake::read_proof(ByteView proof) {
    if (proof.size() != kProofBytes) return std::nullopt;
    Bytes opened = to_bytes(proof);
    const MutableBytes all(opened);
    if (!noise_.open(all.first(kSealedKeyBytes))) return std::nullopt;
    peer_ = PeerId::from(all);
    const auto theirs = crypto_.agreement_form(peer_.bytes);
    if (!theirs || peer_ == own_id_) return std::nullopt;
    if (!noise_.mix_agreement(ephemeral_.secret, *theirs)) return std::nullopt;
    if (!noise_.open(all.last(kTagSize))) return std::nullopt;
    const auto keys = noise_.split();
    return Done{keys.responder_sends, keys.initiator_sends, peer_};
}

}  // namespace sov::discovery
