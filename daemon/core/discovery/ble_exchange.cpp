#include <algorithm>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/discovery/ble_links.h"
#include "daemon/core/identity/records.h"
#include "daemon/core/wire/message.h"

// What two neighbours tell each other once they know who they are. A message on `signal` is sealed
// (kind 1 | body); a kind that is not known is passed over.

namespace sov::discovery {

namespace {

constexpr std::uint8_t kRecordKind = 1, kContactKind = 2, kEndKind = 0;
constexpr std::uint8_t kBothFamilies = wire::kWantIpv4 | wire::kWantIpv6;

/// Addresses that make sense between two who stand side by side.
Contact dialable(Contact contact) {
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
        const Scope scope = contact.endpoint(family).scope();
        if (contact.has(family) && scope != Scope::kLan && scope != Scope::kGlobal)
            contact.clear(family);
    }
    return contact;
}

bool has_address(const Contact& contact) {
    return contact.has(Family::kIpv4) || contact.has(Family::kIpv6);
}

}  // namespace

void BleLinks::say(Link& link, std::uint8_t kind, ByteView body) {
    Bytes message{kind};
    message.insert(message.end(), body.begin(), body.end());
    message.resize(message.size() + identity::kTagSize);
    crypto_.seal(link.keys.send, link.sent++, {}, message);
    send(link, Characteristic::kSignal, message);
}

void BleLinks::tell(Link& link) {
    link.told = true;
    if (!self_.record.empty()) say(link, kRecordKind, self_.record);
    const Contact contact = dialable(self_.contact.value_or(Contact{}));
    if (has_address(contact) && recognition_.is_friend(link.keys.peer)) {
        Bytes body(wire::contact_size(contact, kBothFamilies));
        ByteWriter writer(body);
        wire::write_contact(writer, contact, kBothFamilies);
        say(link, kContactKind, body);
    }
    say(link, kEndKind, {});
}

void BleLinks::on_signal(Instant now, Link& link, Bytes message) {
    if (link.phase != Phase::kExchange || link.received >= kMessagesMax ||
        message.size() < 1 + identity::kTagSize)
        return fail(now, link);
    if (!crypto_.open(link.keys.receive, link.received++, {}, message)) return fail(now, link);
    const ByteView body = ByteView(message).subspan(1, message.size() - 1 - identity::kTagSize);
    BleSighting* sighting = sightings_.find(link.source);
    switch (message[0]) {
        case kRecordKind: take_record(link.keys.peer, sighting, body); return;
        case kContactKind: take_contact(link.keys.peer, sighting, body); return;
        case kEndKind: break;
        default: return;
    }
    // The responder begins. Whoever hears the end and has spoken hangs up.
    if (link.told) return succeed(now, link);
    tell(link);
}

bool BleLinks::take_record(const PeerId& peer, BleSighting* sighting, ByteView record) {
    const auto checked =
        identity::check_record(crypto_, self_.network, identity::peer_key(crypto_, peer), record);
    if (!checked || checked->head.owner != peer || checked->head.tombstone) return false;
    const auto decoded = identity::decode_peer(record);
    if (!decoded) return false;
    if (sighting != nullptr) {
        sighting->capabilities = decoded->capabilities;
        // Of several nodes we don't know which one is beside us.
        if (decoded->nodes.size() == 1) sighting->node = decoded->nodes.front().key;
        sighting->changed = true;
    }
    for (const identity::PeerNode& node : decoded->nodes) {
        Contact contact = Contact::of(node.key, Endpoint{});
        for (const Endpoint& endpoint : node.endpoints) {
            if (!contact.has(endpoint.family)) contact.set(endpoint);
        }
        propose(dialable(contact));
    }
    return true;
}

void BleLinks::take_contact(const PeerId& peer, BleSighting* sighting, ByteView bytes) {
    ByteReader reader(bytes);
    const auto contact = wire::read_contact(reader);
    // Only friends have a reason to tell, and to be believed.
    if (!contact || !reader.at_end() || !recognition_.is_friend(peer)) return;
    if (sighting != nullptr && sighting->node != contact->key) {
        sighting->node = contact->key;
        sighting->changed = true;
    }
    propose(dialable(*contact));
}

void BleLinks::propose(const Contact& contact) {
    const bool own = self_.contact && self_.contact->key == contact.key;
    if (own || !has_address(contact)) return;
    if (std::find(probes_.begin(), probes_.end(), contact) != probes_.end()) return;
    if (probes_.size() >= kProbesMax) probes_.pop_front();
    probes_.push_back(contact);
}

std::optional<Contact> BleLinks::poll_probe() {
    if (probes_.empty()) return std::nullopt;
    const Contact contact = probes_.front();
    probes_.pop_front();
    return contact;
}

}  // namespace sov::discovery
