#pragma once

#include <memory>
#include <vector>

#include "daemon/core/base/outbox.h"
#include "daemon/core/dht/dht.h"
#include "daemon/core/discovery/bootstrap_layer.h"
#include "daemon/core/discovery/coordinator.h"
#include "daemon/core/discovery/dht_layer.h"
#include "daemon/core/guard/eclipse_check.h"
#include "daemon/core/guard/shaper.h"
#include "daemon/core/node.h"
#include "daemon/core/node_local.h"
#include "daemon/core/session/exchange.h"

namespace sov {

/// The parts of a node and what runs between them. No protocol lives here.
class Node::Parts {
  public:
    Parts(Surroundings surroundings, const NodeOptions& options, const RestoredState& restored,
          UnixMillis wall_clock, std::uint64_t seed);

    /// Brackets every input: outputs of the last one must have been drained, and all parts settle.
    void begin_input(Instant now);
    void end_input(Instant now);

    void route(Instant now, const session::Received& received);
    void push_event(Event event, bool routine);
    std::vector<LayerStatus> layers() const;
    /// Looks whether others surround us, once a minute.
    void look_around(Instant now);
    /// What a layer of the neighbourhood saw is over.
    void layer_off(Instant now, std::string_view layer);
    CommandId next_command() { return CommandId{next_command_++}; }

    Surroundings surroundings;
    NodeTraits options;
    std::unique_ptr<const Limits> own_limits;  ///< none where limits are shared
    const Limits& limits;
    PeerId peer_id;
    Counters counters;
    Rng rng;
    guard::Shaper shaper;
    session::SessionTable sessions;
    session::Exchange exchange;
    dht::Dht dht;
    guard::EclipseCheck eclipse;
    discovery::Coordinator coordinator;
    discovery::BootstrapLayer* bootstrap = nullptr;  ///< owned by the coordinator
    discovery::DhtLayer* dht_layer = nullptr;        ///< owned by the coordinator

    std::unique_ptr<LocalDiscovery> local;  ///< only with NodeOptions::local

    std::vector<std::unique_ptr<Transmit>> outgoing;
    std::size_t outgoing_head = 0;
    std::vector<Event> event_queue;
    std::size_t event_head = 0;
    std::uint64_t next_command_ = 1;
    Instant last_input{};
    bool started = false, unsettled = false, withdrawing = false;

  private:
    void route_request(Instant now, const session::Received& received, const wire::Head& head,
                       ByteReader body);
    bool answer_introduction(Instant now, const session::Received& received, const wire::Head& head,
                             ByteReader body, ByteWriter& answer);
    bool settle_round(Instant now);
    bool settle_local(Instant now);
    void note_evidence(Instant now, const discovery::Evidence& evidence);
    void tell_local(Instant now);
    /// The signed peer record that the radio shows, while there is a radio layer.
    void renew_shown_record(Instant now);
    /// True when the event is for a part of the node and not for the outside.
    bool take_local_event(dht::Event& event);
    bool take_friend_event(dht::Event& event);
    void take_events();
    void update_progress();
    Outbox outbox() { return Outbox(surroundings.packets, outgoing); }

    discovery::Progress told_progress_ = discovery::Progress::kStarting;
};

}  // namespace sov
