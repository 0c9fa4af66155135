#pragma once

#include <boost/system/result.hpp>
#include <string_view>
#include <type_traits>

// Expected failure in the core: Result<T> with our own error codes. No allocation, no exception for
// anything that a peer or an app sent.

namespace sov {

/// Why something was refused. The words (errc_name) are stable: they appear in the API and in logs.
enum class Errc : int {
    kMalformed = 1,     ///< bytes do not follow the layout in docs/protocol.md
    kTooLarge,          ///< longer or more than the limit named beside the check
    kBadSignature,      ///< a signature, MAC or seal does not verify
    kWrongNetwork,      ///< made for another network id
    kWrongKey,          ///< stored under a key that its content does not belong to
    kStale,             ///< an older sequence number than the one already held
    kExpired,           ///< its lifetime is over
    kUnauthorized,      ///< no valid token, or not the owner
    kOverQuota,         ///< the limit for this owner, key or subnet is reached
    kBusy,              ///< the replica sheds load: try again later or elsewhere
    kUnsupported,       ///< a message kind that this version does not know
    kNotFound,          ///< nothing there
    kInvalidArgument,   ///< a caller's argument is out of its range
    kNoPeers,           ///< nobody to ask: the node is not connected to anyone
    kTimedOut,          ///< nobody answered in time
    kCancelled,         ///< the caller gave up
    kExists,            ///< already there
    kInsufficientWork,  ///< proof of work missing or too small
    kConflict,          ///< somebody stored another version meanwhile
    kSecondKeyChanged,  ///< a friend had another second key, or had one
};

/// The stable lower-case word for a code, as in "bad_signature".
std::string_view errc_name(Errc code);

const boost::system::error_category& errc_category();

inline boost::system::error_code make_error_code(Errc code) {
    return {static_cast<int>(code), errc_category()};
}

template <typename T>
using Result = boost::system::result<T, Errc>;

/// What boost::system::result throws when value() is called on an error. The core never does that;
/// the outer floors may, at start-up.
[[noreturn]] void throw_exception_from_error(Errc code, const boost::source_location& where);

}  // namespace sov

namespace boost::system {
template <>
struct is_error_code_enum<sov::Errc> : std::true_type {};
}  // namespace boost::system
