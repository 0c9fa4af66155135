#pragma once

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/core/wire/message.h"

namespace sov::dht {

/// Tokens that prove "this node, at this address, asked me about this key a moment ago". Bound to
/// the key, unlike BEP 5's, so one lookup does not authorise stuffing others. Valid 5 to 10
/// minutes. Keeps two secrets and nothing per asker.
class Tokens {
  public:
    explicit Tokens(identity::Crypto& crypto) : crypto_(crypto) { crypto_.fill_random(secret_); }

    wire::Token mint(Instant now, const NodeKey& asker, const Endpoint& endpoint, const Key& key) {
        return make(epoch(now), asker, endpoint, key);
    }
    bool valid(Instant now, const wire::Token& token, const NodeKey& asker,
               const Endpoint& endpoint, const Key& key) {
        const std::uint64_t current = epoch(now);
        return token == make(current, asker, endpoint, key) ||
               (current > 0 && token == make(current - 1, asker, endpoint, key));
    }

  private:
    static std::uint64_t epoch(Instant now) {
        return static_cast<std::uint64_t>(now.time_since_epoch() / std::chrono::minutes(5));
    }
    wire::Token make(std::uint64_t epoch, const NodeKey& asker, const Endpoint& endpoint,
                     const Key& key) {
        std::uint8_t tail[10];
        store_u64(tail, epoch);
        store_u16(tail + 8, endpoint.port);
        const Hash32 full =
            crypto_.mac(secret_, {asker.view(), endpoint.address_view(), key.view(), tail});
        return wire::Token::from(full.view());
    }

    identity::Crypto& crypto_;
    identity::Secret32 secret_{};
};

}  // namespace sov::dht
