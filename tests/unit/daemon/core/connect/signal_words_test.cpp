#include "daemon/core/connect/signal_words.h"

#include <gtest/gtest.h>

#include "daemon/core/base/rng.h"
#include "tests/unit/daemon/core/connect/made_words.h"

namespace sov::connect {

namespace {

const IceDescription kDescription{"frag", "0123456789012345678901"};

std::vector<SignalWords> one_of_each() {
    const CandidateSet set{
        {candidate("192.0.2.1:6881"), candidate("[2001:db8::1]:7", CandidateKind::kServerReflexive),
         candidate("198.51.100.2:50000", CandidateKind::kRelayed)},
        true};
    return {{token(1), 0, Offer{1767225600000, kDescription, set}},
            {token(2), 1, CallAnswer{kDescription, {}}},
            {token(3), 0xffff, MoreCandidates{set}},
            {token(4), 2, Bye{ByeReason::kBusy}}};
}

Errc refusal(ByteView bytes) {
    const auto words = decode_signal(bytes);
    return words ? Errc{} : words.error();
}

}  // namespace

TEST(SignalWords, come_back_as_they_were_written) {
    for (const SignalWords& words : one_of_each()) {
        EXPECT_EQ(*decode_signal(encode_signal(words)), words);
    }
}

TEST(SignalWords, cut_anywhere_or_longer_are_malformed) {
    for (const SignalWords& words : one_of_each()) {
        Bytes bytes = encode_signal(words);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            EXPECT_EQ(refusal(ByteView(bytes).first(size)), Errc::kMalformed) << size;
        }
        bytes.push_back(0);
        EXPECT_EQ(refusal(bytes), Errc::kMalformed);
    }
}

TEST(SignalWords, of_another_version_or_kind_are_unsupported) {
    Bytes bytes = encode_signal(one_of_each()[3]);
    bytes[0] = 2;
    EXPECT_EQ(refusal(bytes), Errc::kUnsupported);
    bytes[0] = kSignalVersion;
    for (const int kind : {0, 5, 255}) {
        bytes[1] = static_cast<std::uint8_t>(kind);
        EXPECT_EQ(refusal(bytes), Errc::kUnsupported);
    }
}

TEST(SignalWords, longer_than_an_item_holds_are_refused_unread) {
    EXPECT_EQ(refusal(Bytes(kSignalBytesMax + 1)), Errc::kTooLarge);
}

TEST(SignalWords, leave_out_the_last_candidates_that_do_not_fit) {
    Offer offer{0, {std::string(32, 'f'), std::string(64, 'p')}, {}};
    for (std::uint16_t port = 1; port <= 20; ++port) {
        IceCandidate long_one = candidate("[2001:db8::1]:1");
        long_one.foundation = std::string(kFoundationBytesMax, 'x');
        long_one.endpoint.port = port;
        offer.candidates.candidates.push_back(long_one);
    }
    const Bytes bytes = encode_signal({token(1), 0, offer});
    EXPECT_LE(bytes.size(), kSignalBytesMax);
    const auto read = std::get<Offer>(decode_signal(bytes)->body).candidates.candidates;
    EXPECT_EQ(read.size(), 10u);
    EXPECT_EQ(read.back().endpoint.port, 10);

    for (IceCandidate& each : offer.candidates.candidates) each.foundation = "1";
    const auto short_ones = decode_signal(encode_signal({token(1), 0, offer}));
    EXPECT_EQ(std::get<Offer>(short_ones->body).candidates.candidates.size(), kCandidatesMax);
}

TEST(SignalWords, with_a_field_out_of_its_range_are_malformed) {
    const Bytes good = encode_signal(
        {token(1), 0, CallAnswer{kDescription, {{candidate("192.0.2.1:6881")}, false}}});
    const std::size_t description = 20, set = description + 1 + 4 + 1 + 22;
    const std::size_t candidate_at = set + 2;
    const std::vector<std::pair<std::size_t, std::uint8_t>> spoiled{
        {description, 3},          // a short fragment
        {description + 1, '-'},    // a foreign character
        {description + 5, 21},     // a short password
        {set, 2},                  // neither all nor not all
        {set + 1, 17},             // more candidates than there may be
        {candidate_at, 2},         // a peer-reflexive candidate is never told
        {candidate_at, 4},         // no kind
        {candidate_at + 1, 0xff},  // a priority above 2^31 - 1
        {candidate_at + 5, 5},     // no address family
        {candidate_at + 12, 0},    // an empty foundation
    };
    for (const auto& [at, value] : spoiled) {
        Bytes bytes = good;
        bytes[at] = value;
        EXPECT_EQ(refusal(bytes), Errc::kMalformed) << at;
    }
}

TEST(SignalWords, write_an_ipv4_address_in_one_way_only) {
    Bytes bytes = encode_signal(
        {token(1), 0, MoreCandidates{{{candidate("[2001:db8::c000:201]:6881")}, false}}});
    const std::size_t address = 20 + 2 + 6;
    ASSERT_EQ(bytes[address], 0x20);
    const Bytes mapped = *from_hex("00000000000000000000ffffc0000201");
    std::copy(mapped.begin(), mapped.end(), bytes.begin() + address);
    EXPECT_EQ(refusal(bytes), Errc::kMalformed);
}

TEST(SignalWords, of_random_bytes_do_no_harm) {
    Rng rng(1);
    for (int round = 0; round < 20'000; ++round) {
        Bytes bytes = encode_signal(one_of_each()[rng.below(4)]);
        for (std::uint64_t spoil = rng.below(4) + 1; spoil > 0; --spoil) {
            bytes[rng.below(bytes.size())] = static_cast<std::uint8_t>(rng.below(256));
        }
        const auto words = decode_signal(bytes);
        if (!words) continue;
        EXPECT_EQ(encode_signal(*words), bytes);
    }
}

}  // namespace sov::connect
