#include "daemon/core/dht/offer_server.h"

#include "daemon/core/dht/value_server.h"

namespace sov::dht {

namespace {

std::uint32_t in_seconds(Duration span) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(span).count());
}

}  // namespace

wire::Announced::Outcome OfferServer::take(Instant now, Context& context,
                                           const Requester& requester,
                                           const wire::Announce::Offer& offer) {
    const auto refuse = [&](Errc error, Duration wait = Duration{0}) {
        ++context.counters.offers_refused;
        return wire::Announced::Outcome{error, in_seconds(wait)};
    };
    const auto head = identity::read_head(offer.record);
    if (!head) return refuse(head.error());
    if (context.blocks.blocks(head->owner)) return refuse(Errc::kUnauthorized);
    const OfferStore::Verdict place =
        context.offers().acceptable(now, offer.key, *head, requester.from);
    if (place.error) return refuse(*place.error, place.time);
    const auto checked =
        identity::check_record(context.crypto, context.network, offer.key, offer.record);
    if (!checked) return refuse(checked.error());
    if (!head->tombstone) {
        const auto said = identity::decode_provider(offer.record);
        if (!said || said->node.key != requester.key) return refuse(Errc::kUnauthorized);
    }
    const OfferStore::Verdict kept = context.offers().put(now, *checked, requester.from,
                                                          keep_most(context, offer.key, head->ttl));
    if (kept.error) return {*kept.error, in_seconds(kept.time)};
    return {Errc{}, in_seconds(kept.time)};
}

void OfferServer::announce(Instant now, Context& context, const Requester& requester,
                           std::uint32_t id, const wire::Announce& body, ByteWriter& out) {
    ++context.counters.served_announce;
    if (!context.serving) return wire::write_error(out, id, Errc::kUnsupported);
    if (!requester.validated ||
        !context.tokens.valid(now, body.token, requester.key, requester.from, body.asked)) {
        return wire::write_error(out, id, Errc::kUnauthorized);
    }
    wire::Announced answer;
    for (const wire::Announce::Offer& offer : body.offers)
        answer.outcomes.push_back(take(now, context, requester, offer));
    wire::write_head(out, wire::Kind::kAnnounced, id);
    wire::write(out, answer);
}

void OfferServer::answer(Instant now, Context& context, Server& server, const Requester& requester,
                         const wire::Head& head, ByteReader body, ByteWriter& out) {
    if (static_cast<wire::Kind>(head.kind) == wire::Kind::kAnnounce) {
        if (const auto request = wire::read_announce(body))
            return announce(now, context, requester, head.request_id, *request, out);
    } else if (const auto request = wire::read_find_providers(body)) {
        return server.find_providers(now, context, requester, head.request_id, *request, out);
    }
    ++context.counters.drop_malformed;
    wire::write_error(out, head.request_id, Errc::kMalformed);
}

}  // namespace sov::dht
