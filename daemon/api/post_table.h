#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/api/call_line.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/hub/courier.h"
#include "sovereign/v1/messaging.pb.h"

namespace sov::api {

void write_message(identity::Crypto& crypto, const messaging::IncomingMessage& message,
                   sovereign::v1::ReceivedMessage* to);
sovereign::v1::DeliveryState delivery_state(messaging::Delivery delivery);

/// Who waits for messages, for what becomes of messages, and for peers to say that they are there.
/// Core thread.
class PostTable {
  public:
    using MessageLine = CallLine<sovereign::v1::ReceivedMessage>;
    using SendLine = CallLine<sovereign::v1::SendProgress>;
    using PresenceAnswer = std::function<void(const std::optional<messaging::Presence>&)>;

    static constexpr std::size_t kReadersMax = 64;         ///< past it read() is refused
    static constexpr std::size_t kFollowersMax = 1024;     ///< past it the oldest is ended as busy
    static constexpr std::size_t kUnacknowledgedMax = 64;  ///< of one reader, as the proto says
    static constexpr std::size_t kPresenceAsksMax = 256;   ///< past it nothing is known

    /// `courier` is null in a daemon without connections; both outlive this.
    PostTable(hub::Courier* courier, identity::Crypto& crypto)
        : courier_(courier), crypto_(crypto) {}

    bool present() const { return courier_ != nullptr; }
    hub::Courier& courier() { return *courier_; }

    /// Tells what is there and what comes, until stop().
    grpc::Status read(const std::shared_ptr<MessageLine>& line, std::optional<std::string> topic);
    void stop(const std::shared_ptr<MessageLine>& line);
    /// How many were there.
    std::uint32_t acknowledge(Instant now, const std::vector<std::uint64_t>& serials);

    /// Tells the first state that is on disk, and with `to_the_end` all that follow.
    void follow(const PeerId& peer, const messaging::MessageId& id, bool to_the_end,
                const std::shared_ptr<SendLine>& line);
    void unfollow(const std::shared_ptr<SendLine>& line);

    void ask_presence(Instant now, const PeerId& peer, PresenceAnswer answer);

    void handle_event(const hub::PostEvent& event);
    /// Ends everybody.
    void close();

  private:
    struct Reader {
        std::shared_ptr<MessageLine> line;
        std::optional<std::string> topic;
        std::uint64_t last = 0;  ///< told
        std::set<std::uint64_t> unacknowledged;
    };
    struct Follower {
        PeerId peer;
        messaging::MessageId id;
        bool to_the_end = false;
        std::shared_ptr<SendLine> line;
    };

    void tell_more(Reader& reader);
    void tell(const messaging::DeliveryChanged& changed);

    hub::Courier* courier_;
    identity::Crypto& crypto_;
    std::list<Reader> readers_;
    std::list<Follower> followers_;
    std::multimap<PeerId, PresenceAnswer> presence_asks_;
};

}  // namespace sov::api
