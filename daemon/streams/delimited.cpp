#include "daemon/streams/delimited.h"

#include "daemon/streams/uvarint.h"

namespace sov::streams {

void DelimitedReader::receive(ByteView bytes) {
    if (failed_) return;
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    append(held_, bytes);
}

std::optional<ByteView> DelimitedReader::next() {
    if (failed_) return std::nullopt;
    const ByteView rest = ByteView(held_).subspan(at_);
    const Uvarint length = peek_uvarint(rest);
    if (length.state == Uvarint::State::kPartial) return std::nullopt;
    if (length.state == Uvarint::State::kMalformed || length.value > message_bytes_max_) {
        failed_ = true;
        held_ = {};
        at_ = 0;
        return std::nullopt;
    }
    if (rest.size() - length.size < length.value) return std::nullopt;
    at_ += length.size + length.value;
    return rest.subspan(length.size, length.value);
}

Bytes DelimitedReader::take_rest() {
    Bytes rest(held_.begin() + static_cast<std::ptrdiff_t>(at_), held_.end());
    held_ = {};
    at_ = 0;
    return rest;
}

void append_delimited(Bytes& to, ByteView message) {
    append_uvarint(to, message.size());
    append(to, message);
}

}  // namespace sov::streams
