#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/core/dht/finder.h"
#include "daemon/core/dht/values.h"

namespace sov::dht {

/// The post-quantum parts of records (identity/post_quantum.h). Those of our own are stored as
/// values whenever a record is signed. Those of others are asked for while their record is still
/// looked for, so that a find takes one round trip more, for the pages; it is told when they are
/// there, after Limits::post_quantum_patience at the latest, and without those that the policy
/// refuses. Where the algorithm is missing nothing is asked. What a friend's records name is held
/// against Context::second_keys, with the algorithm or without: see identity::SecondKey.
class SecondHalves {
  public:
    /// What its users share; all of them outlive the call.
    struct Tools {
        Context& context;
        Queries& queries;
        Values& values;
        Publisher& publisher;
    };

    /// Whether parts are made and looked for.
    static bool active(const Context& context) {
        return context.post_quantum_policy != identity::PostQuantumPolicy::kOff &&
               context.crypto.has_post_quantum();
    }

    /// A record of ours was signed: makes its part and stores it.
    void on_signed(Instant now, Tools tools, const Key& key, ByteView record);
    /// Begins to read a part.
    void look(Instant now, Tools tools, const Finder::Sought& sought);
    /// A find has ended; it comes back from take_ready, perhaps at once.
    void conclude(Instant now, Context& context, Finder::Concluded concluded);
    /// Takes what values answered, out of the context's events. True when something was done.
    bool settle(Instant now, Tools tools);
    /// Finds of which everything is known that will be.
    std::vector<Finder::Concluded> take_ready() { return std::exchange(ready_, {}); }
    /// Nobody waits for this find any more. True when it was here, else it is still the finder's.
    bool cancel(Instant now, Tools tools, CommandId find);
    void handle_timeout(Instant now, Tools tools);
    Instant next_timeout() const;

    /// How many nodes keep the part of our record at this key; nothing: it has none.
    std::optional<std::uint16_t> replicas(const Key& key) const;

  private:
    struct Own {
        Bytes value;
        CommandId put = kNoCommand;
        std::uint16_t replicas = 0;
        Instant next_at = kNever;
        Duration retry{0};
    };
    struct Half {
        PeerId owner;
        Key key;
        CommandId get = kNoCommand;  ///< under way
        bool again = false;          ///< asked for the second time
        bool failed = false;         ///< it may be there, and did not come
        Bytes value;
    };
    struct Find {
        std::vector<Half> halves;
        std::optional<Finder::Concluded> concluded;
        Instant patience = kNever;
    };

    CommandId next_command();
    void ask(Instant now, Tools tools, CommandId find, Half& half, Level level);
    void store(Instant now, Tools tools, const Key& key, Own& own);
    void on_gotten(const ValueGetFinished& finished);
    void on_put(Instant now, const ValuePutFinished& finished);
    static Half* half_of(Find& find, const PeerId& owner, const Key& key);
    static identity::PostQuantumProof proof_of(Context& context, Find& find, const PeerId& owner,
                                               const Key& key, const Bytes& record);
    bool ask_again(Instant now, Tools tools, CommandId command, Find& find);
    static void compare(Context& context, FoundPeer& peer);
    void release(Context& context, Find& find);

    std::map<Key, Own> own_;
    std::map<CommandId, Find> finds_;
    std::map<CommandId, CommandId> reading_;  ///< what is read -> the find that waits for it
    std::vector<Finder::Concluded> ready_;
    std::uint64_t next_ = 1;
};

}  // namespace sov::dht
