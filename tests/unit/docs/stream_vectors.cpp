#include <gtest/gtest.h>

#include "daemon/core/messaging/frame.h"
#include "daemon/core/messaging/message.h"
#include "daemon/streams/file_frame.h"
#include "daemon/streams/identify.h"
#include "daemon/streams/request_frame.h"
#include "daemon/streams/tls_identity.h"
#include "tests/unit/docs/vectors.h"

// What streams between peers carry. The protocols of libp2p are written down elsewhere; here stand
// the names that our keys have in them, and the bytes of our own request protocol.

namespace sov::vectors {

namespace {

using namespace streams;

Vector peer_in_libp2p(const PeerId& peer) {
    const PeerHash hash(peer);
    Vector vector{"peer in libp2p", {}};
    vector.add("public_key", peer.view());
    vector.add("key_message", public_key_message(peer));
    vector.add("multihash", hash.view());
    vector.add("text", hash.text());
    vector.add("cid", hash.cid_text());
    EXPECT_EQ(PeerHash::parse(hash.text()), hash);
    EXPECT_EQ(PeerHash::parse(hash.cid_text())->peer(), peer);
    return vector;
}

Vector multiaddr(const PeerId& peer) {
    const auto address = Multiaddr::quic(*Endpoint::parse("192.0.2.7:6881"), PeerHash(peer));
    Vector vector{"multiaddr", {}};
    vector.add("text", address.text());
    vector.add("bytes", address.bytes());
    EXPECT_EQ(*Multiaddr::read(vector.bytes("bytes")), address);
    return vector;
}

Vector tls_identity(identity::Crypto& crypto, const identity::SigningKey& user) {
    // Any bytes do as a certificate's key here.
    const Bytes message = tls_identity_message(as_bytes("SubjectPublicKeyInfo"));
    const TlsIdentity said{PeerId{user.public_key}, crypto.sign(user, message)};
    Vector vector{"tls identity", {}};
    vector.add("signed", message);
    vector.add("extension", encode_tls_identity(said));
    const auto read = read_tls_identity(vector.bytes("extension"));
    EXPECT_TRUE(read && crypto.verify(read->peer.bytes, message, read->signature));
    return vector;
}

Vector request_frame(std::string word, const RequestFrame& frame) {
    Vector vector{"request frame " + std::move(word), {}};
    Bytes bytes;
    append_frame(bytes, frame);
    vector.add("bytes", bytes);
    EXPECT_EQ(*read_frame(ByteView(bytes).subspan(1)), frame);
    return vector;
}

Vector file_frame(std::string word, const FileFrame& frame) {
    Vector vector{"file frame " + std::move(word), {}};
    Bytes bytes;
    append_frame(bytes, frame);
    vector.add("bytes", bytes);
    EXPECT_EQ(*read_file_frame(ByteView(bytes).subspan(1)), frame);
    return vector;
}

Vector message_frame(std::string word, const messaging::Frame& frame) {
    Vector vector{"frame " + std::move(word), {}};
    Bytes bytes;
    messaging::append_frame(bytes, frame);
    vector.add("bytes", bytes);
    messaging::FrameReader reader;
    reader.receive(vector.bytes("bytes"));
    EXPECT_EQ(*reader.next(), frame);
    return vector;
}

Vector letter(std::string word, const messaging::Letter& letter) {
    Vector vector{"letter " + std::move(word), {}};
    const auto* message = std::get_if<messaging::Message>(&letter);
    vector.add("bytes", message
                            ? messaging::encode_message(*message)
                            : messaging::encode_receipts(std::get<messaging::Receipts>(letter)));
    EXPECT_EQ(*messaging::read_letter(vector.bytes("bytes")), letter);
    return vector;
}

}  // namespace

std::vector<Vector> stream_vectors(identity::Crypto& crypto) {
    const Cast cast = make_cast(crypto);
    const PeerId peer{cast.user.public_key};
    const Bytes body = to_bytes(as_bytes("body"));
    return {peer_in_libp2p(peer),
            multiaddr(peer),
            tls_identity(crypto, cast.user),
            request_frame("request", Request{7, 1500, "store.get", body}),
            request_frame("answer", Answer{7, true, body}),
            request_frame("keep", Answer{7, true, body, 60'000}),
            request_frame("refusal", Refusal{7, kOwnCodes, 250, "not today", body}),
            request_frame("cancel", Cancel{7}),
            file_frame("offer", FileOffer{4, "note.txt"}),
            file_frame("accept", FileAccept{}),
            file_frame("refuse", FileRefuse{FileReason::kExists, "it is here"}),
            file_frame("digest", FileDigest{crypto.hash({body})}),
            file_frame("receipt", FileReceipt{}),
            message_frame("data", {messaging::FrameType::kData, 7, body}),
            message_frame("ack", {messaging::FrameType::kAck, 7, {}}),
            letter("message",
                   messaging::Message{{0x9f3c07d21be4a688, 12}, 1'795'000'000'000, "chat", body}),
            letter("receipts", messaging::Receipts{{{0x9f3c07d21be4a688, 12}}})};
}

}  // namespace sov::vectors
