// The half of NodeService that tells figures.

#include <algorithm>

#include "daemon/api/event_history.h"
#include "daemon/api/measures.h"
#include "daemon/api/messages.h"
#include "daemon/api/node_service.h"
#include "daemon/api/unary_call.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr int kStatsGlobsMax = 16;
constexpr std::size_t kStatsNameMax = 64;

v1::MeasureKind kind_message(ports::MeasureKind kind) {
    switch (kind) {
        case ports::MeasureKind::kCounter: return v1::MEASURE_KIND_COUNTER;
        case ports::MeasureKind::kGauge: return v1::MEASURE_KIND_GAUGE;
        case ports::MeasureKind::kDistribution: return v1::MEASURE_KIND_DISTRIBUTION;
    }
    return v1::MEASURE_KIND_UNSPECIFIED;
}

void report_measure(const ports::Measure& from, v1::Measure* to) {
    to->set_name(from.name);
    to->set_help(from.help);
    to->set_kind(kind_message(from.kind));
    to->set_label(from.label);
    to->set_label_value(from.label_value);
    if (from.kind != ports::MeasureKind::kDistribution) return to->set_value(from.value);
    v1::Distribution* distribution = to->mutable_distribution();
    for (const double bound : from.distribution.bounds) distribution->add_bounds(bound);
    for (const std::uint64_t count : from.distribution.upto) distribution->add_upto(count);
    distribution->set_count(from.distribution.count);
    distribution->set_sum(from.distribution.sum);
}

bool wanted(const v1::GetStatsRequest& request, const std::string& name) {
    return request.name_glob().empty() ||
           std::any_of(request.name_glob().begin(), request.name_glob().end(),
                       [&](const std::string& glob) { return glob_matches(glob, name); });
}

void report_history(const Desk& desk, const std::string& name, v1::GetStatsResponse* response) {
    response->set_interval_ms(whole_ms(StatsHistory::kInterval));
    const auto& known = StatsHistory::kRemembered;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
        for (const std::string_view one : known) response->add_remembered(std::string(one));
        return;
    }
    if (desk.stats == nullptr) return;
    for (const double sample : desk.stats->samples(name)) response->add_history(sample);
}

}  // namespace

grpc::ServerUnaryReactor* NodeService::GetStats(grpc::CallbackServerContext* context,
                                                const v1::GetStatsRequest* request,
                                                v1::GetStatsResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/GetStats");
    if (!call->admitted()) return call;
    const auto& globs = request->name_glob();
    if (globs.size() > kStatsGlobsMax ||
        std::any_of(globs.begin(), globs.end(), [](const std::string& glob) {
            return glob.empty() || glob.size() > kStatsNameMax;
        })) {
        call->refuse(invalid("name_glob", "at most 16 patterns of 1 to 64 characters"));
        return call;
    }
    if (request->history_of().size() > kStatsNameMax) {
        call->refuse(invalid("history_of", "at most 64 characters"));
        return call;
    }
    call->ask([this, request, response](Instant now, const Node& node) {
        ports::Measures measures;
        add_measures(desk_, now, node, measures);
        for (const ports::Measure& measure : measures.list()) {
            if (wanted(*request, measure.name)) report_measure(measure, response->add_measures());
        }
        report_history(desk_, request->history_of(), response);
        return grpc::Status::OK;
    });
    return call;
}

}  // namespace sov::api
