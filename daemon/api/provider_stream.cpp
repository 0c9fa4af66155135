#include "daemon/api/provider_stream.h"

#include <utility>

#include "daemon/api/messages.h"
#include "daemon/api/status_codes.h"

namespace sov::api {

void write_hints(const identity::OfferHints& hints, sovereign::v1::OfferHints* to) {
    to->set_region(hints.region);
    to->set_latency_ms(hints.latency_ms);
    to->set_note(to_text(hints.note));
}

void MessageWriter::write(const dht::FoundProvider& found, sovereign::v1::FoundProvider* to) const {
    write(found.peer, to->mutable_peer());
    write(found.node.key, to->mutable_node());
    for (const Endpoint& endpoint : found.node.endpoints) to->add_endpoints(endpoint.text());
    write_hints(found.hints, to->mutable_hints());
    to->set_replicas(found.replicas);
    to->set_own(found.own);
}

void ProviderStream::begin(CoreBridge::Begin find) {
    auto slot = desk_.quotas.begin(Quotas::Kind::kLookups, app());
    if (const auto* over = std::get_if<grpc::Status>(&slot)) return end(*over);
    slot_.emplace(std::move(std::get<Quotas::Slot>(slot)));
    // OnCancel can't come before this method's caller has returned the stream to gRPC, so the
    // ticket is set by then; the answer may, so nothing is touched after it was asked for.
    ticket_ = desk_.bridge.reserve_ticket();
    // The core answers every command, cancelled ones too: it lives until then.
    hold();
    desk_.bridge.command(
        *ticket_, std::move(find),
        [this](const Event* event) {
            close(conclude(event));
            let_go();
        },
        [this](const ProviderConfirmed& news) {
            auto message = std::make_shared<Message>();
            MessageWriter(desk_.crypto).write(news.provider, message->mutable_provider());
            ++told_;
            tell(std::move(message));
        });
}

// Those that were told before are the first ones of the answer.
grpc::Status ProviderStream::conclude(const Event* event) {
    if (event == nullptr) return leaving();
    const dht::ProvidersReport& report = std::get<ProvidersFound>(*event).report;
    if (report.error) return from_core(*report.error, "subject");
    const MessageWriter writer(desk_.crypto);
    for (std::size_t at = told_; at < report.providers.size(); ++at) {
        auto message = std::make_shared<Message>();
        writer.write(report.providers[at], message->mutable_provider());
        tell(std::move(message));
    }
    auto message = std::make_shared<Message>();
    Message::Ended* ended = message->mutable_ended();
    write_key(report.key, ended->mutable_key());
    writer.write(report.lookup, ended->mutable_lookup());
    ended->set_cookie(to_text(report.cookie));
    ended->set_told(static_cast<std::uint32_t>(report.providers.size()));
    ended->set_replicas(report.nodes);
    ended->set_complete(report.complete);
    ended->set_sampled(report.sampled);
    tell(std::move(message));
    return grpc::Status::OK;
}

void ProviderStream::tell(std::shared_ptr<const Message> message) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(message));
        if (std::exchange(writing_, true)) return;
    }
    go_on();
}

void ProviderStream::close(const grpc::Status& status) {
    {
        const std::lock_guard lock(mutex_);
        closed_ = status;
        if (std::exchange(writing_, true)) return;
    }
    go_on();
}

void ProviderStream::go_on() {
    std::shared_ptr<const Message> next;
    std::optional<grpc::Status> closed;
    {
        const std::lock_guard lock(mutex_);
        if (!queue_.empty()) {
            next = std::move(queue_.front());
            queue_.pop_front();
        } else {
            closed = closed_;
            writing_ = closed.has_value();
        }
    }
    if (next) return write(std::move(next));
    if (closed) end(*closed);
}

void ProviderStream::OnWriteDone(bool ok) {
    if (!ok) return OnCancel();
    go_on();
}

void ProviderStream::OnCancel() {
    if (ticket_) desk_.bridge.cancel(*ticket_);
    end(grpc::Status::CANCELLED);
}

}  // namespace sov::api
