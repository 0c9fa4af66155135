#include "tests/unit/docs/transcript.h"

#include <gtest/gtest.h>

namespace sov::vectors {

namespace {

Bytes payload_of(std::uint8_t flags, ByteView message, std::size_t size) {
    Bytes payload{flags, static_cast<std::uint8_t>(message.size() >> 8),
                  static_cast<std::uint8_t>(message.size())};
    payload.insert(payload.end(), message.begin(), message.end());
    payload.resize(std::max(size, payload.size()));
    return payload;
}

Bytes first_half(const Hash32& hash) { return to_bytes(hash.view().first(16)); }

std::pair<Hash32, Hash32> hkdf(identity::Crypto& crypto, const Hash32& salt, ByteView input) {
    const std::uint8_t one[] = {1}, two[] = {2};
    const Hash32 extracted = crypto.mac(salt.view(), {input});
    const Hash32 first = crypto.mac(extracted.view(), {one});
    return {first, crypto.mac(extracted.view(), {first.view(), two})};
}

}  // namespace

AddressedKey addressed_key(identity::Crypto& crypto, std::string_view use, const Cast& cast,
                           const NodeKey& receiver) {
    return {
        crypto.hash({as_bytes("sovereign "), as_bytes(use), cast.network.view(), receiver.view()})};
}

void Transcript::mix_hash(ByteView part) { hash_ = crypto_.hash({hash_.view(), part}); }

void Transcript::mix_agreement(const identity::Secret32& ours, const identity::Public32& theirs) {
    const auto shared = crypto_.agree(ours, theirs);
    ASSERT_TRUE(shared.has_value());
    const auto [chaining_key, key] = hkdf(crypto_, chaining_key_, *shared);
    chaining_key_ = chaining_key;
    key_.bytes = key.bytes;
}

void Transcript::seal_and_append(ByteView plain) {
    Bytes sealed = to_bytes(plain);
    sealed.resize(plain.size() + identity::kTagSize);
    crypto_.seal(key_, 0, hash_.view(), sealed);
    mix_hash(sealed);
    append(sealed);
}

Bytes Transcript::unmasked(const NodeKey& receiver, ByteView sent, std::size_t head_size) const {
    identity::MaskKey key;
    const AddressedKey full = addressed_key(crypto_, "mask", cast_, receiver);
    std::copy_n(full.hash.bytes.begin(), key.bytes.size(), key.bytes.begin());
    identity::MaskSample sample;
    std::copy(sent.end() - sample.size(), sent.end(), sample.begin());
    Bytes clear = to_bytes(sent);
    crypto_.mask(key, sample, MutableBytes(clear).first(head_size));
    return clear;
}

void Transcript::mask(const NodeKey& receiver, std::size_t head_size) {
    note("clear_head", ByteView(datagram).first(head_size));
    datagram = unmasked(receiver, datagram, head_size);
}

void Transcript::init(const identity::AgreementKey& ephemeral, ByteView sent, std::uint8_t flags,
                      ByteView message, ByteView cookie) {
    const NodeKey initiator{cast_.initiator.public_key}, responder{cast_.responder.public_key};
    const identity::AgreementKey ours = crypto_.agreement_form(cast_.initiator);
    const identity::AgreementKey theirs = crypto_.agreement_form(cast_.responder);
    const Bytes clear = unmasked(responder, sent, 37);
    note("ephemeral_secret", ephemeral.secret);
    note("message", message);

    const std::string_view name = "Noise_IK_25519_AESGCM_SHA256";
    std::copy(name.begin(), name.end(), hash_.bytes.begin());
    chaining_key_ = hash_;
    hash_ = crypto_.hash({hash_.view(), as_bytes("sovereign/1"), cast_.network.view()});
    mix_hash(responder.view());
    note("hash_before_init", hash_.view());

    datagram = {1};
    append(ByteView(clear).subspan(1, 4));
    append(ephemeral.public_key);
    mix_hash(datagram);
    mix_agreement(ephemeral.secret, theirs.public_key);
    note("key_of_static", key_.bytes);
    seal_and_append(initiator.view());
    mix_agreement(ours.secret, theirs.public_key);
    note("key_of_payload", key_.bytes);
    seal_and_append(payload_of(flags, message, 0));
    note("hash_after_init", hash_.view());
    note("chaining_key", chaining_key_.view());

    const AddressedKey mac1_key = addressed_key(crypto_, "mac1", cast_, responder);
    mac1_ = first_half(crypto_.mac(mac1_key.all(), {datagram}));
    append(mac1_);
    note("mac1", mac1_);
    const Bytes mac2 =
        cookie.empty() ? to_bytes(sent.last(16)) : first_half(crypto_.mac(cookie, {datagram}));
    append(mac2);
    note("mac2", mac2);
    mask(responder, 37);
}

Bytes Transcript::cookie(ByteView sent, const Transcript& init) {
    const NodeKey responder{cast_.responder.public_key};
    identity::SealKey key;
    key.bytes = addressed_key(crypto_, "cookie", cast_, responder).hash.bytes;
    Bytes opened = to_bytes(sent.subspan(8));
    EXPECT_TRUE(crypto_.open(key, load_u64(sent.data()), init.mac1_, opened));
    opened.resize(16);
    datagram = to_bytes(sent.first(8));
    Bytes sealed = opened;
    sealed.resize(32);
    crypto_.seal(key, load_u64(sent.data()), init.mac1_, sealed);
    append(sealed);
    note("nonce", sent.first(8));
    note("associated_mac1", init.mac1_);
    note("cookie", opened);
    return opened;
}

void Transcript::reply(const identity::AgreementKey& initiators,
                       const identity::AgreementKey& ephemeral, ByteView sent, std::uint8_t flags,
                       ByteView message) {
    const NodeKey initiator{cast_.initiator.public_key};
    const identity::AgreementKey static_key = crypto_.agreement_form(cast_.initiator);
    notes.clear();
    note("ephemeral_secret", ephemeral.secret);
    note("message", message);
    const Bytes clear = unmasked(initiator, sent, 41);
    responder_index_ = load_u32(&clear[5]);

    datagram = {2};
    append(ByteView(clear).subspan(1, 8));
    append(ephemeral.public_key);
    mix_hash(datagram);
    mix_agreement(ephemeral.secret, initiators.public_key);
    mix_agreement(ephemeral.secret, static_key.public_key);
    note("key_of_payload", key_.bytes);
    seal_and_append(payload_of(flags, message, 0));
    note("hash_after_reply", hash_.view());
    note("chaining_key", chaining_key_.view());
    mask(initiator, 41);

    const auto [initiator_sends, responder_sends] = hkdf(crypto_, chaining_key_, {});
    initiator_sends_.bytes = initiator_sends.bytes;
    note("initiator_sends", initiator_sends.view());
    note("responder_sends", responder_sends.view());
}

void Transcript::data(std::uint64_t counter, std::uint8_t flags, ByteView message) {
    notes.clear();
    note("message", message);
    datagram = Bytes(13);
    datagram[0] = 3;
    store_u32(&datagram[1], responder_index_);
    store_u64(&datagram[5], counter);
    const Bytes head = datagram;
    Bytes sealed = payload_of(flags, message, 64);
    sealed.resize(sealed.size() + identity::kTagSize);
    crypto_.seal(initiator_sends_, counter, head, sealed);
    append(sealed);
    mask(NodeKey{cast_.responder.public_key}, 13);
}

}  // namespace sov::vectors
