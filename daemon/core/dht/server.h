#pragma once

#include <map>
#include <utility>
#include <vector>

#include "daemon/core/dht/context.h"
#include "daemon/core/wire/provider_messages.h"

namespace sov::dht {

/// Who asks, as the session proved it.
struct Requester {
    NodeKey key;
    Endpoint from;
    bool first = false;      ///< rode in an init: idempotent reads only
    bool validated = false;  ///< known to receive at `from`
};

/// An answer that had to wait for the disk.
struct LateAnswer {
    NodeKey to;
    Endpoint endpoint;
    Bytes message;
};

/// Answers other nodes. Nothing here remembers who asked, except writes that wait for the disk (at
/// most 4096; past it they are refused as busy). FIND_NODE allocates nothing: it sorts handles on
/// the stack and writes contacts straight into the outgoing datagram.
class Server {
  public:
    /// Writes the answer; false when there is none (yet).
    bool answer(Instant now, Context& context, const Requester& requester, const wire::Head& head,
                ByteReader body, ByteWriter& out);
    /// A sample of the offers at a key, as many as fit, and contacts as GET gives them.
    void find_providers(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                        const wire::FindProviders& body, ByteWriter& out);
    /// Whether one more write may wait for the disk.
    bool can_wait() const { return waiting_.size() < kWaitingMax; }
    /// Sends `answer`, a whole message, when the disk has what this ticket stands for; busy when it
    /// can't have it.
    void wait_for_disk(std::uint64_t ticket, const Requester& requester, std::uint32_t request_id,
                       Bytes answer);
    /// The disk has a record, or can't have it.
    void handle_persisted(std::uint64_t ticket, bool ok);
    std::vector<LateAnswer> take_late_answers() { return std::exchange(late_, {}); }

  private:
    struct Waiting {
        NodeKey to;
        Endpoint endpoint;
        std::uint32_t request_id = 0;
        Bytes answer;
    };
    static constexpr std::size_t kWaitingMax = 4096;

    void find_node(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                   const wire::FindNode& body, ByteWriter& out);
    void get(Instant now, Context& context, const Requester& requester, std::uint32_t id,
             const wire::Get& body, ByteWriter& out);
    bool store(Instant now, Context& context, const Requester& requester, std::uint32_t id,
               const wire::Store& body, bool tombstone, ByteWriter& out);
    void touch(Instant now, Context& context, const Requester& requester, std::uint32_t id,
               const wire::Touch& body, ByteWriter& out);
    void write_contacts(Instant now, Context& context, const Requester& requester,
                        const Key& target, std::uint8_t want, ByteWriter& out);

    std::map<std::uint64_t, Waiting> waiting_;  ///< by ticket
    std::vector<LateAnswer> late_;
};

}  // namespace sov::dht
