#include "daemon/api/dht_service.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "daemon/api/messages.h"
#include "daemon/api/offer_stream.h"
#include "daemon/api/page_token.h"
#include "daemon/api/provider_stream.h"
#include "daemon/api/unary_call.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::uint32_t kOffersPageMax = 1000;
constexpr std::uint32_t kUsualMost = 20;
constexpr int kSubjectsMax = 10'000;

std::optional<dht::OfferSubject> subject_from(const v1::Subject& message) {
    using Kind = dht::OfferSubject::Kind;
    if (message.has_content() && message.content().size() == Hash32::kSize)
        return dht::OfferSubject{Kind::kContent, message.content()};
    if (message.has_service() && identity::is_service_type(message.service()))
        return dht::OfferSubject{Kind::kService, message.service()};
    return std::nullopt;
}

grpc::Status wrong_subject(std::string_view field) {
    return invalid(field,
                   "content has 32 bytes; a service has 1 to 64 of a-z 0-9 . _ - + / with a letter "
                   "or digit first and last");
}

using Subjects = std::vector<dht::OfferSubject>;

template <typename Messages>
std::variant<Subjects, grpc::Status> subjects_from(const Messages& messages) {
    if (messages.empty() || messages.size() > kSubjectsMax)
        return invalid("subjects", "must be 1 to 10,000");
    Subjects subjects;
    for (const v1::Subject& message : messages) {
        auto subject = subject_from(message);
        if (!subject) return wrong_subject("subjects");
        subjects.push_back(std::move(*subject));
    }
    return subjects;
}

std::variant<dht::ProviderQuery, grpc::Status> query_from(const v1::FindProvidersRequest& message) {
    auto subject = subject_from(message.subject());
    if (!subject) return wrong_subject("subject");
    const std::uint32_t most = message.most() == 0 ? kUsualMost : message.most();
    if (most > Limits{}.providers_found_max) return invalid("most", "at most 64");
    if (!identity::is_region(message.region())) return invalid("region", "up to 16 of a-z 0-9 -");
    const auto& avoid = message.avoid_regions();
    if (static_cast<std::size_t>(avoid.size()) > dht::kRegionsAvoidedMax ||
        std::any_of(avoid.begin(), avoid.end(), [](const std::string& region) {
            return region.empty() || !identity::is_region(region);
        })) {
        return invalid("avoid_regions", "up to 8, each of 1 to 16 of a-z 0-9 -");
    }
    if (message.cookie().size() > dht::kCookieMax ||
        message.cookie().size() % dht::kCookieStep != 0) {
        return invalid("cookie", "must be one of an earlier answer");
    }
    return dht::ProviderQuery{std::move(*subject),
                              static_cast<std::uint8_t>(most),
                              message.region(),
                              to_bytes(as_bytes(message.cookie())),
                              {avoid.begin(), avoid.end()}};
}

std::variant<identity::OfferHints, grpc::Status> hints_from(const v1::OfferHints& message) {
    if (!identity::is_region(message.region()))
        return invalid("hints.region", "up to 16 of a-z 0-9 -");
    if (message.latency_ms() > UINT16_MAX) return invalid("hints.latency_ms", "at most 65535");
    if (message.note().size() > identity::kOfferNoteMax)
        return invalid("hints.note", "at most 64 bytes");
    return identity::OfferHints{message.region(), static_cast<std::uint16_t>(message.latency_ms()),
                                to_bytes(as_bytes(message.note()))};
}

void write_subject(const dht::OfferSubject& subject, v1::Subject* to) {
    if (subject.kind == dht::OfferSubject::Kind::kContent)
        to->set_content(subject.id);
    else
        to->set_service(subject.id);
}

}  // namespace

grpc::ServerWriteReactor<v1::OfferProgress>* DhtService::Provide(
    grpc::CallbackServerContext* context, const v1::ProvideRequest* request) {
    auto* stream = new OfferStream(desk_, *context, "/sovereign.v1.Dht/Provide");
    if (!stream->admitted()) return stream;
    auto subjects = subjects_from(request->subjects());
    auto hints = hints_from(request->hints());
    const auto* wrong = std::get_if<grpc::Status>(&subjects);
    if (wrong == nullptr) wrong = std::get_if<grpc::Status>(&hints);
    if (wrong != nullptr) {
        stream->refuse(*wrong);
        return stream;
    }
    stream->begin([wanted = dht::OfferRequest{std::get<Subjects>(std::move(subjects)),
                                              std::get<identity::OfferHints>(std::move(hints)),
                                              dht::AppId{stream->user()},
                                              std::chrono::seconds(request->lasts_seconds())}](
                      Instant now, Node& node) { return node.offer(now, wanted); });
    return stream;
}

grpc::ServerUnaryReactor* DhtService::WithdrawOffers(grpc::CallbackServerContext* context,
                                                     const v1::WithdrawOffersRequest* request,
                                                     v1::WithdrawOffersResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/WithdrawOffers");
    if (!call->admitted()) return call;
    auto subjects = subjects_from(request->subjects());
    if (const auto* status = std::get_if<grpc::Status>(&subjects)) {
        call->refuse(*status);
        return call;
    }
    dht::OfferWithdrawal wanted{std::get<Subjects>(std::move(subjects)), std::nullopt};
    if (call->role() != Role::kAdmin) wanted.app = dht::AppId{call->user()};
    call->command([wanted](Instant now, Node& node) { return node.withdraw_offers(now, wanted); },
                  [response](const Event& event) {
                      const dht::OfferProgress& progress = std::get<OffersFinished>(event).progress;
                      if (progress.total == 0 && progress.error)
                          return from_core(*progress.error, "subjects");
                      response->set_withdrawn(progress.total);
                      return grpc::Status::OK;
                  });
    return call;
}

grpc::ServerWriteReactor<v1::FindProvidersResponse>* DhtService::FindProviders(
    grpc::CallbackServerContext* context, const v1::FindProvidersRequest* request) {
    auto* stream = new ProviderStream(desk_, *context, "/sovereign.v1.Dht/FindProviders");
    if (!stream->admitted()) return stream;
    auto query = query_from(*request);
    if (const auto* problem = std::get_if<grpc::Status>(&query)) {
        stream->refuse(*problem);
        return stream;
    }
    stream->begin([wanted = std::get<dht::ProviderQuery>(std::move(query))](
                      Instant now, Node& node) { return node.find_providers(now, wanted); });
    return stream;
}

grpc::ServerUnaryReactor* DhtService::ListOffers(grpc::CallbackServerContext* context,
                                                 const v1::ListOffersRequest* request,
                                                 v1::ListOffersResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/ListOffers");
    if (!call->admitted()) return call;
    const auto first = place_of_page(request->page_token());
    if (!first) {
        call->refuse(bad_page_token());
        return call;
    }
    const bool everybodys = call->role() == Role::kAdmin;
    const dht::AppId app{call->user()};
    call->ask([request, response, first = *first, everybodys, app](Instant now, const Node& node) {
        auto offers = node.own_offers(now);
        std::erase_if(offers,
                      [&](const dht::OwnOffer& offer) { return !everybodys && offer.app != app; });
        const std::uint32_t wanted = request->page_size() == 0
                                         ? kOffersPageMax
                                         : std::min(request->page_size(), kOffersPageMax);
        const std::size_t last = std::min(offers.size(), first + wanted);
        for (std::size_t at = first; at < last; ++at) {
            const dht::OwnOffer& offer = offers[at];
            v1::OwnOffer* to = response->add_offers();
            write_subject(offer.subject, to->mutable_subject());
            write_key(offer.key, to->mutable_key());
            write_hints(offer.hints, to->mutable_hints());
            to->set_user_id(static_cast<std::uint32_t>(offer.app));
            to->set_replicas(offer.replicas);
            to->set_announced_ago_ms(whole_ms(offer.announced_ago));
            if (offer.problem) to->set_problem(std::string(errc_name(*offer.problem)));
            to->set_withdrawing(offer.withdrawing);
            to->set_ends_in_ms(whole_ms(offer.ends_in));
        }
        if (last < offers.size()) response->set_next_page_token(std::to_string(last));
        response->set_total(offers.size());
        return grpc::Status::OK;
    });
    return call;
}

}  // namespace sov::api
