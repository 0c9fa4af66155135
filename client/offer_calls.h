#pragma once

#include <functional>
#include <vector>

#include "client/sovereign_client.h"
#include "sovereign/v1/dht.grpc.pb.h"

// The calls of sovereign.v1.Dht about offers, ours and others', and about records held for others.

namespace sov::client {

using DhtStub = sovereign::v1::Dht::Stub;

Result<OfferProgress> call_offer(DhtStub& stub, const OfferQuery& query,
                                 const std::function<void(const OfferProgress&)>& on_progress,
                                 const CallOptions& options);
Result<std::uint32_t> call_withdraw_offers(DhtStub& stub, const std::vector<Subject>& subjects,
                                           const CallOptions& options);
Result<Providers> call_find_providers(DhtStub& stub, const ProviderQuery& query,
                                      const std::function<void(const FoundProvider&)>& on_found,
                                      const CallOptions& options);
Result<std::vector<OwnOffer>> call_offers(DhtStub& stub, const CallOptions& options);
Result<Held> call_held(DhtStub& stub, const CallOptions& options);

}  // namespace sov::client
