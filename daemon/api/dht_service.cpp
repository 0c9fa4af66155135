#include "daemon/api/dht_service.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "daemon/api/messages.h"
#include "daemon/api/page_token.h"
#include "daemon/api/unary_call.h"
#include "daemon/core/identity/peer_name.h"
#include "daemon/core/identity/records.h"
#include "daemon/core/identity/values.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::uint32_t kPageMax = 1000;

std::optional<Key> key_from(const std::string& bytes) {
    if (bytes.size() != Key::kSize) return std::nullopt;
    return Key::from(as_bytes(bytes));
}

/// What a trace looks for, before hashing, which only the core thread may do.
using TraceTarget = std::variant<Key, PeerId, std::string>;

std::variant<TraceTarget, grpc::Status> trace_target(const v1::TraceRequest& request) {
    switch (request.target_case()) {
        case v1::TraceRequest::kKey:
            if (const auto key = key_from(request.key())) return TraceTarget(*key);
            return invalid("key", "must have 20 bytes");
        case v1::TraceRequest::kPeerText:
            if (const auto peer = identity::parse_peer(request.peer_text()))
                return TraceTarget(*peer);
            return invalid("peer_text", "no peer id: it begins with sov1 and carries a checksum");
        case v1::TraceRequest::kName:
            if (const auto name = identity::fold_name(request.name()); name.has_value())
                return TraceTarget(*name);
            return invalid("name",
                           "1 to 63 of a-z 0-9 . _ - with a letter or digit first and last");
        case v1::TraceRequest::TARGET_NOT_SET: break;
    }
    return invalid("target", "one of key, peer_text and name must be set");
}

Key place_of(identity::Crypto& crypto, const TraceTarget& target) {
    if (const auto* peer = std::get_if<PeerId>(&target)) return identity::peer_key(crypto, *peer);
    if (const auto* name = std::get_if<std::string>(&target))
        return identity::name_key(crypto, *name);
    return std::get<Key>(target);
}

}  // namespace

grpc::ServerUnaryReactor* DhtService::GetTable(grpc::CallbackServerContext* context,
                                               const v1::GetTableRequest* request,
                                               v1::GetTableResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/GetTable");
    if (!call->admitted()) return call;
    call->ask([this, request, response](Instant now, const Node& node) {
        const MessageWriter writer(desk_.crypto);
        for (const TableEntry& entry : node.table(now)) {
            if (!entry.replacement || request->replacements())
                writer.write(entry, response->add_entries());
        }
        writer.write(node.node_key(), response->mutable_self());
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* DhtService::Get(grpc::CallbackServerContext* context,
                                          const v1::GetRequest* request,
                                          v1::GetResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/Get");
    if (!call->admitted()) return call;
    const auto key = key_from(request->key());
    if (!key) {
        call->refuse(invalid("key", "must have 20 bytes"));
        return call;
    }
    call->command(
        [key, request](Instant now, Node& node) { return node.get(now, *key, request->trace()); },
        [this, request, response](const Event& event) {
            const dht::Gotten& gotten = std::get<GetFinished>(event).gotten;
            const bool miss = gotten.error == Errc::kNotFound && request->trace();
            if (gotten.error && !miss) return from_core(*gotten.error, "key");
            const MessageWriter writer(desk_.crypto);
            for (const auto& record : gotten.records) {
                writer.write(record, MessageWriter::Body::kInclude, response->add_records());
            }
            for (const Contact& contact : gotten.closest)
                writer.write(contact, response->add_closest());
            writer.write(gotten.lookup, response->mutable_lookup());
            return grpc::Status::OK;
        });
    return call;
}

void DhtService::put_signed_value(UnaryCall& call, const Key& key, const v1::PutRequest& request,
                                  v1::PutResponse* response) {
    call.command(
        [key, &request](Instant now, Node& node) {
            return node.put_signed_value(now, key, as_bytes(request.record()));
        },
        [this, response](const Event& event) {
            const auto& published = std::get<ValuePutFinished>(event).published;
            if (published.error) return from_core(*published.error, "record");
            write_key(published.key, response->mutable_key());
            response->set_sequence(published.sequence);
            response->set_stored(static_cast<std::uint32_t>(published.receipts.size()));
            response->set_refused(published.refused);
            MessageWriter(desk_.crypto).write(published.lookup, response->mutable_lookup());
            return grpc::Status::OK;
        });
}

grpc::ServerUnaryReactor* DhtService::Put(grpc::CallbackServerContext* context,
                                          const v1::PutRequest* request,
                                          v1::PutResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/Put");
    if (!call->admitted()) return call;
    const auto key = key_from(request->key());
    const ByteView record = as_bytes(request->record());
    const auto head = identity::read_head(identity::record_part(record));
    const bool value = head && identity::is_value(head->kind);
    const std::size_t most =
        identity::kRecordBytesMax + (value ? identity::paged_bytes(identity::kContentBytesMax) : 0);
    if (!key || record.empty() || record.size() > most) {
        call->refuse(!key ? invalid("key", "must have 20 bytes")
                          : invalid("record", "must have 1 to 1000 bytes, and a value its pages"));
        return call;
    }
    call->about(key->hex());
    if (value) {
        put_signed_value(*call, *key, *request, response);
        return call;
    }
    call->command(
        [key, request](Instant now, Node& node) {
            return node.put(now, *key, to_bytes(as_bytes(request->record())));
        },
        [this, response](const Event& event) {
            const dht::Published& published = std::get<PublishFinished>(event).published;
            if (published.error) return from_core(*published.error, "record");
            write_key(published.key, response->mutable_key());
            response->set_sequence(published.sequence);
            response->set_stored(published.stored);
            response->set_refused(published.refused);
            MessageWriter(desk_.crypto).write(published.lookup, response->mutable_lookup());
            return grpc::Status::OK;
        });
    return call;
}

grpc::ServerUnaryReactor* DhtService::Trace(grpc::CallbackServerContext* context,
                                            const v1::TraceRequest* request,
                                            v1::TraceResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/Trace");
    if (!call->admitted()) return call;
    auto target = trace_target(*request);
    if (const auto* status = std::get_if<grpc::Status>(&target)) {
        call->refuse(*status);
        return call;
    }
    call->command(
        [this, target = std::get<TraceTarget>(std::move(target))](Instant now, Node& node) {
            return node.get(now, place_of(desk_.crypto, target), true);
        },
        [this, response](const Event& event) {
            const dht::Gotten& gotten = std::get<GetFinished>(event).gotten;
            // The way is the answer, so its end does not matter unless there was no way at all.
            if (gotten.error && gotten.error != Errc::kNotFound && gotten.lookup.trace.empty()) {
                return from_core(*gotten.error, "target");
            }
            const MessageWriter writer(desk_.crypto);
            writer.write(gotten.lookup, response->mutable_lookup());
            for (const Contact& contact : gotten.closest)
                writer.write(contact, response->add_closest());
            for (const auto& record : gotten.records) {
                writer.write(record, MessageWriter::Body::kLeaveOut, response->add_records());
            }
            return grpc::Status::OK;
        });
    return call;
}

grpc::ServerUnaryReactor* DhtService::ListHeld(grpc::CallbackServerContext* context,
                                               const v1::ListHeldRequest* request,
                                               v1::ListHeldResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Dht/ListHeld");
    if (!call->admitted()) return call;
    const auto first = place_of_page(request->page_token());
    if (!first) {
        call->refuse(bad_page_token());
        return call;
    }
    call->ask([this, request, response, first = *first](Instant now, const Node& node) {
        auto records = node.held_records(now);
        std::sort(records.begin(), records.end(), [](const HeldRecord& a, const HeldRecord& b) {
            return a.key != b.key ? a.key < b.key : a.head.owner < b.head.owner;
        });
        const std::uint32_t wanted =
            request->page_size() == 0 ? kPageMax : std::min(request->page_size(), kPageMax);
        const std::size_t last = std::min(records.size(), first + wanted);
        const MessageWriter writer(desk_.crypto);
        for (std::size_t at = first; at < last; ++at)
            writer.write(records[at], response->add_records());
        if (last < records.size()) response->set_next_page_token(std::to_string(last));
        response->set_total(records.size());
        return grpc::Status::OK;
    });
    return call;
}

}  // namespace sov::api
