#include "daemon/api/connection_reason.h"

#include <gtest/gtest.h>

namespace sov::api {
namespace {

hub::DialAttempt ended_with(std::string outcome) {
    hub::DialAttempt attempt;
    attempt.outcome = std::move(outcome);
    return attempt;
}

hub::ConnectionView over(hub::PathClass path, std::string carrier) {
    hub::ConnectionView connection;
    connection.path = path;
    connection.carrier = std::move(carrier);
    return connection;
}

TEST(ConnectionReason, ADirectPathNeedsNothing) {
    const auto why = reason_of(over(hub::PathClass::kDirect, "ice"), {}, std::nullopt, "bob");
    EXPECT_EQ(why.reason, "direct: the routers between let the two sides through to each other");
    EXPECT_EQ(why.next_step, "");
}

TEST(ConnectionReason, ARelayedPathSaysWhatIsMissing) {
    hub::IceReport call;
    const auto blind = reason_of(over(hub::PathClass::kRelayed, "ice"), {}, call, "bob");
    EXPECT_NE(blind.reason.find("neither side knows its own address"), std::string::npos);
    IceCandidate outside;
    outside.kind = CandidateKind::kServerReflexive;
    call.ours = {outside};
    call.rounds = 3;
    const auto tried = reason_of(over(hub::PathClass::kRelayed, "ice"), {}, call, "bob");
    EXPECT_NE(tried.reason.find("in 3 searches"), std::string::npos);
    EXPECT_FALSE(tried.next_step.empty());
}

TEST(ConnectionReason, WhatThePeerRefusedStandsBeforeWhatTheNetworkDid) {
    hub::IceReport call;
    call.outcome = "no_answer";
    const auto why =
        reason_of(std::nullopt, {ended_with("no_answer"), ended_with("not_admitted")}, call, "bob");
    EXPECT_NE(why.reason.find("friends only"), std::string::npos);
    EXPECT_NE(why.next_step.find("sovctl friend add"), std::string::npos);
}

TEST(ConnectionReason, ACallWithoutAnswerIsExplainedWithItsNextStepApart) {
    hub::IceReport call;
    call.outcome = "clocks_apart";
    const auto why = reason_of(std::nullopt, {ended_with("clocks_apart")}, call, "bob");
    EXPECT_EQ(why.reason, "the clocks of the two hosts are more than two minutes apart");
    EXPECT_EQ(why.next_step, "set them");
}

TEST(ConnectionReason, WhereNothingWasTriedThatIsSaid) {
    EXPECT_EQ(reason_of(std::nullopt, {}, std::nullopt, "bob").next_step, "sovctl connect bob");
    EXPECT_NE(reason_of(std::nullopt, {ended_with("no_answer")}, std::nullopt, "bob")
                  .reason.find("no_answer"),
              std::string::npos);
}

}  // namespace
}  // namespace sov::api
