#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/result.h"

// What is said on a stream of /sovereign/file/1.0.0. Who opened it offers one file after the other;
// each offer is accepted or refused, an accepted one is followed by exactly so many bytes and their
// hash, and that by a receipt or a refusal. Then the next offer, or the end of the stream. One
// frame, behind its length as a varint, numbers big-endian:
//
//   OFFER    1 | size 8 | name
//   ACCEPT   2
//   REFUSE   3 | reason 1 | text
//   DIGEST   4 | SHA-256 of the content 32
//   RECEIPT  5
//
// Name and text go to the end of the frame. The content stands between ACCEPT and DIGEST without a
// frame of its own.

namespace sov::streams {

inline constexpr std::string_view kFileProtocol = "/sovereign/file/1.0.0";
inline constexpr std::size_t kFileNameMax = 255;
inline constexpr std::size_t kFileTextMax = 255;
/// Of a whole frame.
inline constexpr std::size_t kFileFrameMax = 1 + 8 + kFileNameMax;

/// `name` is 1 to 255 bytes of anything: whoever stores it decides what is left of it.
struct FileOffer {
    std::uint64_t size = 0;
    std::string name;

    friend bool operator==(const FileOffer&, const FileOffer&) = default;
};
struct FileAccept {
    friend bool operator==(const FileAccept&, const FileAccept&) = default;
};
enum class FileReason : std::uint8_t {
    kDeclined = 1,  ///< nobody wants it
    kExists = 2,    ///< a file of that name is there
    kNoRoom = 3,    ///< it does not fit
    kFailed = 4,    ///< it could not be stored; the text says why
    kDamaged = 5,   ///< what came is not what was hashed
};
struct FileRefuse {
    FileReason reason{};
    std::string text;  ///< for a person; unproven, may be empty

    friend bool operator==(const FileRefuse&, const FileRefuse&) = default;
};
struct FileDigest {
    Hash32 hash;

    friend bool operator==(const FileDigest&, const FileDigest&) = default;
};
struct FileReceipt {
    friend bool operator==(const FileReceipt&, const FileReceipt&) = default;
};
using FileFrame = std::variant<FileOffer, FileAccept, FileRefuse, FileDigest, FileReceipt>;

/// Appends the frame and its length. All fields are within their bounds (checked).
void append_frame(Bytes& to, const FileFrame& frame);
/// A frame without its length. kMalformed, kUnsupported for a kind that this version doesn't know.
Result<FileFrame> read_file_frame(ByteView frame);

/// What is left of a name that somebody else chose, as a name for a file in one folder: no path, no
/// control characters, nothing hidden, at most 200 bytes of UTF-8. Never empty.
std::string safe_file_name(std::string_view offered);

}  // namespace sov::streams
