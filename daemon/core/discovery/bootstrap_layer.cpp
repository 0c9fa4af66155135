#include "daemon/core/discovery/bootstrap_layer.h"

#include <algorithm>

namespace sov::discovery {

namespace {

constexpr std::size_t kEntriesMax = 1024;
constexpr std::size_t kWave = 3;
constexpr std::chrono::milliseconds kStagger{250};

bool pinned(Source source) { return source == Source::kPinned || source == Source::kDns; }

}  // namespace

void BootstrapLayer::add(Instant now, const Contact& contact, Source source) {
    const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.contact.key == contact.key;
    });
    if (known != entries_.end()) {
        for (const Family family : {Family::kIpv4, Family::kIpv6}) {
            if (contact.has(family) &&
                contact.endpoint(family) != known->contact.endpoint(family)) {
                known->contact.set(contact.endpoint(family));
                known->next_at = now;
            }
        }
        if (pinned(source)) known->source = source;
        return;
    }
    if (entries_.size() >= kEntriesMax && !pinned(source)) return;
    Entry entry;
    entry.contact = contact;
    entry.source = source;
    entry.next_at = now;
    const auto place = std::upper_bound(entries_.begin(), entries_.end(), source,
                                        [](Source s, const Entry& e) { return s < e.source; });
    entries_.insert(place, std::move(entry));
}

void BootstrapLayer::set_problem(Entry& entry, std::string problem) {
    if (entry.problem == problem) return;
    entry.problem = std::move(problem);
    entry.problem_told = false;
}

void BootstrapLayer::note_node(const NodeKey& key, const Endpoint& endpoint) {
    for (Entry& entry : entries_) {
        if (!pinned(entry.source) || entry.answered) continue;
        if (entry.contact.key == key || entry.contact.endpoint(endpoint.family) != endpoint)
            continue;
        set_problem(entry, "refused: " + endpoint.text() +
                               " is answered by a node with another key than the pinned one");
    }
}

void BootstrapLayer::set_connected(Instant now, bool connected) {
    if (connected_ == connected) return;
    connected_ = connected;
    if (connected) return;
    for (Entry& entry : entries_) {
        // What answered before counts no longer: everybody is gone.
        entry.answered = false;
        entry.retry.reset();
        entry.next_at = std::min(entry.next_at, now + Retry::kFirst);
    }
}

void BootstrapLayer::handle_timeout(Instant now) {
    if (now < next_wave_) return;
    this_wave_ = 0;
}

void BootstrapLayer::handle_network_change(Instant now) {
    for (Entry& entry : entries_) {
        entry.retry.reset();
        if (!entry.waiting) entry.next_at = now;
    }
    this_wave_ = 0;
}

BootstrapLayer::Entry* BootstrapLayer::next_due(Instant now) {
    for (Entry& entry : entries_) {
        if (entry.waiting || entry.next_at > now) continue;
        // While connected only pinned peers that never answered are looked for.
        if (connected_ && (!pinned(entry.source) || entry.answered)) continue;
        return &entry;
    }
    return nullptr;
}

std::optional<Contact> BootstrapLayer::poll_probe(Instant now) {
    if (this_wave_ >= kWave) return std::nullopt;
    Entry* entry = next_due(now);
    if (entry == nullptr) return std::nullopt;
    ++this_wave_;
    next_wave_ = now + kStagger;
    entry->waiting = true;
    ++entry->attempts;
    return entry->contact;
}

void BootstrapLayer::on_probed(Instant now, const Probed& probed) {
    for (Entry& entry : entries_) {
        if (entry.contact.key != probed.key) continue;
        entry.waiting = false;
        entry.next_at = entry.retry.next(now, rng_);
        if (probed.answered) {
            entry.answered = true;
            entry.answered_at = now;
            entry.problem.clear();
            entry.retry.reset();
        } else if (!entry.answered && !entry.problem.starts_with("refused")) {
            set_problem(entry,
                        "no answer: it is down or unreachable, or nobody there has the pinned key");
        }
        return;
    }
}

bool BootstrapLayer::exhausted() const {
    return std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
        return entry.attempts > 0 && !entry.waiting && !entry.answered;
    });
}

Instant BootstrapLayer::next_timeout() const {
    Instant next = kNever;
    for (const Entry& entry : entries_) {
        if (entry.waiting || (connected_ && (!pinned(entry.source) || entry.answered))) continue;
        next = earliest(next, entry.next_at);
    }
    if (next == kNever) return kNever;
    return this_wave_ >= kWave ? std::max(next, next_wave_) : next;
}

std::vector<std::pair<NodeKey, std::string>> BootstrapLayer::take_problems() {
    std::vector<std::pair<NodeKey, std::string>> problems;
    for (Entry& entry : entries_) {
        if (entry.problem.empty() || entry.problem_told || !pinned(entry.source)) continue;
        entry.problem_told = true;
        problems.emplace_back(entry.contact.key, entry.problem);
    }
    return problems;
}

}  // namespace sov::discovery
