#include <gtest/gtest.h>

#include "daemon/core/discovery/gatt_frames.h"
#include "daemon/core/discovery/link_handshake.h"
#include "daemon/core/discovery/recognition.h"
#include "tests/unit/docs/fixed_crypto.h"
#include "tests/unit/docs/vectors.h"

// A private peer is called by a friend over Bluetooth. What both write is held against SecondNoise,
// which follows the document's steps and Noise's, and not the code.

namespace sov::vectors {

namespace {

using discovery::LinkHandshake;
using discovery::Rid;

constexpr UnixMillis kNewYear2026 = 1'767'225'600'000;

// The symmetric state of Noise, with nothing but hash, MAC, key agreement and AES.
class SecondNoise {
  public:
    SecondNoise(identity::Crypto& crypto, std::string_view name, ByteView prologue)
        : crypto_(crypto) {
        std::copy(name.begin(), name.end(), hash_.bytes.begin());
        chaining_key_ = hash_;
        mix_hash(prologue);
    }
    void mix_hash(ByteView part) { hash_ = crypto_.hash({hash_.view(), part}); }
    void mix_agreement(const identity::Secret32& ours, const identity::Public32& theirs) {
        const auto shared = crypto_.agree(ours, theirs);
        ASSERT_TRUE(shared.has_value());
        const auto [chaining_key, key] = hkdf(*shared);
        chaining_key_ = chaining_key;
        key_.bytes = key.bytes;
        counter_ = 0;
    }
    Bytes sealed(ByteView plain) {
        Bytes bytes = to_bytes(plain);
        bytes.resize(bytes.size() + identity::kTagSize);
        crypto_.seal(key_, counter_++, hash_.view(), bytes);
        mix_hash(bytes);
        return bytes;
    }
    std::pair<Hash32, Hash32> hkdf(ByteView input) {
        const std::uint8_t one[] = {1}, two[] = {2};
        const Hash32 extracted = crypto_.mac(chaining_key_.view(), {input});
        const Hash32 first = crypto_.mac(extracted.view(), {one});
        return {first, crypto_.mac(extracted.view(), {first.view(), two})};
    }

  private:
    identity::Crypto& crypto_;
    Hash32 chaining_key_, hash_;
    identity::SealKey key_;
    std::uint64_t counter_ = 0;
};

void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

discovery::PresenceKey presence_key() {
    discovery::PresenceKey key;
    for (std::size_t at = 0; at < key.size(); ++at) key[at] = static_cast<std::uint8_t>(0x60 + at);
    return key;
}

struct Written {
    identity::AgreementKey central_ephemeral, server_ephemeral;
    Bytes greeting, hello, answer, proof;
    LinkHandshake::Done central, server;
};

// As the code does it.
Written handshake(const Cast& cast, const Rid& rid) {
    FixedCrypto central_crypto("central"), server_crypto("server");
    LinkHandshake central(central_crypto, cast.initiator, cast.network, rid);
    LinkHandshake server(server_crypto, cast.user, cast.network, rid);
    discovery::Recognition knows(central_crypto, kNewYear2026);
    knows.set_friends({{PeerId{cast.user.public_key}, presence_key()}});
    Written written;
    written.greeting = knows.greet(Instant{}, discovery::Medium::kBle, rid, central.ephemeral())
                           .value_or(Bytes(LinkHandshake::kGreetingBytes));
    written.hello = central.hello(written.greeting);
    written.answer = server.answer(*LinkHandshake::read_hello(written.hello)).value_or(Bytes{});
    EXPECT_EQ(central.read_answer(written.answer), PeerId{cast.user.public_key});
    written.proof = central.proof(written.central).value_or(Bytes{});
    const auto done = server.read_proof(written.proof);
    EXPECT_TRUE(done && done->peer == PeerId{cast.initiator.public_key});
    written.server = done.value_or(LinkHandshake::Done{});
    written.central_ephemeral = central_crypto.made().at(0);
    written.server_ephemeral = server_crypto.made().at(0);
    return written;
}

// As the document says it.
void expect_as_documented(identity::Crypto& crypto, const Cast& cast, const Rid& rid,
                          const Written& written) {
    const auto& e = written.central_ephemeral;
    const auto& f = written.server_ephemeral;
    const auto central = crypto.agreement_form(cast.initiator);
    const auto server = crypto.agreement_form(cast.user);
    Bytes prologue = to_bytes(as_bytes("sovereign/ble/1"));
    append(prologue, cast.network.view());
    append(prologue, rid);
    SecondNoise noise(crypto, "Noise_XX_25519_AESGCM_SHA256", prologue);

    Bytes greeted = to_bytes(as_bytes("sov-hello-ble1"));
    append(greeted, rid);
    append(greeted, e.public_key);
    EXPECT_EQ(written.greeting, to_bytes(crypto.mac(presence_key(), {greeted}).view().first(16)));

    Bytes hello = to_bytes(e.public_key);
    append(hello, written.greeting);
    noise.mix_hash(e.public_key);
    noise.mix_hash(written.greeting);
    EXPECT_EQ(written.hello, hello);

    Bytes answer = to_bytes(f.public_key);
    noise.mix_hash(f.public_key);
    noise.mix_agreement(f.secret, e.public_key);
    append(answer, noise.sealed(cast.user.public_key));
    noise.mix_agreement(server.secret, e.public_key);
    append(answer, noise.sealed({}));
    EXPECT_EQ(to_hex(written.answer), to_hex(answer));

    Bytes proof = noise.sealed(cast.initiator.public_key);
    noise.mix_agreement(central.secret, f.public_key);
    append(proof, noise.sealed({}));
    EXPECT_EQ(to_hex(written.proof), to_hex(proof));

    const auto [central_sends, server_sends] = noise.hkdf({});
    EXPECT_EQ(written.central.send.bytes, central_sends.bytes);
    EXPECT_EQ(written.central.receive.bytes, server_sends.bytes);
    EXPECT_EQ(written.server.send.bytes, server_sends.bytes);
    EXPECT_EQ(written.server.receive.bytes, central_sends.bytes);
}

Vector frames_vector(std::string name, ByteView message) {
    Vector vector{std::move(name), {}};
    vector.add("message", message);
    for (const Bytes& frame : discovery::FrameCutter{}.cut(0x2a, message, kFrameBytesMin))
        vector.add("frame", ByteView(frame));
    return vector;
}

Vector info_vector(const Rid& rid) {
    const discovery::GattInfo info{discovery::Advert::kGatt | discovery::Advert::kPublic, 1, rid,
                                   224, 0};
    Vector vector{"link info of a public peer", {}};
    vector.add("flags", std::uint64_t{info.flags});
    vector.add("capabilities", std::uint64_t{info.capabilities});
    vector.add("rid", ByteView(info.rid));
    vector.add("record_length", std::uint64_t{info.record_bytes});
    const Bytes bytes = encode_info(info);
    vector.add("bytes", ByteView(bytes));
    EXPECT_EQ(discovery::decode_info(bytes), info);
    return vector;
}

}  // namespace

std::vector<Vector> link_vectors(identity::Crypto& crypto) {
    const Cast cast = make_cast(crypto);
    discovery::Recognition own(crypto, kNewYear2026);
    own.set_own_key(presence_key());
    const Bytes tag = own.own_tag(Instant{}, discovery::Medium::kBle);
    Rid rid{};
    std::copy(tag.begin(), tag.end(), rid.begin());
    const Written written = handshake(cast, rid);
    expect_as_documented(crypto, cast, rid, written);

    Vector hello{"link 1 hello", {}};
    hello.add("servers_presence_key", ByteView(presence_key()));
    hello.add("epoch", own.epoch(Instant{}));
    hello.add("servers_rid", ByteView(rid));
    hello.add("central", cast.initiator.public_key);
    hello.add("server", cast.user.public_key);
    hello.add("ephemeral_secret", written.central_ephemeral.secret);
    hello.add("greeting", ByteView(written.greeting));
    hello.add("bytes", ByteView(written.hello));
    Vector answer{"link 2 answer", {}};
    answer.add("ephemeral_secret", written.server_ephemeral.secret);
    answer.add("bytes", ByteView(written.answer));
    Vector proof{"link 3 proof", {}};
    proof.add("bytes", ByteView(written.proof));
    proof.add("central_sends", written.central.send.bytes);
    proof.add("server_sends", written.server.send.bytes);

    Bytes end(1 + identity::kTagSize);
    crypto.seal(written.server.send, 0, {}, end);
    Rid prefix{};
    std::copy_n(cast.user.public_key.begin(), prefix.size(), prefix.begin());
    return {info_vector(prefix),
            hello,
            frames_vector("link 1 hello in frames of 20", written.hello),
            answer,
            proof,
            frames_vector("link 4 end, sealed by the server as its first message", end)};
}

}  // namespace sov::vectors
