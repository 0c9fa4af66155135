#pragma once

#include "daemon/core/identity/values.h"

namespace sov::identity {

/// The pages of one value as they come, in any order and from anybody: each is checked alone.
/// Memory: the whole value from the beginning, at most kRecordBytesMax and 66 KiB.
class PageGathering {
  public:
    /// `list` is what the record says.
    PageGathering(CheckedRecord record, PageList list);

    /// What is missing and could be checked now: list pages, and the pages that the record or a
    /// list page that is here names. Nothing when the value is complete.
    const PageSet& wanted() const { return wanted_; }
    /// Keeps a page. False when it is not wanted, too long, too short or another one: then nothing
    /// changed. Cost: one hash.
    bool take(Crypto& crypto, std::size_t number, ByteView page);

    const PageList& list() const { return list_; }
    /// With zeros where pages are missing.
    const CheckedRecord& value() const { return value_; }
    CheckedRecord take_value() { return std::move(value_); }

  private:
    void want_pages(std::size_t from, std::size_t count);
    Hash32 hash_of(std::size_t number) const;

    CheckedRecord value_;
    PageList list_;
    std::size_t record_size_;
    PageSet wanted_;
};

}  // namespace sov::identity
