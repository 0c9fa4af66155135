#include "daemon/core/base/result.h"

#include <string>

namespace sov {

namespace {

class ErrcCategory final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "sovereign"; }
    std::string message(int value) const override {
        return std::string(errc_name(static_cast<Errc>(value)));
    }
};

}  // namespace

std::string_view errc_name(Errc code) {
    switch (code) {
        case Errc::kMalformed: return "malformed";
        case Errc::kTooLarge: return "too_large";
        case Errc::kBadSignature: return "bad_signature";
        case Errc::kWrongNetwork: return "wrong_network";
        case Errc::kWrongKey: return "wrong_key";
        case Errc::kStale: return "stale";
        case Errc::kExpired: return "expired";
        case Errc::kUnauthorized: return "unauthorized";
        case Errc::kOverQuota: return "over_quota";
        case Errc::kBusy: return "busy";
        case Errc::kUnsupported: return "unsupported";
        case Errc::kNotFound: return "not_found";
        case Errc::kInvalidArgument: return "invalid_argument";
        case Errc::kNoPeers: return "no_peers";
        case Errc::kTimedOut: return "timed_out";
        case Errc::kCancelled: return "cancelled";
        case Errc::kExists: return "exists";
        case Errc::kInsufficientWork: return "insufficient_work";
        case Errc::kConflict: return "conflict";
        case Errc::kSecondKeyChanged: return "second_key_changed";
    }
    return "unknown";
}

const boost::system::error_category& errc_category() {
    static const ErrcCategory category;
    return category;
}

void throw_exception_from_error(Errc code, const boost::source_location& where) {
    boost::throw_with_location(boost::system::system_error(make_error_code(code)), where);
}

}  // namespace sov
