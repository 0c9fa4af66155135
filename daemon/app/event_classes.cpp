#include "daemon/app/event_classes.h"

#include <algorithm>

namespace sov::app {
namespace {

// In the order of the names. An id is random and belongs to its class for ever;
// systemd/sovereignd.catalog explains each. tests/service holds code, table and catalog against
// each other.
constexpr EventClass kClasses[] = {
    {"api.change", "76b4c1de130045ebb45b3a4a5dd76158"},
    {"api.group_missing", "e4465c4c8e7f4ef6b3bb4a0ecbe929f9"},
    {"api.no_login_manager", "c6464e0378c340c5b9e2840e5efb1e2c"},
    {"api.refused", "3601959da1e14773b8d2f1a1b3f38692"},
    {"app.clock_believed", "319faf16a7c1417abdbc8c05902d1b7c"},
    {"app.clock_jumped", "3d50473b097b409dbdb0e0c2402404f8"},
    {"app.economy", "09392b48371f4ceaba031cfc79a5b3d9"},
    {"app.family_missing", "28dc920b6cfa4b179981b53743c60688"},
    {"app.identity_credential", "b19f2871b9914fef8be7e4158aed9a78"},
    {"app.identity_replaced", "282f4738f71249cc826f1fc6515f69bd"},
    {"app.identity_unused", "23bf67db193a41fcbe036c7259629d73"},
    {"app.key_made", "71422e7819d645f084c1d3e706b6170a"},
    {"app.leaving", "9178212b3be54b42a210f06926d7f01e"},
    {"app.links_changed", "06f52c74b3e0417a9213bf79e9c78361"},
    {"app.links_unwatched", "b0fb76054c6542f8bc15f6aeb0019a94"},
    {"app.log_level", "4afe96ba4fb14e05820ff51d104209a0"},
    {"app.metrics", "3219a47865194a0da785394780d6d400"},
    {"app.node_key_replaced", "13f81ceaefc04bdb87bdb6581f093f20"},
    {"app.port_mapped", "c42b039cfea5418590bac87429cd6cf4"},
    {"app.port_not_mapped", "1cc70f6c6f9340c8823fa076d37bfe7c"},
    {"app.reload_failed", "7a2f177825e74c5393b034bfc762d74b"},
    {"app.reload_restart", "5764b70de23748e1a66cd2063b775b7a"},
    {"app.reloaded", "f753d330e9004590aad1e977da9d23e7"},
    {"app.sleeps", "80c9e40fc01c43969207264734ade1e7"},
    {"app.socket_given_up", "b333a443ffd54518a469c820379ad10c"},
    {"app.socket_kept", "0bb6944d5d9d49f4a1d41f82c15721e3"},
    {"app.started", "831a05141c324d8d9407419c35a6ccc2"},
    {"app.stopped", "d39bf31479d343cf88a3d55f9726cf48"},
    {"app.traffic_budget", "6c7f94ed070b458bbd4ba5d2f571794c"},
    {"app.woke", "e61c1c1f84cc4c14b376b83728abb4ed"},
    {"bootstrap.dns", "a16739f22c1040b98f57dd86f2f21420"},
    {"bootstrap.list", "7741e1cb98704709bd250a42d9378756"},
    {"bootstrap.problem", "c787888c9b584cf987cc2a944ed51275"},
    {"call.listening", "f8140c840a9e445590a894341558d6df"},
    {"connect.closed", "36d733af28224fd384594e7cc07d0eb1"},
    {"connect.opened", "75d2b8f473d84b989719d3fccd25d138"},
    {"connect.path", "c48f5d6bc0d647aa86a543d269a653cf"},
    {"discovery.layer", "c1ac1b88918f42a48930a17b53e12513"},
    {"discovery.state", "a5576f1aebf447d4b389e713e9da11bc"},
    {"friend.moved", "d77cd10740e64e6393474f15f5ed1a60"},
    {"friend.second_key", "b1f4a0c85d7e4d6f9c3a27e0648dd12a"},
    {"identity.disputed", "790356332b6b4011864f8866d67a324d"},
    {"identity.elsewhere", "822a09d8fee8463494800e3fb5d98c2e"},
    {"name.owner_changed", "c97ad3ca99054aa58a87052bbc56cbdb"},
    {"node.eclipse", "784a0f32d5ea4fd3b3980005e940feeb"},
    {"node.reachability", "f97d35138f124246addf58bf068911bb"},
    {"node.reachability_detail", "4aa9e95ba80b4c75956e00a7d71d38f0"},
    {"record.equivocation", "7a74c62f794445938e966338843b0b84"},
    {"record.published", "8a6b49fbf2624054b67d16da738502b3"},
    {"record.stored", "55357a78d672421fa653beb507e1894d"},
    {"region.crowded", "1bacfdd687a340c5a855e360d88496cd"},
    {"relay.dns", "5c0e7d1b5f7443a2a1f3a7d40c86e9b4"},
    {"relay.tls", "66e3afc3223a4fccb59ee4c2ed1f2b7e"},
    {"store.messages_damaged", "3ff82eadd65f4ef782cc17ac02f99f6e"},
    {"store.notice", "9eb7246882e34f6c82e841cee6c82f54"},
    {"store.write_failed", "e7d59a2921654248b526d94e2b50ed23"},
    {"table.added", "3bab05c039c546a192c2a093c8486616"},
    {"table.removed", "dfc1669a52c6436380d2f602f9cb77cc"},
    {"udp.direct", "bd9b7bc933c7448a89f5fcae365a509c"},
    {"udp.relay_failed", "d51d3d30860a481ba508860126468776"},
    {"udp.relayed", "144399c359ff480fa0e38297cc33218b"},
    {"value.overtaken", "0bb5a49498664eb8b76069ad47b5e5c0"},
};

}  // namespace

std::span<const EventClass> event_classes() { return kClasses; }

std::string_view message_id(std::string_view event) {
    const auto* found = std::lower_bound(
        std::begin(kClasses), std::end(kClasses), event,
        [](const EventClass& one, std::string_view wanted) { return one.event < wanted; });
    return found != std::end(kClasses) && found->event == event ? found->id : std::string_view();
}

}  // namespace sov::app
