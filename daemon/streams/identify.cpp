#include "daemon/streams/identify.h"

#include <algorithm>

#include "daemon/streams/fields.h"
#include "daemon/streams/negotiation.h"

namespace sov::streams {

namespace {

enum FieldNumber : std::uint32_t {
    kPublicKey = 1,
    kListenAddrs = 2,
    kProtocols = 3,
    kObservedAddr = 4,
    kProtocolVersion = 5,
    kAgentVersion = 6,
    kSignedPeerRecord = 8,  // not in the specification's text, but sent by all (specs#709)
};

// For people's eyes and logs, so control characters and bytes that are no ASCII go.
std::string printable(ByteView bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes.first(std::min(bytes.size(), kAgentBytesMax))) {
        if (byte >= ' ' && byte <= '~') text += static_cast<char>(byte);
    }
    return text;
}

void take_address(Identify& into, ByteView bytes) {
    const auto address = Multiaddr::read(bytes);
    if (!address || into.addresses.size() == kIdentifyAddressesMax) return;
    const auto& known = into.addresses;
    if (std::find(known.begin(), known.end(), *address) == known.end()) {
        into.addresses.push_back(*address);
    }
}

void take_protocol(Identify& into, ByteView bytes) {
    const std::string name = to_text(bytes);
    if (!is_protocol_name(name) || into.protocols.size() == kIdentifyProtocolsMax) return;
    const auto& known = into.protocols;
    if (std::find(known.begin(), known.end(), name) == known.end()) into.protocols.push_back(name);
}

// js-libp2p sends it with the receiver's peer behind, which says nothing.
std::optional<Multiaddr> read_observed(ByteView bytes) {
    const auto address = Multiaddr::read(bytes);
    if (!address || address->without_peer().empty()) return std::nullopt;
    return address->without_peer();
}

}  // namespace

Result<Bytes> encode_identify(const Identify& identify) {
    Bytes message;
    append_bytes(message, kProtocolVersion, as_bytes(identify.protocol_version));
    append_bytes(message, kAgentVersion, as_bytes(identify.agent));
    if (identify.peer) append_bytes(message, kPublicKey, public_key_message(*identify.peer));
    for (const Multiaddr& address : identify.addresses) {
        append_bytes(message, kListenAddrs, address.bytes());
    }
    if (identify.observed) append_bytes(message, kObservedAddr, identify.observed->bytes());
    for (const std::string& protocol : identify.protocols) {
        append_bytes(message, kProtocols, as_bytes(protocol));
    }
    if (!identify.signed_record.empty()) {
        append_bytes(message, kSignedPeerRecord, identify.signed_record);
    }
    if (message.size() > kIdentifySentMax) return Errc::kTooLarge;
    return message;
}

Result<void> IdentifyReader::receive(ByteView bytes) {
    messages_.receive(bytes);
    while (const auto message = messages_.next()) {
        if (++taken_ > kIdentifyMessagesMax) return Errc::kOverQuota;
        const Result<void> taken = take_message(*message);
        if (!taken) return taken;
    }
    if (messages_.failed()) return Errc::kTooLarge;
    return {};
}

Result<void> IdentifyReader::take_message(ByteView message) {
    FieldReader fields(message);
    while (const auto field = fields.next()) {
        if (field->kind != Field::Kind::kBytes) continue;
        switch (field->number) {
            case kPublicKey: merged_.peer = read_public_key_message(field->bytes); break;
            case kListenAddrs: take_address(merged_, field->bytes); break;
            case kProtocols: take_protocol(merged_, field->bytes); break;
            case kObservedAddr: {
                merged_.observed = read_observed(field->bytes);
                break;
            }
            case kProtocolVersion: merged_.protocol_version = printable(field->bytes); break;
            case kAgentVersion: merged_.agent = printable(field->bytes); break;
            case kSignedPeerRecord: merged_.signed_record = to_bytes(field->bytes); break;
            default: break;
        }
    }
    if (!fields.ok()) return Errc::kMalformed;
    return {};
}

Result<Identify> IdentifyReader::finish() {
    if (taken_ == 0 || !messages_.at_boundary()) return Errc::kMalformed;
    return std::move(merged_);
}

}  // namespace sov::streams
