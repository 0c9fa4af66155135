#pragma once

#include <map>
#include <tuple>

#include "daemon/core/dht/leases.h"
#include "daemon/core/dht/server.h"
#include "daemon/core/identity/page_gathering.h"
#include "daemon/core/wire/value_messages.h"

namespace sov::dht {

/// Answers other nodes about values and sealed items: stores them under conditions and with
/// receipts, gathers and hands out pages of values, hands out and deletes items for their
/// receivers, and grants leases to listeners. Only for nodes that have proven their
/// address. Values whose pages are still coming are bounded by Limits::assemblies_max, each
/// forgotten when no page came for assembly_time.
class ValueServer {
  public:
    explicit ValueServer(Server& server) : server_(server) {}

    static bool serves(std::uint8_t kind) {
        return kind >= static_cast<std::uint8_t>(wire::Kind::kStoreValue) &&
               kind <= static_cast<std::uint8_t>(wire::Kind::kRemove) &&
               kind != static_cast<std::uint8_t>(wire::Kind::kNotify);
    }
    /// Writes the answer; false when there is none (yet). Only for kinds that it serves.
    bool answer(Instant now, Context& context, const Requester& requester, const wire::Head& head,
                ByteReader body, ByteWriter& out);
    void handle_timeout(Instant now, Context& context);
    Instant next_timeout() const;

    Leases& leases() { return leases_; }
    const Leases& leases() const { return leases_; }
    std::size_t assemblies() const { return assemblies_.size(); }

  private:
    using Place = std::tuple<Key, PeerId, identity::RecordKind>;
    /// A value whose pages are still coming; shared by all who store the same one.
    struct Assembly {
        identity::PageGathering gathering;
        Instant expires{};
        NodeKey from;
        std::uint64_t subnet = 0;  ///< near_prefix of it; 0 where subnets don't count
    };

    bool store_value(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                     const wire::StoreValue& body, ByteWriter& out);
    bool store_page(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                    const wire::StorePage& body, ByteWriter& out);
    void get_page(Instant now, Context& context, std::uint32_t id, const wire::GetPage& body,
                  ByteWriter& out);
    Result<Assembly*> begin_assembly(Instant now, Context& context, const Requester& requester,
                                     identity::CheckedRecord record, identity::PageList pages);
    bool say_missing(const Assembly& assembly, wire::Kind kind, std::uint32_t id, ByteWriter& out);
    bool keep(Instant now, Context& context, const Requester& requester, std::uint32_t id,
              wire::Kind kind, const wire::Token& token, identity::CheckedRecord value,
              ByteWriter& out);
    bool store_item(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                    const wire::StoreValue& body, ByteWriter& out);
    void collect(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                 const wire::Collect& body, ByteWriter& out);
    void remove(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                const wire::Remove& body, ByteWriter& out);
    void listen(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                wire::Listen body, ByteWriter& out);
    bool say_held(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                  wire::Kind kind, const wire::Held& answer, std::optional<PersistRecord> persist,
                  ByteWriter& out);
    bool refuse(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                Errc code, ByteWriter& out);

    Server& server_;
    Leases leases_;
    std::map<Place, Assembly> assemblies_;
};

/// Whom an item counts for: the subnet that left it, or the node where subnets don't count.
std::uint64_t origin_of(const NodeKey& key, const Endpoint& from);

/// How long a replica keeps a record: its whole ttl among the k nearest, half of it for each
/// leading bit that it shares less with the key than the farthest of those does (IPv8's rule), so
/// copies far from home go first.
Duration keep_most(const Context& context, const Key& key, std::chrono::seconds ttl);

}  // namespace sov::dht
