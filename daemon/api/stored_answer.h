#pragma once

#include <chrono>

#include "daemon/api/messages.h"

namespace sov::api {

/// What is answered alike by everything that stores for an app: where it is, who keeps it, for how
/// long, and how that was found.
template <typename Response>
void write_stored(identity::Crypto& crypto, const dht::ValuePublished& published,
                  Response* response) {
    const MessageWriter writer(crypto);
    write_key(published.key, response->mutable_key());
    response->set_asked(published.asked);
    response->set_refused(published.refused);
    for (const dht::Receipt& receipt : published.receipts) {
        auto* to = response->add_receipts();
        writer.write(receipt.node, to->mutable_node());
        to->set_held_for_ms(whole_ms(std::chrono::seconds(receipt.seconds)));
    }
    response->set_held_for_ms(whole_ms(published.held_for));
    response->set_held_here(published.held_here);
    writer.write(published.lookup, response->mutable_lookup());
}

}  // namespace sov::api
