#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

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
    /// Writes again what could not be written and is only known here: lists (own names, friends,
    /// blocks), and values to keep in the network or to keep no longer, the newest of each. While
    /// there is a problem() also what changes nothing, so that its end is noticed. What others have
    /// to do with comes again by itself: they publish it again.
    void write_again();
    /// Empty while writes succeed.
    std::string problem() const { return store_.health(); }

  private:
    class Router;

    /// Submits a write whose failure nobody waits for.
    void submit(ports::StoreWrite write, std::string_view what);
    /// What a write replaces on the disk: the list of its kind, or one value of ours.
    using Place = std::tuple<std::size_t, Key, PeerId>;
    static Place place_of(const ports::StoreWrite& write);
    struct Replacing {
        ports::StoreWrite write;
        std::string what;
        bool told = false;  ///< the log tells of its failure
    };
    /// Places whose newest write is not on the disk. Answers come on the store's thread, perhaps
    /// when this object has gone.
    struct Unsaved {
        struct Newest {
            std::uint64_t serial = 0;
            std::optional<Replacing> failed;  ///< nothing while the answer is awaited
        };
        std::mutex mutex;  // guards the places
        std::map<Place, Newest> places;
    };
    /// Values that are kept no longer need room, too; what fails past it is not written again.
    static constexpr std::size_t kUnsavedMax = 1024;

    /// Submits what replaces something stored; if it can't be written it is kept for write_again(),
    /// until something newer comes for its place. `done` may be empty; it hears of this attempt
    /// alone.
    void submit_replacing(Replacing replacing, std::function<void(bool ok)> done = {});

    ports::Store& store_;
    LogSink& log_;
    Confirm confirm_;
    std::uint64_t replacing_submitted_ = 0;
    std::shared_ptr<Unsaved> unsaved_ = std::make_shared<Unsaved>();
};

}  // namespace sov::app
