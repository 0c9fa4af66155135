#include "client/call_error.h"

#include <gtest/gtest.h>

#include "client/enum_word.h"
#include "sovereign/v1/access.pb.h"
#include "sovereign/v1/dht.pb.h"
#include "sovereign/v1/node.pb.h"

namespace sov::client {
namespace {

TEST(ExitCode, follows_the_table_of_the_operations_manual) {
    using grpc::StatusCode;
    const std::pair<StatusCode, int> table[] = {
        {StatusCode::OK, 0},
        {StatusCode::INTERNAL, 1},
        {StatusCode::UNKNOWN, 1},
        {StatusCode::ABORTED, 1},
        {StatusCode::DATA_LOSS, 1},
        {StatusCode::INVALID_ARGUMENT, 2},
        {StatusCode::OUT_OF_RANGE, 2},
        {StatusCode::UNAVAILABLE, 3},
        {StatusCode::PERMISSION_DENIED, 4},
        {StatusCode::UNAUTHENTICATED, 4},
        {StatusCode::NOT_FOUND, 5},
        {StatusCode::DEADLINE_EXCEEDED, 6},
        {StatusCode::ALREADY_EXISTS, 8},
        {StatusCode::FAILED_PRECONDITION, 8},
        {StatusCode::UNIMPLEMENTED, 9},
        {StatusCode::RESOURCE_EXHAUSTED, 11},
        {StatusCode::CANCELLED, 130},
    };
    for (const auto& [status, code] : table)
        EXPECT_EQ(exit_code_for(status, "any"), code) << status;
}

TEST(ExitCode, what_does_not_verify_is_no_mere_bad_argument) {
    for (const char* word :
         {"bad_signature", "wrong_key", "wrong_network", "insufficient_work", "stale", "expired"}) {
        EXPECT_EQ(exit_code_for(grpc::StatusCode::INVALID_ARGUMENT, word), 10) << word;
    }
}

TEST(CallError, carries_the_daemons_own_words) {
    sovereign::v1::ErrorDetail detail;
    detail.set_code("no_peers");
    detail.set_field("target.name");
    detail.set_message("not connected to anybody");
    detail.set_hint("see 'sovctl status'");
    const Error error =
        call_error({grpc::StatusCode::FAILED_PRECONDITION, "shorter", detail.SerializeAsString()});
    EXPECT_EQ(error.code, "no_peers");
    EXPECT_EQ(error.field, "target.name");
    EXPECT_EQ(error.message, "not connected to anybody");
    EXPECT_EQ(error.hint, "see 'sovctl status'");
    EXPECT_EQ(error.grpc_status, 9);
    EXPECT_EQ(error.exit_code, 8);
}

TEST(CallError, a_status_without_details_is_put_into_words) {
    EXPECT_EQ(call_error({grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"}).message,
              "the daemon did not answer in time");
    const Error lost = call_error({grpc::StatusCode::UNAVAILABLE, "Socket closed"});
    EXPECT_EQ(lost.code, "connection_lost");
    EXPECT_EQ(lost.message.find("Socket closed"), std::string::npos);
    EXPECT_EQ(call_error({grpc::StatusCode::INTERNAL, "boom"}).message, "boom");
}

TEST(CallError, details_that_are_not_ours_are_ignored) {
    const Error error = call_error({grpc::StatusCode::NOT_FOUND, "gone", "\xff\xff\xff"});
    EXPECT_EQ(error.code, "not_found");
    EXPECT_EQ(error.message, "gone");
}

TEST(EnumWord, drops_the_prefix_and_survives_newer_values) {
    EXPECT_EQ(word(sovereign::v1::OUTCOME_TIMEOUT), "timeout");
    EXPECT_EQ(word(sovereign::v1::LOG_LEVEL_WARNING), "warning");
    EXPECT_EQ(word(sovereign::v1::FAMILY_IPV4), "ipv4");
    EXPECT_EQ(word(sovereign::v1::NODE_MODE_AUTO), "auto");
    EXPECT_EQ(word(sovereign::v1::OUTCOME_UNSPECIFIED), "");
    EXPECT_EQ(word(static_cast<sovereign::v1::Outcome>(99)), "unknown_99");
}

}  // namespace
}  // namespace sov::client
