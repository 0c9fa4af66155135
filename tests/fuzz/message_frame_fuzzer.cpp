#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/messaging/frame.h"

// Any bytes as a stream of frames: what is read has one encoding, whole and byte by byte.

namespace {

using namespace sov::messaging;

// Everything that was understood, written again.
sov::Bytes understood(sov::ByteView bytes, std::size_t step, bool& failed) {
    FrameReader reader;
    sov::Bytes again;
    failed = false;
    while (!bytes.empty() && !failed) {
        const sov::ByteView piece = bytes.first(std::min(step, bytes.size()));
        bytes = bytes.subspan(piece.size());
        reader.receive(piece);
        for (;;) {
            const auto frame = reader.next();
            failed = !frame;
            if (failed || !*frame) break;
            append_frame(again, **frame);
        }
    }
    return again;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    bool failed = false, failed_again = false;
    const sov::Bytes once = understood({data, size}, size + 1, failed);
    SOV_CHECK(once.size() <= size && std::equal(once.begin(), once.end(), data));
    SOV_CHECK(once == understood({data, size}, 13, failed_again) && failed == failed_again);
    return 0;
}
