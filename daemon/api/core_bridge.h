#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "daemon/io/node_driver.h"

namespace sov::api {

/// Carries work from gRPC's threads to the core thread and the answers back. Whatever happens,
/// every caller is answered exactly once: when the daemon leaves, or drops posted work, with null.
/// Holds one small entry for each command that the node works on; the node bounds their number.
class CoreBridge {
  public:
    using Work = io::NodeDriver::Work;
    /// Hands work to the core thread; NodeDriver::post or a stand-in.
    using Post = std::function<void(Work)>;
    /// Names a command from the moment it is asked for, before the node has given it an id.
    enum class Ticket : std::uint64_t {};

    explicit CoreBridge(Post post) : post_(std::move(post)) {}
    CoreBridge(const CoreBridge&) = delete;
    CoreBridge& operator=(const CoreBridge&) = delete;

    /// Runs `work(now, &node)` on the core thread, or `work(_, nullptr)` on any thread when there
    /// is no core any more. Thread-safe.
    void ask(std::function<void(Instant now, Node* node)> work);
    /// As ask(), but runs `work` before it returns when it is called from within such work: for
    /// what goes on where something else has left off, without another turn of the loop.
    void go_on(std::function<void(Instant now, Node* node)> work);

    using Begin = std::function<CommandId(Instant now, Node& node)>;
    using Answer = std::function<void(const Event* event)>;
    using Meanwhile = std::function<void(const ProviderConfirmed& news)>;
    /// Runs `begin` on the core thread and calls `answer` with the event that carries its command
    /// id, on the core thread; with null, on any thread, when there is no core any more.
    /// `meanwhile` hears what is told before, on the core thread. Thread-safe.
    void command(Ticket ticket, Begin begin, Answer answer, Meanwhile meanwhile = {});
    /// A ticket for one command. Taken first, so that it is known before the answer can come.
    Ticket reserve_ticket() { return static_cast<Ticket>(++last_ticket_); }
    /// Ends a command early: its answer is an event that says cancelled. Nothing when it has been
    /// answered. Thread-safe.
    void cancel(Ticket ticket);

    /// Every event of the node passes here. Core thread.
    void handle_event(const Event& event);
    /// Answers everybody who waits and everybody who still comes with null. On the core thread, or
    /// after it ended. Idempotent.
    void close();
    /// Commands that wait for their event. Core thread.
    std::size_t waiting() const { return waiting_.size(); }

  private:
    class Pending;

    /// False after close().
    bool post(Work work);

    std::shared_mutex post_mutex_;  // shared by those who post, so that nobody waits for a wake-up
    Post post_;                     // empty after close()
    std::atomic<std::uint64_t> last_ticket_{0};

    // The core thread's own.
    struct Waiting {
        Ticket ticket;
        std::shared_ptr<Pending> pending;
        Meanwhile meanwhile;
    };
    std::unordered_map<std::uint64_t, Waiting> waiting_;       // by command id
    std::unordered_map<std::uint64_t, CommandId> command_of_;  // by ticket
};

}  // namespace sov::api
