#include "daemon/api/core_bridge.h"

#include <mutex>
#include <optional>
#include <utility>
#include <variant>

namespace sov::api {

/// Answers exactly once: with what it is given, or with null when nobody is left to give anything.
/// Shared by the posted work and the table of waiting commands, whichever of them lives longer.
class CoreBridge::Pending {
  public:
    explicit Pending(Answer answer) : answer_(std::move(answer)) {}
    ~Pending() {
        if (answer_) answer_(nullptr);
    }
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    void give(const Event& event) { std::exchange(answer_, nullptr)(&event); }

  private:
    Answer answer_;
};

namespace {

/// Runs its work once; with null at the end of its life when the core never did.
class Question {
  public:
    explicit Question(std::function<void(Instant, Node*)> work) : work_(std::move(work)) {}
    ~Question() {
        if (work_) work_(Instant{}, nullptr);
    }
    Question(const Question&) = delete;
    Question& operator=(const Question&) = delete;

    void run(Instant now, Node& node) { std::exchange(work_, nullptr)(now, &node); }

  private:
    std::function<void(Instant, Node*)> work_;
};

/// The work that runs on this thread, if there is any.
struct Turn {
    Instant now;
    Node* node;
    const void* bridge;
};
thread_local const Turn* turn = nullptr;

std::optional<CommandId> command_of(const Event& event) {
    return std::visit(
        [](const auto& kind) -> std::optional<CommandId> {
            if constexpr (requires { kind.command; }) {
                if (kind.command != kNoCommand) return kind.command;
            }
            return std::nullopt;
        },
        event);
}

}  // namespace

bool CoreBridge::post(Work work) {
    const std::shared_lock lock(post_mutex_);
    if (!post_) return false;
    post_(std::move(work));
    return true;
}

void CoreBridge::ask(std::function<void(Instant now, Node* node)> work) {
    // std::function wants to be copied, so the question is shared by the copies.
    auto question = std::make_shared<Question>(std::move(work));
    post([this, question](Instant now, Node& node) {
        const Turn here{now, &node, this};
        const Turn* before = std::exchange(turn, &here);
        question->run(now, node);
        turn = before;
    });
}

void CoreBridge::go_on(std::function<void(Instant now, Node* node)> work) {
    if (turn == nullptr || turn->bridge != this) return ask(std::move(work));
    work(turn->now, turn->node);
}

void CoreBridge::command(Ticket ticket, Begin begin, Answer answer, Meanwhile meanwhile) {
    auto pending = std::make_shared<Pending>(std::move(answer));
    post([this, ticket, pending, begin = std::move(begin), meanwhile = std::move(meanwhile)](
             Instant now, Node& node) {
        // The event comes when the driver drains the node, which is after this returns.
        const CommandId id = begin(now, node);
        waiting_.emplace(static_cast<std::uint64_t>(id), Waiting{ticket, pending, meanwhile});
        command_of_.emplace(static_cast<std::uint64_t>(ticket), id);
    });
}

void CoreBridge::cancel(Ticket ticket) {
    post([this, ticket](Instant now, Node& node) {
        const auto found = command_of_.find(static_cast<std::uint64_t>(ticket));
        if (found != command_of_.end()) node.cancel(now, found->second);
    });
}

void CoreBridge::handle_event(const Event& event) {
    if (const auto* news = std::get_if<ProviderConfirmed>(&event)) {
        const auto finding = waiting_.find(static_cast<std::uint64_t>(news->finding));
        if (finding != waiting_.end() && finding->second.meanwhile)
            finding->second.meanwhile(*news);
        return;
    }
    const auto id = command_of(event);
    if (!id) return;
    const auto found = waiting_.find(static_cast<std::uint64_t>(*id));
    if (found == waiting_.end()) return;
    const auto pending = std::move(found->second.pending);
    command_of_.erase(static_cast<std::uint64_t>(found->second.ticket));
    waiting_.erase(found);
    pending->give(event);
}

void CoreBridge::close() {
    {
        const std::lock_guard lock(post_mutex_);
        post_ = nullptr;
    }
    command_of_.clear();
    // Answering may look at waiting(), so the table is empty before the first answer.
    const auto left = std::exchange(waiting_, {});
}

}  // namespace sov::api
