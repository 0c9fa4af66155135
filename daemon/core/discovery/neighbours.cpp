#include "daemon/core/discovery/neighbours.h"

#include <algorithm>
#include <tuple>

#include "daemon/core/base/check.h"

namespace sov::discovery {
namespace {

std::size_t index(Medium medium) { return static_cast<std::size_t>(medium); }

bool verified(const Evidence& evidence) { return evidence.trust == Trust::kVerified; }

// Anybody can sign with a key made for the purpose, so a friend's tag counts more here, although it
// could be replayed.
int standing(const Evidence& evidence) {
    switch (evidence.trust) {
        case Trust::kUnverified: return 0;
        case Trust::kSigned: return 1;
        case Trust::kRecognised: return 2;
        case Trust::kVerified: return 3;
    }
    return 0;
}

bool fades(const Evidence& evidence) { return evidence.presence != Presence::kPresent; }

bool goes_before(const Evidence& a, const Evidence& b) {
    return std::tuple(standing(a), !fades(a), a.last_seen) <
           std::tuple(standing(b), !fades(b), b.last_seen);
}

bool displaces(const Evidence& newcomer, const Evidence& old) {
    if (verified(old)) return false;
    if (standing(newcomer) != standing(old)) return standing(newcomer) > standing(old);
    return fades(old) && !fades(newcomer);
}

bool stronger(const Evidence& a, const Evidence& b) {
    return std::tuple(b.trust, fades(a), b.last_seen, a.medium, a.source) <
           std::tuple(a.trust, fades(b), a.last_seen, b.medium, b.source);
}

/// Whether apps would see no difference; that it was heard again is none.
bool same(const Evidence& a, const Evidence& b) {
    const auto parts = [](const Evidence& of) {
        const Proximity proximity = of.proximity.value_or(Proximity{});
        return std::tuple(of.trust, of.presence, of.peer, of.node, of.endpoint, of.where, of.label,
                          of.capabilities, of.proximity.has_value(), proximity.rssi_dbm,
                          proximity.distance_cm, proximity.near);
    };
    return parts(a) == parts(b);
}

}  // namespace

Neighbours::Who Neighbours::who_is(const Evidence& evidence) {
    if (evidence.trust != Trust::kUnverified) {
        if (evidence.peer) return *evidence.peer;
        if (evidence.node) return *evidence.node;
    }
    return Source{evidence.medium, evidence.source};
}

void Neighbours::note(Instant now, const Evidence& evidence) {
    const Source source{evidence.medium, evidence.source};
    const auto owner = owners_.find(source);
    if (evidence.presence == Presence::kLost) {
        if (owner != owners_.end()) remove(now, source);
        return;
    }
    const Who who = who_is(evidence);
    if (owner == owners_.end()) {
        if (make_room(now, evidence, who)) insert(now, {evidence, {}}, who, entries_.end());
        return;
    }
    auto from = entries_.find(owner->second);
    Entry& entry = from->second;
    const auto piece = std::find_if(entry.pieces.begin(), entry.pieces.end(), [&](const Piece& of) {
        return of.evidence.medium == evidence.medium && of.evidence.source == evidence.source;
    });
    if (entry.who == who && verified(piece->evidence) == verified(evidence)) {
        entry.changed |= !same(piece->evidence, evidence);
        piece->evidence = evidence;
        schedule(now, from);
        return;
    }
    const std::uint64_t number = from->first;
    Piece moved = take(from, source);
    moved.evidence = evidence;
    const bool room = make_room(now, evidence, who);
    from = entries_.find(number);  // it may have been among those that had to go
    if (room) insert(now, std::move(moved), who, from);
    if (from != entries_.end()) schedule(now, from);
}

void Neighbours::forget(Instant now, Medium medium) {
    std::vector<Source> gone;
    for (const auto& [source, number] : owners_) {
        if (source.first == medium) gone.push_back(source);
    }
    for (const Source& source : gone) remove(now, source);
}

void Neighbours::on_probed(Instant now, const Probed& probed) {
    if (!probed.answered) return;
    for (auto& [number, entry] : entries_) {
        for (Piece& piece : entry.pieces) {
            if (piece.evidence.node == probed.key && piece.evidence.endpoint == probed.endpoint)
                piece.answered = now;
        }
    }
}

// True when there is room for the newcomer, which may have cost others their place.
bool Neighbours::make_room(Instant now, const Evidence& newcomer, const Who& who) {
    const auto owner = by_who_.find(who);
    const std::uint64_t number = owner == by_who_.end() ? 0 : owner->second;
    const auto of_this_peer = [&](const Evidence& evidence) {
        return owners_.at({evidence.medium, evidence.source}) == number;
    };
    const auto of_this_medium = [&](const Evidence& evidence) {
        return evidence.medium == newcomer.medium && !verified(evidence);
    };
    const auto any = [](const Evidence&) { return true; };

    std::vector<Evidence> victims;
    const auto choose = [&](bool full, const auto& counts) {
        if (!full || std::any_of(victims.begin(), victims.end(), counts)) return true;
        const Evidence* weakest = nullptr;
        for (const auto& [numbered, entry] : entries_) {
            for (const Piece& piece : entry.pieces) {
                if (!counts(piece.evidence)) continue;
                if (weakest == nullptr || goes_before(piece.evidence, *weakest))
                    weakest = &piece.evidence;
            }
        }
        if (weakest == nullptr || !displaces(newcomer, *weakest)) return false;
        victims.push_back(*weakest);
        return true;
    };
    const bool peer_full = number != 0 && entries_.at(number).pieces.size() >= kEvidencePerPeer;
    const bool medium_full =
        !verified(newcomer) && unverified_[index(newcomer.medium)] >= kUnverifiedPerMedium;
    if (!choose(peer_full, of_this_peer) || !choose(medium_full, of_this_medium) ||
        !choose(owners_.size() >= kEvidenceMax, any)) {
        ++refused_;
        return false;
    }
    for (const Evidence& victim : victims) remove(now, {victim.medium, victim.source});
    return true;
}

// `from` is the entry that it was taken from, if any.
void Neighbours::insert(Instant now, Piece piece, const Who& who, Entries::iterator from) {
    const Source source{piece.evidence.medium, piece.evidence.source};
    const bool learned = from != entries_.end() && from->second.pieces.empty() &&
                         from->second.who.index() > who.index();
    Entries::iterator to;
    if (learned && !by_who_.contains(who) && !recently_lost(now, who)) {
        to = from;
        by_who_.erase(to->second.who);
        by_who_.emplace(who, to->first);
        to->second.who = who;
    } else {
        to = open(who, piece.evidence);
        if (learned) {
            from->second.became = to->first;
            by_who_.erase(from->second.who);
        }
    }
    Entry& entry = to->second;
    owners_.emplace(source, to->first);
    if (!verified(piece.evidence)) ++unverified_[index(source.first)];
    entry.first_seen = std::min(entry.first_seen, piece.evidence.first_seen);
    entry.pieces.push_back(std::move(piece));
    entry.changed = true;
    schedule(now, to);
}

Neighbours::Entries::iterator Neighbours::open(const Who& who, const Evidence& first) {
    const auto [place, added] = by_who_.emplace(who, next_number_);
    if (!added) return entries_.find(place->second);
    Entry entry;
    entry.who = who;
    entry.first_seen = first.first_seen;
    return entries_.emplace(next_number_++, std::move(entry)).first;
}

Neighbours::Piece Neighbours::take(Entries::iterator entry, const Source& source) {
    auto& pieces = entry->second.pieces;
    const auto at = std::find_if(pieces.begin(), pieces.end(), [&](const Piece& piece) {
        return Source{piece.evidence.medium, piece.evidence.source} == source;
    });
    SOV_CHECK(at != pieces.end());
    Piece taken = std::move(*at);
    pieces.erase(at);
    owners_.erase(source);
    if (!verified(taken.evidence)) --unverified_[index(source.first)];
    entry->second.changed = true;
    entry->second.last = taken.evidence;
    entry->second.last.presence = Presence::kLost;
    return taken;
}

void Neighbours::remove(Instant now, const Source& source) {
    const auto entry = entries_.find(owners_.at(source));
    take(entry, source);
    schedule(now, entry);
}

void Neighbours::schedule(Instant now, Entries::iterator numbered) {
    const Entry& entry = numbered->second;
    if (entry.pieces.empty()) {
        if (entry.told) {
            set_due(numbered, now);
        } else {
            close(numbered);
        }
        return;
    }
    if (!entry.told) {
        set_due(numbered, recently_lost(now, entry.who) ? lost_.at(entry.who) + kQuiet : now);
    } else {
        set_due(numbered, entry.changed ? entry.told_at + kUpdateEvery : kNever);
    }
}

void Neighbours::set_due(Entries::iterator entry, Instant due) {
    due_.erase({entry->second.due, entry->first});
    entry->second.due = due;
    if (due != kNever) due_.emplace(due, entry->first);
}

void Neighbours::close(Entries::iterator entry) {
    set_due(entry, kNever);
    const auto place = by_who_.find(entry->second.who);
    if (place != by_who_.end() && place->second == entry->first) by_who_.erase(place);
    entries_.erase(entry);
}

bool Neighbours::recently_lost(Instant now, const Who& who) const {
    const auto found = lost_.find(who);
    return found != lost_.end() && now < found->second + kQuiet;
}

void Neighbours::remember_lost(Instant now, const Who& who) {
    std::erase_if(lost_, [&](const auto& lost) { return lost.second + kQuiet <= now; });
    if (std::holds_alternative<Source>(who)) return;
    if (lost_.size() >= kLostRemembered) {
        lost_.erase(std::min_element(lost_.begin(), lost_.end(), [](const auto& a, const auto& b) {
            return a.second < b.second;
        }));
    }
    lost_[who] = now;
}

std::optional<NeighbourChanged> Neighbours::poll_event(Instant now) {
    if (due_.empty() || due_.begin()->first > now) return std::nullopt;
    const auto numbered = entries_.find(due_.begin()->second);
    Entry& entry = numbered->second;
    using Kind = NeighbourChanged::Kind;
    NeighbourChanged event{Kind::kUpdated, now, view(*numbered), entry.became};
    Neighbour& neighbour = event.neighbour;
    // A loss comes as two events even when the layer saw it coming all at once.
    const bool lost = neighbour.presence == Presence::kLost;
    if (lost && !entry.became && entry.told == Presence::kPresent)
        neighbour.presence = Presence::kFading;
    if (neighbour.presence == Presence::kLost) {
        event.kind = Kind::kLost;
        if (!entry.became) remember_lost(now, entry.who);
        close(numbered);
        return event;
    }
    if (!entry.told) {
        event.kind = Kind::kFound;
    } else if (neighbour.presence == Presence::kFading && entry.told == Presence::kPresent) {
        event.kind = Kind::kFading;
    }
    // Found while fading already: both are told, a moment apart.
    entry.changed = event.kind == Kind::kFound && neighbour.presence == Presence::kFading;
    entry.told = entry.changed ? Presence::kPresent : neighbour.presence;
    entry.told_at = now;
    schedule(now, numbered);
    return event;
}

Instant Neighbours::next_timeout() const { return due_.empty() ? kNever : due_.begin()->first; }

Neighbour Neighbours::view(Entries::const_reference numbered) {
    const auto& [number, entry] = numbered;
    Neighbour neighbour;
    neighbour.number = number;
    for (const Piece& piece : entry.pieces) neighbour.evidence.push_back(piece.evidence);
    if (entry.pieces.empty()) neighbour.evidence.push_back(entry.last);
    std::sort(neighbour.evidence.begin(), neighbour.evidence.end(), stronger);
    const Evidence& strongest = neighbour.evidence.front();
    if (const auto* peer = std::get_if<PeerId>(&entry.who)) neighbour.peer = *peer;
    neighbour.trust = strongest.trust;
    neighbour.presence = Presence::kLost;
    neighbour.capabilities = strongest.capabilities;
    neighbour.first_seen = neighbour.last_seen = entry.first_seen;
    Instant heard{};
    for (const Evidence& evidence : neighbour.evidence) {
        if (!neighbour.node && evidence.trust != Trust::kUnverified) neighbour.node = evidence.node;
        neighbour.presence = std::min(neighbour.presence, evidence.presence);
        neighbour.last_seen = std::max(neighbour.last_seen, evidence.last_seen);
        if (!evidence.proximity || (neighbour.proximity && evidence.last_seen <= heard)) continue;
        neighbour.proximity = evidence.proximity;
        heard = evidence.last_seen;
    }
    return neighbour;
}

std::size_t Neighbours::size() const {
    return static_cast<std::size_t>(
        std::count_if(entries_.begin(), entries_.end(),
                      [](const auto& numbered) { return !numbered.second.pieces.empty(); }));
}

std::vector<Neighbour> Neighbours::list() const {
    std::vector<Neighbour> all;
    for (const auto& numbered : entries_) {
        if (!numbered.second.pieces.empty()) all.push_back(view(numbered));
    }
    return all;
}

std::optional<Neighbour> Neighbours::find(const PeerId& peer) const {
    const auto found = by_who_.find(Who{peer});
    if (found == by_who_.end()) return std::nullopt;
    const auto numbered = entries_.find(found->second);
    if (numbered->second.pieces.empty()) return std::nullopt;
    return view(*numbered);
}

std::vector<NearAddress> Neighbours::endpoints_of(const PeerId& peer) const {
    const auto found = by_who_.find(Who{peer});
    if (found == by_who_.end()) return {};
    const auto& pieces = entries_.at(found->second).pieces;
    std::vector<const Piece*> dialled;
    for (const Piece& piece : pieces) {
        const Endpoint& at = piece.evidence.endpoint;
        const bool lacks_zone =
            at.family == Family::kIpv6 && at.scope() == Scope::kLinkLocal && at.zone() == 0;
        if (at.scope() != Scope::kBogon && !lacks_zone) dialled.push_back(&piece);
    }
    const auto rank = [](const Piece& piece) {
        const Evidence& of = piece.evidence;
        return std::tuple(!fades(of), of.trust, of.endpoint.scope() != Scope::kLinkLocal,
                          piece.answered, of.last_seen);
    };
    std::stable_sort(dialled.begin(), dialled.end(),
                     [&](const Piece* a, const Piece* b) { return rank(*b) < rank(*a); });
    std::vector<NearAddress> addresses;
    for (const Piece* piece : dialled) {
        const NearAddress address{piece->evidence.endpoint, piece->evidence.node,
                                  piece->evidence.trust};
        const bool known =
            std::any_of(addresses.begin(), addresses.end(), [&](const NearAddress& better) {
                return better.endpoint == address.endpoint && better.node == address.node;
            });
        if (!known) addresses.push_back(address);
    }
    return addresses;
}

void Neighbours::check_invariants() const {
    std::size_t pieces = 0, due = 0;
    std::array<std::size_t, kMediums> unverified{};
    for (const auto& [number, entry] : entries_) {
        SOV_CHECK(number < next_number_);
        SOV_CHECK(!entry.pieces.empty() || entry.told);
        SOV_CHECK(entry.pieces.size() <= kEvidencePerPeer);
        SOV_CHECK(entry.became || by_who_.at(entry.who) == number);
        SOV_CHECK(!entry.became || entry.pieces.empty());
        if (entry.due != kNever) ++due;
        SOV_CHECK(entry.due == kNever || due_.contains({entry.due, number}));
        // What is not told yet will be.
        SOV_CHECK(entry.due != kNever || (entry.told && !entry.changed));
        pieces += entry.pieces.size();
        for (const Piece& piece : entry.pieces) {
            SOV_CHECK(piece.evidence.presence != Presence::kLost);
            SOV_CHECK(who_is(piece.evidence) == entry.who);
            SOV_CHECK(owners_.at({piece.evidence.medium, piece.evidence.source}) == number);
            if (!verified(piece.evidence)) ++unverified[index(piece.evidence.medium)];
        }
    }
    SOV_CHECK(pieces == owners_.size() && pieces <= kEvidenceMax);
    SOV_CHECK(due == due_.size());
    SOV_CHECK(by_who_.size() <= entries_.size());
    SOV_CHECK(unverified == unverified_);
    for (const std::size_t count : unverified) SOV_CHECK(count <= kUnverifiedPerMedium);
    SOV_CHECK(lost_.size() <= kLostRemembered);
}

}  // namespace sov::discovery
