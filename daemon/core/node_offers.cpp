#include "daemon/core/node.h"
#include "daemon/core/node_parts.h"

// Commands about offers.

namespace sov {

CommandId Node::offer(Instant now, const dht::OfferRequest& request) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.offer(now, command, request);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::withdraw_offers(Instant now, const dht::OfferWithdrawal& withdrawal) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.withdraw_offers(now, command, withdrawal);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::find_providers(Instant now, const dht::ProviderQuery& query) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.find_providers(now, command, query);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

std::vector<dht::OwnOffer> Node::own_offers(Instant now) const {
    return parts_->dht.own_offers(now);
}

std::size_t Node::held_offers(Instant now, const Key& key) const {
    const dht::Context& context = parts_->dht.context();
    return context.has_offers() ? context.offer_store->count_at(now, key) : 0;
}

}  // namespace sov
