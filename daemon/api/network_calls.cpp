#include <chrono>
#include <memory>
#include <utility>

#include "daemon/api/call_line.h"
#include "daemon/api/messages.h"
#include "daemon/api/net_report.h"
#include "daemon/api/node_service.h"
#include "daemon/api/status_codes.h"

// What the network lets through, tested on the daemon's own sockets.

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

void write_line(const NetLine& line, v1::NetworkLine* to) {
    to->set_topic(line.topic);
    to->set_answer(static_cast<v1::NetworkAnswer>(line.answer));
    to->set_code(line.code);
    to->set_what(line.what);
    to->set_means(line.means);
    to->set_next_step(line.next_step);
    for (const Endpoint& address : line.addresses) to->add_addresses(address.text());
    if (line.took) to->set_took_us(whole_us(*line.took));
}
static_assert(static_cast<int>(NetLine::Answer::kYes) == v1::NETWORK_ANSWER_YES &&
              static_cast<int>(NetLine::Answer::kNo) == v1::NETWORK_ANSWER_NO &&
              static_cast<int>(NetLine::Answer::kNotTested) == v1::NETWORK_ANSWER_NOT_TESTED);

NetEvidence gather(const Desk& desk, Instant now, const Node& node, const NetTests& tests) {
    NetEvidence evidence;
    evidence.tests = tests;
    evidence.status = node.status(now);
    evidence.local_addresses = desk.host.local_addresses();
    evidence.way_out_v4 = desk.host.way_out(Family::kIpv4);
    evidence.way_out_v6 = desk.host.way_out(Family::kIpv6);
    evidence.connectivity = desk.host.economy().connectivity;
    evidence.mapping_wanted = desk.host.port_mapping_wanted();
    evidence.mapping = desk.host.port_mapping();
    evidence.datagram_relay = desk.host.datagram_relay();
    if (!evidence.datagram_relay.empty()) {
        evidence.tests.peers.clear();
        evidence.tests.peers_asked = 0;
    }
    evidence.links = desk.host.links();
    evidence.checks = examine(now, node, desk.host, uptime_of(desk));
    return evidence;
}

void write_report(const NetReport& report, Duration took, v1::NetworkReport* to) {
    for (const NetLine& line : report.lines) write_line(line, to->add_lines());
    to->set_verdict(std::string(report.verdict));
    to->set_sentence(report.sentence);
    to->set_took_us(whole_us(took));
}

}  // namespace

grpc::ServerWriteReactor<v1::CheckNetworkProgress>* NodeService::CheckNetwork(
    grpc::CallbackServerContext* context, const v1::CheckNetworkRequest*) {
    auto* call = new AnswerCall<v1::CheckNetworkProgress>(desk_, *context,
                                                          "/sovereign.v1.Node/CheckNetwork");
    if (!call->admitted()) return call;
    desk_.bridge.ask([desk = &desk_, line = call->line()](Instant now, Node* node) {
        if (node == nullptr) return line->end(leaving());
        const auto sink = [desk, line](const NetProgress& progress) {
            v1::CheckNetworkProgress message;
            message.set_asked(static_cast<std::uint32_t>(progress.asked));
            message.set_settled(static_cast<std::uint32_t>(progress.settled));
            if (progress.tests == nullptr) {
                line->give(std::move(message));
                return;
            }
            // What the node knows besides is asked for in its own turn.
            desk->bridge.ask([desk, line, message, tests = *progress.tests](
                                 Instant at, const Node* still) mutable {
                if (still == nullptr) return line->end(leaving());
                write_report(judge_network(gather(*desk, at, *still, tests)), tests.took,
                             message.mutable_report());
                line->give(std::move(message));
                line->end(grpc::Status::OK);
            });
        };
        if (desk->host.check_network(now, *node, sink)) return;
        v1::ErrorDetail detail;
        detail.set_code("busy");
        detail.set_message("too many wait for a test of the network already");
        detail.set_hint("try again in a few seconds");
        line->end(failure(grpc::StatusCode::RESOURCE_EXHAUSTED, std::move(detail)));
    });
    return call;
}

}  // namespace sov::api
