#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/result.h"

// What is said on a stream of /sovereign/request/1.0.0: requests with answers in one or many parts,
// many at once, in any order. One frame, behind its length as a varint, numbers big-endian:
//
//   REQUEST  1 | id 4 | time left 4 | name length 1 | name | body
//   ANSWER   2 | id 4 | last 1      | body
//   REFUSAL  3 | id 4 | code 2      | retry after 4 | text length 1 | text | detail
//   CANCEL   4 | id 4
//   KEEP     5 | id 4 | keep 4      | body
//
// Times are milliseconds. KEEP is a last ANSWER that stays true for so long. The time left is what
// the asker still waits when it sends, so that no two clocks have to agree. Body and detail go to
// the end of the frame.

namespace sov::streams {

inline constexpr std::string_view kRequestProtocol = "/sovereign/request/1.0.0";
/// Of a whole frame. Larger bodies go in parts, or on streams of their own.
inline constexpr std::size_t kRequestFrameMax = 1 << 20;
/// Of the fields in front of a body or a detail, at most.
inline constexpr std::size_t kRequestHeadMax = 1 + 4 + 2 + 4 + 1 + 255;
inline constexpr std::size_t kRequestBodyMax = kRequestFrameMax - kRequestHeadMax;
inline constexpr std::size_t kRequestNameMax = 255;
inline constexpr std::size_t kRefusalTextMax = 255;

/// Codes below this are numbers of Errc, the others belong to the application.
inline constexpr std::uint16_t kOwnCodes = 1000;

struct Request {
    std::uint32_t id = 0;
    std::uint32_t time_left_ms = 0;  ///< not 0
    std::string name;                ///< 1 to 255 characters of printable ASCII
    Bytes body;

    friend bool operator==(const Request&, const Request&) = default;
};
struct Answer {
    std::uint32_t id = 0;
    bool last = true;
    Bytes body;
    /// How long the answer stays true, all its parts; 0: nobody knows. Only with the last one.
    std::uint32_t keep_ms = 0;

    friend bool operator==(const Answer&, const Answer&) = default;
};
/// Why there is no answer: for programs (code, retry_after_ms, detail) and for people (text).
struct Refusal {
    std::uint32_t id = 0;
    std::uint16_t code = 0;            ///< not 0
    std::uint32_t retry_after_ms = 0;  ///< 0: asking again is of no use
    std::string text;                  ///< printable ASCII
    Bytes detail;

    friend bool operator==(const Refusal&, const Refusal&) = default;
};
struct Cancel {
    std::uint32_t id = 0;

    friend bool operator==(const Cancel&, const Cancel&) = default;
};
using RequestFrame = std::variant<Request, Answer, Refusal, Cancel>;

/// Appends the frame and its length. All fields are within their bounds (checked).
void append_frame(Bytes& to, const RequestFrame& frame);
/// A frame without its length. kMalformed, kUnsupported for a kind that this version doesn't know.
Result<RequestFrame> read_frame(ByteView frame);

/// Whether a name can stand in a request.
bool is_request_name(std::string_view name);

}  // namespace sov::streams
