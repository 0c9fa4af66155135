#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/docs/vectors.h"

namespace sov::vectors {

/// 32 bytes that follow from a use, the network and a receiver.
struct AddressedKey {
    Hash32 hash;
    ByteView first(std::size_t size) const& { return hash.view().first(size); }
    ByteView all() const& { return hash.view(); }
};
AddressedKey addressed_key(identity::Crypto& crypto, std::string_view use, const Cast& cast,
                           const NodeKey& receiver);

/// A second implementation of the datagrams, written from the steps in docs/protocol.md with
/// nothing but hash, MAC, key agreement and AES. What only the sender can choose (session indices,
/// the mac2 field without a cookie) is read from the datagram it is compared with.
class Transcript {
  public:
    Transcript(identity::Crypto& crypto, const Cast& cast) : crypto_(crypto), cast_(cast) {}

    /// The last datagram made, and the values met on the way.
    Bytes datagram;
    std::vector<std::pair<std::string, Bytes>> notes;

    void init(const identity::AgreementKey& ephemeral, ByteView sent, std::uint8_t flags,
              ByteView message, ByteView cookie = {});
    /// Rebuilds the cookie datagram that answers `init`; returns the cookie.
    Bytes cookie(ByteView sent, const Transcript& init);
    void reply(const identity::AgreementKey& initiators, const identity::AgreementKey& ephemeral,
               ByteView sent, std::uint8_t flags, ByteView message);
    /// From the initiator, under the keys of the reply before.
    void data(std::uint64_t counter, std::uint8_t flags, ByteView message);

  private:
    void note(std::string field, ByteView value) {
        notes.emplace_back(std::move(field), to_bytes(value));
    }
    void append(ByteView bytes) { datagram.insert(datagram.end(), bytes.begin(), bytes.end()); }
    void mix_hash(ByteView part);
    void mix_agreement(const identity::Secret32& ours, const identity::Public32& theirs);
    void seal_and_append(ByteView plain);
    void mask(const NodeKey& receiver, std::size_t head_size);
    Bytes unmasked(const NodeKey& receiver, ByteView sent, std::size_t head_size) const;

    identity::Crypto& crypto_;
    const Cast& cast_;
    Hash32 chaining_key_, hash_;
    identity::SealKey key_, initiator_sends_;
    std::uint32_t responder_index_ = 0;
    Bytes mac1_;
};

}  // namespace sov::vectors
