#include "daemon/api/hub_bridge.h"

#include <optional>
#include <utility>
#include <variant>

namespace sov::api {

/// Answers exactly once, with null when nobody is left to give anything.
class HubBridge::Pending {
  public:
    explicit Pending(Answer answer) : answer_(std::move(answer)) {}
    ~Pending() {
        if (answer_) answer_(nullptr);
    }
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;

    void give(const hub::HubEvent& event) { std::exchange(answer_, nullptr)(&event); }

  private:
    Answer answer_;
};

void HubBridge::command(CoreBridge::Ticket ticket, Begin begin, Answer answer) {
    auto pending = std::make_shared<Pending>(std::move(answer));
    bridge_.ask([this, ticket, pending = std::move(pending), begin = std::move(begin)](
                    Instant now, const Node* node) {
        // Without a core the question lets go of what waits, which answers it.
        if (node == nullptr) return;
        const CommandId id = begin(now, *hub_);
        waiting_.emplace(static_cast<std::uint64_t>(id), Waiting{ticket, pending});
        command_of_.emplace(static_cast<std::uint64_t>(ticket), id);
    });
}

void HubBridge::follow(CoreBridge::Ticket ticket, const PeerId& peer, Follower follower) {
    bridge_.ask([this, ticket, peer, follower = std::move(follower)](Instant, const Node* node) {
        if (node != nullptr)
            followers_[static_cast<std::uint64_t>(ticket)] = Following{peer, follower};
    });
}

void HubBridge::cancel(CoreBridge::Ticket ticket) {
    bridge_.ask([this, ticket](Instant now, const Node* node) {
        if (node == nullptr) return;
        const auto found = command_of_.find(static_cast<std::uint64_t>(ticket));
        if (found != command_of_.end()) hub_->cancel(now, found->second);
    });
}

void HubBridge::handle_event(const hub::HubEvent& event) {
    if (const auto* stepped = std::get_if<hub::ConnectStepped>(&event)) {
        for (const auto& [ticket, one] : followers_) {
            if (one.peer == stepped->peer) one.follower(stepped->step);
        }
        return;
    }
    const auto id = std::visit(
        [](const auto& kind) -> std::optional<CommandId> {
            if constexpr (requires { kind.command; }) return kind.command;
            return std::nullopt;
        },
        event);
    if (!id) return;
    const auto found = waiting_.find(static_cast<std::uint64_t>(*id));
    if (found == waiting_.end()) return;
    const auto pending = std::move(found->second.pending);
    command_of_.erase(static_cast<std::uint64_t>(found->second.ticket));
    followers_.erase(static_cast<std::uint64_t>(found->second.ticket));
    waiting_.erase(found);
    pending->give(event);
}

void HubBridge::close() {
    command_of_.clear();
    followers_.clear();
    // Answering may look here again, so the table is empty before the first answer.
    const auto left = std::exchange(waiting_, {});
}

}  // namespace sov::api
