#include "platform/prometheus/page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>

namespace sov::prometheus_page {
namespace {

prometheus::MetricType type_of(ports::MeasureKind kind) {
    switch (kind) {
        case ports::MeasureKind::kCounter: return prometheus::MetricType::Counter;
        case ports::MeasureKind::kGauge: return prometheus::MetricType::Gauge;
        case ports::MeasureKind::kDistribution: return prometheus::MetricType::Histogram;
    }
    return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric metric_of(const ports::Measure& measure) {
    prometheus::ClientMetric metric;
    if (!measure.label.empty()) metric.label.push_back({measure.label, measure.label_value});
    switch (measure.kind) {
        case ports::MeasureKind::kCounter: metric.counter.value = measure.value; break;
        case ports::MeasureKind::kGauge: metric.gauge.value = measure.value; break;
        case ports::MeasureKind::kDistribution: {
            const ports::Distribution& from = measure.distribution;
            metric.histogram.sample_count = from.count;
            metric.histogram.sample_sum = from.sum;
            for (std::size_t i = 0; i < from.bounds.size(); ++i)
                metric.histogram.bucket.push_back({from.upto[i], from.bounds[i]});
            break;
        }
    }
    return metric;
}

}  // namespace

std::string text(const ports::Measures& measures) {
    std::vector<prometheus::MetricFamily> families;
    for (const ports::Measure& measure : measures.list()) {
        if (families.empty() || families.back().name != measure.name)
            families.push_back({measure.name, measure.help, type_of(measure.kind), {}});
        families.back().metric.push_back(metric_of(measure));
    }
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families);
    return out.str();
}

}  // namespace sov::prometheus_page
