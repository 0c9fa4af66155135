#include "daemon/streams/negotiation.h"

#include <gtest/gtest.h>

#include "daemon/streams/uvarint.h"

namespace sov::streams {

namespace {

using Mode = Proposer::Mode;

Bytes line(std::string_view text) {
    Bytes bytes;
    append_delimited(bytes, as_bytes(std::string(text) + '\n'));
    return bytes;
}

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

// Carries bytes to and fro, `step` at a time, until nobody has anything to say.
struct Talk {
    Proposer proposer;
    Chooser chooser;
    Result<void> proposed{}, chosen{};

    void run(std::size_t step) {
        Bytes there = proposer.opening(), back;
        while (!there.empty() || !back.empty()) {
            carry(there, back, step, chooser, chosen);
            carry(back, there, step, proposer, proposed);
        }
    }
    template <typename Side>
    static void carry(Bytes& from, Bytes& answers, std::size_t step, Side& side,
                      Result<void>& outcome) {
        const std::size_t size = std::min(step, from.size());
        const Bytes piece(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size));
        from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(size));
        if (size > 0 && outcome) outcome = side.receive(piece, answers);
    }
};

}  // namespace

TEST(Negotiation, agrees_on_the_first_proposal_that_the_listener_knows_however_bytes_are_cut) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
        Talk talk{Proposer({"/a/2", "/a/1", "/a/0"}, Mode::kStrict), Chooser({"/a/0", "/a/1"})};
        talk.run(step);
        EXPECT_EQ(talk.proposer.agreed(), "/a/1");
        EXPECT_EQ(talk.chooser.agreed(), "/a/1");
        EXPECT_TRUE(talk.proposer.take_rest().empty());
        EXPECT_TRUE(talk.chooser.take_rest().empty());
    }
}

TEST(Negotiation, fails_with_unsupported_when_the_listener_knows_none) {
    for (const Mode mode : {Mode::kStrict, Mode::kLazy}) {
        Talk talk{Proposer({"/a/2"}, mode), Chooser({"/b/1"})};
        talk.run(1000);
        ASSERT_FALSE(talk.proposed.has_value());
        EXPECT_EQ(talk.proposed.error(), Errc::kUnsupported);
        EXPECT_EQ(talk.chooser.agreed(), "");
    }
}

// The bytes that js-libp2p sends and expects.
TEST(Negotiation, is_written_as_the_specification_shows) {
    const Proposer proposer({"/ipfs/ping/1.0.0"}, Mode::kLazy);
    EXPECT_EQ(to_text(proposer.opening()), "\x13/multistream/1.0.0\n\x11/ipfs/ping/1.0.0\n");
}

TEST(Negotiation, hands_what_follows_an_agreement_to_the_protocol) {
    Chooser chooser({"/a/1"});
    Bytes out;
    Bytes early = Proposer({"/a/1"}, Mode::kLazy).opening();
    append(early, as_bytes("first words"));
    ASSERT_TRUE(chooser.receive(early, out));
    EXPECT_EQ(chooser.agreed(), "/a/1");
    EXPECT_EQ(to_text(chooser.take_rest()), "first words");

    Proposer proposer({"/a/1"}, Mode::kLazy);
    append(out, as_bytes("answer"));
    Bytes nothing;
    ASSERT_TRUE(proposer.receive(out, nothing));
    EXPECT_EQ(proposer.agreed(), "/a/1");
    EXPECT_EQ(to_text(proposer.take_rest()), "answer");
    EXPECT_TRUE(nothing.empty());
}

TEST(Negotiation, answers_na_to_ls_and_to_the_dead_simultaneous_open) {
    Chooser chooser({"/a/1"});
    Bytes out;
    ASSERT_TRUE(chooser.receive(
        joined({line(kMultistream), line("ls"), line("/libp2p/simultaneous-connect")}), out));
    EXPECT_EQ(out, joined({line(kMultistream), line("na"), line("na")}));
}

TEST(Negotiation, refuses_what_is_not_multistream) {
    Bytes out;
    EXPECT_EQ(Chooser({"/a/1"}).receive(line("/multistream/2.0.0"), out).error(), Errc::kMalformed);
    EXPECT_EQ(Chooser({"/a/1"}).receive(Bytes{1, 'x'}, out).error(), Errc::kMalformed);
    EXPECT_EQ(Chooser({"/a/1"}).receive(Bytes{0}, out).error(), Errc::kMalformed);
    EXPECT_EQ(Proposer({"/a/1"}, Mode::kStrict)
                  .receive(joined({line(kMultistream), line("/a/2")}), out)
                  .error(),
              Errc::kMalformed);
    EXPECT_TRUE(out.empty());
}

TEST(Negotiation, refuses_lines_past_the_bound_before_they_are_there) {
    Bytes out, length;
    append(length, Bytes{0x81, 0x08});  // 1025
    EXPECT_EQ(Chooser({"/a/1"}).receive(length, out).error(), Errc::kTooLarge);
    Bytes longest(kProtocolLineMax, 'x');
    longest.back() = '\n';
    Bytes framed = line(kMultistream);
    append_delimited(framed, longest);
    EXPECT_TRUE(Chooser({"/a/1"}).receive(framed, out).has_value());
}

TEST(Negotiation, gives_up_after_too_many_proposals) {
    Chooser chooser({"/a/1"});
    Bytes out;
    ASSERT_TRUE(chooser.receive(line(kMultistream), out));
    for (std::size_t at = 0; at < kProposalsMax; ++at) {
        ASSERT_TRUE(chooser.receive(line("/b/1"), out));
    }
    EXPECT_EQ(chooser.receive(line("/b/1"), out).error(), Errc::kOverQuota);
}

TEST(Negotiation, takes_only_names_that_fit_on_a_line) {
    EXPECT_TRUE(is_protocol_name("/ipfs/id/1.0.0"));
    EXPECT_FALSE(is_protocol_name("na"));
    EXPECT_FALSE(is_protocol_name(""));
    EXPECT_FALSE(is_protocol_name("/a b"));
    EXPECT_FALSE(is_protocol_name("/a\n"));
    EXPECT_TRUE(is_protocol_name("/" + std::string(kProtocolLineMax - 2, 'a')));
    EXPECT_FALSE(is_protocol_name("/" + std::string(kProtocolLineMax - 1, 'a')));
}

}  // namespace sov::streams
