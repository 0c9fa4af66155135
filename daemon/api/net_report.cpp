#include "daemon/api/net_report.h"

#include <algorithm>
#include <array>
#include <map>

namespace sov::api {
namespace {

using Answer = NetLine::Answer;

/// What is known of one family, from servers and peers together.
struct FamilyView {
    Family family{};
    const FamilyStatus* status = nullptr;
    const connect::NetFindings::OfFamily* found = nullptr;
    std::vector<connect::NetFindings::Seen> seen;  ///< by somebody outside this host's networks
    std::vector<Endpoint> own;
    std::size_t asked = 0;  ///< servers of this family
    std::optional<Endpoint> outside;
    bool translated = false;
    bool way_out = true;

    std::string name() const { return family == Family::kIpv4 ? "IPv4" : "IPv6"; }
    /// Whether an address of this host could be used if only there were a way to others.
    bool has_address() const {
        return std::any_of(own.begin(), own.end(), [](const Endpoint& endpoint) {
            return endpoint.scope() != Scope::kLoopback;
        });
    }
};

/// Fewer dial-backs are no proof: in small networks everybody has written to everybody, and comes
/// in through holes that are open anyway.
constexpr std::size_t kDialbacksProve = 3;

bool same_address(const Endpoint& left, const Endpoint& right) {
    return left.family == right.family && left.address == right.address;
}

/// The address and port that most saw.
std::optional<Endpoint> most_seen(const std::vector<connect::NetFindings::Seen>& seen) {
    std::map<Endpoint, std::size_t> votes;
    for (const auto& one : seen) ++votes[one.as];
    const auto best =
        std::max_element(votes.begin(), votes.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return best == votes.end() ? std::nullopt : std::optional(best->first);
}

FamilyView view_of(const NetEvidence& evidence, Family family) {
    FamilyView view;
    view.family = family;
    view.status = family == Family::kIpv4 ? &evidence.status.v4 : &evidence.status.v6;
    view.found = &evidence.tests.servers.of(family);
    for (const Endpoint& own : evidence.local_addresses) {
        if (own.family == family) view.own.push_back(own);
    }
    const auto is_own = [&](const Endpoint& address) {
        return std::any_of(view.own.begin(), view.own.end(),
                           [&](const Endpoint& own) { return same_address(own, address); });
    };
    // Who is on our own network sees us as we are, whatever the router does to others.
    const auto take = [&](const Endpoint& by, const Endpoint& as) {
        if (as.family == family && (as.scope() == Scope::kGlobal || by.scope() == Scope::kGlobal))
            view.seen.push_back({by, as});
    };
    for (const auto& one : view.found->seen) take(one.by, one.as);
    for (const auto& one : evidence.tests.peers) take(one.by, one.as);
    for (const auto& server : evidence.tests.servers.servers)
        view.asked += server.endpoint.family == family ? 1U : 0U;
    view.way_out = family == Family::kIpv4 ? evidence.way_out_v4 : evidence.way_out_v6;
    view.outside = most_seen(view.seen);
    view.translated = view.outside && !is_own(*view.outside);
    return view;
}

void add_udp(const NetEvidence& evidence, NetReport& report) {
    const auto& servers = evidence.tests.servers.servers;
    const auto answered = static_cast<std::size_t>(std::count_if(
        servers.begin(), servers.end(), [](const auto& one) { return one.took.has_value(); }));
    const std::size_t asked = servers.size() + evidence.tests.peers_asked;
    const std::size_t came = answered + evidence.tests.peers.size();
    NetLine line;
    line.topic = "udp";
    if (!evidence.datagram_relay.empty() && came == 0) {
        line.answer = Answer::kNo;
        line.code = "blocked";
        line.what = "datagrams go through the relay " + evidence.datagram_relay + " over TCP";
        line.means = "UDP is blocked; everybody is reached through the relay, and slower";
    } else if (asked == 0) {
        line.answer = Answer::kNotTested;
        line.code = "nobody_asked";
        line.what = "there is nobody to ask: no node is known and no STUN server is configured";
        line.next_step = "sovctl doctor";
    } else if (came == 0) {
        line.answer = Answer::kNo;
        line.code = "blocked";
        line.what = "none of " + std::to_string(asked) + " probes was answered";
        line.means = "UDP is blocked, or this host is offline: only a relay over TCP can help";
    } else {
        line.answer = Answer::kYes;
        line.code = "answered";
        line.what = std::to_string(std::min(came, asked)) + " of " + std::to_string(asked) +
                    " probes answered";
    }
    report.lines.push_back(std::move(line));
}

/// What the host itself found out about the Internet.
void add_internet(const NetEvidence& evidence, NetReport& report) {
    NetLine line;
    line.topic = "internet";
    line.answer = Answer::kNo;
    line.code = evidence.connectivity;
    if (evidence.connectivity.empty()) {
        line.answer = Answer::kNotTested;
        line.code = "nobody_says";
        line.what = "no NetworkManager says whether there is a way to the Internet";
    } else if (evidence.connectivity == "full") {
        line.answer = Answer::kYes;
        line.what = "NetworkManager reaches the Internet";
    } else if (evidence.connectivity == "portal") {
        line.what = "NetworkManager was led to a captive portal";
        line.means = "it lets little through until somebody logs in";
        line.next_step = "open a page of the web on this host and log in";
    } else {
        line.what = "NetworkManager does not reach the Internet";
        line.means = "nobody beyond this host's own networks is reached";
    }
    report.lines.push_back(std::move(line));
}

void add_family(const FamilyView& view, NetReport& report) {
    NetLine line;
    line.topic = view.family == Family::kIpv4 ? "ipv4" : "ipv6";
    if (!view.status->enabled) {
        line.answer = Answer::kNotTested;
        line.code = "off";
        line.what = "there is no socket for " + view.name() + " (udp.bind)";
    } else if (view.outside) {
        line.answer = Answer::kYes;
        line.code = view.translated ? "translated" : "public";
        line.addresses = {*view.outside};
        line.what = view.outside->text();
        if (view.translated) {
            line.what += " outside";
            if (!view.own.empty()) line.what += ", " + view.own.front().text() + " here";
            line.means = "this host is behind a NAT";
        } else {
            line.what += ", an address of this host";
            line.means = "no NAT is between";
        }
    } else if (!view.has_address()) {
        line.answer = Answer::kNo;
        line.code = "no_address";
        line.what = "there is no " + view.name() + " address here that others could reach";
        line.means = "peers that have nothing else are reached through a relay only";
    } else if (!view.way_out) {
        line.answer = Answer::kNo;
        line.code = "no_route";
        line.what = "this host has an address, but no route beyond its own networks";
        line.means = "nobody outside is reached over " + view.name();
    } else if (view.asked > 0) {
        line.answer = Answer::kNo;
        line.code = "silent";
        line.what = "this host has an address, but no server answered: probably a firewall";
    } else {
        line.answer = Answer::kNotTested;
        line.code = "nobody_asked";
        line.what = "no server or node outside this host's networks could be asked";
    }
    report.lines.push_back(std::move(line));
}

/// Whether the NAT keeps one port for all destinations. Servers are believed; of peers one alone
/// may lie.
std::optional<bool> keeps_port(const FamilyView& view) {
    if (!view.outside) return std::nullopt;
    if (!view.translated) return true;
    std::size_t same = 0, other = 0;
    for (const auto& one : view.seen) (one.as == *view.outside ? same : other) += 1;
    if (same + other < 2) return std::nullopt;
    const auto& told = view.found->seen;
    const bool servers_differ = std::any_of(told.begin(), told.end(), [&](const auto& one) {
        return one.as.port != told.front().as.port;
    });
    return !servers_differ && other * 3 <= same;
}

void add_mapping(const FamilyView& view, NetReport& report) {
    NetLine line;
    line.topic = "mapping";
    const auto keeps = keeps_port(view);
    if (!keeps) {
        line.answer = Answer::kNotTested;
        line.code = "too_few";
        line.what = view.outside ? "it takes answers from two places, and one came"
                                 : "nobody outside answered";
        line.next_step = "set connect.stun_servers to two servers";
    } else if (*keeps) {
        line.answer = Answer::kYes;
        line.code = view.translated ? "one_port" : "no_nat";
        line.what = view.translated ? "the same port to all of " +
                                          std::to_string(view.seen.size()) + " destinations"
                                    : "the port of the socket is the port outside";
        line.means = view.translated ? "easy NAT: paths can be found from both sides" : "";
    } else {
        line.answer = Answer::kNo;
        line.code = "port_varies";
        line.what = "another port for each destination:";
        std::vector<std::uint16_t> ports;
        for (const auto& one : view.seen) {
            if (std::find(ports.begin(), ports.end(), one.as.port) == ports.end())
                ports.push_back(one.as.port);
        }
        if (ports.size() > 4) ports.resize(4);
        for (const std::uint16_t port : ports) line.what += ' ' + std::to_string(port);
        line.means = "hard (symmetric) NAT: directly only to peers that are reachable from outside";
        line.next_step =
            "switch on port mapping (UPnP or NAT-PMP) in the router, or set "
            "connect.turn_servers";
    }
    report.lines.push_back(std::move(line));
}

void add_filtering(const FamilyView& view, NetReport& report) {
    NetLine line;
    line.topic = "filtering";
    const auto& found = *view.found;
    const bool dialled = !found.stranger_passes && view.status->dialbacks >= kDialbacksProve;
    if (found.stranger_passes == true || dialled) {
        line.answer = Answer::kYes;
        line.code = "open";
        line.what = "strangers get in";
        line.means = "everybody can connect to this host";
    } else if (found.other_port_passes == true) {
        line.answer = Answer::kNo;
        line.code = "by_address";
        line.what = "only hosts that were written to get in, from any port of theirs";
        line.means = "paths are opened from both sides";
    } else if (found.stranger_passes && found.other_port_passes) {
        line.answer = Answer::kNo;
        line.code = "by_port";
        line.what = "only addresses and ports that were written to get in";
        line.means = "usual for home routers; paths are opened from both sides";
    } else if (view.status->reachability == Reachability::kClient) {
        line.answer = Answer::kNo;
        line.code = "closed";
        line.what = "nodes that tried could not dial back";
        line.means = "paths are opened from both sides";
    } else {
        line.answer = Answer::kNotTested;
        line.code = "no_helper";
        line.what = "it takes a STUN server with two addresses, or dial-backs of three networks";
    }
    report.lines.push_back(std::move(line));
}

void add_hairpin(const FamilyView& view, NetReport& report) {
    NetLine line;
    line.topic = "hairpin";
    const auto& hairpin = view.found->hairpin;
    line.answer = !hairpin ? Answer::kNotTested : *hairpin ? Answer::kYes : Answer::kNo;
    if (!hairpin) {
        const bool no_nat = view.outside && !view.translated;
        line.code = no_nat ? "no_nat" : "no_server";
        line.what = no_nat ? "there is no NAT" : "no STUN server told the outside address";
    } else if (*hairpin) {
        line.code = "returns";
        line.what = "what is sent to the outside address comes back";
    } else {
        line.code = "dropped";
        line.what = "what is sent to the outside address does not come back";
        line.means = "two hosts behind this router use their LAN addresses; fine";
    }
    report.lines.push_back(std::move(line));
}

std::string method_text(ports::MappingMethod method) {
    return method == ports::MappingMethod::kUpnp ? "UPnP" : "NAT-PMP";
}

void add_port_mapping(const NetEvidence& evidence, NetReport& report) {
    NetLine line;
    line.topic = "port_mapping";
    if (!evidence.mapping_wanted) {
        line.answer = Answer::kNotTested;
        line.code = "off";
        line.what = "not asked for: connect.port_mapping is off, or the socket is for this host";
    } else if (!evidence.mapping) {
        line.answer = Answer::kNotTested;
        line.code = "asking";
        line.what = "the router is being asked";
    } else if (evidence.mapping->mapping) {
        const ports::PortMapping& mapping = *evidence.mapping->mapping;
        line.answer = Answer::kYes;
        line.code = std::string(ports::mapping_method_name(mapping.method));
        line.what = method_text(mapping.method) + ", " + mapping.external.text() + " to port " +
                    std::to_string(mapping.port) + " here";
        line.means = mapping.external.scope() == Scope::kGlobal
                         ? "everybody can connect to this host at that address"
                         : "that address is no public one: another NAT stands behind the router";
        line.addresses = {mapping.external};
    } else {
        line.answer = Answer::kNo;
        line.code = "refused";
        line.what = evidence.mapping->reason;
        line.means = "strangers reach this host only where no NAT or firewall is between";
    }
    report.lines.push_back(std::move(line));
}

void add_path_mtu(const std::array<FamilyView, 2>& views, NetReport& report) {
    NetLine line;
    line.topic = "path_mtu";
    const FamilyView* tested = nullptr;
    for (const FamilyView& view : views) {
        if (tested == nullptr && view.found->sizes_asked > 0) tested = &view;
    }
    const std::size_t longest = connect::NetCheck::kSizes.front();
    if (tested == nullptr) {
        line.answer = Answer::kNotTested;
        line.code = "no_server";
        line.what = "it takes an answer of a STUN server";
    } else if (tested->found->bytes_passed >= longest) {
        line.answer = Answer::kYes;
        line.code = "full";
        line.what = "datagrams of " + std::to_string(longest) + " bytes pass";
    } else if (tested->found->bytes_passed > 0) {
        line.answer = Answer::kNo;
        line.code = "smaller";
        line.what = "datagrams of " + std::to_string(tested->found->bytes_passed) +
                    " bytes pass, of " + std::to_string(longest) + " not: probably a tunnel";
        line.means = "connections find the size that passes by themselves";
    } else {
        line.answer = Answer::kNo;
        line.code = "tiny";
        line.what = "datagrams of " + std::to_string(connect::NetCheck::kSizes.back()) +
                    " bytes do not pass";
        line.means = "connections need 1200 bytes: they will not work over this path";
        line.next_step = "look for a tunnel with a small MTU";
    }
    report.lines.push_back(std::move(line));
}

void add_check(const NetEvidence& evidence, std::string_view topic, NetReport& report) {
    for (const Check& check : evidence.checks) {
        if (check.topic != topic) continue;
        NetLine line;
        line.topic = std::string(topic);
        line.code = std::string(check.code);
        line.answer = check.finding == Finding::kOk ? Answer::kYes : Answer::kNo;
        if (check.code == "off" || check.code == "starting" || check.code == "not_synchronised")
            line.answer = Answer::kNotTested;
        line.what = check.what;
        if (check.finding != Finding::kOk) {
            line.means = std::string(check.why);
            line.next_step = std::string(check.command.empty() ? check.next_step : check.command);
        }
        report.lines.push_back(std::move(line));
    }
}

void add_links(const NetEvidence& evidence, NetReport& report) {
    NetLine* mdns = nullptr;
    for (NetLine& line : report.lines) {
        if (line.topic == "mdns") mdns = &line;
    }
    if (mdns == nullptr || evidence.links.empty()) return;
    std::string used, unused;
    for (const LinkFact& link : evidence.links) {
        std::string& list = link.used && link.multicast ? used : unused;
        list += (list.empty() ? "" : ", ") + link.name;
        if (!link.multicast) list += " (no multicast)";
    }
    mdns->what += used.empty() ? "; on no interface" : "; on " + used;
    if (!unused.empty()) mdns->what += "; not on " + unused;
}

void add_servers(const NetEvidence& evidence, NetReport& report) {
    const auto& servers = evidence.tests.servers.servers;
    const auto& names = evidence.tests.server_names;
    for (std::size_t at = 0; at < servers.size(); ++at) {
        NetLine line;
        line.topic = "stun";
        line.addresses = {servers[at].endpoint};
        const std::string name = at < names.size() ? names[at] : servers[at].endpoint.text();
        line.took = servers[at].took;
        line.answer = servers[at].took ? Answer::kYes : Answer::kNo;
        line.code = servers[at].took ? "answered" : "silent";
        line.what = name + (servers[at].took ? " answers" : " does not answer over UDP");
        report.lines.push_back(std::move(line));
    }
    for (const NamelessServer& server : evidence.tests.nameless) {
        NetLine line;
        line.topic = "stun";
        line.answer = Answer::kNo;
        line.code = "nameless";
        line.what = server.name + " can't be asked: " + server.problem;
        line.means = "names are not resolved here, or there is no such server";
        line.next_step = "check the resolver of this host and connect.stun_servers";
        report.lines.push_back(std::move(line));
    }
    for (const RelayTest& relay : evidence.tests.relays) {
        NetLine line;
        line.topic = "turn";
        line.took = relay.took;
        line.answer = relay.took ? Answer::kYes : Answer::kNo;
        line.code = relay.took ? "usable" : "unusable";
        line.what = relay.took ? relay.name + " lends us an address"
                               : relay.name + " lends us no address: " + relay.problem;
        if (!relay.took) line.next_step = "check connect.turn_servers";
        report.lines.push_back(std::move(line));
    }
    if (!evidence.tests.relays.empty()) return;
    NetLine line;
    line.topic = "turn";
    line.answer = Answer::kNotTested;
    line.code = "none";
    line.what = "no relay is configured (connect.turn_servers)";
    report.lines.push_back(std::move(line));
}

struct Outlook {
    bool reached = false, open = false, relay = false, outside = false;
    bool asked_outside = false, portal = false, cut_off = false;
    std::optional<bool> easy;
};

/// Why nobody outside answers, as far as the host knows; empty where it can't be said.
std::string obstacle(const Outlook& outlook) {
    if (outlook.portal) return "a captive portal is in the way, until somebody logs in there";
    if (outlook.cut_off) return "this host has no route beyond its own networks";
    return {};
}

/// Nobody outside answered.
void add_inner_verdict(const Outlook& outlook, NetReport& report) {
    const std::string why = obstacle(outlook);
    const bool none_answers =
        outlook.reached ? outlook.asked_outside : report.lines.front().answer == Answer::kNo;
    if (outlook.relay && (none_answers || !outlook.reached)) {
        report.verdict = "relayed";
        report.sentence = "connections work through the relay only";
    } else if (why.empty() && !none_answers) {
        report.verdict = "unknown";
        report.sentence = outlook.reached
                              ? "peers of this host's own networks answer; nobody outside was asked"
                              : "nobody outside was there to test with";
    } else {
        report.verdict = "none";
        report.sentence = "no connection beyond this host's own networks will work";
        if (!why.empty()) report.sentence += ": " + why;
    }
}

void add_verdict(const Outlook& outlook, NetReport& report) {
    const std::string others = outlook.relay ? "with others a relay is used"
                                             : "with others it takes a relay of theirs, or "
                                               "connect.turn_servers here";
    if (!outlook.reached || !(outlook.outside || outlook.open)) {
        add_inner_verdict(outlook, report);
    } else if (outlook.open) {
        report.verdict = "direct";
        report.sentence = "direct connections should work with everybody who can use UDP";
    } else if (outlook.easy == true) {
        report.verdict = "direct";
        report.sentence =
            "direct connections should work with peers that are reachable or behind usual home "
            "routers; " +
            others;
    } else if (outlook.easy == false) {
        report.verdict = "mapped_only";
        report.sentence =
            "direct connections should work with peers that are reachable from outside; " + others;
    } else {
        report.verdict = "unknown";
        report.sentence = "UDP works, but too few answered to say what this NAT does";
    }
}

}  // namespace

NetReport judge_network(const NetEvidence& evidence) {
    NetReport report;
    const std::array views{view_of(evidence, Family::kIpv4), view_of(evidence, Family::kIpv6)};
    add_udp(evidence, report);
    add_internet(evidence, report);
    for (const FamilyView& view : views) add_family(view, report);
    // The behaviour of a NAT is that of IPv4, where there is IPv4.
    const FamilyView& main = views[0].outside || !views[1].outside ? views[0] : views[1];
    add_mapping(main, report);
    add_filtering(main, report);
    add_hairpin(main, report);
    add_port_mapping(evidence, report);
    add_path_mtu(views, report);
    add_check(evidence, "clock", report);
    add_check(evidence, "mdns", report);
    add_links(evidence, report);
    add_servers(evidence, report);

    Outlook outlook;
    outlook.reached = report.lines.front().answer == Answer::kYes;
    outlook.relay = std::any_of(evidence.tests.relays.begin(), evidence.tests.relays.end(),
                                [](const RelayTest& relay) { return relay.took.has_value(); });
    outlook.portal = evidence.connectivity == "portal";
    bool addressed = false, routed = false;
    for (const FamilyView& view : views) {
        const bool usable = view.status->enabled && view.has_address();
        addressed = addressed || usable;
        routed = routed || (usable && view.way_out);
        outlook.outside = outlook.outside || view.outside.has_value();
        outlook.asked_outside = outlook.asked_outside || view.asked > 0;
        outlook.open = outlook.open || view.found->stranger_passes == true ||
                       (view.outside && !view.found->stranger_passes &&
                        view.status->dialbacks >= kDialbacksProve);
        const auto keeps = keeps_port(view);
        if (keeps) outlook.easy = outlook.easy.value_or(false) || *keeps;
    }
    outlook.cut_off = addressed && !routed;
    outlook.open = outlook.open || (evidence.mapping && evidence.mapping->mapping &&
                                    evidence.mapping->mapping->external.scope() == Scope::kGlobal);
    add_verdict(outlook, report);
    return report;
}

}  // namespace sov::api
