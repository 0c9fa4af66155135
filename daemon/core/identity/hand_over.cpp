#include "daemon/core/identity/hand_over.h"

#include <array>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/record_fields.h"

namespace sov::identity {

namespace {

constexpr std::string_view kHandOverDomain = "sovereign/hand-over/1";
constexpr std::uint8_t kSuccessorTag = 1, kConsentTag = 2;
constexpr std::size_t kFieldHead = 3;
constexpr std::size_t kHandOverBody = 2 * kFieldHead + PeerId::kSize + Signature::kSize;

// What the successor signs: which key it takes over from, and in which network.
using Consent =
    std::array<std::uint8_t, kHandOverDomain.size() + NetworkId::kSize + 2 * PeerId::kSize>;

Consent consent_bytes(const NetworkId& network, const HandOver& hand_over) {
    Consent bytes{};
    ByteWriter writer(bytes);
    writer.bytes(as_bytes(kHandOverDomain));
    writer.fixed(network);
    writer.fixed(hand_over.from);
    writer.fixed(hand_over.to);
    SOV_CHECK(writer.ok());
    return bytes;
}

struct Read {
    HandOver hand_over;
    Signature consent;
};

Result<Read> read_hand_over(ByteView record) {
    const auto head = read_head(record);
    if (!head) return head.error();
    if (head->kind != RecordKind::kHandOver) return Errc::kWrongKey;
    const bool fixed = !head->tombstone && head->sequence == kHandOverSequence &&
                       head->ttl == kHandOverTtl &&
                       record.size() == kRecordHeadSize + kHandOverBody + Signature::kSize;
    if (!fixed) return Errc::kMalformed;
    ByteReader reader(record.subspan(kRecordHeadSize, kHandOverBody));
    const Field successor = read_field(reader);
    const Field consent = read_field(reader);
    if (!reader.at_end() || successor.tag != kSuccessorTag || consent.tag != kConsentTag ||
        successor.value.size() != PeerId::kSize || consent.value.size() != Signature::kSize)
        return Errc::kMalformed;
    const Read read{{head->owner, PeerId::from(successor.value)}, Signature::from(consent.value)};
    if (read.hand_over.from == read.hand_over.to) return Errc::kMalformed;
    return read;
}

}  // namespace

Bytes encode_hand_over(Crypto& crypto, const SigningKey& from, const SigningKey& to,
                       const NetworkId& network) {
    const HandOver hand_over{PeerId{from.public_key}, PeerId{to.public_key}};
    SOV_CHECK(hand_over.from != hand_over.to);
    std::array<std::uint8_t, kHandOverBody> buffer{};
    ByteWriter body(buffer);
    write_field_head(body, kSuccessorTag, PeerId::kSize);
    body.fixed(hand_over.to);
    write_field_head(body, kConsentTag, Signature::kSize);
    body.fixed(crypto.sign(to, consent_bytes(network, hand_over)));
    SOV_CHECK(body.ok());
    const RecordHead head{RecordKind::kHandOver, false, hand_over.from, kHandOverSequence,
                          kHandOverTtl};
    return seal_record(crypto, from, network, peer_key(crypto, hand_over.from), head,
                       body.written());
}

Result<HandOver> decode_hand_over(ByteView record) {
    const auto read = read_hand_over(record);
    if (!read) return read.error();
    return read->hand_over;
}

bool successor_signed(Crypto& crypto, const NetworkId& network, ByteView record) {
    const auto read = read_hand_over(record);
    return read && crypto.verify(read->hand_over.to.bytes, consent_bytes(network, read->hand_over),
                                 read->consent);
}

}  // namespace sov::identity
