#include "daemon/api/status_codes.h"

#include <utility>

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

struct Explained {
    grpc::StatusCode code;
    const char* message;
    const char* hint;
};

/// UNAVAILABLE is left to "the daemon does not answer", so that tools can tell the two apart.
Explained explain(Errc code) {
    switch (code) {
        case Errc::kMalformed:
            return {grpc::StatusCode::INVALID_ARGUMENT, "the bytes do not follow the layout", ""};
        case Errc::kTooLarge:
            return {grpc::StatusCode::INVALID_ARGUMENT, "longer than allowed", ""};
        case Errc::kBadSignature:
            return {grpc::StatusCode::INVALID_ARGUMENT, "the signature does not verify",
                    "check that the record was made for this network id"};
        case Errc::kWrongNetwork:
            return {grpc::StatusCode::INVALID_ARGUMENT, "made for another network", ""};
        case Errc::kWrongKey:
            return {grpc::StatusCode::INVALID_ARGUMENT, "the record does not belong at this key",
                    ""};
        case Errc::kStale:
            return {grpc::StatusCode::FAILED_PRECONDITION, "a newer version is already stored", ""};
        case Errc::kExpired:
            return {grpc::StatusCode::FAILED_PRECONDITION, "its lifetime is over", ""};
        case Errc::kUnauthorized:
            return {grpc::StatusCode::ABORTED,
                    "the nodes asked refused it: no valid token or not the owner", ""};
        case Errc::kOverQuota:
            return {grpc::StatusCode::RESOURCE_EXHAUSTED, "a quota is reached",
                    "release what is not needed"};
        case Errc::kBusy:
            return {grpc::StatusCode::RESOURCE_EXHAUSTED, "too much at once",
                    "try again in a moment"};
        case Errc::kUnsupported:
            return {grpc::StatusCode::UNIMPLEMENTED, "the nodes asked do not know this request",
                    ""};
        case Errc::kNotFound: return {grpc::StatusCode::NOT_FOUND, "nothing was found", ""};
        case Errc::kInvalidArgument:
            return {grpc::StatusCode::INVALID_ARGUMENT, "out of range", ""};
        case Errc::kNoPeers:
            return {grpc::StatusCode::FAILED_PRECONDITION, "not connected to anybody",
                    "see 'sovctl status' for the bootstrap peers and what is wrong with them"};
        case Errc::kTimedOut:
            return {grpc::StatusCode::DEADLINE_EXCEEDED, "nobody answered in time", ""};
        case Errc::kCancelled: return {grpc::StatusCode::CANCELLED, "cancelled by the caller", ""};
        case Errc::kExists: return {grpc::StatusCode::ALREADY_EXISTS, "already there", ""};
        case Errc::kInsufficientWork:
            return {grpc::StatusCode::INVALID_ARGUMENT, "proof of work is missing or too small",
                    ""};
        case Errc::kConflict:
            return {grpc::StatusCode::ABORTED, "somebody stored another version meanwhile",
                    "read the value, decide again and expect the sequence number that you read"};
        case Errc::kSecondKeyChanged:
            return {grpc::StatusCode::FAILED_PRECONDITION,
                    "the record does not name the second key that this friend was seen with",
                    "ask the friend by another way; if it is right: sovctl friend repin PEER"};
    }
    return {grpc::StatusCode::INTERNAL, "unknown reason", ""};
}

}  // namespace

grpc::Status failure(grpc::StatusCode code, v1::ErrorDetail detail) {
    const std::string message = detail.message();
    return {code, message, detail.SerializeAsString()};
}

grpc::Status invalid(std::string_view field, std::string_view message) {
    v1::ErrorDetail detail;
    detail.set_code("invalid_argument");
    detail.set_field(std::string(field));
    detail.set_message(std::string(field) + ": " + std::string(message));
    return failure(grpc::StatusCode::INVALID_ARGUMENT, std::move(detail));
}

v1::ErrorDetail detail_of(Errc code, std::string_view field) {
    const Explained explained = explain(code);
    v1::ErrorDetail detail;
    detail.set_code(std::string(errc_name(code)));
    detail.set_hint(explained.hint);
    if (explained.code == grpc::StatusCode::INVALID_ARGUMENT && !field.empty()) {
        detail.set_field(std::string(field));
        detail.set_message(std::string(field) + ": " + explained.message);
    } else {
        detail.set_message(explained.message);
    }
    return detail;
}

std::string code_of(const grpc::Status& status) {
    v1::ErrorDetail detail;
    if (status.ok()) return {};
    return detail.ParseFromString(status.error_details()) ? detail.code() : "failed";
}

grpc::Status from_core(Errc code, std::string_view field) {
    return failure(explain(code).code, detail_of(code, field));
}

grpc::Status leaving() {
    v1::ErrorDetail detail;
    detail.set_code("leaving");
    detail.set_message("the daemon is leaving");
    return failure(grpc::StatusCode::UNAVAILABLE, std::move(detail));
}

}  // namespace sov::api
