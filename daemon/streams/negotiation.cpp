#include "daemon/streams/negotiation.h"

#include <algorithm>
#include <utility>

#include "daemon/core/base/check.h"

namespace sov::streams {

namespace {

constexpr std::string_view kNotAvailable = "na";

void append_line(Bytes& out, std::string_view text) {
    append_delimited(out, as_bytes(std::string(text) + '\n'));
}

// A message without its newline; nothing when there is none.
std::optional<std::string_view> line_of(ByteView message) {
    if (message.empty() || message.back() != '\n') return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(message.data()), message.size() - 1);
}

// Hands whole lines to `take` until it agreed, failed or ran out of them.
template <typename Take>
Result<void> take_lines(DelimitedReader& lines, const std::string& agreed, Take take) {
    while (agreed.empty()) {
        const auto message = lines.next();
        if (!message) {
            if (lines.failed()) return Errc::kTooLarge;
            return {};
        }
        const auto line = line_of(*message);
        if (!line) return Errc::kMalformed;
        const Result<void> taken = take(*line);
        if (!taken) return taken;
    }
    return {};
}

}  // namespace

bool is_protocol_name(std::string_view name) {
    return name.starts_with('/') && name.size() < kProtocolLineMax &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Proposer::Proposer(std::vector<std::string> protocols, Mode mode)
    : protocols_(std::move(protocols)), mode_(mode) {
    SOV_CHECK(!protocols_.empty() && protocols_.size() <= kProposalsMax);
    SOV_CHECK(mode != Mode::kLazy || protocols_.size() == 1);
    SOV_CHECK(std::all_of(protocols_.begin(), protocols_.end(), is_protocol_name));
}

Bytes Proposer::opening() const {
    Bytes out;
    append_line(out, kMultistream);
    append_line(out, protocols_.front());
    return out;
}

Result<void> Proposer::receive(ByteView bytes, Bytes& out) {
    lines_.receive(bytes);
    return take_lines(lines_, agreed_, [&](std::string_view line) { return take_line(line, out); });
}

Result<void> Proposer::take_line(std::string_view line, Bytes& out) {
    if (!std::exchange(greeted_, true)) {
        if (line != kMultistream) return Errc::kMalformed;
        return {};
    }
    if (line == protocols_[proposed_]) {
        agreed_ = protocols_[proposed_];
        return {};
    }
    if (line != kNotAvailable) return Errc::kMalformed;
    if (mode_ == Mode::kLazy || ++proposed_ == protocols_.size()) return Errc::kUnsupported;
    append_line(out, protocols_[proposed_]);
    return {};
}

Result<void> Chooser::receive(ByteView bytes, Bytes& out) {
    lines_.receive(bytes);
    return take_lines(lines_, agreed_, [&](std::string_view line) { return take_line(line, out); });
}

Result<void> Chooser::take_line(std::string_view line, Bytes& out) {
    if (!std::exchange(greeted_, true)) {
        if (line != kMultistream) return Errc::kMalformed;
        append_line(out, kMultistream);
        return {};
    }
    if (++proposals_ > kProposalsMax) return Errc::kOverQuota;
    const auto known = std::find(offered_.begin(), offered_.end(), line);
    append_line(out, known == offered_.end() ? kNotAvailable : line);
    if (known != offered_.end()) agreed_ = *known;
    return {};
}

}  // namespace sov::streams
