#include "daemon/core/discovery/bootstrap_layer.h"

#include <algorithm>
#include <iterator>

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
            if (contact.has(family)) add_address(now, *known, contact.endpoint(family));
        }
        if (pinned(source)) known->source = source;
        return;
    }
    if (entries_.size() >= kEntriesMax && !pinned(source)) return;
    Entry entry;
    entry.contact = contact;
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
        if (contact.has(family)) entry.addresses.push_back(contact.endpoint(family));
    }
    entry.source = source;
    entry.next_at = now;
    const auto place = std::upper_bound(entries_.begin(), entries_.end(), source,
                                        [](Source s, const Entry& e) { return s < e.source; });
    entries_.insert(place, std::move(entry));
}

void BootstrapLayer::add_address(Instant now, Entry& entry, const Endpoint& endpoint) {
    std::vector<Endpoint>& all = entry.addresses;
    if (std::find(all.begin(), all.end(), endpoint) != all.end()) return;
    const bool first = !entry.contact.has(endpoint.family);
    const auto of_family = [&](const Endpoint& other) { return other.family == endpoint.family; };
    if (static_cast<std::size_t>(std::count_if(all.begin(), all.end(), of_family)) >=
        kAddressesMax) {
        all.erase(std::find_if(all.begin(), all.end(), [&](const Endpoint& other) {
            return of_family(other) && other != entry.contact.endpoint(other.family);
        }));
    }
    all.push_back(endpoint);
    // What has not been tried yet, or answers, has its turn first.
    const bool failed = entry.attempts > 0 && !entry.waiting && !entry.answered;
    if (!first && !failed) return;
    entry.contact.set(endpoint);
    entry.next_at = now;
}

// The next address of each family, in the order in which they were learned. False when all have had
// their turn.
bool BootstrapLayer::turn_to_next(Entry& entry) {
    std::size_t most = 1;
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
        if (!entry.contact.has(family)) continue;
        std::vector<Endpoint> of_family;
        std::copy_if(entry.addresses.begin(), entry.addresses.end(), std::back_inserter(of_family),
                     [&](const Endpoint& other) { return other.family == family; });
        most = std::max(most, of_family.size());
        const auto now =
            std::find(of_family.begin(), of_family.end(), entry.contact.endpoint(family));
        const auto at = static_cast<std::size_t>(now - of_family.begin());
        entry.contact.set(of_family[(at + 1) % of_family.size()]);
    }
    if (++entry.tried < most) return true;
    entry.tried = 0;
    return false;
}

void BootstrapLayer::set_problem(Entry& entry, std::string problem) {
    if (entry.problem == problem) return;
    entry.problem = std::move(problem);
    entry.problem_told = false;
}

void BootstrapLayer::note_node(const NodeKey& key, const Endpoint& endpoint) {
    for (Entry& entry : entries_) {
        if (!pinned(entry.source) || entry.answered) continue;
        const auto& all = entry.addresses;
        if (entry.contact.key == key || std::find(all.begin(), all.end(), endpoint) == all.end())
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
        const bool more = !probed.answered && turn_to_next(entry);
        entry.next_at = more ? now : entry.retry.next(now, rng_);
        if (probed.answered) {
            entry.tried = 0;
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
