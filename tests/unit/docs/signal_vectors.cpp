#include <gtest/gtest.h>

#include "daemon/core/connect/signal_words.h"
#include "tests/unit/docs/vectors.h"

namespace sov::vectors {

namespace {

using namespace connect;

IceCandidate candidate(CandidateKind kind, std::uint32_t priority, std::string_view at,
                       std::string foundation) {
    IceCandidate made;
    made.kind = kind;
    made.priority = priority;
    made.endpoint = *Endpoint::parse(at);
    made.foundation = std::move(foundation);
    return made;
}

Vector words_vector(std::string word, const SignalWords& words) {
    Vector vector{"signal " + std::move(word), {}};
    const Bytes bytes = encode_signal(words);
    vector.add("call", words.call.view());
    vector.add("round", std::uint64_t{words.round});
    vector.add("bytes", ByteView(bytes));
    EXPECT_EQ(*decode_signal(vector.bytes("bytes")), words);
    return vector;
}

}  // namespace

std::vector<Vector> signal_vectors() {
    CallToken call;
    for (std::size_t at = 0; at < call.bytes.size(); ++at) {
        call.bytes[at] = static_cast<std::uint8_t>(0xa0 + at);
    }
    const IceDescription caller{"call", "0123456789abcdefghijkl"};
    const IceDescription callee{"answ", "ABCDEFGHIJKLMNOPQRSTU+"};
    const IceCandidate host = candidate(CandidateKind::kHost, 2130706431, "10.0.0.5:50001", "1");
    const IceCandidate seen =
        candidate(CandidateKind::kServerReflexive, 1694498815, "192.0.2.7:50001", "2");
    const IceCandidate six =
        candidate(CandidateKind::kHost, 2130706175, "[2001:db8::5]:50002", "3");
    const IceCandidate relay =
        candidate(CandidateKind::kRelayed, 16777215, "203.0.113.1:50003", "relay1");
    return {words_vector("offer", {call, 0, Offer{1767225600000, caller, {{host, seen}, false}}}),
            words_vector("answer", {call, 0, CallAnswer{callee, {{six}, true}}}),
            words_vector("candidates", {call, 0, MoreCandidates{{{host, seen, relay}, true}}}),
            words_vector("offer of another round", {call, 1, Offer{1767225605000, callee, {}}}),
            words_vector("bye", {call, 1, Bye{ByeReason::kDone}})};
}

}  // namespace sov::vectors
