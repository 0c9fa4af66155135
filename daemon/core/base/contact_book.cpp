#include "daemon/core/base/contact_book.h"

#include "daemon/core/base/check.h"

namespace sov {

ContactHandle ContactBook::hold(const NodeKey& key, const NodeId& id) {
    const auto known = by_key_.find(key);
    if (known != by_key_.end()) {
        ++entry(known->second).holders;
        return known->second;
    }
    ContactHandle handle{};
    if (free_.empty()) {
        handle = ContactHandle{static_cast<std::uint32_t>(entries_.size())};
        entries_.emplace_back();
        id_prefixes_.emplace_back();
    } else {
        handle = free_.back();
        free_.pop_back();
    }
    Entry& added = entry(handle);
    added = Entry{Contact{key, {}, {}}, id, 1};
    added.contact.v6.family = Family::kIpv6;
    id_prefixes_[static_cast<std::size_t>(handle)] = id.prefix();
    by_key_.emplace(key, handle);
    return handle;
}

void ContactBook::drop(ContactHandle handle) {
    Entry& held = entry(handle);
    SOV_CHECK(held.holders > 0);
    if (--held.holders > 0) return;
    by_key_.erase(held.contact.key);
    free_.push_back(handle);
}

const ContactBook::Entry* ContactBook::find(const NodeKey& key) const {
    const auto known = by_key_.find(key);
    return known == by_key_.end() ? nullptr : &at(known->second);
}

}  // namespace sov
