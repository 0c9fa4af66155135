#include "daemon/core/node.h"
#include "daemon/core/node_parts.h"

// Commands about values and sealed items.

namespace sov {

CommandId Node::put_value(Instant now, dht::ValuePut put) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.put_value(now, command, std::move(put));
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::put_signed_value(Instant now, const Key& key, ByteView value) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.put_signed_value(now, command, key, value);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::get_value(Instant now, const Key& key, dht::Level level,
                          std::optional<std::uint64_t> newer_than) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.get_value(now, command, key, level, newer_than);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::let_go(Instant now, const Key& key, std::optional<std::uint32_t> app) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.let_go(command, key, app);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::listen(Instant now, const Key& key, ByteView cursor) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.listen(now, command, key, cursor);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::leave_item(Instant now, const dht::ItemLeft& left) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.leave_item(now, command, left);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::collect_items(Instant now, identity::ItemUse use) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.collect_items(now, command, use);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::remove_items(Instant now, identity::ItemUse use, std::vector<PeerId> ids) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.remove_items(now, command, use, std::move(ids));
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::listen_items(Instant now, identity::ItemUse use) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.listen_items(now, command, use);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

}  // namespace sov
