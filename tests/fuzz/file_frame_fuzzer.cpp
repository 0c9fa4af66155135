#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/streams/delimited.h"
#include "daemon/streams/file_frame.h"

// Any bytes as a frame of a file stream, or as a name that a sender chose.

namespace {

using namespace sov::streams;

void as_frame(sov::ByteView bytes) {
    const auto frame = read_file_frame(bytes);
    if (!frame) return;
    sov::Bytes again;
    append_frame(again, *frame);
    DelimitedReader reader(kFileFrameMax);
    reader.receive(again);
    const auto message = reader.next();
    SOV_CHECK(message && sov::to_bytes(*message) == sov::to_bytes(bytes));
}

void as_name(sov::ByteView bytes) {
    const std::string name = safe_file_name(sov::to_text(bytes));
    SOV_CHECK(!name.empty() && name.size() <= 200 && name.front() != '.' && name.front() != '-');
    SOV_CHECK(safe_file_name(name) == name);
    for (const char symbol : name) {
        SOV_CHECK(symbol != '/' && symbol != '\\' && (symbol < 0 || symbol >= ' '));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const sov::ByteView bytes(data + 1, size - 1);
    if (data[0] == 0) {
        as_frame(bytes);
    } else {
        as_name(bytes);
    }
    return 0;
}
