#include "client/call_error.h"

#include <algorithm>
#include <array>
#include <string>

#include "sovereign/v1/access.pb.h"

namespace sov::client {
namespace {

/// Our word for a status that came without the daemon's.
std::string_view word_for(grpc::StatusCode status) {
    switch (status) {
        case grpc::StatusCode::OK: return "ok";
        case grpc::StatusCode::CANCELLED: return "cancelled";
        case grpc::StatusCode::INVALID_ARGUMENT:
        case grpc::StatusCode::OUT_OF_RANGE: return "invalid_argument";
        case grpc::StatusCode::DEADLINE_EXCEEDED: return "timed_out";
        case grpc::StatusCode::NOT_FOUND: return "not_found";
        case grpc::StatusCode::ALREADY_EXISTS: return "exists";
        case grpc::StatusCode::PERMISSION_DENIED:
        case grpc::StatusCode::UNAUTHENTICATED: return "wrong_role";
        case grpc::StatusCode::RESOURCE_EXHAUSTED: return "over_quota";
        case grpc::StatusCode::FAILED_PRECONDITION: return "wrong_state";
        case grpc::StatusCode::UNIMPLEMENTED: return "not_supported";
        case grpc::StatusCode::UNAVAILABLE: return "connection_lost";
        case grpc::StatusCode::UNKNOWN:
        case grpc::StatusCode::ABORTED:
        case grpc::StatusCode::INTERNAL:
        case grpc::StatusCode::DATA_LOSS:
        case grpc::StatusCode::DO_NOT_USE: return "failed";
    }
    return "failed";
}

/// gRPC's own text where it helps, ours where it would puzzle.
std::string sentence_for(const grpc::Status& status) {
    switch (status.error_code()) {
        case grpc::StatusCode::DEADLINE_EXCEEDED: return "the daemon did not answer in time";
        case grpc::StatusCode::CANCELLED: return "interrupted";
        case grpc::StatusCode::UNAVAILABLE:
            return "the daemon closed the connection: it has ended, this user has too many, or "
                   "calls came as a flood";
        case grpc::StatusCode::UNIMPLEMENTED:
            return "the daemon does not know this call: it is older or newer than this program";
        default: return status.error_message();
    }
}

bool is_verification(std::string_view word) {
    constexpr std::array<std::string_view, 7> kWords = {
        "bad_signature", "wrong_key", "wrong_network",     "insufficient_work",
        "stale",         "expired",   "second_key_changed"};
    return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

}  // namespace

int exit_code_for(grpc::StatusCode status, std::string_view word) {
    if (is_verification(word)) return 10;
    switch (status) {
        case grpc::StatusCode::OK: return 0;
        case grpc::StatusCode::INVALID_ARGUMENT:
        case grpc::StatusCode::OUT_OF_RANGE: return 2;
        case grpc::StatusCode::UNAVAILABLE: return 3;
        case grpc::StatusCode::PERMISSION_DENIED:
        case grpc::StatusCode::UNAUTHENTICATED: return 4;
        case grpc::StatusCode::NOT_FOUND: return 5;
        case grpc::StatusCode::DEADLINE_EXCEEDED: return 6;
        case grpc::StatusCode::ALREADY_EXISTS:
        case grpc::StatusCode::FAILED_PRECONDITION: return 8;
        case grpc::StatusCode::UNIMPLEMENTED: return 9;
        case grpc::StatusCode::RESOURCE_EXHAUSTED: return 11;
        case grpc::StatusCode::CANCELLED: return 130;
        case grpc::StatusCode::UNKNOWN:
        case grpc::StatusCode::ABORTED:
        case grpc::StatusCode::INTERNAL:
        case grpc::StatusCode::DATA_LOSS:
        case grpc::StatusCode::DO_NOT_USE: return 1;
    }
    return 1;
}

Error call_error(const grpc::Status& status) {
    Error error;
    error.grpc_status = status.error_code();
    sovereign::v1::ErrorDetail detail;
    if (!status.error_details().empty() && detail.ParseFromString(status.error_details())) {
        error.code = detail.code();
        error.field = detail.field();
        error.message = detail.message();
        error.hint = detail.hint();
    }
    if (error.code.empty()) error.code = word_for(status.error_code());
    if (error.message.empty()) error.message = sentence_for(status);
    error.exit_code = exit_code_for(status.error_code(), error.code);
    return error;
}

}  // namespace sov::client
