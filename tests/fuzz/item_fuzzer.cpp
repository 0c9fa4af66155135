#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/dht/item_store.h"
#include "daemon/core/wire/value_messages.h"
#include "tests/fuzz/round_trip.h"
#include "tests/support/sim_crypto.h"

// Any bytes as every body of a message about sealed items, as an item, and as what is done to a
// small store of them. The first byte chooses.

namespace {

using namespace sov;

// Borrowed views lie inside the datagram.
void read_items(ByteReader reader, ByteView body) {
    const auto items = wire::read_items(reader);
    if (!items) return;
    for (const ByteView record : items->records) {
        SOV_CHECK(record.empty() || (record.data() >= body.data() &&
                                     record.data() + record.size() <= body.data() + body.size()));
    }
}

// What check_record would pass on can be asked for its work and be tried with our key.
void open_item(ByteView bytes) {
    support::SimCrypto crypto(1);
    const auto head = identity::read_head(bytes);
    if (!head || !identity::check_item_body(*head, bytes)) return;
    const identity::SigningKey us = crypto.make_signing_key(identity::Secret32{1});
    const Key key = identity::item_key(crypto, identity::ItemUse::kMail, PeerId{us.public_key});
    const identity::CheckedRecord item{*head, key, to_bytes(bytes)};
    SOV_CHECK(identity::is_item(head->kind) == identity::item_work(crypto, item).has_value());
    const auto opened = identity::open_item(crypto, us, NetworkId{}, item);
    SOV_CHECK(!opened || opened->body.size() <= identity::kItemBodyMax);
}

// Each step is what | which | from where | how long.
void play(ByteReader reader) {
    Limits limits;
    limits.mail_per_key_max = 4;
    limits.signals_per_key_max = 2;
    limits.item_bytes_max = 1000;
    limits.items_deleted_max = 2;
    Counters counters;
    dht::ItemStore store(limits, counters);
    Instant now{};
    while (reader.remaining() >= 4) {
        const std::uint8_t what = reader.u8(), which = reader.u8(), origin = reader.u8();
        const std::chrono::seconds ttl(1 + reader.u8());
        const bool mail = (which & 1) != 0;
        const auto kind = mail ? identity::RecordKind::kMail : identity::RecordKind::kSignal;
        const Key key{{static_cast<std::uint8_t>(which >> 6)}};
        const PeerId id{{static_cast<std::uint8_t>(which & 0x3e)}};
        const identity::CheckedRecord item{{kind, false, id, 1, ttl}, key, Bytes(100, which)};
        switch (what % 5) {
            case 0: (void)store.put(now, item, origin); break;
            case 1: (void)store.remove(now, key, kind, id); break;
            case 2: store.restore(now, item, std::chrono::seconds(origin)); break;
            case 3: now += ttl; break;
            default: (void)store.take_gone(now); break;
        }
        for (const auto* held : store.at(now, key, kind)) SOV_CHECK(held->expires > now);
        store.check_invariants();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView body(data + 1, size - 1);
    ByteReader reader(body);
    switch (data[0] % 6) {
        case 0: round_trip(wire::read_collect(reader), body); break;
        case 1: read_items(reader, body); break;
        case 2: round_trip(wire::read_remove(reader), body); break;
        case 3: round_trip(wire::read_listen(reader), body); break;
        case 4: open_item(body); break;
        default: play(reader); break;
    }
    return 0;
}
