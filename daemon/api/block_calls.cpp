#include <optional>

#include "daemon/api/messages.h"
#include "daemon/api/node_service.h"
#include "daemon/api/unary_call.h"
#include "daemon/core/identity/peer_name.h"
#include "daemon/core/snapshot.h"

// Whom the user blocks, and what the node itself thinks of somebody.

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::string_view kWhoRule =
    "a peer (sov1...), a node (sovn1...), an address or a prefix such as 198.51.100.0/24, with "
    "zeros behind it";

std::optional<guard::Block> block_from(const std::string& who) {
    if (const auto node = identity::parse_node(who)) return guard::Block::of(*node);
    if (const auto peer = identity::parse_peer(who)) return guard::Block::of(*peer);
    return guard::Block::addresses(who);
}

std::string text_of(const guard::Block& block) {
    switch (block.kind) {
        case guard::Block::Kind::kNode: return identity::node_text(NodeKey{block.key.bytes});
        case guard::Block::Kind::kPeer: return identity::peer_text(PeerId{block.key.bytes});
        case guard::Block::Kind::kAddresses: return block.address_text();
    }
    return "";
}

std::string_view deed_word(guard::Deed deed) {
    switch (deed) {
        case guard::Deed::kAnswered: return "answered";
        case guard::Deed::kSilent: return "silent";
        case guard::Deed::kFlooded: return "flooded";
        case guard::Deed::kMalformed: return "malformed";
        case guard::Deed::kDenied: return "denied";
        case guard::Deed::kLied: return "lied";
        case guard::Deed::kEquivocated: return "equivocated";
    }
    return "";
}

v1::Standing standing_message(guard::Standing standing) {
    switch (standing) {
        case guard::Standing::kGood: return v1::STANDING_GOOD;
        case guard::Standing::kDoubtful: return v1::STANDING_DOUBTFUL;
        case guard::Standing::kRefused: return v1::STANDING_REFUSED;
    }
    return v1::STANDING_UNSPECIFIED;
}

void write_judgement(const Judgement& judgement, v1::ExplainPeerResponse* response) {
    response->set_blocked(judgement.blocked);
    response->set_blocked_by(judgement.blocked_by);
    response->set_standing(standing_message(judgement.standing));
    response->set_points(static_cast<std::uint32_t>(judgement.points));
    response->set_good_after_ms(whole_ms(judgement.good_after));
    response->set_in_table(judgement.in_table);
    for (const auto& count : judgement.deeds) {
        auto* deed = response->add_deeds();
        deed->set_what(std::string(deed_word(count.deed)));
        deed->set_times(count.times);
        deed->set_last_ago_ms(whole_ms(count.last_ago));
        deed->set_points(guard::Reputation::points_of(count.deed));
    }
}

}  // namespace

grpc::ServerUnaryReactor* NodeService::ExplainPeer(grpc::CallbackServerContext* context,
                                                   const v1::ExplainPeerRequest* request,
                                                   v1::ExplainPeerResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/ExplainPeer");
    if (!call->admitted()) return call;
    const auto node_key = identity::parse_node(request->who());
    const auto peer = identity::parse_peer(request->who());
    if (!node_key && !peer) {
        call->refuse(invalid("who", "neither a node (sovn1...) nor a peer (sov1...)"));
        return call;
    }
    call->ask([response, node_key, peer](Instant now, const Node& node) {
        write_judgement(node_key ? node.judgement(now, *node_key) : node.judgement(now, *peer),
                        response);
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::Block(grpc::CallbackServerContext* context,
                                             const v1::BlockRequest* request,
                                             v1::BlockResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/Block");
    if (!call->admitted()) return call;
    const auto block = block_from(request->who());
    if (!block) {
        call->refuse(invalid("who", kWhoRule));
        return call;
    }
    response->set_who(text_of(*block));
    call->about(text_of(*block));
    call->ask([this, block = *block](Instant now, Node& node) {
        const HostFacts& facts = desk_.host.facts();
        if (block == guard::Block::of(facts.node) || block == guard::Block::of(facts.peer))
            return invalid("who", "that is this node itself");
        const auto blocked = node.block(now, block);
        return blocked ? grpc::Status::OK : from_core(blocked.error(), "who");
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::Unblock(grpc::CallbackServerContext* context,
                                               const v1::UnblockRequest* request,
                                               v1::UnblockResponse*) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/Unblock");
    if (!call->admitted()) return call;
    const auto block = block_from(request->who());
    if (!block) {
        call->refuse(invalid("who", kWhoRule));
        return call;
    }
    call->about(text_of(*block));
    call->ask([block = *block](Instant now, Node& node) {
        if (node.unblock(now, block)) return grpc::Status::OK;
        v1::ErrorDetail detail;
        detail.set_code("not_found");
        detail.set_message(text_of(block) + " is not blocked");
        detail.set_hint("sovctl block");
        return failure(grpc::StatusCode::NOT_FOUND, std::move(detail));
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::ListBlocks(grpc::CallbackServerContext* context,
                                                  const v1::ListBlocksRequest*,
                                                  v1::ListBlocksResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/ListBlocks");
    if (!call->admitted()) return call;
    call->ask([response](Instant, const Node& node) {
        for (const guard::Block& block : node.blocks()) response->add_who(text_of(block));
        return grpc::Status::OK;
    });
    return call;
}

}  // namespace sov::api
