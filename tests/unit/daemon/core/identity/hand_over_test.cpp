#include "daemon/core/identity/hand_over.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "platform/openssl/host_crypto.h"

namespace sov::identity {

namespace {

class HandOvers : public ::testing::Test {
  protected:
    openssl::HostCrypto crypto;
    const NetworkId network{{1}}, other_network{{2}};
    const SigningKey from = crypto.make_signing_key({1}), to = crypto.make_signing_key({2}),
                     thief = crypto.make_signing_key({3});
    const Key place = peer_key(crypto, PeerId{from.public_key});
    const Bytes record = encode_hand_over(crypto, from, to, network);

    Result<CheckedRecord> check(ByteView bytes, const NetworkId& in, const Key& at) {
        return check_record(crypto, in, at, bytes);
    }
    // Signed well by the old key, with whatever body and head.
    Bytes signed_by_old(RecordHead head, ByteView body) {
        return seal_record(crypto, from, network, place, head, body);
    }
    RecordHead head() const {
        return {RecordKind::kHandOver, false, PeerId{from.public_key}, kHandOverSequence,
                kHandOverTtl};
    }
    ByteView body() const {
        return ByteView(record).subspan(kRecordHeadSize,
                                        record.size() - kRecordHeadSize - Signature::kSize);
    }
};

}  // namespace

TEST_F(HandOvers, are_taken_at_the_old_peer_key_and_its_second_home_and_nowhere_else) {
    ASSERT_TRUE(check(record, network, place));
    EXPECT_TRUE(check(record, network, second_home(crypto, place)));
    EXPECT_EQ(check(record, network, peer_key(crypto, PeerId{to.public_key})).error(),
              Errc::kWrongKey);
    EXPECT_EQ(check(record, other_network, place).error(), Errc::kBadSignature);
    EXPECT_EQ(*decode_hand_over(record),
              (HandOver{PeerId{from.public_key}, PeerId{to.public_key}}));
    EXPECT_EQ(record, encode_hand_over(crypto, from, to, network)) << "one pair, one encoding";
}

TEST_F(HandOvers, need_the_signatures_of_both_keys) {
    // The old key alone: with a consent to another old key, or of another successor.
    for (const Bytes& theirs : {encode_hand_over(crypto, thief, to, network),
                                encode_hand_over(crypto, from, thief, network)}) {
        Bytes forged_body = to_bytes(body());
        std::copy(theirs.end() - 2 * Signature::kSize, theirs.end() - Signature::kSize,
                  forged_body.end() - Signature::kSize);
        const Bytes forged = signed_by_old(head(), forged_body);
        EXPECT_EQ(check(forged, network, place).error(), Errc::kBadSignature);
    }
    // The new key alone: whoever wants somebody's contacts.
    Bytes changed = record;
    changed.back() = static_cast<std::uint8_t>(changed.back() ^ 1U);
    EXPECT_EQ(check(changed, network, place).error(), Errc::kBadSignature);
}

TEST_F(HandOvers, have_one_form_and_no_tombstone) {
    RecordHead other = head();
    other.sequence = 2;
    EXPECT_EQ(check(signed_by_old(other, body()), network, place).error(), Errc::kMalformed);
    other = head();
    other.ttl -= std::chrono::seconds(1);
    EXPECT_EQ(check(signed_by_old(other, body()), network, place).error(), Errc::kMalformed);
    other = head();
    other.tombstone = true;
    EXPECT_EQ(check(signed_by_old(other, {}), network, place).error(), Errc::kMalformed);
    Bytes more = to_bytes(body());
    more.insert(more.end(), {9, 0, 1, 7});
    EXPECT_EQ(check(signed_by_old(head(), more), network, place).error(), Errc::kMalformed);
    Bytes itself = to_bytes(body());
    std::copy(from.public_key.begin(), from.public_key.end(), itself.begin() + 3);
    EXPECT_EQ(check(signed_by_old(head(), itself), network, place).error(), Errc::kMalformed);
}

}  // namespace sov::identity
