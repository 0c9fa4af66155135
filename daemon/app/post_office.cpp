#include "daemon/app/post_office.h"

#include <type_traits>
#include <utility>
#include <vector>

namespace sov::app {
namespace {

using api::LogLevel;

/// A node that can't listen for mail (no peers yet, too many listeners) is asked again after this.
constexpr std::chrono::seconds kListenPause{30};

}  // namespace

PostOffice::PostOffice(hub::StreamHub& hub, io::NodeDriver& driver, ports::Store& store,
                       LogSink& log, Options options, const ports::StoredState& stored,
                       EventSink sink)
    : PostOffice(hub, driver, store, log, std::move(options), restore(stored, log),
                 std::move(sink)) {}

PostOffice::PostOffice(hub::StreamHub& hub, io::NodeDriver& driver, ports::Store& store,
                       LogSink& log, Options options, Restored restored, EventSink sink)
    : driver_(driver),
      store_(store),
      log_(log),
      courier_(
          hub,
          {{}, options.wall_clock, std::move(options.is_friend), std::move(options.is_welcome)},
          messaging::Outgoing({.mail_bytes_max = identity::kItemBodyMax}, options.line,
                              options.wall_clock, options.seed, std::move(restored.outgoing)),
          messaging::Incoming({}, std::move(restored.incoming))),
      sink_(std::move(sink)) {}

PostOffice::Restored PostOffice::restore(const ports::StoredState& stored, LogSink& log) {
    Restored restored;
    std::size_t damaged = 0;
    const auto message_in = [&](const Bytes& letter) -> std::optional<messaging::Message> {
        auto read = messaging::read_letter(letter);
        if (read.has_value()) {
            if (auto* message = std::get_if<messaging::Message>(&*read)) return std::move(*message);
        }
        ++damaged;
        return std::nullopt;
    };
    for (const ports::StoredOutgoing& one : stored.outgoing) {
        if (auto message = message_in(one.letter))
            restored.outgoing.push_back({one.peer, std::move(*message)});
    }
    for (const ports::StoredIncoming& one : stored.incoming) {
        if (auto message = message_in(one.letter)) {
            restored.incoming.messages.push_back(
                {one.serial, one.from, std::move(*message), one.received_at});
        }
    }
    for (const auto& [peer, numbers] : stored.taken_numbers) {
        if (auto taken = messaging::TakenNumbers::read(numbers); taken.has_value()) {
            restored.incoming.taken.emplace_back(peer, std::move(*taken));
        } else {
            ++damaged;
        }
    }
    if (damaged > 0) {
        log.write(LogLevel::kWarning, "store", "store.messages_damaged",
                  "messages in the store could not be read and were left out",
                  {{"count", std::to_string(damaged)}});
    }
    return restored;
}

void PostOffice::start() { listen(); }

void PostOffice::listen() {
    listen_at_ = kNever;
    driver_.post([this](Instant now, Node& node) {
        listening_ = node.listen_items(now, identity::ItemUse::kMail);
    });
}

// What the courier does is sent at the end of a turn that concerns it, hence the posts.
void PostOffice::handle_event(const Event& event) {
    if (const auto* arrived = std::get_if<dht::ItemArrived>(&event)) {
        if (arrived->listen != listening_) return;
        driver_.post([this, item = arrived->item](Instant now, Node&) {
            courier_.handle_mail(now, item.id, item.sender, item.body);
        });
    } else if (const auto* ended = std::get_if<dht::ListenEnded>(&event)) {
        if (ended->listen != listening_) return;
        driver_.post([this](Instant now, Node&) {
            listening_ = kNoCommand;
            listen_at_ = now + kListenPause;
        });
    } else if (const auto* finished = std::get_if<dht::ValuePutFinished>(&event)) {
        const auto leaving = leaving_.find(finished->command);
        if (leaving == leaving_.end()) return;
        driver_.post([this, ticket = leaving->second, ok = !finished->published.error](
                         Instant now, Node&) { courier_.handle_left(now, ticket, ok); });
        leaving_.erase(leaving);
    }
}

void PostOffice::handle_timeout(Instant now) {
    if (listen_at_ <= now) listen();
    courier_.handle_timeout(now);
}

namespace {

template <typename Wanted>
constexpr bool is_write(const Wanted&) {
    return std::is_same_v<Wanted, messaging::KeepOutgoing> ||
           std::is_same_v<Wanted, messaging::KeepIncoming> ||
           std::is_same_v<Wanted, messaging::ForgetOutgoing> ||
           std::is_same_v<Wanted, messaging::ForgetIncoming> ||
           std::is_same_v<Wanted, messaging::ForgetTaken>;
}

}  // namespace

class PostOffice::Router {
  public:
    Router(PostOffice& owner, Instant now) : owner_(owner), now_(now) {}

    void operator()(messaging::KeepOutgoing wanted) const {
        const messaging::Message& message = wanted.message.message;
        ports::PutOutgoing write{{message.id.line, message.id.number, wanted.message.peer,
                                  messaging::encode_message(message)}};
        owner_.store_.submit(std::move(write), [owner = &owner_, peer = wanted.message.peer,
                                                id = message.id](bool ok) {
            owner->driver_.post([owner, peer, id, ok](Instant now, Node&) {
                owner->courier_.handle_kept_outgoing(now, peer, id, ok);
            });
        });
    }
    void operator()(messaging::KeepIncoming wanted) const {
        const messaging::IncomingMessage& message = wanted.message;
        ports::PutIncoming write{{message.serial, message.from,
                                  messaging::encode_message(message.message), message.received_at},
                                 std::move(wanted.taken_numbers)};
        owner_.store_.submit(std::move(write), [owner = &owner_, serial = message.serial](bool ok) {
            owner->driver_.post([owner, serial, ok](Instant now, Node&) {
                owner->courier_.handle_kept_incoming(now, serial, ok);
            });
        });
    }
    void operator()(const messaging::ForgetOutgoing& wanted) const {
        owner_.submit(ports::EraseOutgoing{wanted.id.line, wanted.id.number});
    }
    void operator()(const messaging::ForgetIncoming& wanted) const {
        owner_.submit(ports::EraseIncoming{wanted.serial});
    }
    void operator()(const messaging::ForgetTaken& wanted) const {
        owner_.submit(ports::EraseTaken{wanted.peer});
    }
    void operator()(hub::LeaveMail mail) const { owner_.leave_mail(std::move(mail)); }
    void operator()(const hub::MailTaken& taken) const {
        owner_.driver_.post([item = taken.item](Instant now, Node& node) {
            node.remove_items(now, identity::ItemUse::kMail, {item});
        });
    }
    void operator()(const messaging::MessageArrived& arrived) const { owner_.sink_(now_, arrived); }
    void operator()(const messaging::DeliveryChanged& changed) const {
        owner_.sink_(now_, changed);
    }
    void operator()(const hub::PresenceChanged& changed) const { owner_.sink_(now_, changed); }

  private:
    PostOffice& owner_;
    Instant now_;
};

void PostOffice::settle(Instant now) {
    // Apps are told before the disk is, whose thread would be in their way.
    std::vector<hub::CourierEvent> writes;
    const Router router(*this, now);
    while (auto event = courier_.poll_event()) {
        if (std::visit([](const auto& wanted) { return is_write(wanted); }, *event)) {
            writes.push_back(std::move(*event));
        } else {
            std::visit(router, std::move(*event));
        }
    }
    for (hub::CourierEvent& write : writes) std::visit(router, std::move(write));
}

void PostOffice::leave_mail(hub::LeaveMail mail) {
    driver_.post([this, mail = std::move(mail)](Instant now, Node& node) {
        leaving_[node.leave_item(now, {mail.peer, identity::ItemUse::kMail, mail.letter})] =
            mail.ticket;
    });
}

// A message that stays on the disk is sent or told once more after the next start, no worse.
void PostOffice::submit(ports::StoreWrite write) {
    store_.submit(std::move(write), [&log = log_](bool ok) {
        if (!ok)
            log.write(LogLevel::kWarning, "store", "store.write_failed",
                      "could not be written to disk", {{"what", "that a message is done"}});
    });
}

}  // namespace sov::app
