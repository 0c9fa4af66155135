#include "daemon/core/identity/page_gathering.h"

namespace sov::identity {

PageGathering::PageGathering(CheckedRecord record, PageList list)
    : value_(std::move(record)), list_(std::move(list)), record_size_(value_.bytes.size()) {
    value_.bytes.resize(record_size_ + paged_bytes(list_.length));
    if (list_.list_pages() > 0)
        want_pages(kFirstListPage, list_.list_pages());
    else
        want_pages(0, list_.pages());
}

void PageGathering::want_pages(std::size_t from, std::size_t count) {
    for (std::size_t number = from; number < from + count; ++number) wanted_.set(number);
}

// Of a page that is wanted; so the list page that names it is here.
Hash32 PageGathering::hash_of(std::size_t number) const {
    if (number >= kFirstListPage) return list_.hashes[number - kFirstListPage];
    if (list_.list_pages() == 0) return list_.hashes[number];
    const std::size_t lists = record_size_ + list_.offset_of(kFirstListPage);
    return Hash32::from(
        ByteView(value_.bytes).subspan(lists + number * Hash32::kSize, Hash32::kSize));
}

bool PageGathering::take(Crypto& crypto, std::size_t number, ByteView page) {
    if (number >= wanted_.size() || !wanted_.test(number) || page.size() != list_.size_of(number) ||
        crypto.hash({page}) != hash_of(number))
        return false;
    std::copy(
        page.begin(), page.end(),
        value_.bytes.begin() + static_cast<std::ptrdiff_t>(record_size_ + list_.offset_of(number)));
    wanted_.reset(number);
    if (number >= kFirstListPage)
        want_pages((number - kFirstListPage) * kHashesInListPage, page.size() / Hash32::kSize);
    return true;
}

}  // namespace sov::identity
