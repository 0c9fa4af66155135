#include <algorithm>

#include "client/ctl/chart.h"
#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

constexpr std::size_t kPlotHeight = 8;
constexpr std::size_t kPlotWidth = 60;

json::Object measure_json(const client::Measure& measure) {
    json::Object object;
    object.set("name", measure.name).set("kind", measure.kind);
    if (!measure.label.empty()) object.set("label", measure.label).set("word", measure.label_value);
    if (measure.kind != "distribution") return object.set("value", measure.value);
    json::Array classes;
    for (std::size_t i = 0; i < measure.bounds.size() && i < measure.upto.size(); ++i) {
        json::Object one;
        one.set("upto", measure.bounds[i]).set("count", measure.upto[i]);
        classes.emplace_back(std::move(one));
    }
    return object.set("count", measure.count)
        .set("sum", measure.sum)
        .set("classes", std::move(classes));
}

std::string measure_text(const client::Measure& measure) {
    if (measure.kind != "distribution") return figure_text(measure.value);
    if (measure.count == 0) return "none yet";
    return figure_text(static_cast<double>(measure.count)) + " times, mean " +
           figure_text(measure.sum / static_cast<double>(measure.count)) + " s";
}

void show_measures(const client::Stats& stats, bool verbose, Screen& screen) {
    Table table({{"figure"}, {"value", true}, {verbose ? "what it is" : ""}});
    for (const client::Measure& measure : stats.measures) {
        std::string name = measure.name;
        if (!measure.label.empty()) name += " " + measure.label + "=" + measure.label_value;
        table.row({name, measure_text(measure), verbose ? measure.help : ""});
    }
    table.print(screen);
}

bool is_counter(const std::string& name) { return name.ends_with("_total"); }

/// What is drawn: the samples, or for a counter how fast it rose.
std::vector<double> plotted(const client::Stats& stats, const std::string& name) {
    if (!is_counter(name)) return stats.history;
    return rates(stats.history, std::chrono::duration<double>(stats.interval).count());
}

void show_plot(const std::string& name, const std::vector<double>& values,
               std::chrono::milliseconds interval, Screen& screen) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    screen.line(name + (is_counter(name) ? ", per second" : "") + ": now " +
                figure_text(values.back()) + ", least " + figure_text(*least) + ", most " +
                figure_text(*most));
    const std::size_t columns = screen.terminal().columns;
    const std::size_t width = columns > 14 && columns - 12 < kPlotWidth ? columns - 12 : kPlotWidth;
    const auto rows = column_chart(values, width, kPlotHeight, screen.terminal().utf8);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        std::string label = row == 0 ? figure_text(*most) : row + 1 == rows.size() ? "0" : "";
        label.insert(0, 8 - std::min<std::size_t>(8, visible_width(label)), ' ');
        screen.line(label + (screen.terminal().utf8 ? " ┤" : " |") + rows[row]);
    }
    screen.line("          the last " + duration_text(interval * static_cast<int>(values.size())) +
                ", a sample each " + duration_text(interval));
}

int plot(Errand& errand, const std::string& name) {
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.stats({name}, name, options);
    });
    if (!answer) return errand.fail(answer.error());
    if (!answer->remembered.empty()) {
        std::string known;
        for (const std::string& one : answer->remembered)
            known += (known.empty() ? "" : ", ") + one;
        return errand.fail(Problem{.exit_code = 5,
                                   .name = "not_found",
                                   .what = "no history is kept of " + name,
                                   .why = "kept are " + known,
                                   .steps = {"sovctl stats --plot " + answer->remembered.front()}});
    }
    const auto values = plotted(*answer, name);
    json::Array samples;
    for (const double value : values) samples.emplace_back(value);
    json::Object data;
    data.set("name", name).set("interval_ms", json::milliseconds(answer->interval));
    data.set("per_second", is_counter(name)).set("samples", std::move(samples));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (values.empty())
            return screen.line("nothing to draw yet: a sample is taken each " +
                               duration_text(answer->interval));
        if (errand.quiet()) return screen.line(sparkline(values, screen.terminal().utf8));
        show_plot(name, values, answer->interval, screen);
    });
}

}  // namespace

int stats(Errand& errand) {
    if (errand.input().has("plot")) return plot(errand, std::string(errand.input().value("plot")));
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.stats(errand.input().arguments, {}, options);
    });
    if (!answer) return errand.fail(answer.error());
    if (answer->measures.empty()) {
        return errand.fail(Problem{.exit_code = 5,
                                   .name = "not_found",
                                   .what = "no figure has such a name",
                                   .why = {},
                                   .steps = {"sovctl stats   (lists all)"}});
    }
    json::Array measures;
    for (const client::Measure& measure : answer->measures)
        measures.emplace_back(measure_json(measure));
    json::Object data;
    data.set("measures", std::move(measures));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) return show_measures(*answer, errand.verbose(), screen);
        for (const client::Measure& measure : answer->measures) screen.line(measure_text(measure));
    });
}

}  // namespace sov::ctl::verbs
