#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"

namespace sov {

/// Stands for a contact: 4 bytes instead of 90 in every table.
enum class ContactHandle : std::uint32_t {};

/// All contacts that a process knows, each once. Tables hold 32-bit handles into it; the simulator
/// shares one book between a million nodes. Handles are counted: hold() and drop() pair up, and a
/// contact that nobody holds is forgotten, so the tables' limits bound the book.
/// One lookup or insertion costs one hash of a key's first bytes.
class ContactBook {
  public:
    struct Entry {
        Contact contact;
        NodeId id;
        std::uint32_t holders = 0;
    };

    /// The handle for this key, made if needed, held once more for the caller. `id` is the hash of
    /// the key. Addresses are not changed: see set_address.
    ContactHandle hold(const NodeKey& key, const NodeId& id);
    void hold(ContactHandle handle) { ++entry(handle).holders; }
    void drop(ContactHandle handle);

    /// Null when unknown.
    const Entry* find(const NodeKey& key) const;
    const Entry& at(ContactHandle handle) const {
        return entries_[static_cast<std::size_t>(handle)];
    }
    ContactHandle handle_of(const Entry& known) const {
        return ContactHandle{static_cast<std::uint32_t>(&known - entries_.data())};
    }
    /// The first 64 bits of the id: enough to order by distance. Kept apart from the rest, so that
    /// whoever compares many contacts reads 8 bytes of each.
    std::uint64_t id_prefix(ContactHandle handle) const {
        return id_prefixes_[static_cast<std::size_t>(handle)];
    }
    void set_address(ContactHandle handle, const Endpoint& endpoint) {
        entry(handle).contact.set(endpoint);
    }
    std::size_t size() const { return by_key_.size(); }

  private:
    Entry& entry(ContactHandle handle) { return entries_[static_cast<std::size_t>(handle)]; }

    std::vector<Entry> entries_;
    std::vector<std::uint64_t> id_prefixes_;  ///< beside entries_
    std::vector<ContactHandle> free_;
    std::unordered_map<NodeKey, ContactHandle, PrefixHash> by_key_;
};

/// Holds a contact for as long as it lives.
class HeldContact {
  public:
    HeldContact() = default;
    HeldContact(ContactBook& book, ContactHandle already_held)
        : book_(&book), handle_(already_held) {}
    HeldContact(HeldContact&& other) noexcept : book_(other.book_), handle_(other.handle_) {
        other.book_ = nullptr;
    }
    HeldContact& operator=(HeldContact&& other) noexcept {
        std::swap(book_, other.book_);
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~HeldContact() {
        if (book_ != nullptr) book_->drop(handle_);
    }
    ContactHandle handle() const { return handle_; }
    const ContactBook::Entry& entry() const { return book_->at(handle_); }

  private:
    ContactBook* book_ = nullptr;
    ContactHandle handle_{};
};

}  // namespace sov
