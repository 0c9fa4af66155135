#include "daemon/api/audit_log.h"

#include <gtest/gtest.h>

namespace sov::api {
namespace {

using std::chrono::seconds;
using Time = AuditLog::Time;

/// An audit log whose entries end up in `entries`.
struct Book {
    EventHistory history{std::string(AuditLog::kRefused)};
    std::vector<sovereign::v1::Event> entries;
    AuditLog log{history, [this](const auto& entry) { entries.push_back(entry); }};
};

AuditLog::Call call_of(uid_t user, std::string_view method, std::string_view subject = {}) {
    return {{user, user, 77, {}, "chat/1.2"}, Role::kUse, method, subject};
}

/// Reads what a history remembers.
class Reader final : public EventReader {
  public:
    explicit Reader(EventHistory& history) : history_(history) {
        EXPECT_TRUE(history.join(*this, {}, {0, true}));
    }
    ~Reader() override { history_.part(*this); }
    void give(SharedEvent) override {}
    void leave() override {}
    std::vector<SharedEvent> all() {
        std::vector<SharedEvent> taken;
        while (auto event = history_.take(*this)) taken.push_back(std::move(event));
        return taken;
    }

  private:
    EventHistory& history_;
};

TEST(AuditLog, says_who_did_what_and_what_came_of_it) {
    Book book;
    book.log.ended(call_of(1000, "/sovereign.v1.Node/SetLayer", "ble off"), "");
    book.log.ended(call_of(1000, "/sovereign.v1.Local/AddFriend", "sov1x"), "over_quota");
    ASSERT_EQ(book.entries.size(), 2U);
    EXPECT_EQ(book.entries[0].type(), "audit.change");
    EXPECT_EQ(book.entries[0].summary(),
              "uid 1000 (chat/1.2, process 77, use): Node/SetLayer ble off");
    EXPECT_EQ(book.entries[1].type(), "audit.failed");
    EXPECT_EQ(book.entries[1].audited().code(), "over_quota");
    EXPECT_EQ(book.entries[1].audited().method(), "Local/AddFriend");
    EXPECT_EQ(Reader(book.history).all().size(), 2U);
}

TEST(AuditLog, writes_the_same_refusal_once_a_minute_and_how_often_it_came) {
    Book book;
    const auto call = call_of(1001, "/sovereign.v1.Node/Block");
    for (int count = 0; count < 5; ++count) book.log.refused(call, "wrong_role", Time{});
    ASSERT_EQ(book.entries.size(), 1U);
    EXPECT_EQ(book.entries[0].audited().times(), 1U);
    book.log.refused(call_of(1002, "/sovereign.v1.Node/Block"), "wrong_role", Time{});
    book.log.refused(call_of(1001, "/sovereign.v1.Node/Unblock"), "wrong_role", Time{});
    EXPECT_EQ(book.entries.size(), 3U) << "another user, another method";
    book.log.refused(call, "wrong_role", Time{} + AuditLog::kRefusalPause);
    ASSERT_EQ(book.entries.size(), 4U);
    EXPECT_EQ(book.entries[3].audited().times(), 5U);
    EXPECT_TRUE(book.entries[3].summary().ends_with("wrong_role, 5 times"));
}

TEST(AuditLog, tells_so_many_kinds_of_refusals_apart_and_no_more) {
    Book book;
    for (uid_t user = 0; user < AuditLog::kRefusalsMax + 10; ++user)
        book.log.refused(call_of(user, "/sovereign.v1.Node/Block"), "wrong_role", Time{});
    EXPECT_EQ(book.entries.size(), AuditLog::kRefusalsMax);
    book.log.refused(call_of(5000, "/sovereign.v1.Node/Block"), "wrong_role",
                     Time{} + AuditLog::kRefusalPause);
    EXPECT_EQ(book.entries.size(), AuditLog::kRefusalsMax + 1) << "the old ones are over";
}

TEST(AuditLog, keeps_changes_however_many_refusals_come) {
    Book book;
    book.log.ended(call_of(0, "/sovereign.v1.Node/Shutdown"), "");
    Time now{};
    for (std::size_t count = 0; count < 3 * EventHistory::kRemembered; ++count)
        book.log.refused(call_of(1001, "/sovereign.v1.Node/Block"), "wrong_role",
                         now += AuditLog::kRefusalPause);
    Reader reader(book.history);
    const auto all = reader.all();
    ASSERT_EQ(all.size(), EventHistory::kRemembered);
    EXPECT_EQ(all.front()->type(), "audit.change");
}

TEST(AuditLog, writes_one_short_line_whatever_a_caller_says) {
    Book book;
    book.log.ended(
        call_of(1, "/sovereign.v1.Node/SetLayer", "x\ny\x1b[2J" + std::string(9000, 'z')),
        "invalid_argument");
    const std::string& subject = book.entries.at(0).audited().subject();
    EXPECT_EQ(subject.size(), AuditLog::kSubjectMax);
    EXPECT_TRUE(subject.starts_with("x?y?[2Jz"));
}

}  // namespace
}  // namespace sov::api
