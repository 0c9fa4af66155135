#pragma once

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
//   page list  length 4 | SHA-256 of each page 32 * n
//
// An immutable value is its own proof: it lives at the hash of what it says. A mutable one is
// signed by its owner and lives at the hash of owner and label, so nobody else can stand there.
// Content that does not fit a record is cut into pages of 1 KiB, and the record lists their hashes:
// whoever has the record can check each page alone, wherever it comes from.

namespace sov::identity {

inline constexpr std::size_t kPageBytes = 1024;
/// What a page list of one record has room for beside the longest label.
inline constexpr std::size_t kPagesMax = 24;
inline constexpr std::size_t kLabelBytesMax = 64;

/// What content is made of that travels in pages: all of kPageBytes but for the last.
struct PageList {
    std::uint32_t length = 0;    ///< of the content, in bytes
    std::vector<Hash32> hashes;  ///< 1 to kPagesMax
    friend bool operator==(const PageList&, const PageList&) = default;

    /// Bytes of the page with this number, which is less than the number of hashes.
    std::size_t page_size(std::size_t index) const {
        return index + 1 < hashes.size() ? kPageBytes : length - index * kPageBytes;
    }
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

/// A value ready to be stored: its record and, behind it, the pages that did not fit. `content` has
/// at most kPagesMax * kPageBytes, `label` at most kLabelBytesMax bytes (checked).
CheckedRecord make_immutable(Crypto& crypto, std::chrono::seconds ttl, ByteView content);
CheckedRecord make_mutable(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                           std::string_view label, const RecordHead& head, ByteView content);

/// Reads the body of a value's record. Errors: malformed; wrong_key for another kind.
Result<ValueRecord> decode_value(ByteView record);
/// Where this record belongs by what it says; check_record compares. Errors as decode_value.
Result<Key> value_place(Crypto& crypto, ByteView record);
/// True when these bytes are the page with this number.
bool page_fits(Crypto& crypto, const PageList& pages, std::size_t index, ByteView page);

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
