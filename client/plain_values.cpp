#include "client/enum_word.h"
#include "client/plain.h"
#include "client/spans.h"

namespace sov::client {

namespace {

namespace v1 = sovereign::v1;

/// What the answers to every kind of storing have in common.
template <typename Response>
ValueStored stored_of(const Response& message) {
    ValueStored stored;
    stored.key_hex = message.key().hex();
    stored.asked = message.asked();
    stored.refused = message.refused();
    stored.receipts = plain_list(message.receipts());
    stored.held_for = span_of<milliseconds>(message.held_for_ms());
    stored.held_here = message.held_here();
    stored.lookup = plain(message.lookup());
    return stored;
}

}  // namespace

Value plain(const v1::Value& message) {
    Value value;
    value.key_hex = message.key().hex();
    value.kind = word(message.kind());
    if (message.has_owner()) value.owner = plain(message.owner());
    value.label = message.label();
    value.sequence = message.sequence();
    value.tombstone = message.tombstone();
    value.ttl = span_of<milliseconds>(message.ttl_ms());
    value.content = message.content();
    return value;
}

ValueStored plain(const v1::PutValueResponse& message) {
    ValueStored stored = stored_of(message);
    stored.sequence = message.sequence();
    return stored;
}

ValueStored plain(const v1::LeaveResponse& message) { return stored_of(message); }

Mail plain(const v1::Mail& message) {
    Mail mail;
    mail.id = message.id();
    mail.sender = plain(message.sender());
    mail.sent =
        std::chrono::system_clock::time_point(span_of<milliseconds>(message.sent_unix_ms()));
    mail.ttl = span_of<milliseconds>(message.ttl_ms());
    mail.body = message.body();
    return mail;
}

Mailbox plain(const v1::CollectResponse& message) {
    return {plain_list(message.mail()), message.replicas()};
}

ValueGotten plain(const v1::GetValueResponse& message) {
    ValueGotten gotten;
    gotten.value = plain(message.value());
    gotten.replicas = message.replicas();
    gotten.cached = message.cached();
    gotten.equivocation = message.equivocation();
    gotten.unchanged = message.unchanged();
    gotten.lookup = plain(message.lookup());
    return gotten;
}

OwnValue plain(const v1::OwnValue& message) {
    OwnValue value;
    value.key_hex = message.key().hex();
    value.kind = word(message.kind());
    value.label = message.label();
    value.sequence = message.sequence();
    value.tombstone = message.tombstone();
    value.size_bytes = message.size_bytes();
    value.ends_in = span_of<milliseconds>(message.ends_in_ms());
    value.holders = message.holders();
    value.uid = message.uid();
    return value;
}

OwnValues plain(const v1::ListOwnValuesResponse& message) {
    return {plain_list(message.values()), message.count(), message.bytes(), message.count_max(),
            message.bytes_max()};
}

ValueTold plain(const v1::ListenResponse& message) {
    ValueTold told;
    if (message.has_changed()) {
        told.changed = plain(message.changed().value());
        told.cursor = message.changed().cursor();
    }
    told.reporters = message.armed().replicas();
    return told;
}

}  // namespace sov::client
