#include "daemon/core/session/handshake.h"

#include <algorithm>

namespace sov::session {

namespace {

using identity::kTagSize;
using wire::kInitHeadSize;
using wire::kMacSize;
using wire::kPayloadHeadSize;
using wire::kReplyHeadSize;

constexpr std::size_t kInitStaticAt = kInitHeadSize;
constexpr std::size_t kInitPayloadAt = kInitStaticAt + 32 + kTagSize;

std::size_t init_payload_end(std::size_t datagram_size) { return datagram_size - 2 * kMacSize; }

std::array<std::uint8_t, kMacSize> short_mac(identity::Crypto& crypto, ByteView key,
                                             ByteView over) {
    const Hash32 full = crypto.mac(key, {over});
    std::array<std::uint8_t, kMacSize> mac{};
    std::copy_n(full.bytes.begin(), mac.size(), mac.begin());
    return mac;
}

// Compares without an early exit, so that timing tells nothing about where a MAC differs.
bool equal_macs(ByteView a, ByteView b) {
    unsigned differing = 0;
    for (std::size_t at = 0; at < kMacSize; ++at) differing |= static_cast<unsigned>(a[at] ^ b[at]);
    return differing == 0;
}

// The prologue is the protocol's version and the network; then the responder's static key, in its
// Ed25519 form as always, which the initiator knows beforehand (the K of IK).
identity::NoiseState begin_ik(identity::Crypto& crypto, const NetworkId& network,
                              const NodeKey& responder) {
    identity::NoiseState noise(crypto, "Noise_IK_25519_AESGCM_SHA256",
                               {as_bytes("sovereign/1"), network.view()});
    noise.mix_hash(responder.view());
    return noise;
}

}  // namespace

LocalKeys::LocalKeys(identity::Crypto& crypto, const identity::SigningKey& node_key,
                     const NetworkId& network_id)
    : node{node_key.public_key},
      agreement(crypto.agreement_form(node_key)),
      network(network_id),
      mask(mask_key(crypto, network_id, NodeKey{node_key.public_key})),
      mac1(mac1_key(crypto, network_id, NodeKey{node_key.public_key})),
      cookie(cookie_key(crypto, network_id, NodeKey{node_key.public_key})) {}

std::optional<Payload> read_payload(ByteView payload) {
    if (payload.size() < kPayloadHeadSize) return std::nullopt;
    const std::size_t length = load_u16(payload.data() + 1);
    if (length > payload.size() - kPayloadHeadSize) return std::nullopt;
    const ByteView padding = payload.subspan(kPayloadHeadSize + length);
    if (std::any_of(padding.begin(), padding.end(), [](std::uint8_t b) { return b != 0; })) {
        return std::nullopt;
    }
    return Payload{payload[0], payload.subspan(kPayloadHeadSize, length)};
}

void mask_head(identity::Crypto& crypto, const identity::MaskKey& key, MutableBytes datagram,
               std::size_t head_size) {
    identity::MaskSample sample;
    std::copy(datagram.end() - sample.size(), datagram.end(), sample.begin());
    crypto.mask(key, sample, datagram.first(head_size));
}

std::optional<Initiation> write_init(identity::Crypto& crypto, const LocalKeys& local,
                                     const NodeKey& receiver, std::uint32_t sender_index,
                                     std::uint8_t flags, ByteView message, std::size_t size_wanted,
                                     const std::optional<Cookie>& cookie, Transmit& out) {
    const auto theirs = crypto.agreement_form(receiver.bytes);
    if (!theirs) return std::nullopt;
    Initiation made{begin_ik(crypto, local.network, receiver), crypto.make_agreement_key(), {}};
    const std::size_t needed = wire::kInitOverhead + kPayloadHeadSize + message.size();
    const std::size_t size = std::clamp(size_wanted, needed, Limits::kDatagramBytesMax);
    if (needed > size) return std::nullopt;
    out.size = static_cast<std::uint16_t>(size);
    const MutableBytes datagram = MutableBytes(out.bytes).first(size);

    datagram[0] = static_cast<std::uint8_t>(wire::PacketType::kInit);
    store_u32(&datagram[1], sender_index);
    std::copy(made.ephemeral.public_key.begin(), made.ephemeral.public_key.end(), &datagram[5]);
    made.noise.mix_hash(datagram.first(kInitHeadSize));
    if (!made.noise.mix_agreement(made.ephemeral.secret, *theirs)) return std::nullopt;

    std::copy(local.node.bytes.begin(), local.node.bytes.end(), &datagram[kInitStaticAt]);
    made.noise.seal(datagram.subspan(kInitStaticAt, 32 + kTagSize));
    if (!made.noise.mix_agreement(local.agreement.secret, *theirs)) return std::nullopt;

    const MutableBytes payload =
        datagram.subspan(kInitPayloadAt, init_payload_end(size) - kInitPayloadAt);
    std::fill(payload.begin(), payload.end(), std::uint8_t{0});
    payload[0] = flags;
    store_u16(&payload[1], static_cast<std::uint16_t>(message.size()));
    std::copy(message.begin(), message.end(), &payload[kPayloadHeadSize]);
    made.noise.seal(payload);

    const std::size_t mac1_at = init_payload_end(size);
    made.mac1 = short_mac(crypto, mac1_key(crypto, local.network, receiver).view(),
                          datagram.first(mac1_at));
    std::copy(made.mac1.begin(), made.mac1.end(), &datagram[mac1_at]);
    if (cookie) {
        const auto mac2 = short_mac(crypto, *cookie, datagram.first(mac1_at + kMacSize));
        std::copy(mac2.begin(), mac2.end(), &datagram[mac1_at + kMacSize]);
    } else {
        // Random instead of zero: nobody may tell this field from the rest.
        crypto.fill_random(datagram.subspan(mac1_at + kMacSize, kMacSize));
    }
    mask_head(crypto, mask_key(crypto, local.network, receiver), datagram, kInitHeadSize);
    return made;
}

bool mac1_matches(identity::Crypto& crypto, const LocalKeys& local, ByteView datagram) {
    const std::size_t mac1_at = init_payload_end(datagram.size());
    const auto mac = short_mac(crypto, local.mac1.view(), datagram.first(mac1_at));
    return equal_macs(mac, datagram.subspan(mac1_at, kMacSize));
}

bool mac2_matches(identity::Crypto& crypto, const Cookie& cookie, ByteView datagram) {
    const std::size_t mac2_at = datagram.size() - kMacSize;
    const auto mac = short_mac(crypto, cookie, datagram.first(mac2_at));
    return equal_macs(mac, datagram.subspan(mac2_at, kMacSize));
}

std::optional<ReceivedInit> read_init(identity::Crypto& crypto, const LocalKeys& local,
                                      MutableBytes datagram) {
    if (datagram.size() < wire::kInitOverhead + kPayloadHeadSize) return std::nullopt;
    ReceivedInit init{begin_ik(crypto, local.network, local.public_key()), {}, {}, {}, 0, 0, {}, 0};
    init.datagram_size = datagram.size();
    init.sender_index = load_u32(&datagram[1]);
    std::copy_n(&datagram[5], 32, init.ephemeral.begin());
    init.noise.mix_hash(datagram.first(kInitHeadSize));
    if (!init.noise.mix_agreement(local.agreement.secret, init.ephemeral)) return std::nullopt;

    if (!init.noise.open(datagram.subspan(kInitStaticAt, 32 + kTagSize))) return std::nullopt;
    std::copy_n(&datagram[kInitStaticAt], 32, init.sender.bytes.begin());
    const auto theirs = crypto.agreement_form(init.sender.bytes);
    if (!theirs) return std::nullopt;
    init.sender_agreement = *theirs;
    if (!init.noise.mix_agreement(local.agreement.secret, *theirs)) return std::nullopt;

    const MutableBytes sealed =
        datagram.subspan(kInitPayloadAt, init_payload_end(datagram.size()) - kInitPayloadAt);
    if (!init.noise.open(sealed)) return std::nullopt;
    const auto payload = read_payload(sealed.first(sealed.size() - kTagSize));
    if (!payload) return std::nullopt;
    init.flags = payload->flags;
    init.message = payload->message;
    return init;
}

MutableBytes reply_message(Transmit& out, std::size_t datagram_max) {
    const std::size_t max = std::min(datagram_max, Limits::kDatagramBytesMax);
    const std::size_t around = wire::kReplyOverhead + kPayloadHeadSize;
    if (max < around) return {};
    return MutableBytes(out.bytes).subspan(kReplyHeadSize + kPayloadHeadSize, max - around);
}

std::optional<identity::NoiseState::Keys> write_reply(identity::Crypto& crypto, ReceivedInit& init,
                                                      const identity::MaskKey& receiver_mask,
                                                      std::uint32_t sender_index,
                                                      std::uint8_t flags, std::size_t message_size,
                                                      Transmit& out) {
    const identity::AgreementKey ephemeral = crypto.make_agreement_key();
    out.size = static_cast<std::uint16_t>(wire::kReplyOverhead + kPayloadHeadSize + message_size);
    const MutableBytes datagram = MutableBytes(out.bytes).first(out.size);
    datagram[0] = static_cast<std::uint8_t>(wire::PacketType::kReply);
    store_u32(&datagram[1], init.sender_index);
    store_u32(&datagram[5], sender_index);
    std::copy(ephemeral.public_key.begin(), ephemeral.public_key.end(), &datagram[9]);
    init.noise.mix_hash(datagram.first(kReplyHeadSize));
    if (!init.noise.mix_agreement(ephemeral.secret, init.ephemeral)) return std::nullopt;
    if (!init.noise.mix_agreement(ephemeral.secret, init.sender_agreement)) return std::nullopt;

    datagram[kReplyHeadSize] = flags;
    store_u16(&datagram[kReplyHeadSize + 1], static_cast<std::uint16_t>(message_size));
    init.noise.seal(datagram.subspan(kReplyHeadSize));
    mask_head(crypto, receiver_mask, datagram, kReplyHeadSize);
    return init.noise.split();
}

std::optional<ReceivedReply> read_reply(const LocalKeys& local, const Initiation& initiation,
                                        MutableBytes datagram) {
    if (datagram.size() < wire::kReplyOverhead + kPayloadHeadSize) return std::nullopt;
    identity::NoiseState noise = initiation.noise;
    identity::Public32 ephemeral{};
    std::copy_n(&datagram[9], 32, ephemeral.begin());
    noise.mix_hash(datagram.first(kReplyHeadSize));
    if (!noise.mix_agreement(initiation.ephemeral.secret, ephemeral)) return std::nullopt;
    if (!noise.mix_agreement(local.agreement.secret, ephemeral)) return std::nullopt;
    const MutableBytes sealed = datagram.subspan(kReplyHeadSize);
    if (!noise.open(sealed)) return std::nullopt;
    const auto payload = read_payload(sealed.first(sealed.size() - kTagSize));
    if (!payload) return std::nullopt;
    return ReceivedReply{noise.split(), load_u32(&datagram[5]), payload->flags, payload->message};
}

}  // namespace sov::session
