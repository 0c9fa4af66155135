#include "daemon/core/dht/page_fetches.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::dht {

namespace {

/// What a first window of TCP would carry, about (RFC 6928); a post-quantum part has six pages.
constexpr std::uint8_t kUnderWayMax = 6;

std::uint32_t fetch_of(std::uint64_t tag) { return static_cast<std::uint32_t>(rest_of(tag) >> 8); }
std::size_t page_of(std::uint64_t tag) { return tag & 0xff; }

}  // namespace

FetchId PageFetches::start(Instant, Context& context, identity::CheckedRecord record,
                           identity::PageList pages, std::vector<Replica> holders) {
    SOV_CHECK(!holders.empty());
    // All are as good; the quickest get the first pages, and the others what is left.
    const auto reach = [&](const Replica& holder) {
        const Reach known = context.proximity.reach(holder.contact.key);
        return known == 0 ? UINT16_MAX : known;
    };
    std::stable_sort(holders.begin(), holders.end(),
                     [&](const Replica& a, const Replica& b) { return reach(a) < reach(b); });
    const std::uint32_t id = next_id_++;
    std::vector<std::uint8_t> under_way(holders.size());
    Fetch& fetch = fetches_
                       .emplace(id, Fetch{{std::move(record), std::move(pages)},
                                          std::move(holders),
                                          std::move(under_way),
                                          {}})
                       .first->second;
    pump(context, id, fetch);
    return FetchId{id};
}

std::size_t PageFetches::holder_of(const Fetch& fetch, std::size_t page) {
    return (page + fetch.state[page].tries) % fetch.holders.size();
}

void PageFetches::pump(Context& context, std::uint32_t id, Fetch& fetch) {
    const identity::CheckedRecord& value = fetch.gathering.value();
    // List pages first: others wait for them.
    for (std::size_t step = 0; step < fetch.state.size(); ++step) {
        const std::size_t page = (step + identity::kFirstListPage) % fetch.state.size();
        if (fetch.state[page].asked || !fetch.gathering.wanted().test(page)) continue;
        const std::size_t at = holder_of(fetch, page);
        if (fetch.under_way[at] >= kUnderWayMax) continue;
        ++fetch.under_way[at];
        fetch.state[page].asked = true;
        const Replica& holder = fetch.holders[at];
        context.ask(holder.contact, holder.family, wire::Kind::kGetPage,
                    body_bytes(wire::GetPage{value.key, wire::version_of(value.head),
                                             static_cast<std::uint8_t>(page)}),
                    make_tag(Asker::kPages, (static_cast<std::uint64_t>(id) << 8) | page));
    }
}

void PageFetches::missed(Context& context, std::uint32_t id, Fetch& fetch, std::size_t page) {
    if (++fetch.state[page].tries >= 2 * fetch.holders.size()) return finish(id, false);
    pump(context, id, fetch);
}

void PageFetches::finish(std::uint32_t id, bool complete) {
    const auto known = fetches_.find(id);
    finished_.push_back({FetchId{id}, complete, known->second.gathering.take_value()});
    fetches_.erase(known);
}

// Whose page this is an answer for; it is not under way any longer. Null when nobody asked.
PageFetches::Fetch* PageFetches::asked(std::uint64_t tag) {
    const auto known = fetches_.find(fetch_of(tag));
    const std::size_t page = page_of(tag);
    if (known == fetches_.end() || page >= known->second.state.size()) return nullptr;
    Fetch& fetch = known->second;
    if (!std::exchange(fetch.state[page].asked, false)) return nullptr;
    --fetch.under_way[holder_of(fetch, page)];
    return &fetch;
}

void PageFetches::on_answer(Context& context, const wire::Answer& answer) {
    Fetch* fetch = asked(answer.tag);
    if (fetch == nullptr) return;
    const std::uint32_t id = fetch_of(answer.tag);
    const std::size_t page = page_of(answer.tag);
    if (answer.kind != wire::Kind::kPage ||
        !fetch->gathering.take(context.crypto, page, answer.body)) {
        return missed(context, id, *fetch, page);
    }
    if (fetch->gathering.wanted().none()) return finish(id, true);
    pump(context, id, *fetch);
}

void PageFetches::on_failed(Context& context, std::uint64_t tag) {
    Fetch* fetch = asked(tag);
    if (fetch != nullptr) missed(context, fetch_of(tag), *fetch, page_of(tag));
}

}  // namespace sov::dht
