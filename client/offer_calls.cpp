#include "client/offer_calls.h"

#include <algorithm>
#include <cstdint>

#include "client/call_error.h"
#include "client/call_limits.h"
#include "client/plain.h"

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;

std::uint32_t whole(milliseconds::rep number) {
    return static_cast<std::uint32_t>(std::clamp<milliseconds::rep>(number, 0, UINT32_MAX));
}

void write_subject(const Subject& subject, v1::Subject* to) {
    if (!subject.content.empty())
        to->set_content(subject.content);
    else
        to->set_service(subject.service);
}

}  // namespace

Result<OfferProgress> call_offer(DhtStub& stub, const OfferQuery& query,
                                 const std::function<void(const OfferProgress&)>& on_progress,
                                 const CallOptions& options) {
    v1::ProvideRequest request;
    for (const Subject& subject : query.subjects) write_subject(subject, request.add_subjects());
    request.mutable_hints()->set_region(query.hints.region);
    request.mutable_hints()->set_latency_ms(whole(query.hints.latency.count()));
    request.mutable_hints()->set_note(query.hints.note);
    // A part of a second is a second more: 0 would be for ever.
    request.set_lasts_seconds(whole((query.lasts.count() + 999) / 1000));
    CallLimits limits(options);
    const auto reader = stub.Provide(limits.context(), request);
    v1::OfferProgress progress;
    OfferProgress last;
    while (reader->Read(&progress)) {
        last = plain(progress);
        if (on_progress) on_progress(last);
    }
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return call_error(status);
    return last;
}

Result<std::uint32_t> call_withdraw_offers(DhtStub& stub, const std::vector<Subject>& subjects,
                                           const CallOptions& options) {
    v1::WithdrawOffersRequest request;
    for (const Subject& subject : subjects) write_subject(subject, request.add_subjects());
    return call(stub, &DhtStub::WithdrawOffers, request, options,
                [](const v1::WithdrawOffersResponse& answer) { return answer.withdrawn(); });
}

Result<Providers> call_find_providers(DhtStub& stub, const ProviderQuery& query,
                                      const std::function<void(const FoundProvider&)>& on_found,
                                      const CallOptions& options) {
    v1::FindProvidersRequest request;
    write_subject(query.subject, request.mutable_subject());
    request.set_most(query.most);
    request.set_region(query.region);
    request.set_cookie(query.cookie);
    for (const std::string& region : query.avoid) request.add_avoid_regions(region);
    CallLimits limits(options);
    const auto reader = stub.FindProviders(limits.context(), request);
    Providers all;
    v1::FindProvidersResponse told;
    while (reader->Read(&told)) {
        if (told.has_ended()) {
            auto found = std::move(all.providers);
            all = plain(told.ended());
            all.providers = std::move(found);
        } else if (told.has_provider()) {
            all.providers.push_back(plain(told.provider()));
            if (on_found) on_found(all.providers.back());
        }
    }
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return call_error(status);
    return all;
}

Result<std::vector<OwnOffer>> call_offers(DhtStub& stub, const CallOptions& options) {
    std::vector<OwnOffer> all;
    v1::ListOffersRequest request;
    do {
        const auto page = call(stub, &DhtStub::ListOffers, request, options,
                               [](const v1::ListOffersResponse& answer) { return answer; });
        if (!page) return page.error();
        for (const auto& offer : page->offers()) all.push_back(plain(offer));
        request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
}

Result<Held> call_held(DhtStub& stub, const CallOptions& options) {
    Held all;
    v1::ListHeldRequest request;
    do {
        const auto page = call(stub, &DhtStub::ListHeld, request, options,
                               [](const v1::ListHeldResponse& answer) { return answer; });
        if (!page) return page.error();
        for (const auto& record : page->records()) all.records.push_back(plain(record));
        all.total = page->total();
        request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
}

}  // namespace sov::client
