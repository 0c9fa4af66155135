#pragma once

#include <functional>
#include <string>

#include "daemon/app/log_sink.h"
#include "daemon/core/event.h"
#include "daemon/core/node.h"
#include "daemon/ports/store.h"

namespace sov::app {

/// What the store held, in the node's terms. Lifetimes are counted from `now`, this host's wall
/// clock.
RestoredState restored_from(const ports::StoredState& stored, UnixMillis now);

/// Carries the node's requests for persistence to the store and its answers back. Where the two
/// count time differently (the node since its start, the store by the wall clock), this converts.
class Persistence {
  public:
    /// Brings an answer to the node, on the core thread; called on the store's thread.
    using Confirm = std::function<void(std::uint64_t ticket, bool ok)>;

    Persistence(ports::Store& store, LogSink& log, Confirm confirm)
        : store_(store), log_(log), confirm_(std::move(confirm)) {}

    /// Submits what the event asks for; nothing for other events. Core thread.
    void handle_event(Instant now, const Event& event);
    /// Remembers whom to ask after the next start.
    void save_peers(const Node& node, Instant now);
    void forget_pin(std::string_view name);
    /// Empty while writes succeed.
    std::string problem() const { return store_.health(); }

  private:
    class Router;

    /// Submits a write whose failure nobody waits for.
    void submit(ports::StoreWrite write, std::string_view what);

    ports::Store& store_;
    LogSink& log_;
    Confirm confirm_;
};

}  // namespace sov::app
