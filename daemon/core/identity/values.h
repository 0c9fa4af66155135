#pragma once

#include <algorithm>
#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/identity/records.h"

// Values: records that apps fill. Their bodies (fields as in records.h):
//
//   Immutable  2 content                 owner, sequence and signature are zero
//           or 3 page list
//   Mutable    1 label    2 content  or  3 page list; neither in a tombstone
//
//   page list  length 4 | SHA-256 of each page 32 * n, or of each list page
//   list page  SHA-256 of each of up to 32 pages
//
// An immutable value is its own proof: it lives at the hash of what it says. A mutable one is
// signed by its owner and lives at the hash of owner and label, so nobody else can stand there.
// Content that does not fit a record is cut into pages of 1 KiB, and the record lists their hashes:
// whoever has the record can check each page alone, wherever it comes from. Where the record has no
// room for so many hashes, they are cut into list pages, and the record lists the hashes of those.
// There is no third level.

namespace sov::identity {

inline constexpr std::size_t kPageBytes = 1024;
/// Hashes that a record has room for beside the longest label, and a list page.
inline constexpr std::size_t kHashesInRecord = 24, kHashesInListPage = kPageBytes / Hash32::kSize;
inline constexpr std::size_t kPagesMax = 64, kListPagesMax = kPagesMax / kHashesInListPage;
/// Pages of content are numbered from 0, list pages from here.
inline constexpr std::size_t kFirstListPage = kPagesMax;
inline constexpr std::size_t kContentBytesMax = kPagesMax * kPageBytes;
inline constexpr std::size_t kLabelBytesMax = 64;

/// Numbers of pages and list pages.
using PageSet = std::bitset<kPagesMax + kListPagesMax>;

/// Bytes that follow the record of a value with so much content in pages: content and list pages.
constexpr std::size_t paged_bytes(std::size_t content) {
    const std::size_t pages = (content + kPageBytes - 1) / kPageBytes;
    return content + (pages > kHashesInRecord ? pages * Hash32::kSize : 0);
}

/// What content is made of that travels in pages: all of kPageBytes but for the last. Behind a
/// record comes its content and behind that the list pages, if it has some.
struct PageList {
    std::uint32_t length = 0;    ///< of the content, in bytes: 1 to kContentBytesMax
    std::vector<Hash32> hashes;  ///< of the pages, or where they are too many of the list pages
    friend bool operator==(const PageList&, const PageList&) = default;

    std::size_t pages() const { return (length + kPageBytes - 1) / kPageBytes; }
    std::size_t list_pages() const { return pages() > kHashesInRecord ? hashes.size() : 0; }
    /// Bytes of a page or list page, and where it begins behind the record; 0 bytes for a number
    /// that there is not.
    std::size_t size_of(std::size_t number) const;
    std::size_t offset_of(std::size_t number) const;
    /// The content, of what is behind the record.
    ByteView content_of(ByteView behind) const {
        return behind.first(std::min<std::size_t>(length, behind.size()));
    }
    /// One page or list page of it; empty for a number that there is not.
    ByteView page_of(ByteView behind, std::size_t number) const;
};

/// What a value's record says.
struct ValueRecord {
    RecordHead head;
    std::string label;              ///< of a mutable value: any bytes, at most kLabelBytesMax
    Bytes content;                  ///< empty where there are pages
    std::optional<PageList> pages;  ///< set when the content did not fit the record
};

/// Where values live: the first 160 bits of SHA-256("value" ‖ content), of SHA-256("pages" ‖ page
/// list) when it travels in pages, and of SHA-256("mut" ‖ owner ‖ label).
Key content_key(Crypto& crypto, ByteView content);
Key mutable_key(Crypto& crypto, const PeerId& owner, std::string_view label);

/// A value ready to be stored: its record and, behind it, content that did not fit and list pages.
/// `content` has at most kContentBytesMax, `label` at most kLabelBytesMax bytes (checked).
CheckedRecord make_immutable(Crypto& crypto, std::chrono::seconds ttl, ByteView content);
CheckedRecord make_mutable(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                           std::string_view label, const RecordHead& head, ByteView content);

/// Reads the body of a value's record. Errors: malformed; wrong_key for another kind.
Result<ValueRecord> decode_value(ByteView record);
/// Where this record belongs by what it says; check_record compares. Errors as decode_value.
Result<Key> value_place(Crypto& crypto, ByteView record);
/// A value as it travels, its record and the pages behind it, checked as check_record and page by
/// page. Errors: those of check_record; wrong_key for another kind of record; malformed where a
/// page is missing, too long or another one.
Result<CheckedRecord> check_value(Crypto& crypto, const NetworkId& network, const Key& key,
                                  ByteView bytes);

/// What a replica says when it keeps a value: this node keeps these bytes for so long from now.
/// `challenge` is the token that came with the store, so an old receipt is not a new one.
Signature sign_receipt(Crypto& crypto, const SigningKey& node, const NetworkId& network,
                       const Key& key, ByteView record, std::uint32_t seconds, ByteView challenge);
bool verify_receipt(Crypto& crypto, const NodeKey& node, const NetworkId& network, const Key& key,
                    ByteView record, std::uint32_t seconds, ByteView challenge,
                    const Signature& receipt);

}  // namespace sov::identity
