#include <algorithm>
#include <optional>
#include <variant>

#include "daemon/api/dht_service.h"
#include "daemon/api/messages.h"
#include "daemon/api/stored_answer.h"
#include "daemon/api/unary_call.h"
#include "daemon/api/value_stream.h"
#include "daemon/core/identity/peer_name.h"
#include "daemon/core/identity/values.h"

// The calls of sovereign.v1.Dht about values.

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::chrono::seconds kUsualTtl{2 * 3600};
/// Post-quantum parts and bootstrap lists.
constexpr std::string_view kReservedLabels = "sovereign/";
constexpr std::uint64_t kTtlMaxMs = 7ULL * 24 * 3600 * 1000;

/// Where a value is, before hashing, which only the core thread may do. No owner: this peer.
struct LabelledPlace {
    std::optional<PeerId> owner;
    std::string label;
};
using Place = std::variant<Key, LabelledPlace>;

std::variant<Place, grpc::Status> place_from(const v1::ValuePlace& place) {
    if (place.has_key()) {
        if (place.key().size() != Key::kSize) return invalid("place", "a key has 20 bytes");
        return Place(Key::from(as_bytes(place.key())));
    }
    if (!place.has_labelled()) return invalid("place", "one of key and labelled must be set");
    LabelledPlace labelled{std::nullopt, place.labelled().label()};
    if (labelled.label.size() > identity::kLabelBytesMax)
        return invalid("place", "a label has at most 64 bytes");
    if (place.labelled().owner_text().empty()) return Place(std::move(labelled));
    const auto owner = identity::parse_peer(place.labelled().owner_text());
    if (!owner) return invalid("place", "no peer id: it begins with sov1 and carries a checksum");
    labelled.owner = *owner;
    return Place(std::move(labelled));
}

Key key_at(identity::Crypto& crypto, const Node& node, const Place& place) {
    if (const auto* key = std::get_if<Key>(&place)) return *key;
    const auto& labelled = std::get<LabelledPlace>(place);
    return identity::mutable_key(crypto, labelled.owner.value_or(node.peer_id()), labelled.label);
}

void write_value(const MessageWriter& writer, const Key& key, const dht::ValueVersion& version,
                 v1::Value* to) {
    write_key(key, to->mutable_key());
    to->set_kind(message_of(version.head.kind));
    if (version.head.kind != identity::RecordKind::kImmutable)
        writer.write(version.head.owner, to->mutable_owner());
    to->set_label(version.label);
    to->set_sequence(version.head.sequence);
    to->set_tombstone(version.head.tombstone);
    to->set_ttl_ms(whole_ms(version.head.ttl));
    to->set_content(to_text(version.content));
}

grpc::Status put_answer(identity::Crypto& crypto, const Quotas& quotas,
                        const dht::ValuePublished& published, v1::PutValueResponse* response) {
    if (published.quota == dht::OwnQuota::kAppValues) return quotas.values_refused();
    if (published.quota == dht::OwnQuota::kAppBytes) return quotas.value_bytes_refused();
    if (published.error == Errc::kOverQuota) {
        const bool ours = published.quota == dht::OwnQuota::kValues;
        v1::ErrorDetail detail = detail_of(Errc::kOverQuota);
        detail.set_message(ours ? "this node looks after as many values as it can, of all its users"
                                : "the nodes nearest to the value hold as much of this owner, or "
                                  "of this network, as they will");
        return failure(grpc::StatusCode::RESOURCE_EXHAUSTED, std::move(detail));
    }
    if (published.error == Errc::kConflict) {
        v1::ErrorDetail detail = detail_of(Errc::kConflict);
        const std::string number = std::to_string(published.conflict);
        detail.set_message(
            published.conflict == published.sequence
                ? "its owner has stored something else under the same sequence number, " + number +
                      ": that stays"
                : "somebody stored another version meanwhile: its sequence number is " + number);
        return failure(grpc::StatusCode::ABORTED, std::move(detail));
    }
    if (published.error == Errc::kTooLarge) {
        v1::ErrorDetail detail = detail_of(Errc::kTooLarge, "content");
        if (published.bytes_max > 0) {
            detail.set_message("content has at most " + std::to_string(published.bytes_max) +
                               " bytes here (dht.value_max_bytes), a label at most 64");
            detail.set_hint("cut it into several values");
        } else {
            detail.set_message("the nodes nearest to the value don't keep values of that size");
            detail.set_hint("most nodes keep up to 16384 bytes (dht.value_max_bytes)");
        }
        return failure(grpc::StatusCode::INVALID_ARGUMENT, std::move(detail));
    }
    if (published.error) return from_core(*published.error, "content");
    response->set_sequence(published.sequence);
    write_stored(crypto, published, response);
    return grpc::Status::OK;
}

grpc::Status let_go_refused(Errc error) {
    if (error != Errc::kBusy) return from_core(error, "key");
    v1::ErrorDetail detail = detail_of(Errc::kBusy);
    detail.set_message(
        "the value is kept no longer, but the disk did not take that: after a restart it may be "
        "kept again");
    detail.set_hint(
        "make room on the disk, see sovctl doctor, and let go once more after a restart");
    return failure(grpc::StatusCode::RESOURCE_EXHAUSTED, std::move(detail));
}

}  // namespace

grpc::ServerUnaryReactor* DhtService::PutValue(grpc::CallbackServerContext* context,
                                               const v1::PutValueRequest* request,
                                               v1::PutValueResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/PutValue");
    if (!call->admitted()) return call;
    const bool conditional = request->has_expected_sequence() || request->withdraw();
    if (request->ttl_ms() > kTtlMaxMs || (conditional && !request->has_label())) {
        call->refuse(conditional ? invalid("label", "conditions and withdrawals need one")
                                 : invalid("ttl_ms", "must be at most seven days"));
        return call;
    }
    if (request->label().starts_with(kReservedLabels)) {
        call->refuse(invalid("label", "labels that begin with sovereign/ are the daemon's own"));
        return call;
    }
    call->command(
        [this, request, user = call->user()](Instant now, Node& node) {
            dht::ValuePut put;
            put.app = user;
            put.app_values_max = desk_.quotas.limits().values;
            put.app_bytes_max = desk_.quotas.limits().value_bytes;
            if (request->has_label()) put.label = request->label();
            if (request->has_expected_sequence()) put.expected = request->expected_sequence();
            put.content = to_bytes(as_bytes(request->content()));
            put.withdraw = request->withdraw();
            const auto wanted = std::chrono::duration_cast<std::chrono::seconds>(
                std::chrono::milliseconds(request->ttl_ms()));
            put.ttl =
                request->ttl_ms() == 0 ? kUsualTtl : std::max(wanted, std::chrono::seconds(1));
            put.level = level_from(request->level());
            return node.put_value(now, std::move(put));
        },
        [this, response](const Event& event) {
            return put_answer(desk_.crypto, desk_.quotas,
                              std::get<ValuePutFinished>(event).published, response);
        });
    return call;
}

grpc::ServerUnaryReactor* DhtService::GetValue(grpc::CallbackServerContext* context,
                                               const v1::GetValueRequest* request,
                                               v1::GetValueResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/GetValue");
    if (!call->admitted()) return call;
    auto place = place_from(request->place());
    if (const auto* status = std::get_if<grpc::Status>(&place)) {
        call->refuse(*status);
        return call;
    }
    call->command(
        [this, request, place = std::get<Place>(std::move(place))](Instant now, Node& node) {
            const auto newer_than = request->has_newer_than()
                                        ? std::optional<std::uint64_t>(request->newer_than())
                                        : std::nullopt;
            return node.get_value(now, key_at(desk_.crypto, node, place),
                                  level_from(request->level()), newer_than);
        },
        [this, response](const Event& event) {
            const dht::ValueGotten& gotten = std::get<ValueGetFinished>(event).gotten;
            if (gotten.error) return from_core(*gotten.error, "place");
            const MessageWriter writer(desk_.crypto);
            if (!gotten.unchanged)
                write_value(writer, gotten.key, gotten.value, response->mutable_value());
            response->set_unchanged(gotten.unchanged);
            response->set_replicas(gotten.replicas);
            response->set_cached(gotten.cached);
            response->set_equivocation(gotten.equivocation);
            writer.write(gotten.lookup, response->mutable_lookup());
            return grpc::Status::OK;
        });
    return call;
}

grpc::ServerWriteReactor<v1::ListenResponse>* DhtService::Listen(
    grpc::CallbackServerContext* context, const v1::ListenRequest* request) {
    auto* stream = new ValueStream(desk_, *context, "/sovereign.v1.Dht/Listen");
    if (!stream->admitted()) return stream;
    auto place = place_from(request->place());
    if (const auto* status = std::get_if<grpc::Status>(&place)) {
        stream->refuse(*status);
        return stream;
    }
    // Copied: a stream may end, and its request go, before the core begins.
    stream->begin([this, cursor = to_bytes(as_bytes(request->cursor())),
                   place = std::get<Place>(std::move(place))](Instant now, Node& node) {
        return node.listen(now, key_at(desk_.crypto, node, place), cursor);
    });
    return stream;
}

grpc::ServerUnaryReactor* DhtService::ListOwnValues(grpc::CallbackServerContext* context,
                                                    const v1::ListOwnValuesRequest*,
                                                    v1::ListOwnValuesResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/ListOwnValues");
    if (!call->admitted()) return call;
    const bool all = call->role() == Role::kAdmin;
    call->ask([this, response, all, user = call->user()](Instant now, const Node& node) {
        const QuotaLimits& limits = desk_.quotas.limits();
        std::uint64_t bytes = 0, count = 0;
        for (const dht::OwnValue& own : node.own_values(now)) {
            if (own.app == user) {
                ++count;
                bytes += own.bytes;
            }
            if (!all && own.app != user) continue;
            v1::OwnValue* to = response->add_values();
            write_key(own.key, to->mutable_key());
            to->set_kind(message_of(own.head.kind));
            to->set_label(own.label);
            to->set_sequence(own.head.sequence);
            to->set_tombstone(own.head.tombstone);
            to->set_size_bytes(own.bytes);
            to->set_ends_in_ms(whole_ms(own.ends_in));
            to->set_holders(static_cast<std::uint32_t>(own.holders));
            to->set_uid(own.app);
        }
        response->set_count(count);
        response->set_bytes(bytes);
        response->set_count_max(limits.values);
        response->set_bytes_max(limits.value_bytes);
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* DhtService::LetGo(grpc::CallbackServerContext* context,
                                            const v1::LetGoRequest* request, v1::LetGoResponse*) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/LetGo");
    if (!call->admitted()) return call;
    if (request->key().size() != Key::kSize) {
        call->refuse(invalid("key", "a key has 20 bytes"));
        return call;
    }
    const bool all = call->role() == Role::kAdmin;
    const auto app = all ? std::nullopt : std::optional<std::uint32_t>(call->user());
    call->command([key = Key::from(as_bytes(request->key())), app](
                      Instant now, Node& node) { return node.let_go(now, key, app); },
                  [](const Event& event) {
                      const auto& error = std::get<LetGoFinished>(event).error;
                      return error ? let_go_refused(*error) : grpc::Status::OK;
                  });
    return call;
}

void DhtService::handle_event(const Event& event) {
    v1::ListenResponse told;
    if (const auto* changed = std::get_if<ValueChanged>(&event)) {
        write_value(MessageWriter(desk_.crypto), changed->key, changed->value,
                    told.mutable_changed()->mutable_value());
        told.mutable_changed()->set_cursor(to_text(changed->cursor));
        desk_.listens.give(changed->listen, std::move(told));
    } else if (const auto* armed = std::get_if<ListenArmed>(&event)) {
        told.mutable_armed()->set_replicas(armed->replicas);
        desk_.listens.give(armed->listen, std::move(told));
    } else if (const auto* ended = std::get_if<ListenEnded>(&event)) {
        desk_.listens.end(ended->listen, from_core(ended->error, "cursor"));
    }
}

}  // namespace sov::api
