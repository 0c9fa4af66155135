#include <array>

#include "daemon/api/doctor.h"

// The doctor's words. A command must work when it is pasted into a shell of the host; the scenario
// "doctor" of tests/e2e runs all of them.

namespace sov::api {
namespace {

constexpr auto kOk = Finding::kOk, kWarn = Finding::kWarn, kFail = Finding::kFail;

constexpr std::string_view kNoSight =
    "peers on the same network are not found without the Internet";
constexpr std::string_view kNoRadio = "peers in radio range are not found";

constexpr std::array kTable = {
    Advice{"network", "ok", kOk, "", "", ""},
    Advice{"network", "joining", kOk, "", "", ""},
    Advice{"network", "only_nearby", kWarn,
           "names and peers beyond the local network can't be found",
           "check this host's way to the Internet and the firewall for outgoing UDP", ""},
    Advice{"network", "isolated", kFail, "nobody can be found and nobody finds this peer",
           "check the network and the firewall for outgoing UDP; below stands more", ""},

    Advice{"firewall", "ok", kOk, "", "", ""},
    Advice{"firewall", "not_tested", kOk, "", "", ""},
    Advice{"firewall", "no_answers", kFail,
           "a firewall on this host or in the network drops UDP, so nobody can be found",
           "let UDP out, and answers to it in; the port is udp.port", ""},

    Advice{"bootstrap", "ok", kOk, "", "", ""},
    Advice{
        "bootstrap", "none", kWarn,
        "after a restart this node can join only through peers that it remembers or that are "
        "near",
        "put a line into /etc/sovereignd/bootstrap.conf; on a node that is connected this prints "
        "one:",
        "sovctl whoami --bootstrap"},
    Advice{
        "bootstrap", "wrong_key", kFail,
        "the node there is another one than the configuration says, or somebody is in between",
        "ask its operator for the current line, which he gets with:", "sovctl whoami --bootstrap"},
    Advice{"bootstrap", "unreachable", kWarn, "joining takes longer, or fails when all are gone",
           "if the peer is gone for good, remove its line from the configuration; then:",
           "sovctl config reload"},

    Advice{"bootstrap_load", "ok", kOk, "", "", ""},
    Advice{"bootstrap_load", "slow", kWarn,
           "joining takes long when bootstrap peers are overloaded",
           "add the lines of more bootstrap peers; on a node that is connected this prints one:",
           "sovctl whoami --bootstrap"},

    Advice{"port", "ok", kOk, "", "", ""},
    Advice{"port", "by_chance", kWarn,
           "the port may be another one after a restart, so what routers forward and the lines in "
           "others' configurations lead nowhere",
           "set udp.port to a fixed number, then restart the daemon", ""},

    Advice{"reachability", "ok", kOk, "", "", ""},
    Advice{"reachability", "client", kOk, "", "", ""},
    Advice{"reachability", "not_reachable", kFail,
           "node.mode = server says that others may rely on this node, but they can't reach it",
           "let UDP to the port of udp.port in, or set node.mode = auto", ""},

    Advice{"diversity", "ok", kOk, "", "", ""},
    Advice{"diversity", "too_few", kOk, "", "", ""},
    Advice{"diversity", "few_networks", kWarn,
           "whoever runs those networks can hide records and peers from this node",
           "add bootstrap peers of people whom you know and who are elsewhere", ""},

    Advice{"latency", "ok", kOk, "", "", ""},
    Advice{"latency", "not_measured", kOk, "", "", ""},
    Advice{
        "latency", "slow", kWarn, "lookups take seconds, and many time out",
        "see whether this host's way to the Internet is busy; this shows how long each node takes:",
        "sovctl peers --sort rtt"},

    Advice{"congestion", "ok", kOk, "", "", ""},
    Advice{"congestion", "not_measured", kOk, "", "", ""},
    Advice{"congestion", "losing", kWarn,
           "lookups have to ask more nodes and some find nothing, because datagrams are lost",
           "see whether the network is busy or drops UDP; this shows what is lost on this host:",
           "sovctl stats 'sovereign_socket_losses*'"},

    Advice{"partition", "ok", kOk, "", "", ""},
    Advice{"partition", "cut", kWarn,
           "this node may be in a part of the network that is cut off from the rest",
           "add a bootstrap peer outside of this part, then:", "sovctl config reload"},

    Advice{"churn", "ok", kOk, "", "", ""},
    Advice{"churn", "high", kWarn,
           "the table is renewed faster than others can rely on it, so lookups and stores fail",
           "see whether this host's own network comes and goes; this shows what happened:",
           "sovctl events --type 'table.*'"},

    Advice{"interference", "ok", kOk, "", "", ""},
    Advice{"interference", "surrounded", kFail,
           "whoever surrounds a node decides what it finds and who finds it",
           "add a bootstrap peer of somebody whom you know, then:", "sovctl config reload"},
    Advice{
        "interference", "crowded", kWarn,
        "somebody planted nodes to hide what is stored there; readers use the second home too",
        "block who did it, if you know; this shows the keys:", "sovctl events --type 'region.*'"},

    Advice{"mdns", "ok", kOk, "", "", ""},
    Advice{"mdns", "off", kOk, "", "", ""},
    Advice{"mdns", "starting", kOk, "", "", ""},
    Advice{"mdns", "no_bus", kWarn, kNoSight,
           "start the system message bus:", "sudo systemctl start dbus"},
    Advice{"mdns", "avahi_missing", kWarn, kNoSight,
           "install Avahi, which speaks mDNS:", "sudo apt-get install --yes avahi-daemon"},
    Advice{"mdns", "avahi_stopped", kWarn, kNoSight,
           "start Avahi, now and with the system:", "sudo systemctl enable --now avahi-daemon"},
    Advice{"mdns", "avahi_refuses", kWarn,
           "this peer sees others on the network, but they don't see it",
           "allow programs to publish, then restart Avahi:",
           "sudo sed -i -E 's/^[[:space:]]*disable-(user-service-)?publishing[[:space:]]*=.*/"
           "disable-\\1publishing=no/' /etc/avahi/avahi-daemon.conf && "
           "sudo systemctl restart avahi-daemon"},

    Advice{"multicast", "ok", kOk, "", "", ""},
    Advice{"multicast", "not_in_use", kOk, "", "", ""},
    Advice{"multicast", "not_arriving", kWarn,
           "peers on this network are known from elsewhere, so when the Internet fails they will "
           "not be found; guest Wi-Fi, some switches and firewalls drop multicast",
           "let UDP port 5353 in and out, and switch client isolation off in the access point", ""},

    Advice{"bluetooth", "ok", kOk, "", "", ""},
    Advice{"bluetooth", "off", kOk, "", "", ""},
    Advice{"bluetooth", "starting", kOk, "", "", ""},
    Advice{"bluetooth", "no_adapter", kOk, "", "", ""},
    Advice{"bluetooth", "no_bus", kWarn, kNoRadio,
           "start the system message bus:", "sudo systemctl start dbus"},
    Advice{"bluetooth", "bluez_missing", kWarn, kNoRadio,
           "install BlueZ, which drives the adapter:", "sudo apt-get install --yes bluez"},
    Advice{"bluetooth", "bluez_stopped", kWarn, kNoRadio,
           "start BlueZ, now and with the system:", "sudo systemctl enable --now bluetooth"},
    Advice{"bluetooth", "blocked", kWarn, kNoRadio,
           "turn the radio's switch on, if this host has one, and let the radio be used again:",
           "sudo rfkill unblock bluetooth"},
    Advice{"bluetooth", "powered_off", kWarn, kNoRadio,
           "switch the adapter on:", "bluetoothctl power on"},
    Advice{"bluetooth", "cant_advertise", kWarn,
           "this peer hears others in radio range, but they don't hear it",
           "end another program that advertises, or use an adapter that can; this shows the room "
           "that is left:",
           "bluetoothctl show"},

    Advice{"bluetooth_privacy", "ok", kOk, "", "", ""},
    Advice{"bluetooth_privacy", "not_in_use", kOk, "", "", ""},
    Advice{"bluetooth_privacy", "unknown", kOk, "", "", ""},
    Advice{
        "bluetooth_privacy", "off", kWarn,
        "the adapter's own address stays the same for ever, so whoever listens in several places "
        "can follow this device, although what it says changes every quarter of an hour",
        "let BlueZ change the address, then restart it; paired devices may have to be paired "
        "again:",
        "sudo sed -i -E '0,/^#?[[:space:]]*Privacy[[:space:]]*=.*/s//Privacy = device/' "
        "/etc/bluetooth/main.conf && sudo systemctl restart bluetooth"},

    Advice{"clock", "ok", kOk, "", "", ""},
    Advice{"clock", "agreed", kOk, "", "", ""},
    Advice{
        "clock", "disagrees", kWarn,
        "friends recognise each other nearby by numbers that change every quarter of an hour, so "
        "those whose clocks differ do so late or not at all",
        "find out whose clock is wrong; if it is this one, let it be set from the network:",
        "sudo timedatectl set-ntp true"},
    Advice{"clock", "not_synchronised", kWarn,
           "friends recognise each other nearby by numbers that change every quarter of an hour; "
           "a clock that drifts away makes that slow, and by a day impossible",
           "let the clock be set from the network:", "sudo timedatectl set-ntp true"},
    Advice{"clock", "behind", kFail,
           "friends nearby are not recognised; nothing else depends on the clock",
           "let the clock be set from the network:", "sudo timedatectl set-ntp true"},

    Advice{"store", "ok", kOk, "", "", ""},
    Advice{"store", "set_aside", kWarn,
           "what the damaged file knew is gone, apart from the identity, which is kept elsewhere",
           "nothing has to be done; the file may be examined or deleted", ""},
    Advice{"store", "nearly_full", kWarn,
           "when the disk is full, records, names and friends do not survive a restart",
           "free space; this shows where it is used:", "df -h"},
    Advice{"store", "failing", kFail, "records, names and friends do not survive a restart",
           "free space or mend the permissions of node.state_dir; it is tried again by itself", ""},

    Advice{"traffic", "ok", kOk, "", "", ""},
    Advice{
        "traffic", "low", kWarn,
        "the node does without more and more: serving others, refreshing its tables, new streams",
        "raise traffic.monthly_budget if that matters, then:", "sovctl config reload"},
    Advice{"traffic", "used_up", kFail, "nothing leaves for the Internet until the next month",
           "raise traffic.monthly_budget in /etc/sovereignd/sovereignd.conf, then:",
           "sovctl config reload"},

    Advice{"configuration", "ok", kOk, "", "", ""},
    Advice{"configuration", "invalid", kFail,
           "the daemon runs on with its old configuration, but would not start again",
           "correct the file; 'sovctl config check' lists each mistake by line", ""},
    Advice{"configuration", "not_in_force", kWarn, "the daemon does not do what the file says",
           "let it read the file again; what needs a restart is told:", "sovctl config reload"},
};

}  // namespace

std::span<const Advice> advice_table() { return kTable; }

}  // namespace sov::api
