#include "daemon/core/messaging/taken_numbers.h"

#include <algorithm>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"

namespace sov::messaging {

bool TakenNumbers::contains(const MessageId& id) const {
    const auto line = std::find_if(lines_.begin(), lines_.end(),
                                   [&](const Line& other) { return other.line == id.line; });
    return line != lines_.end() &&
           (id.number <= line->all_up_to || line->scattered.contains(id.number));
}

void TakenNumbers::add(const MessageId& id) {
    auto at = std::find_if(lines_.begin(), lines_.end(),
                           [&](const Line& other) { return other.line == id.line; });
    if (at == lines_.end()) {
        if (lines_.size() >= kLinesMax) lines_.erase(lines_.begin());
        lines_.push_back({id.line, 0, {}});
    } else {
        std::rotate(at, at + 1, lines_.end());
    }
    Line& line = lines_.back();
    if (id.number > line.all_up_to) line.scattered.insert(id.number);
    tidy(line);
}

void TakenNumbers::tidy(Line& line) {
    if (line.scattered.size() > kScatteredMax) line.all_up_to = *line.scattered.begin();
    while (!line.scattered.empty() && *line.scattered.begin() <= line.all_up_to + 1) {
        line.all_up_to = std::max(line.all_up_to, *line.scattered.begin());
        line.scattered.erase(line.scattered.begin());
    }
}

Bytes TakenNumbers::encode() const {
    std::size_t size = 0;
    for (const Line& line : lines_) size += 18 + 8 * line.scattered.size();
    Bytes bytes(size);
    ByteWriter writer(bytes);
    for (const Line& line : lines_) {
        writer.u64(line.line);
        writer.u64(line.all_up_to);
        writer.u16(static_cast<std::uint16_t>(line.scattered.size()));
        for (const std::uint64_t number : line.scattered) writer.u64(number);
    }
    return bytes;
}

Result<TakenNumbers> TakenNumbers::read(ByteView bytes) {
    TakenNumbers taken;
    ByteReader reader(bytes);
    while (reader.ok() && reader.remaining() > 0) {
        Line line;
        line.line = reader.u64();
        line.all_up_to = reader.u64();
        const std::size_t count = reader.u16();
        if (count > kScatteredMax || taken.lines_.size() >= kLinesMax) return Errc::kMalformed;
        for (std::size_t i = 0; i < count; ++i) line.scattered.insert(reader.u64());
        tidy(line);
        taken.lines_.push_back(std::move(line));
    }
    if (!reader.at_end()) return Errc::kMalformed;
    return taken;
}

}  // namespace sov::messaging
