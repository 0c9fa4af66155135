#include "daemon/core/connect/signal_words.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/check.h"
#include "daemon/core/wire/message.h"

namespace sov::connect {

namespace {

enum class Kind : std::uint8_t { kOffer = 1, kAnswer = 2, kCandidates = 3, kBye = 4 };

constexpr std::uint8_t kByeReasonLast = static_cast<std::uint8_t>(ByeReason::kBusy);

void write_text(ByteWriter& writer, const std::string& text) {
    writer.u8(static_cast<std::uint8_t>(text.size()));
    writer.bytes(as_bytes(text));
}

std::string read_text(ByteReader& reader) { return to_text(reader.bytes(reader.u8())); }

void write_description(ByteWriter& writer, const IceDescription& description) {
    SOV_CHECK(is_valid(description));
    write_text(writer, description.fragment);
    write_text(writer, description.password);
}

IceDescription read_description(ByteReader& reader) {
    IceDescription description;
    description.fragment = read_text(reader);
    description.password = read_text(reader);
    if (!is_valid(description)) reader.fail();
    return description;
}

void write_candidate(ByteWriter& writer, const IceCandidate& candidate) {
    SOV_CHECK(is_well_formed(candidate));
    writer.u8(static_cast<std::uint8_t>(candidate.kind));
    writer.u32(candidate.priority);
    wire::write_endpoint(writer, candidate.endpoint);
    write_text(writer, candidate.foundation);
}

IceCandidate read_candidate(ByteReader& reader) {
    IceCandidate candidate;
    const std::uint8_t kind = reader.u8();
    candidate.priority = reader.u32();
    const bool six = !reader.rest().empty() && reader.rest()[0] == 6;
    const auto endpoint = wire::read_endpoint(reader);
    candidate.foundation = read_text(reader);
    const bool known = kind <= static_cast<std::uint8_t>(CandidateKind::kRelayed);
    // An IPv4 address written as IPv6 would be a second way to write the same.
    if (!known || !endpoint || six != (endpoint->family == Family::kIpv6)) {
        reader.fail();
        return candidate;
    }
    candidate.kind = static_cast<CandidateKind>(kind);
    candidate.endpoint = *endpoint;
    if (!is_well_formed(candidate)) reader.fail();
    return candidate;
}

void write_candidates(ByteWriter& writer, const CandidateSet& set) {
    writer.u8(set.all ? 1 : 0);
    const MutableBytes count = writer.reserve(1);
    std::uint8_t written = 0;
    for (const IceCandidate& candidate : set.candidates) {
        if (written == kCandidatesMax) break;
        const std::size_t before = writer.size();
        write_candidate(writer, candidate);
        if (!writer.ok()) {
            writer.rewind(before);
            break;
        }
        ++written;
    }
    count[0] = written;
}

CandidateSet read_candidates(ByteReader& reader) {
    CandidateSet set;
    const std::uint8_t all = reader.u8();
    const std::uint8_t count = reader.u8();
    if (all > 1 || count > kCandidatesMax) reader.fail();
    set.all = all == 1;
    for (std::uint8_t read = 0; read < count && reader.ok(); ++read) {
        set.candidates.push_back(read_candidate(reader));
    }
    return set;
}

struct BodyWriter {
    ByteWriter& writer;

    void operator()(const Offer& offer) const {
        writer.u64(offer.sent);
        write_description(writer, offer.description);
        write_candidates(writer, offer.candidates);
    }
    void operator()(const CallAnswer& answer) const {
        write_description(writer, answer.description);
        write_candidates(writer, answer.candidates);
    }
    void operator()(const MoreCandidates& more) const { write_candidates(writer, more.candidates); }
    void operator()(const Bye& bye) const { writer.u8(static_cast<std::uint8_t>(bye.reason)); }
};

Offer read_offer(ByteReader& reader) {
    Offer offer;
    offer.sent = reader.u64();
    offer.description = read_description(reader);
    offer.candidates = read_candidates(reader);
    return offer;
}

CallAnswer read_answer(ByteReader& reader) {
    CallAnswer answer;
    answer.description = read_description(reader);
    answer.candidates = read_candidates(reader);
    return answer;
}

Bye read_bye(ByteReader& reader) {
    const std::uint8_t reason = reader.u8();
    if (reason > kByeReasonLast) reader.fail();
    return {static_cast<ByeReason>(reason)};
}

}  // namespace

Bytes encode_signal(const SignalWords& words) {
    std::array<std::uint8_t, kSignalBytesMax> buffer;
    ByteWriter writer(buffer);
    writer.u8(kSignalVersion);
    writer.u8(static_cast<std::uint8_t>(words.body.index() + 1));
    writer.fixed(words.call);
    writer.u16(words.round);
    std::visit(BodyWriter{writer}, words.body);
    SOV_CHECK(writer.ok());
    return to_bytes(writer.written());
}

Result<SignalWords> decode_signal(ByteView bytes) {
    if (bytes.size() > kSignalBytesMax) return Errc::kTooLarge;
    ByteReader reader(bytes);
    const std::uint8_t version = reader.u8();
    const std::uint8_t kind = reader.u8();
    SignalWords words;
    words.call = reader.fixed<CallToken>();
    words.round = reader.u16();
    if (!reader.ok()) return Errc::kMalformed;
    if (version != kSignalVersion) return Errc::kUnsupported;
    switch (static_cast<Kind>(kind)) {
        case Kind::kOffer: words.body = read_offer(reader); break;
        case Kind::kAnswer: words.body = read_answer(reader); break;
        case Kind::kCandidates: words.body = MoreCandidates{read_candidates(reader)}; break;
        case Kind::kBye: words.body = read_bye(reader); break;
        default: return Errc::kUnsupported;
    }
    if (!reader.at_end()) return Errc::kMalformed;
    return words;
}

}  // namespace sov::connect
