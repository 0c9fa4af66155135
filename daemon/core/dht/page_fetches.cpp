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
    const std::uint32_t id = next_id_++;
    Fetch& fetch = fetches_[id];
    fetch.record_size = record.bytes.size();
    record.bytes.resize(record.bytes.size() + pages.length);
    fetch.value = std::move(record);
    fetch.state.resize(pages.hashes.size());
    fetch.missing = pages.hashes.size();
    fetch.pages = std::move(pages);
    fetch.under_way.resize(holders.size());
    fetch.holders = std::move(holders);
    pump(context, id, fetch);
    return FetchId{id};
}

std::size_t PageFetches::holder_of(const Fetch& fetch, std::size_t page) {
    return (page + fetch.state[page].tries) % fetch.holders.size();
}

void PageFetches::pump(Context& context, std::uint32_t id, Fetch& fetch) {
    for (std::size_t page = 0; page < fetch.state.size(); ++page) {
        if (fetch.state[page].asked || fetch.state[page].here) continue;
        const std::size_t at = holder_of(fetch, page);
        if (fetch.under_way[at] >= kUnderWayMax) continue;
        ++fetch.under_way[at];
        fetch.state[page].asked = true;
        const Replica& holder = fetch.holders[at];
        context.ask(holder.contact, holder.family, wire::Kind::kGetPage,
                    body_bytes(wire::GetPage{fetch.value.key, wire::version_of(fetch.value.head),
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
    finished_.push_back({FetchId{id}, complete, std::move(known->second.value)});
    fetches_.erase(known);
}

void PageFetches::on_answer(Context& context, const wire::Answer& answer) {
    const auto known = fetches_.find(fetch_of(answer.tag));
    const std::size_t page = page_of(answer.tag);
    if (known == fetches_.end() || page >= known->second.state.size()) return;
    Fetch& fetch = known->second;
    if (!fetch.state[page].asked) return;
    --fetch.under_way[holder_of(fetch, page)];
    fetch.state[page].asked = false;
    if (answer.kind != wire::Kind::kPage ||
        !identity::page_fits(context.crypto, fetch.pages, page, answer.body)) {
        return missed(context, known->first, fetch, page);
    }
    const std::size_t offset = fetch.record_size + page * identity::kPageBytes;
    std::copy(answer.body.begin(), answer.body.end(),
              fetch.value.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    fetch.state[page].here = true;
    if (--fetch.missing == 0) return finish(known->first, true);
    pump(context, known->first, fetch);
}

void PageFetches::on_failed(Context& context, std::uint64_t tag) {
    const auto known = fetches_.find(fetch_of(tag));
    const std::size_t page = page_of(tag);
    if (known == fetches_.end() || page >= known->second.state.size()) return;
    Fetch& fetch = known->second;
    if (!fetch.state[page].asked) return;
    --fetch.under_way[holder_of(fetch, page)];
    fetch.state[page].asked = false;
    missed(context, known->first, fetch, page);
}

}  // namespace sov::dht
