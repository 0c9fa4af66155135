#include "daemon/api/lookup_meter.h"

namespace sov::api {

void LookupMeter::note(Verb& verb, const dht::LookupReport& lookup, bool failed) {
    const double seconds = std::chrono::duration<double>(lookup.took).count();
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
        if (seconds <= kBounds[i]) ++verb.upto[i];
    }
    ++verb.count;
    verb.sum += seconds;
    if (failed) ++verb.failed;
}

void LookupMeter::handle_event(const Event& event) {
    if (const auto* found = std::get_if<FindFinished>(&event)) {
        note(find_, found->found.lookup, found->found.error.has_value());
    } else if (const auto* published = std::get_if<PublishFinished>(&event)) {
        note(publish_, published->published.lookup, published->published.error.has_value());
    } else if (const auto* gotten = std::get_if<ValueGetFinished>(&event)) {
        note(get_, gotten->gotten.lookup, gotten->gotten.error.has_value());
    } else if (const auto* put = std::get_if<ValuePutFinished>(&event)) {
        note(put_, put->published.lookup, put->published.error.has_value());
    }
}

void LookupMeter::add_to(ports::Measures& measures) const {
    struct Row {
        std::string_view word;
        const Verb* verb;
    };
    const std::array<Row, 4> rows = {
        {{"find", &find_}, {"publish", &publish_}, {"get", &get_}, {"put", &put_}}};
    for (const Row& row : rows) {
        measures.distribution("sovereign_lookup_seconds",
                              "How long the lookups of apps took, by verb.",
                              {{kBounds.begin(), kBounds.end()},
                               {row.verb->upto.begin(), row.verb->upto.end()},
                               row.verb->count,
                               row.verb->sum},
                              {"verb", row.word});
    }
    for (const Row& row : rows) {
        measures.counter("sovereign_lookup_failures_total",
                         "Lookups of apps that found nothing or nobody, by verb.",
                         static_cast<double>(row.verb->failed), {"verb", row.word});
    }
}

}  // namespace sov::api
