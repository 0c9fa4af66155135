#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/streams/request_answerer.h"
#include "daemon/streams/request_asker.h"

// Any bytes as a request stream, on both sides of it. A frame that is understood has one encoding.

namespace {

using namespace sov::streams;

// The first byte chooses: one frame, or a stream of them.
void as_request_frame(sov::ByteView bytes) {
    const auto frame = read_frame(bytes);
    if (!frame) return;
    sov::Bytes again;
    append_frame(again, *frame);
    DelimitedReader reader(kRequestFrameMax);
    reader.receive(again);
    const auto message = reader.next();
    SOV_CHECK(message && sov::to_bytes(*message) == sov::to_bytes(bytes));
}

void as_stream(sov::ByteView bytes) {
    const sov::Instant now = sov::Instant{} + std::chrono::seconds{1};
    sov::Bytes out;
    RequestAsker asker;
    for (int count = 0; count < 3; ++count) {
        SOV_CHECK(asker.ask(now, "name", {}, std::chrono::seconds{1}, out).has_value());
    }
    std::vector<RequestAsker::Outcome> outcomes;
    (void)asker.receive(bytes, outcomes);
    asker.fail_all(sov::Errc::kCancelled, outcomes);
    std::size_t ended = 0;
    for (const auto& outcome : outcomes) {
        const auto* answer = std::get_if<Answer>(&outcome);
        ended += answer == nullptr || answer->last ? 1 : 0;
    }
    SOV_CHECK(ended == 3);

    RequestAnswerer answerer;
    RequestAnswerer::Arrived arrived;
    out.clear();
    (void)answerer.receive(now, bytes, arrived, out);
    SOV_CHECK(answerer.pending() <= RequestAnswerer::kPendingMax);
    SOV_CHECK(arrived.asked.size() + arrived.cancelled.size() <= bytes.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const sov::ByteView bytes(data + 1, size - 1);
    if (data[0] == 0) {
        as_request_frame(bytes);
    } else {
        as_stream(bytes);
    }
    return 0;
}
