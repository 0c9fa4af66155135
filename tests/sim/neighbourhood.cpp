#include "tests/sim/neighbourhood.h"

#include <cstdlib>
#include <utility>

namespace sov::sim {

namespace {

/// What a resolved answer took between two real responders on one link, and a little more.
constexpr std::chrono::milliseconds kMulticast{200};
constexpr std::chrono::seconds kAdvertEvery{1};
constexpr std::chrono::milliseconds kConnectionInterval{30};
constexpr int kRadioRangeMetres = 30;
constexpr int kPowerAtOneMetre = -59;

/// Free space, in whole decibels: 6 for each doubling of the distance.
std::int8_t strength_at(int metres) {
    int strength = kPowerAtOneMetre;
    for (int reach = 1; reach < metres; reach *= 2) strength -= 6;
    return static_cast<std::int8_t>(strength);
}

}  // namespace

Neighbourhood::Neighbourhood(World& world) : world_(world) {
    world_.on_event([this](NodeIndex index, const Event& event) {
        if (const auto* request = std::get_if<BrowserRequest>(&event)) take(index, *request);
        if (const auto* request = std::get_if<RadioRequest>(&event)) take(index, *request);
    });
}

void Neighbourhood::tell(NodeIndex index, BrowserReport report, Duration after) {
    world_.schedule(world_.now() + after, [this, index, report = std::move(report)] {
        const Member& member = members_[index];
        const bool news = std::holds_alternative<BrowserChanged>(report);
        if (!world_.alive(index) || !member.link || (!member.responder && !news)) return;
        world_.with(index, [&](Node& node, Instant now) { node.handle_report(now, report); });
    });
}

void Neighbourhood::plug(NodeIndex index, int link) {
    members_[index].link = link;
    set_responder(index, true);
}

void Neighbourhood::pull(NodeIndex index) { members_[index].link.reset(); }

void Neighbourhood::set_responder(NodeIndex index, bool works) {
    Member& member = members_[index];
    const bool before = std::exchange(member.responder, works);
    if (before && !works && member.published) say_goodbye(index, member.published->instance);
    tell(index,
         BrowserChanged{works ? BrowserState::kWorking : BrowserState::kNoResponder,
                        works ? "" : "no responder"},
         Duration{1});
    if (!works) return;
    announce(index);
    for (const auto& [other, speaker] : members_) {
        if (other != index && hears(member, speaker)) announce(other);
    }
}

void Neighbourhood::expire(NodeIndex index) {
    const Member& member = members_[index];
    if (member.published) say_goodbye(index, member.published->instance);
}

bool Neighbourhood::hears(const Member& listener, const Member& speaker) const {
    return listener.link && listener.link == speaker.link && listener.responder &&
           speaker.responder && speaker.published && !listener.browses.empty() &&
           listener.browses == speaker.published->subtype;
}

void Neighbourhood::announce(NodeIndex from) {
    const Member& speaker = members_[from];
    if (!speaker.published) return;
    Endpoint address = world_.endpoint(from, Family::kIpv4);
    address.port = speaker.published->port;
    for (const auto& [index, listener] : members_) {
        if (!hears(listener, speaker)) continue;
        tell(index,
             ServiceSeen{speaker.published->instance, address, 2, "lan0", speaker.published->txt},
             kMulticast);
    }
}

void Neighbourhood::say_goodbye(NodeIndex from, const std::string& instance) {
    const Member& speaker = members_[from];
    for (const auto& [index, listener] : members_) {
        if (listener.link && listener.link == speaker.link)
            tell(index, ServiceGone{instance, 2, Family::kIpv4}, kMulticast);
    }
}

void Neighbourhood::take(NodeIndex index, const BrowserRequest& request) {
    Member& member = members_[index];
    if (const auto* publish = std::get_if<Publish>(&request)) {
        const auto before = std::exchange(member.published, publish->announcement);
        if (before && member.responder) say_goodbye(index, before->instance);
        if (member.published) on_air_.push_back({world_.now(), index, member.published, {}});
        if (member.responder) announce(index);
        return;
    }
    if (const auto* browse = std::get_if<Browse>(&request)) member.browses = browse->subtype;
    for (const auto& [other, speaker] : members_) {
        if (!hears(member, speaker)) continue;
        Endpoint address = world_.endpoint(other, Family::kIpv4);
        address.port = speaker.published->port;
        tell(index,
             ServiceSeen{speaker.published->instance, address, 2, "lan0", speaker.published->txt},
             kMulticast);
    }
}

void Neighbourhood::place(NodeIndex index, int metres) {
    Member& member = members_[index];
    member.metres = metres;
    member.device = next_device_++;
    world_.schedule(world_.now() + Duration{1}, [this, index] {
        if (!world_.alive(index) || !members_[index].metres) return;
        world_.with(index, [](Node& node, Instant now) {
            node.handle_report(
                now, RadioReport{RadioChanged{RadioState::kWorking, "", "hci0", true, true, true}});
        });
    });
    if (!std::exchange(ticking_, true)) tick();
}

void Neighbourhood::take_radio(NodeIndex index) {
    members_[index].metres.reset();
    world_.with(index, [](Node& node, Instant now) {
        node.handle_report(
            now, RadioReport{RadioChanged{RadioState::kNoAdapter, "no Bluetooth adapter", "", false,
                                          false, false}});
    });
}

void Neighbourhood::change_device(NodeIndex index) { members_[index].device = next_device_++; }

void Neighbourhood::take(NodeIndex index, const RadioRequest& request) {
    Member& member = members_[index];
    if (const auto* advertise = std::get_if<Advertise>(&request)) {
        member.advert = advertise->service_data;
        if (!member.advert.empty())
            on_air_.push_back({world_.now(), index, std::nullopt, member.advert});
    }
    if (const auto* scan = std::get_if<Scan>(&request)) member.scans = scan->on;
    if (const auto* serve = std::get_if<Serve>(&request)) member.service = *serve;
    if (const auto* open = std::get_if<OpenLink>(&request)) carry(index, *open);
    if (const auto* read = std::get_if<ReadLink>(&request)) carry(index, *read);
    if (const auto* write = std::get_if<WriteLink>(&request)) carry(index, *write);
    if (const auto* close = std::get_if<CloseLink>(&request)) carry(index, *close);
}

// --- GATT: each step takes a connection interval ---

void Neighbourhood::tell(NodeIndex index, RadioReport report) {
    world_.schedule(world_.now() + kConnectionInterval, [this, index, report = std::move(report)] {
        if (!world_.alive(index) || !members_[index].metres) return;
        world_.with(index, [&](Node& node, Instant now) { node.handle_report(now, report); });
    });
}

const Neighbourhood::Wire* Neighbourhood::wire_of(NodeIndex index, LinkId link) const {
    for (const Wire& wire : wires_) {
        if ((wire.central == index && wire.at_central == link) ||
            (wire.server == index && wire.at_server == link))
            return &wire;
    }
    return nullptr;
}

void Neighbourhood::carry(NodeIndex index, const OpenLink& open) {
    const Member& central = members_[index];
    for (const auto& [other, server] : members_) {
        if (server.device != static_cast<std::uint64_t>(open.device) || !server.metres ||
            !central.metres || server.service.info.empty() ||
            std::abs(*server.metres - *central.metres) > kRadioRangeMetres)
            continue;
        const Wire& wire =
            wires_.emplace_back(Wire{index, other, open.link, LinkId{next_incoming_++}});
        tell(other, LinkOpened{wire.at_server, DeviceId{central.device}, true, kFrameBytesMin});
        tell(index, LinkOpened{open.link, open.device, false, kFrameBytesMin});
        return;
    }
    tell(index, LinkClosed{open.link, "there is no such device"});
}

void Neighbourhood::carry(NodeIndex index, const ReadLink& read) {
    const Wire* wire = wire_of(index, read.link);
    if (wire == nullptr) return;
    const Serve& service = members_[wire->server].service;
    const bool info = read.characteristic == Characteristic::kInfo;
    tell(index, LinkRead{read.link, read.characteristic, info ? service.info : service.record});
}

void Neighbourhood::carry(NodeIndex index, const WriteLink& write) {
    const Wire* wire = wire_of(index, write.link);
    if (wire == nullptr) return;
    ++frames_carried_;
    if (wire->central == index)
        tell(wire->server, LinkFrame{wire->at_server, write.characteristic, write.frame});
    else
        tell(wire->central, LinkFrame{wire->at_central, write.characteristic, write.frame});
}

void Neighbourhood::carry(NodeIndex index, const CloseLink& close) {
    const Wire* found = wire_of(index, close.link);
    if (found == nullptr) return;
    const Wire wire = *found;
    std::erase_if(wires_, [&](const Wire& other) { return other.at_server == wire.at_server; });
    tell(wire.server, LinkClosed{wire.at_server, "closed"});
    tell(wire.central, LinkClosed{wire.at_central, "closed"});
}

void Neighbourhood::tick() {
    for (const auto& [index, listener] : members_) {
        if (!world_.alive(index) || !listener.metres || !listener.scans) continue;
        for (const auto& [other, speaker] : members_) {
            if (other == index || !speaker.metres || speaker.advert.empty()) continue;
            if (!world_.alive(other)) continue;
            const int away = std::abs(*listener.metres - *speaker.metres);
            if (away > kRadioRangeMetres) continue;
            const AdvertSeen seen{DeviceId{speaker.device}, speaker.advert, strength_at(away)};
            world_.with(index, [&](Node& node, Instant now) {
                node.handle_report(now, RadioReport{seen});
            });
        }
    }
    world_.schedule(world_.now() + kAdvertEvery, [this] { tick(); });
}

}  // namespace sov::sim
