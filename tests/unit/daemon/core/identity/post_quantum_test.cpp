#include "daemon/core/identity/post_quantum.h"

#include <gtest/gtest.h>

#include "tests/support/sim_post_quantum.h"

namespace sov::identity {

namespace {

using support::SimCrypto;
using support::SimPostQuantum;

class PostQuantum : public ::testing::Test {
  protected:
    Bytes peer_record(bool named = true) {
        PeerRecord peer;
        peer.head.sequence = 42;
        peer.head.ttl = std::chrono::minutes{20};
        if (named) peer.post_quantum = post_quantum_hash(there, user);
        return encode_record(there, user, network, peer);
    }
    PostQuantumProof check(Crypto& crypto, const Bytes& record, const std::optional<Bytes>& part) {
        return check_post_quantum(crypto, network, place, record,
                                  part ? std::optional<ByteView>(*part) : std::nullopt);
    }

    SimPostQuantum there{1};
    SimCrypto missing{1};
    const NetworkId network{{7}};
    const SigningKey user = there.make_signing_key(Secret32{1});
    const SigningKey eve = there.make_signing_key(Secret32{2});
    const Key place = peer_key(there, PeerId{user.public_key});
};

}  // namespace

TEST_F(PostQuantum, signs_what_ed25519_signs_and_leaves_the_record_small) {
    const Bytes record = peer_record();
    EXPECT_EQ(record.size(), peer_record(false).size() + 35);
    ASSERT_TRUE(check_record(there, network, place, record).has_value());
    const Bytes part = make_post_quantum_part(there, user, network, place, record);
    EXPECT_EQ(part.size(), kPostQuantumPartBytes);
    EXPECT_EQ(check(there, record, part), PostQuantumProof::kVerified);
}

TEST_F(PostQuantum, of_names_works_likewise) {
    NameRecord claim;
    claim.head.sequence = 1;
    claim.head.ttl = std::chrono::hours{24};
    claim.name = "bob";
    claim.post_quantum = post_quantum_hash(there, user);
    const Key key = name_key(there, claim.name);
    const Bytes record = encode_record(there, user, network, claim);
    ASSERT_TRUE(check_record(there, network, key, record).has_value());
    EXPECT_EQ(decode_name(record)->post_quantum, claim.post_quantum);
    const Bytes part = make_post_quantum_part(there, user, network, key, record);
    EXPECT_EQ(check_post_quantum(there, network, key, record, ByteView(part)),
              PostQuantumProof::kVerified);
}

TEST_F(PostQuantum, does_not_verify_another_record_key_network_or_part) {
    const Bytes record = peer_record();
    const Bytes part = make_post_quantum_part(there, user, network, place, record);
    // A quantum computer has Ed25519's secret: it signs another record that names the same key.
    PeerRecord other;
    other.head.sequence = 43;
    other.head.ttl = std::chrono::minutes{20};
    other.post_quantum = post_quantum_hash(there, user);
    EXPECT_EQ(check(there, encode_record(there, user, network, other), part),
              PostQuantumProof::kFalse);
    EXPECT_EQ(check_post_quantum(there, NetworkId{}, place, record, ByteView(part)),
              PostQuantumProof::kFalse);
    EXPECT_EQ(check_post_quantum(there, network, Key{}, record, ByteView(part)),
              PostQuantumProof::kFalse);
    const Bytes hers = make_post_quantum_part(there, eve, network, place, record);
    EXPECT_EQ(check(there, record, hers), PostQuantumProof::kFalse) << "another key";
    for (const std::size_t at : {std::size_t{0}, kPostQuantumKeyBytes, part.size() - 1}) {
        Bytes changed = part;
        changed[at] ^= 1;
        EXPECT_EQ(check(there, record, changed), PostQuantumProof::kFalse) << at;
    }
    EXPECT_EQ(check(there, record, Bytes(part.begin(), part.end() - 1)), PostQuantumProof::kFalse);
    EXPECT_EQ(check(there, record, Bytes{}), PostQuantumProof::kFalse);
}

TEST_F(PostQuantum, parts_are_stored_with_the_sequence_of_their_record) {
    const Bytes record = peer_record();
    const Bytes stored = make_post_quantum_value(there, user, network, place, record);
    const auto value = read_post_quantum_value(stored);
    ASSERT_TRUE(value.has_value());
    EXPECT_EQ(value->sequence, 42U);
    EXPECT_EQ(check_post_quantum(there, network, place, record, value->part),
              PostQuantumProof::kVerified);
    EXPECT_FALSE(read_post_quantum_value(ByteView(stored).first(stored.size() - 1)).has_value());
    EXPECT_FALSE(read_post_quantum_value({}).has_value());
    EXPECT_TRUE(make_post_quantum_value(missing, user, network, place, record).empty());
    EXPECT_LE(post_quantum_label(place).size(), std::size_t{64}) << "what labels may have";
}

TEST_F(PostQuantum, says_which_half_could_not_be_checked) {
    const Bytes record = peer_record();
    const Bytes part = make_post_quantum_part(there, user, network, place, record);
    EXPECT_EQ(check(there, record, std::nullopt), PostQuantumProof::kMissing);
    EXPECT_EQ(check(missing, record, part), PostQuantumProof::kUnverifiable);
    EXPECT_EQ(check(there, peer_record(false), part), PostQuantumProof::kNone);
    EXPECT_EQ(proof_word(PostQuantumProof::kUnverifiable), "unverifiable");
}

TEST_F(PostQuantum, where_the_algorithm_is_missing_is_carried_and_never_made) {
    EXPECT_FALSE(post_quantum_hash(missing, user).has_value());
    const Bytes record = peer_record();
    EXPECT_TRUE(make_post_quantum_part(missing, user, network, place, record).empty());
    const auto carried = check_record(missing, network, place, record);
    ASSERT_TRUE(carried.has_value());
    EXPECT_EQ(carried->bytes, record);
    EXPECT_EQ(named_post_quantum(record), post_quantum_hash(there, user));
}

TEST_F(PostQuantum, policy_decides_what_may_be_used) {
    using enum PostQuantumProof;
    using Policy = PostQuantumPolicy;
    for (const auto proof : {kNone, kUnchecked, kMissing, kUnverifiable, kVerified, kFalse}) {
        EXPECT_TRUE(accepts(Policy::kOff, proof));
        EXPECT_EQ(accepts(Policy::kPrefer, proof), proof != kFalse);
        EXPECT_EQ(accepts(Policy::kRequire, proof), proof == kVerified);
    }
}

TEST_F(PostQuantum, remembers_a_second_key_against_records_that_name_another_or_none) {
    using enum SecondKey;
    const Hash32 known{{1}}, other{{2}};
    EXPECT_EQ(compare_second_key(known, known, true), kHeld);
    EXPECT_EQ(compare_second_key(known, known, false), kUnchecked);
    EXPECT_EQ(compare_second_key(known, other, true), kChanged) << "a forger's own, which fits";
    EXPECT_EQ(compare_second_key(known, other, false), kChanged);
    EXPECT_EQ(compare_second_key(known, std::nullopt, false), kMissing);
    EXPECT_EQ(compare_second_key(kAwaitedSecondKey, other, true), kHeld);
    EXPECT_EQ(compare_second_key(kAwaitedSecondKey, other, false), kAwaited);
    EXPECT_EQ(compare_second_key(kAwaitedSecondKey, std::nullopt, false), kMissing);
    for (const auto key : {kNone, kHeld, kUnchecked, kMissing, kChanged, kAwaited}) {
        EXPECT_EQ(is_broken(key), key == kMissing || key == kChanged);
        EXPECT_FALSE(second_key_word(key).empty());
    }
}

}  // namespace sov::identity
