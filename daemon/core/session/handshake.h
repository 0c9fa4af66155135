#pragma once

#include <optional>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/packet_pool.h"
#include "daemon/core/identity/noise.h"
#include "daemon/core/session/network_keys.h"
#include "daemon/core/wire/packet.h"

// Padded Noise IK: init and reply datagrams, byte by byte. Nothing here decides when; session_table
// does. Pattern: init = e, es, s, ss, payload; reply = e, ee, se, payload.

namespace sov::session {

/// Our own side, made once per node.
struct LocalKeys {
    NodeKey node;
    identity::AgreementKey agreement;
    NetworkId network;
    identity::MaskKey mask;
    Hash32 mac1;
    identity::SealKey cookie;

    LocalKeys(identity::Crypto& crypto, const identity::SigningKey& node_key,
              const NetworkId& network_id);
    const NodeKey& public_key() const { return node; }
};

using Cookie = std::array<std::uint8_t, wire::kCookieSize>;

/// What the initiator must remember between init and reply.
struct Initiation {
    identity::NoiseState noise;
    identity::AgreementKey ephemeral;
    std::array<std::uint8_t, wire::kMacSize> mac1{};
};

/// Writes an init datagram that carries `message` and is `size_wanted` bytes long (at least what
/// the message needs): the answer can't be longer. Costs three key agreements and a key generation
/// (about 130 us). Nothing when the receiver's key is no valid point.
std::optional<Initiation> write_init(identity::Crypto& crypto, const LocalKeys& local,
                                     const NodeKey& receiver, std::uint32_t sender_index,
                                     std::uint8_t flags, ByteView message, std::size_t size_wanted,
                                     const std::optional<Cookie>& cookie, Transmit& out);

/// An init datagram whose mac1 was right, opened up to its payload.
struct ReceivedInit {
    identity::NoiseState noise;
    NodeKey sender;
    identity::Public32 sender_agreement{};
    identity::Public32 ephemeral{};
    std::uint32_t sender_index = 0;
    std::uint8_t flags = 0;
    ByteView message;  ///< inside the datagram
    std::size_t datagram_size = 0;
};

/// True when mac1 says that the sender knows our key. `datagram` is unmasked. One MAC.
bool mac1_matches(identity::Crypto& crypto, const LocalKeys& local, ByteView datagram);
/// True when mac2 was made with this cookie.
bool mac2_matches(identity::Crypto& crypto, const Cookie& cookie, ByteView datagram);
/// Opens an unmasked init datagram in place: two key agreements. Nothing for anything wrong.
std::optional<ReceivedInit> read_init(identity::Crypto& crypto, const LocalKeys& local,
                                      MutableBytes datagram);

/// Finishes a reply whose message already lies at reply_message(out): seals, masks, sets the size.
/// Returns the session's keys. Costs two key agreements and a key generation.
std::optional<identity::NoiseState::Keys> write_reply(identity::Crypto& crypto, ReceivedInit& init,
                                                      const identity::MaskKey& receiver_mask,
                                                      std::uint32_t sender_index,
                                                      std::uint8_t flags, std::size_t message_size,
                                                      Transmit& out);
/// Where the message of a reply lies in the datagram, as long as fits `datagram_max`.
MutableBytes reply_message(Transmit& out, std::size_t datagram_max);

struct ReceivedReply {
    identity::NoiseState::Keys keys;
    std::uint32_t sender_index = 0;
    std::uint8_t flags = 0;
    ByteView message;
};
/// Opens an unmasked reply in place: two key agreements. The initiation is spent only on success.
std::optional<ReceivedReply> read_reply(const LocalKeys& local, const Initiation& initiation,
                                        MutableBytes datagram);

/// Splits an opened payload (flags | length | message | padding); nothing when the length lies or
/// the padding isn't zero.
struct Payload {
    std::uint8_t flags = 0;
    ByteView message;
};
std::optional<Payload> read_payload(ByteView payload);

/// XORs the head with the mask for its receiver; the sample is the end of the datagram.
void mask_head(identity::Crypto& crypto, const identity::MaskKey& key, MutableBytes datagram,
               std::size_t head_size);

}  // namespace sov::session
