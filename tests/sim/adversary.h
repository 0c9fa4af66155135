#pragma once

#include <map>
#include <vector>

#include "daemon/core/base/counters.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/session/session_table.h"
#include "daemon/core/wire/message.h"
#include "daemon/core/wire/value_messages.h"
#include "tests/sim/actor.h"
#include "tests/sim/id_index.h"

namespace sov::sim {

/// How an adversary behaves. All of them hold correct sessions and answer pings, or they would be
/// in nobody's table.
enum class Conduct : std::uint8_t {
    kColludes,     ///< names its own side's nodes nearest to the target, other ones each time; says
                   ///< that it stores, and keeps nothing
    kWithholds,    ///< names the true neighbours, says that it stores, and never has anything
    kStale,        ///< names the true neighbours; keeps the first version that it saw, acknowledges
                   ///< newer ones, with receipts
    kNamesVictim,  ///< names made-up nodes near the target, all of them at the victim's address
};

/// What the members of one side share: knowledge, not messages.
struct Conspiracy {
    IdIndex own_side;
    IdIndex everybody;  ///< for conducts that name true neighbours
    IdIndex made_up;    ///< for kNamesVictim: nobody behind them but the victim's address
    /// Members offered to choose from; each answer is a random part of it. One that always returned
    /// the same few would make a lookup that accepts few look safe.
    std::size_t pool = 40;
};

/// A hostile node: real sessions, dishonest answers.
class Adversary : public Actor {
  public:
    struct Setting {
        identity::Crypto& crypto;
        ContactBook& book;
        const Limits& limits;
        const Conspiracy& conspiracy;
        NetworkId network;
    };
    Adversary(const Setting& setting, const identity::SigningKey& node_key, Conduct conduct,
              std::uint64_t seed);

    const NodeKey& node_key() const override { return node_key_; }
    void handle_datagram(Instant now, const Path& from, MutableBytes bytes,
                         Outbox& outbox) override;
    void handle_timeout(Instant now, Outbox& outbox) override;
    Instant next_timeout() const override { return sessions_.next_timeout(); }

  protected:
    Rng rng_;
    Limits limits_;
    Counters counters_;
    session::SessionTable sessions_;  ///< refers to the three above

  private:
    void answer(const session::Received& received, const wire::Head& head, ByteReader body,
                ByteWriter& out);
    void write_contacts(const session::Received& received, const Key& target, std::uint8_t want,
                        ByteWriter& out);
    std::vector<Contact> contacts_near(const Key& target);
    void write_token(std::uint8_t want, ByteWriter& out);
    void get(const session::Received& received, const wire::Get& body, std::uint32_t id,
             ByteWriter& out);
    void keep(const Key& key, const Bytes& record);
    void sign_for(const wire::StoreValue& store, std::uint32_t id, ByteWriter& out);

    const Conspiracy& conspiracy_;
    identity::Crypto& crypto_;
    identity::SigningKey signing_key_;
    NetworkId network_;
    NodeKey node_key_;
    Conduct conduct_;
    std::map<Key, Bytes> kept_;  ///< kStale: at most 4096 first versions
};

}  // namespace sov::sim
