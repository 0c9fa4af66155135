#include "daemon/core/dht/dht.h"

#include <algorithm>

#include "daemon/core/dht/offer_server.h"

namespace sov::dht {

namespace {

constexpr std::size_t kRecentLookups = 64;

}  // namespace

Dht::Dht(Context context, UnixMillis wall_clock, std::uint64_t sequence_reserved,
         const std::vector<std::string>& own_names,
         const std::vector<std::pair<std::string, PeerId>>& pins)
    : context_(std::move(context)),
      publisher_(wall_clock, sequence_reserved, own_names, context_),
      finder_(pins) {
    context_.wall_clock = wall_clock;
    if (SecondHalves::active(context_))
        context_.post_quantum = identity::post_quantum_hash(context_.crypto, context_.user_key);
}

void Dht::start(Instant now) {
    context_.started = now;
    reachability_.start(now, context_);
}

void Dht::restore(Instant now, const Key& key, Bytes record, Duration expires_in) {
    const auto head = identity::read_head(identity::record_part(record));
    if (!head) return;
    if (identity::is_item(head->kind))
        return context_.items.restore(now, {*head, key, std::move(record)}, expires_in);
    int work = 0;
    if (head->kind == identity::RecordKind::kName && !head->tombstone) {
        const auto name = identity::decode_name(record);
        if (!name) return;
        work = identity::claim_work(context_.crypto, *name);
    }
    context_.store.restore(now, {*head, key, std::move(record)}, expires_in, work);
}

void Dht::believe(const std::vector<ContactHandle>& table) {
    for (const ContactHandle handle : table) {
        for (const Family family : kFamilies) {
            if (context_.enabled(family) && context_.book.at(handle).contact.has(family))
                context_.table(family).believe(handle);
        }
    }
    maintenance_.resume({}, context_);
}

bool Dht::answer(Instant now, const Requester& requester, bool stranger, const wire::Head& head,
                 ByteReader body, ByteWriter& out) {
    const auto kind = static_cast<wire::Kind>(head.kind);
    const bool dials = kind == wire::Kind::kDialback || kind == wire::Kind::kDialPeer;
    if (kind == wire::Kind::kDialed) {
        const auto nonce = wire::read_nonce(body);
        if (nonce && requester.first) {
            reachability_.note_dialed_unproven(requester.key, *nonce, stranger);
        }
        if (nonce && requester.validated) {
            reachability_.note_dialed(now, context_, *nonce, requester.from, stranger);
        }
        // Answered like a ping, whose body is empty.
        if (nonce) body = ByteReader({});
    } else if (dials && requester.validated) {
        return answer_dial(now, requester, head, body, out);
    }
    if (OfferServer::serves(head.kind)) {
        OfferServer::answer(now, context_, server_, requester, head, body, out);
        return true;
    }
    const bool about_values = ValueServer::serves(head.kind) || kind == wire::Kind::kNotify;
    const bool answered = about_values ? answer_about_values(now, requester, head, body, out)
                                       : server_.answer(now, context_, requester, head, body, out);
    if (!context_.changed_keys.empty()) tell_changes(now);
    if (mailbox_ && values_) mailbox_->take_arrived(now, context_, values_->listeners());
    return answered;
}

bool Dht::answer_about_values(Instant now, const Requester& requester, const wire::Head& head,
                              ByteReader body, ByteWriter& out) {
    if (static_cast<wire::Kind>(head.kind) != wire::Kind::kNotify) {
        // Who has not proven its address is refused before anything is made for it.
        if (!value_server_ && requester.validated)
            value_server_ = std::make_unique<ValueServer>(server_);
        if (value_server_) return value_server_->answer(now, context_, requester, head, body, out);
    } else if (values_ && requester.validated) {
        return values_->on_notify(now, context_, requester.key, head, body, out);
    }
    wire::write_error(out, head.request_id,
                      requester.validated ? Errc::kNotFound : Errc::kUnauthorized);
    return true;
}

bool Dht::tell_changes(Instant now) {
    const auto changed = std::exchange(context_.changed_keys, {});
    for (const Key& key : changed) {
        if (value_server_) value_server_->leases().on_changed(now, context_, key);
        if (values_) values_->on_changed(now, context_, key);
    }
    return !changed.empty();
}

Values& Dht::values() {
    if (!values_) values_ = std::make_unique<Values>();
    return *values_;
}

Mailbox& Dht::mailbox() {
    if (!mailbox_) mailbox_ = std::make_unique<Mailbox>();
    return *mailbox_;
}

SecondHalves& Dht::halves() {
    if (!halves_) halves_ = std::make_unique<SecondHalves>();
    return *halves_;
}

bool Dht::settle_halves(Instant now) {
    auto sought = finder_.take_sought();
    auto concluded = finder_.take_concluded();
    auto newly_signed = std::exchange(context_.newly_signed, {});
    if (!halves_ && concluded.empty() && newly_signed.empty() && sought.empty()) return false;
    for (const auto& [key, record] : newly_signed) halves().on_signed(now, tools(), key, record);
    if (SecondHalves::active(context_)) {
        for (const Finder::Sought& one : sought) halves().look(now, tools(), one);
    }
    for (Finder::Concluded& one : concluded) halves().conclude(now, context_, std::move(one));
    if (!halves_) return false;
    const bool busy = halves_->settle(now, tools());
    for (Finder::Concluded& ready : halves_->take_ready()) {
        finder_.check_pin(context_, ready);
        ready.found.lookup.took = now - ready.began;
        context_.events.push_back(FindFinished{ready.command, std::move(ready.found)});
    }
    return busy;
}

std::uint16_t Dht::part_replicas() const {
    if (!halves_) return 0;
    return halves_->replicas(publisher_.peer_record().key).value_or(0);
}

Offers& Dht::offers() {
    if (!offers_) {
        offers_ = std::make_unique<Offers>();
        offers_->note_addresses({}, publisher_.addresses());
    }
    return *offers_;
}

bool Dht::answer_dial(Instant now, const Requester& requester, const wire::Head& head,
                      ByteReader body, ByteWriter& out) {
    ++context_.counters.served_dialback;
    std::optional<std::uint8_t> helpers;
    if (static_cast<wire::Kind>(head.kind) == wire::Kind::kDialback) {
        if (const auto request = wire::read_dialback(body)) {
            helpers = reachability_.help(now, context_, requester.key, requester.from, *request);
        }
    } else if (const auto request = wire::read_dial_peer(body)) {
        helpers = reachability_.dial(now, context_, requester.from, *request);
    }
    if (!helpers) {
        ++context_.counters.drop_malformed;
        wire::write_error(out, head.request_id, Errc::kMalformed);
        return true;
    }
    wire::write_head(out, wire::Kind::kDialing, head.request_id);
    out.u8(*helpers);
    return true;
}

void Dht::on_answer(Instant now, const wire::Answer& answer) {
    // Sought is who was found by a lookup or proposed by a layer. Pings check whoever came to us,
    // dial-backs go where others send us, and whom only such nodes have named is one of them.
    const Asker asker = asker_of(answer.tag);
    const bool sought =
        asker == Asker::kProbe || (asker == Asker::kQuery && !queries_.uninvited(answer.tag));
    context_.note_answer(now, answer.key, answer.from, answer.serves,
                         sought ? RoutingTable::Origin::kSought : RoutingTable::Origin::kInbound);
    if (!answer.repeated) context_.proximity.note(now, answer.key, answer.round_trip);
    if (answer.kind == wire::Kind::kPong) {
        ByteReader reader(answer.body);
        if (const auto pong = wire::read_pong(reader)) {
            reachability_.note_observed(now, context_, answer.key, answer.from, pong->observed);
        }
    }
    maintenance_.on_answer(now, context_, queries_, answer);
    switch (asker_of(answer.tag)) {
        case Asker::kQuery: queries_.on_answer(now, context_, answer); break;
        case Asker::kWithdraw: publisher_.note_withdrawn(); break;
        case Asker::kNotify:
            if (value_server_) {
                ByteReader reader(answer.body);
                const bool refused = answer.kind == wire::Kind::kError;
                const auto code = static_cast<Errc>(wire::read_byte(reader).value_or(0));
                Leases& leases = value_server_->leases();
                if (refused && code != Errc::kNotFound)
                    leases.on_failed(now, context_, answer.tag);
                else
                    leases.on_noted(now, context_, answer.tag, refused);
            }
            break;
        case Asker::kLease:
        case Asker::kWrite:
        case Asker::kPages:
            if (values_) values_->on_answer(now, context_, answer);
            break;
        case Asker::kMailbox:
            if (mailbox_) mailbox_->on_answer(now, context_, answer);
            break;
        case Asker::kOffer:
            if (offers_) offers_->on_answer(now, context_, publisher_, answer);
            break;
        case Asker::kProbe:
        case Asker::kCheck:
        case Asker::kReachability:
        case Asker::kAnswered: break;
    }
}

void Dht::on_notice(Instant now, const wire::Notice& notice) {
    const bool failed = notice.what == wire::Notice::What::kFailed;
    // Who was never asked is not blamed.
    const bool asked = notice.what == wire::Notice::What::kUnreachable || notice.silent.port != 0;
    if (notice.what != wire::Notice::What::kSlow && asked)
        context_.note_failure(now, notice.key, notice.family, notice.silent);
    switch (asker_of(notice.tag)) {
        case Asker::kQuery: queries_.on_notice(now, context_, notice); break;
        case Asker::kProbe: maintenance_.on_notice(notice); break;
        case Asker::kWithdraw:
            if (failed) publisher_.note_withdrawn();
            break;
        case Asker::kNotify:
            if (failed && value_server_)
                value_server_->leases().on_failed(now, context_, notice.tag);
            break;
        case Asker::kLease:
        case Asker::kWrite:
        case Asker::kPages:
            if (failed && values_) values_->on_failed(now, context_, notice);
            break;
        case Asker::kMailbox:
            if (failed && mailbox_) mailbox_->on_failed(context_, notice.tag);
            break;
        case Asker::kOffer:
            if (failed && offers_) offers_->on_failed(now, context_, publisher_, notice.tag);
            break;
        case Asker::kCheck:
        case Asker::kReachability:
        case Asker::kAnswered: break;
    }
}

void Dht::on_newcomer(Instant now, const NodeKey& key, const Endpoint& from, bool serves) {
    reachability_.note_proven(now, context_, key, from);
    // Whoever comes to us can tell us our address, before we know anybody to ask.
    if (!serves && reachability_.state(from.family).observed.port == 0) {
        maintenance_.ask_address(context_, key, from);
    }
    if (serves && enabled_) maintenance_.consider(now, context_, key, from);
}

void Dht::on_goodbye(const NodeKey& key, const Endpoint& from) {
    if (value_server_) value_server_->leases().forget(key);
    const ContactBook::Entry* known = context_.book.find(key);
    if (known == nullptr) return;
    const NodeId id = known->id;
    if (!context_.table(from.family).remove(key)) return;
    ++context_.counters.table_removed;
    if (context_.routine_events) context_.events.push_back(NodeLost{id, from});
}

void Dht::handle_network_change(Instant now) {
    context_.proximity.forget();
    context_.network_changed = now;
    reachability_.handle_network_change(now);
    maintenance_.handle_network_change(now);
    publisher_.handle_network_change(now, context_, queries_);
    if (values_) values_->handle_network_change(now);
}

void Dht::handle_new_address(Instant now, const std::vector<Endpoint>& addresses) {
    context_.network_changed = now;
    if (values_) values_->handle_new_address(now, context_, addresses);
}

void Dht::set_economy(Instant now, const Economy& economy) {
    context_.economy = economy;
    reachability_.handle_economy(now, context_);
}

void Dht::set_wall_clock(UnixMillis at_start) {
    context_.wall_clock = at_start;
    publisher_.set_wall_clock(at_start);
}

std::size_t Dht::ask_addresses() {
    constexpr std::size_t kAskedMax = 8;
    std::size_t asked = 0;
    Key random;
    for (std::uint8_t& byte : random.bytes) byte = static_cast<std::uint8_t>(context_.rng.next());
    for (const Family family : kFamilies) {
        if (!context_.enabled(family)) continue;
        std::array<ContactHandle, kAskedMax> nearest;
        const std::size_t found = context_.table(family).closest(random, Instant{}, false, nearest);
        for (std::size_t at = 0; at < found; ++at) {
            const Contact contact = context_.book.at(nearest[at]).contact;
            maintenance_.ask_address(context_, contact.key, contact.endpoint(family));
        }
        asked += found;
    }
    return asked;
}

void Dht::handle_persisted(Instant now, std::uint64_t ticket, bool ok) {
    server_.handle_persisted(ticket, ok);
    publisher_.handle_persisted(now, context_, ticket, ok);
    if (values_) values_->handle_persisted(now, context_, queries_, publisher_, ticket, ok);
    if (offers_) offers_->handle_persisted(now, context_, publisher_, ok);
}

void Dht::handle_timeout(Instant now) {
    for (const auto& gone : context_.store.take_expired(now)) {
        context_.events.push_back(ForgetRecord{gone.key, gone.owner, gone.kind});
    }
    for (const auto& gone : context_.items.take_gone(now)) {
        if (gone.kind == identity::RecordKind::kMail)
            context_.events.push_back(ForgetRecord{gone.key, gone.id, gone.kind});
    }
    if (context_.has_offers()) context_.offers().drop_expired(now);
    queries_.handle_timeout(now, context_);
    tell_crowds(context_.crowds.expire(now));
    if (value_server_) value_server_->handle_timeout(now, context_);
    if (!enabled_) return;
    if (values_) values_->handle_timeout(now, context_, queries_);
    if (mailbox_) mailbox_->handle_timeout(now, context_);
    if (halves_) halves_->handle_timeout(now, tools());
    if (offers_) offers_->handle_timeout(now, context_, queries_, publisher_);
    maintenance_.handle_timeout(now, context_, queries_);
    reachability_.handle_timeout(now, context_);
    publisher_.handle_timeout(now, context_, queries_);
    if (hand_overs_) hand_overs_->handle_timeout(now, context_, queries_);
}

Dht::Deadline Dht::next_timeout() const {
    Deadline next{context_.store.next_expiry(), "record expiry"};
    const auto consider = [&](Instant at, std::string_view timer) {
        if (at < next.at) next = {at, timer};
    };
    consider(context_.items.next_expiry(), "item expiry");
    if (context_.has_offers()) consider(context_.offer_store->next_expiry(), "offer expiry");
    consider(queries_.next_timeout(context_), "lookup deadline");
    consider(context_.crowds.next_timeout(), "crowd alarms");
    if (value_server_) consider(value_server_->next_timeout(), "leases");
    if (!enabled_) return next;
    if (values_) consider(values_->next_timeout(), "values");
    if (mailbox_) consider(mailbox_->next_timeout(), "mailbox");
    if (halves_) consider(halves_->next_timeout(), "post-quantum parts");
    if (offers_) consider(offers_->next_timeout(), "own offers");
    consider(maintenance_.next_timeout(), "table maintenance");
    consider(reachability_.next_timeout(), "dial-back");
    consider(publisher_.next_timeout(), "own records");
    if (hand_overs_) consider(hand_overs_->next_timeout(), "hand-overs");
    return next;
}

bool Dht::reaches_the_world(Instant now) {
    // The tables change slowly and are large; a second late does no harm.
    if (now - world_looked_at_ < std::chrono::seconds(1) && world_looked_at_ != Instant{})
        return world_;
    world_looked_at_ = now;
    world_ = false;
    for (const Family family : kFamilies) {
        context_.table(family).for_each([&](const RoutingTable::View& view) {
            world_ = world_ || view.contact.contact.endpoint(family).scope() == Scope::kGlobal;
        });
    }
    return world_;
}

bool Dht::settle(Instant now) {
    // Before a lookup that has them ends.
    bool busy = offers_ && offers_->tell_confirmed(now, context_, queries_);
    if (values_) values_->hurry(now, context_, queries_);
    for (Queries::Finished& finished : queries_.take_finished()) {
        busy = true;
        // Before whoever stores there asks whether it is crowded.
        note_density(now, finished);
        if (maintenance_.on_finished(now, context_, queries_, finished)) continue;
        if (publisher_.on_finished(now, context_, queries_, finished)) continue;
        if (values_ && values_->on_finished(now, context_, finished)) continue;
        if (mailbox_ && mailbox_->on_finished(now, context_, finished)) continue;
        if (offers_ && offers_->on_finished(now, context_, publisher_, finished)) continue;
        if (hand_overs_ && hand_overs_->on_finished(now, context_, finished)) continue;
        note_lookup(finished.result.report.took);
        finder_.on_finished(now, context_, queries_, std::move(finished));
    }
    if (values_) busy = values_->settle(now, context_, queries_, publisher_) || busy;
    busy = settle_halves(now) || busy;
    busy = tell_changes(now) || busy;
    if (values_ && mailbox_)
        busy = mailbox_->take_arrived(now, context_, values_->listeners()) || busy;
    if (enabled_) busy = maintenance_.join_if_needed(now, context_, queries_) || busy;
    if (maintenance_.joined() && enabled_) {
        publisher_.go_online(now);
        if (hand_overs_) hand_overs_->go_online(now);
    }
    std::vector<Endpoint> addresses;
    for (const Family family : kFamilies) {
        const Endpoint& observed = reachability_.state(family).observed;
        if (observed.port == 0 || !context_.enabled(family)) continue;
        const Scope scope = observed.scope();
        const bool local = scope == Scope::kLan || scope == Scope::kLinkLocal;
        if (local && reaches_the_world(now)) continue;
        // What the router says is believed as far as others see us at that address, too; the port
        // that they see leads back to them alone where the router is a hard NAT.
        const bool vouched = mapped_ && mapped_->family == family &&
                             mapped_->address == observed.address && *mapped_ != observed;
        if (vouched) addresses.push_back(*mapped_);
        addresses.push_back(observed);
    }
    publisher_.set_addresses(now, std::move(addresses), context_.serving);
    if (offers_) offers_->note_addresses(now, publisher_.addresses());
    return busy;
}

// --- commands
// ----------------------------------------------------------------------------------------

void Dht::refuse(CommandId command, Errc error) {
    Found found;
    found.error = error;
    context_.events.push_back(FindFinished{command, std::move(found)});
}

void Dht::find_peer(Instant now, CommandId command, const PeerId& peer, bool trace, Level level) {
    if (peer == context_.own_peer()) {
        const identity::PeerRecord own = publisher_.own_peer(context_);
        FoundPeer self;
        self.peer = peer;
        self.tag = identity::peer_tag(context_.crypto, peer);
        self.located = true;
        self.sequence = own.head.sequence;
        self.ttl = own.head.ttl;
        self.nodes = own.nodes;
        if (context_.post_quantum) self.post_quantum = identity::PostQuantumProof::kVerified;
        Found found;
        found.source = "own";
        found.peers.push_back(std::move(self));
        context_.events.push_back(FindFinished{command, std::move(found)});
        return;
    }
    if (!enabled_) return refuse(command, Errc::kNoPeers);
    finder_.find_peer(now, context_, queries_, command, peer, trace, level);
}

void Dht::find_name(Instant now, CommandId command, std::string_view typed, bool trace,
                    Level level) {
    if (!enabled_) return refuse(command, Errc::kNoPeers);
    finder_.find_name(now, context_, queries_, command, typed, trace, level);
}

void Dht::claim(Instant now, CommandId command, std::string_view name) {
    publisher_.claim(now, context_, queries_, command, name);
}

void Dht::release(Instant now, CommandId command, std::string_view name) {
    publisher_.release(now, context_, queries_, command, name);
}

void Dht::put(Instant now, CommandId command, const Key& key, Bytes record) {
    publisher_.put(now, context_, queries_, command, key, std::move(record));
}

void Dht::get(Instant now, CommandId command, const Key& key, bool trace) {
    finder_.get(now, context_, queries_, command, key, trace);
}

void Dht::put_value(Instant now, CommandId command, ValuePut put) {
    values().put(now, context_, queries_, publisher_, command, std::move(put));
}

void Dht::put_signed_value(Instant now, CommandId command, const Key& key, ByteView value) {
    values().put_signed(now, context_, queries_, command, key, value, Level::kNormal);
}

void Dht::get_value(Instant now, CommandId command, const Key& key, Level level,
                    std::optional<std::uint64_t> newer_than) {
    values().get(now, context_, queries_, command, key, level, newer_than);
}

void Dht::listen(Instant now, CommandId command, const Key& key, ByteView cursor) {
    values().listen(now, context_, queries_, command, key, cursor);
}

void Dht::leave_item(Instant now, CommandId command, const ItemLeft& left) {
    mailbox().leave(now, context_, queries_, values(), command, left);
}

void Dht::collect_items(Instant now, CommandId command, identity::ItemUse use) {
    mailbox().collect(now, context_, queries_, command, use);
}

void Dht::remove_items(Instant now, CommandId command, identity::ItemUse use,
                       std::vector<PeerId> ids) {
    mailbox().remove(now, context_, queries_, command, use, std::move(ids));
}

void Dht::listen_items(Instant now, CommandId command, identity::ItemUse use) {
    mailbox();
    values().listeners().listen_items(now, context_, command, use);
}

void Dht::cancel(Instant now, CommandId command) {
    if (halves_ && halves_->cancel(now, tools(), command)) return refuse(command, Errc::kCancelled);
    if (mailbox_ && mailbox_->cancel(now, context_, queries_, command)) return;
    if (values_ && values_->cancel(now, context_, queries_, command)) return;
    if (offers_ && offers_->cancel(now, context_, queries_, command)) return;
    if (!finder_.cancel(now, context_, queries_, command))
        publisher_.cancel(now, context_, queries_, command);
}

Duration Dht::lookup_p50() const {
    if (recent_lookups_.empty()) return Duration{0};
    std::vector<Duration> sorted = recent_lookups_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
}

void Dht::note_density(Instant now, const Queries::Finished& finished) {
    const QueryResult& result = finished.result;
    if (finished.spec.goal != QuerySpec::Goal::kNodes && (result.crowded || result.walked))
        tell_crowds(context_.crowds.note_walk(now, finished.spec.target, result.crowded));
    // Our own neighbourhood has an estimate of its own.
    const std::uint64_t away = distance(finished.spec.target, context_.node_id).prefix();
    if (result.kth_distance == 0 || result.crowded || away / 2 <= result.kth_distance) return;
    context_.sizes[static_cast<std::size_t>(result.family)].add(context_.limits.bucket_size,
                                                                result.kth_distance);
}

void Dht::tell_crowds(const std::vector<CrowdAlarms::Change>& changes) {
    for (const CrowdAlarms::Change& change : changes)
        context_.events.push_back(RegionCrowded{change.key, change.crowded});
}

void Dht::note_lookup(Duration took) {
    if (recent_lookups_.size() < kRecentLookups) {
        recent_lookups_.push_back(took);
        return;
    }
    recent_lookups_[recent_at_++ % kRecentLookups] = took;
}

void Dht::check_invariants() const {
    context_.tables[0]->check_invariants();
    context_.tables[1]->check_invariants();
    context_.store.check_invariants();
    context_.items.check_invariants();
    context_.proximity.check_invariants();
    if (value_server_) value_server_->leases().check_invariants();
    if (context_.has_offers()) context_.offer_store->check_invariants();
    if (offers_) offers_->check_invariants();
}

}  // namespace sov::dht
