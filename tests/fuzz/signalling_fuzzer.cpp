#include <cstdint>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/check.h"
#include "daemon/core/connect/signalling.h"

// Words of three peers, one a friend, one a stranger, one not let in, with time passing and calls
// of our own: what is read has one encoding, nobody who is not let in gets an answer, and limits
// hold. Each step is a byte that says who and what, a length (2, the low byte first) and the words.

namespace {

using namespace sov;
using namespace sov::connect;

constexpr UnixMillis kWallClock = 1767225600000;

PeerId peer(std::uint8_t number) {
    PeerId made;
    made.bytes[0] = number;
    return made;
}

std::optional<connect::Trust> trust_in(const PeerId& from) {
    if (from == peer(4)) return std::nullopt;
    return from == peer(3) ? connect::Trust::kStranger : connect::Trust::kFriend;
}

void check_encoding(ByteView bytes) {
    const auto words = decode_signal(bytes);
    if (!words) return;
    const Bytes again = encode_signal(*words);
    SOV_CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
}

void check_event(const SignalEvent& event) {
    if (const auto* words = std::get_if<WordsToSend>(&event)) {
        SOV_CHECK(words->peer != peer(4));
        SOV_CHECK(decode_signal(words->words).has_value());
    } else if (const auto* told = std::get_if<CandidatesTold>(&event)) {
        for (const IceCandidate& each : told->candidates) {
            SOV_CHECK(may_check(each, connect::Trust::kFriend, {}));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const IceDescription ours{"ours", "ours567890123456789012"};
    SignalLimits limits;
    limits.calls_max = 8;
    limits.offered_max = 6;
    limits.remembered_max = 16;
    Signalling signalling(peer(2), kWallClock, trust_in, limits);
    CallToken token;
    token.bytes[0] = 1;
    Instant now{};
    ByteReader reader({data, size});
    while (reader.remaining() >= 3) {
        const std::uint8_t step = reader.u8();
        const std::size_t low = reader.u8(), length = low | std::size_t{reader.u8()} << 8;
        const ByteView words = reader.bytes(std::min(length, reader.remaining()));
        check_encoding(words);
        const PeerId from = peer(static_cast<std::uint8_t>(1 + step % 4));
        if ((step & 0x80) != 0 && from != peer(4) && from != peer(2)) {
            (void)signalling.call(now, from, token, ours);
        }
        signalling.handle_words(now, from, words);
        now += std::chrono::milliseconds{1} * (1 << ((step >> 3) & 15));
        signalling.handle_timeout(now);
        while (auto event = signalling.poll_event()) {
            check_event(*event);
            if (const auto* offered = std::get_if<CallOffered>(&*event)) {
                SOV_CHECK(offered->peer != peer(4));
                signalling.answer(now, offered->call, ours);
                if ((step & 4) != 0) signalling.settle(offered->call);
            } else if (const auto* again = std::get_if<CallRestarted>(&*event)) {
                signalling.answer(now, again->call, ours);
            } else if (const auto* answered = std::get_if<CallAnswered>(&*event)) {
                if ((step & 4) != 0) signalling.end(now, answered->call);
            }
        }
        SOV_CHECK(signalling.calls() <= limits.calls_max);
    }
    return 0;
}
