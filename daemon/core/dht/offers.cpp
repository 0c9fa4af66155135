#include "daemon/core/dht/offers.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::dht {

namespace {

// What a cookie remembers of one offer: the first bytes of its owner and the last ones of its
// sequence, so that an offer which says something new is told again.
std::array<std::uint8_t, kCookieStep> told_as(const FoundProvider& found) {
    std::array<std::uint8_t, kCookieStep> told{};
    std::copy_n(found.peer.bytes.begin(), 8, told.begin());
    for (std::size_t at = 8; at < kCookieStep; ++at)
        told[at] = static_cast<std::uint8_t>(found.sequence >> (8 * (kCookieStep - 1 - at)));
    return told;
}

bool was_told(const Bytes& cookie, const FoundProvider& found) {
    const auto told = told_as(found);
    for (std::size_t at = 0; at + kCookieStep <= cookie.size(); at += kCookieStep) {
        if (std::equal(told.begin(), told.end(), cookie.begin() + static_cast<std::ptrdiff_t>(at)))
            return true;
    }
    return false;
}

bool is_in(const std::vector<FoundProvider>& providers, const PeerId& peer) {
    return std::any_of(providers.begin(), providers.end(),
                       [&](const FoundProvider& found) { return found.peer == peer; });
}

std::optional<FoundProvider> provider_in(Context& context, const QueryResult::Record& record) {
    auto offer = identity::decode_provider(record.record.bytes);
    if (!offer) return std::nullopt;
    const identity::RecordHead& head = record.record.head;
    // What we hold ourselves has one replica at least.
    const auto replicas = std::max<std::uint16_t>(record.replicas, 1);
    return FoundProvider{head.owner,
                         identity::peer_tag(context.crypto, head.owner),
                         std::move(offer->node),
                         std::move(offer->hints),
                         replicas,
                         head.ttl,
                         head.sequence,
                         head.owner == context.own_peer()};
}

Bytes cookie_after(const Bytes& before, const std::vector<FoundProvider>& providers) {
    Bytes cookie = before;
    for (const FoundProvider& found : providers) {
        const auto told = told_as(found);
        cookie.insert(cookie.end(), told.begin(), told.end());
    }
    if (cookie.size() > kCookieMax)
        cookie.erase(cookie.begin(), cookie.end() - static_cast<std::ptrdiff_t>(kCookieMax));
    return cookie;
}

bool may_be_avoided(const std::vector<std::string>& regions) {
    return regions.size() <= kRegionsAvoidedMax &&
           std::all_of(regions.begin(), regions.end(), [](const std::string& region) {
               return !region.empty() && identity::is_region(region);
           });
}

}  // namespace

bool is_welcome(const ProviderQuery& query, const identity::OfferHints& hints) {
    return std::none_of(query.avoid.begin(), query.avoid.end(), [&](const std::string& region) {
        return identity::is_within(hints.region, region);
    });
}

std::optional<Key> offer_key(identity::Crypto& crypto, const OfferSubject& subject) {
    if (subject.kind == OfferSubject::Kind::kService) {
        if (!identity::is_service_type(subject.id)) return std::nullopt;
        return identity::service_offer_key(crypto, subject.id);
    }
    if (subject.id.size() != Hash32::kSize) return std::nullopt;
    return identity::content_offer_key(crypto, Hash32::from(as_bytes(subject.id)));
}

void Offers::set_due(const Key& key, Own& own, Instant due) {
    if (own.due != kNever) due_.erase({own.due, key});
    if (due != kNever && !own.withdrawing) due = earliest(due, own.ends);
    own.due = due;
    if (due != kNever) due_.emplace(due, key);
}

void Offers::erase(std::map<Key, Own>::iterator own) {
    set_due(own->first, own->second, kNever);
    const auto app = by_app_.find(own->second.app);
    if (--app->second == 0) by_app_.erase(app);
    own_.erase(own);
}

// One whose time is over lapses at its replicas by itself: it was announced for no longer.
bool Offers::drop_ended(Instant now, const Key& key) {
    const auto own = own_.find(key);
    if (own->second.withdrawing || own->second.ends > now) return false;
    count_done(own->second.command, 0, Errc::kExpired);
    erase(own);
    return true;
}

void Offers::answer(Context& context, CommandId command, Errc error) {
    OfferProgress progress;
    progress.error = error;
    context.events.push_back(OffersFinished{command, progress});
}

// --- commands
// ------------------------------------------------------------------------------------------

void Offers::offer(Instant now, Context& context, CommandId command, const OfferRequest& request) {
    if (request.subjects.empty() || !identity::is_region(request.hints.region) ||
        request.hints.note.size() > identity::kOfferNoteMax || request.lasts < Duration{0})
        return answer(context, command, Errc::kInvalidArgument);
    std::size_t fresh = 0;
    std::map<Key, const OfferSubject*> subjects;
    for (const OfferSubject& subject : request.subjects) {
        const auto key = offer_key(context.crypto, subject);
        if (!key) return answer(context, command, Errc::kInvalidArgument);
        const auto known = own_.find(*key);
        if (known != own_.end() && known->second.app != request.app)
            return answer(context, command, Errc::kExists);
        if (subjects.emplace(*key, &subject).second && known == own_.end()) ++fresh;
    }
    const auto app = by_app_.find(request.app);
    if (own_.size() + fresh > context.limits.own_offers_max ||
        (app == by_app_.end() ? 0 : app->second) + fresh > context.limits.own_offers_per_app_max)
        return answer(context, command, Errc::kOverQuota);
    commands_[command].progress.total = static_cast<std::uint32_t>(subjects.size());
    for (const auto& [key, subject] : subjects) {
        const auto [at, added] = own_.try_emplace(key);
        Own& own = at->second;
        if (added) ++by_app_[request.app];
        if (own.hints != request.hints || own.withdrawing) own.record.clear();
        count_done(std::exchange(own.command, command), 0, Errc::kCancelled);
        own.subject = *subject;
        own.app = request.app;
        own.hints = request.hints;
        own.ends = request.lasts > Duration{0} ? now + request.lasts : kNever;
        own.withdrawing = false;
        own.retry = Duration{0};
        own.again = own.busy;
        if (!own.busy) set_due(key, own, now);
    }
    tell(context);
}

void Offers::withdraw(Instant now, Context& context, CommandId command,
                      const OfferWithdrawal& withdrawal) {
    std::set<Key> keys;
    for (const OfferSubject& subject : withdrawal.subjects) {
        const auto key = offer_key(context.crypto, subject);
        if (!key) return answer(context, command, Errc::kInvalidArgument);
        const auto known = own_.find(*key);
        const bool theirs = known != own_.end() && !known->second.withdrawing &&
                            (!withdrawal.app || known->second.app == *withdrawal.app);
        if (theirs) keys.insert(*key);
    }
    if (keys.empty()) return answer(context, command, Errc::kNotFound);
    commands_[command].progress.total = static_cast<std::uint32_t>(keys.size());
    for (const Key& key : keys) {
        const auto known = own_.find(key);
        Own& own = known->second;
        count_done(std::exchange(own.command, command), 0, Errc::kCancelled);
        if (!own.busy && own.announced_at == Instant{}) {
            // Nobody has heard of it.
            erase(known);
            count_done(command, 0, std::nullopt);
            continue;
        }
        own.withdrawing = true;
        own.record.clear();
        own.again = own.busy;
        if (!own.busy) set_due(key, own, now);
    }
    tell(context);
}

bool Offers::cancel(Instant now, Context& context, Queries& queries, CommandId command) {
    for (const auto& [query, finding] : finding_) {
        if (finding.command != command) continue;
        queries.cancel(now, context, query);
        return true;
    }
    const auto known = commands_.find(command);
    if (known == commands_.end()) return false;
    known->second.progress.error = Errc::kCancelled;
    context.events.push_back(OffersFinished{command, known->second.progress});
    commands_.erase(known);
    return true;
}

void Offers::count_done(CommandId command, std::uint16_t replicas, std::optional<Errc> error) {
    const auto known = commands_.find(command);
    if (known == commands_.end()) return;
    OfferProgress& progress = known->second.progress;
    ++progress.done;
    progress.stored += replicas > 0 ? 1U : 0U;
    progress.replicas += replicas;
    if (!progress.error) progress.error = error;
    known->second.told = false;
}

void Offers::tell(Context& context) {
    for (auto at = commands_.begin(); at != commands_.end();) {
        auto& [command, state] = *at;
        if (state.progress.done >= state.progress.total) {
            context.events.push_back(OffersFinished{command, state.progress});
            at = commands_.erase(at);
            continue;
        }
        if (!std::exchange(state.told, true))
            context.events.push_back(OffersProgressed{command, state.progress});
        ++at;
    }
}

// --- finding
// -------------------------------------------------------------------------------------------

void Offers::find(Instant now, Context& context, Queries& queries, CommandId command,
                  const ProviderQuery& query) {
    ProvidersReport report;
    const auto key = offer_key(context.crypto, query.subject);
    const auto refuse = [&](Errc error) {
        report.error = error;
        context.events.push_back(ProvidersFound{command, std::move(report)});
    };
    if (!key || query.most == 0 || query.most > context.limits.providers_found_max ||
        query.cookie.size() > kCookieMax || query.cookie.size() % kCookieStep != 0 ||
        !identity::is_region(query.region) || !may_be_avoided(query.avoid))
        return refuse(Errc::kInvalidArgument);
    report.key = *key;
    QuerySpec spec;
    spec.goal = QuerySpec::Goal::kProviders;
    spec.urgency = Urgency::kUrgent;
    spec.target = *key;
    const QueryId id = queries.start(now, context, std::move(spec));
    if (id == kNoQuery) return refuse(Errc::kBusy);
    finding_.emplace(id, Finding{command, query, {}});
}

bool Offers::tell_confirmed(Instant now, Context& context, Queries& queries) {
    bool any = false;
    for (auto& [id, finding] : finding_) {
        std::vector<FoundProvider>& told = finding.told;
        const ProviderQuery& query = finding.query;
        for (const QueryResult::Record& record : queries.confirmed(id)) {
            auto found = provider_in(context, record);
            if (told.size() >= query.most || !found || is_in(told, found->peer) ||
                was_told(query.cookie, *found) || !is_welcome(query, found->hints) ||
                (!query.region.empty() && !identity::is_within(found->hints.region, query.region)))
                continue;
            told.push_back(*found);
            context.events.push_back(ProviderConfirmed{finding.command, std::move(*found)});
            any = true;
        }
        if (told.size() >= query.most) queries.enough(now, context, id);
    }
    return any;
}

// Of all samples together, those that more replicas have shown come first: an offer that few of
// them let in is worth less. Among equals the order is random.
void Offers::conclude(Context& context, Finding& finding, QueryResult& result) {
    ProvidersReport report;
    report.key = result.report.target;
    report.nodes = static_cast<std::uint16_t>(result.closest.size());
    report.complete = result.walked && !result.error;
    for (const QueryResult::Record& record : result.records) {
        if (auto found = provider_in(context, record))
            report.providers.push_back(std::move(*found));
    }
    auto& providers = report.providers;
    const bool listed = std::any_of(providers.begin(), providers.end(),
                                    [](const FoundProvider& found) { return found.own; });
    const auto own = own_.find(report.key);
    if (own != own_.end() && !own->second.withdrawing && !listed) {
        providers.push_back({context.own_peer(),
                             identity::peer_tag(context.crypto, context.own_peer()),
                             {context.node_key, addresses_},
                             own->second.hints,
                             own->second.replicas,
                             context.limits.offer_ttl,
                             own->second.head.sequence,
                             true});
    }
    std::erase_if(providers, [&](const FoundProvider& found) {
        return was_told(finding.query.cookie, found) || is_in(finding.told, found.peer) ||
               !is_welcome(finding.query, found.hints);
    });
    for (std::size_t at = providers.size(); at > 1; --at)
        std::swap(providers[at - 1], providers[context.rng.below(at)]);
    std::stable_sort(
        providers.begin(), providers.end(),
        [](const FoundProvider& a, const FoundProvider& b) { return a.replicas > b.replicas; });
    if (!finding.query.region.empty()) {
        std::stable_partition(providers.begin(), providers.end(), [&](const FoundProvider& found) {
            return identity::is_within(found.hints.region, finding.query.region);
        });
    }
    providers.insert(providers.begin(), std::move_iterator(finding.told.begin()),
                     std::move_iterator(finding.told.end()));
    report.sampled = result.sampled || providers.size() > finding.query.most;
    if (providers.size() > finding.query.most) providers.resize(finding.query.most);
    report.lookup = std::move(result.report);
    report.cookie = cookie_after(finding.query.cookie, providers);
    const bool nothing_at_all = providers.empty() && finding.query.cookie.empty();
    if (nothing_at_all || result.error == Errc::kCancelled)
        report.error = result.error.value_or(Errc::kNotFound);
    context.events.push_back(ProvidersFound{finding.command, std::move(report)});
}

// --- views
// ---------------------------------------------------------------------------------------------

std::vector<OwnOffer> Offers::views(Instant now) const {
    std::vector<OwnOffer> views;
    for (const auto& [key, own] : own_) {
        views.push_back({own.subject, key, own.app, own.hints, own.replicas,
                         own.announced_at == Instant{} ? Duration{0} : now - own.announced_at,
                         own.problem, own.withdrawing,
                         own.ends == kNever ? Duration{0} : own.ends - now});
    }
    return views;
}

void Offers::check_invariants() const {
    std::size_t busy = 0, shared = 0;
    for (const auto& [key, own] : own_) {
        busy += own.busy ? 1U : 0U;
        SOV_CHECK(own.busy == (own.due == kNever));
    }
    for (const auto& [id, region] : regions_) shared += region.shares.size();
    SOV_CHECK(busy == shared && due_.size() + busy == own_.size());
}

}  // namespace sov::dht
