#include "client/network_calls.h"

#include "client/call_error.h"
#include "client/call_limits.h"
#include "client/enum_word.h"
#include "client/spans.h"

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;

NetworkReport plain_report(const v1::NetworkReport& message) {
    NetworkReport report;
    for (const v1::NetworkLine& from : message.lines()) {
        NetworkLine line{from.topic(), word(from.answer()), from.code(), from.what(),
                         from.means(), from.next_step(),    {},          std::nullopt};
        line.addresses.assign(from.addresses().begin(), from.addresses().end());
        if (from.has_took_us()) line.took = span_of<microseconds>(from.took_us());
        report.lines.push_back(std::move(line));
    }
    report.verdict = message.verdict();
    report.sentence = message.sentence();
    report.took = span_of<microseconds>(message.took_us());
    return report;
}

}  // namespace

Result<NetworkReport> call_check_network(
    v1::Node::Stub& stub,
    const std::function<void(std::uint32_t settled, std::uint32_t asked)>& on_progress,
    const CallOptions& options) {
    CallLimits limits(options);
    const auto reader = stub.CheckNetwork(limits.context(), v1::CheckNetworkRequest());
    v1::CheckNetworkProgress progress;
    NetworkReport report;
    while (reader->Read(&progress)) {
        if (progress.has_report()) {
            report = plain_report(progress.report());
        } else if (on_progress) {
            on_progress(progress.settled(), progress.asked());
        }
    }
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return call_error(status);
    return report;
}

}  // namespace sov::client
