#pragma once

#include "daemon/core/identity/crypto.h"
#include "daemon/core/identity/records.h"
#include "daemon/core/wire/message.h"
#include "tests/unit/docs/vector_block.h"

// The vectors, made by the code, and the other direction: what the code reads from the document's
// bytes. Each read_* returns a vector again, so that both can be compared field by field.

namespace sov::vectors {

/// What all vectors have in common.
struct Cast {
    identity::SigningKey user;
    identity::SigningKey initiator, responder;  ///< node keys
    NetworkId network;
};
Cast make_cast(identity::Crypto& crypto);

/// Keys, their text forms and places, names and proofs of work.
std::vector<Vector> key_vectors(identity::Crypto& crypto);

/// "record ..." and what they contain.
std::vector<Vector> record_vectors(identity::Crypto& crypto);
/// A record vector from the bytes in the document: its fields as check_record and decode_* see
/// them.
Vector read_record(identity::Crypto& crypto, const Vector& documented);

/// "message ..." one or more for each wire::Kind.
std::vector<Vector> message_vectors(identity::Crypto& crypto);
Vector read_message(const Vector& documented);
/// "find_node" and the like; empty for numbers that are no kind.
std::string kind_word(wire::Kind kind);

/// "exchange ...": cookie, init, reply and data between two session tables.
std::vector<Vector> exchange_vectors();
/// Hands the datagrams of the document to fresh tables, which must accept each of them.
void expect_exchange_accepted(const std::vector<Vector>& documented);

/// "announcement ...": TXT records on a LAN.
std::vector<Vector> announcement_vectors(identity::Crypto& crypto);

/// "advert ...": Bluetooth LE.
std::vector<Vector> ble_vectors(identity::Crypto& crypto);
/// "link ...": a friend calls a private peer.
std::vector<Vector> link_vectors(identity::Crypto& crypto);

/// Names of a peer in libp2p's words, and the frames of the request protocol.
std::vector<Vector> stream_vectors(identity::Crypto& crypto);

/// Where the post-quantum part of a peer record lives, and what its signature covers.
std::vector<Vector> post_quantum_vectors(identity::Crypto& crypto);

/// A signed bootstrap list, where a signer stores it, and its text for DNS.
std::vector<Vector> list_vectors(identity::Crypto& crypto);

/// "signal ...": words of a call.
std::vector<Vector> signal_vectors();

}  // namespace sov::vectors
