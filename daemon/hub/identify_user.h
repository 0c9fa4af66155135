#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/hub/stream_table.h"
#include "daemon/streams/identify.h"

namespace sov::hub {

/// Asks each peer who it is and what it serves, answers the same, takes what peers push, and pushes
/// what has changed here to those who take it.
class IdentifyUser final : public StreamUser {
  public:
    /// An answer that is not whole by then is not waited for.
    static constexpr std::chrono::seconds kAnswerTime{10};

    struct About {
        PeerId self;
        std::string agent;
        std::vector<Endpoint> addresses;
    };
    /// Changes within this are pushed together, and nobody is pushed to more often.
    static constexpr std::chrono::seconds kPushPause{1};

    using RemoteOf = std::function<Endpoint(ports::ConnectionId)>;
    /// What is missing was not said, and stays as it was.
    using Learn = std::function<void(ports::ConnectionId, streams::Identify)>;
    /// The connections whose peers take pushes.
    using Takers = std::function<std::vector<std::pair<ports::ConnectionId, PeerId>>()>;
    IdentifyUser(StreamTable& table, About about, RemoteOf remote_of, Learn learn, Takers takers)
        : table_(table),
          about_(std::move(about)),
          remote_of_(std::move(remote_of)),
          learn_(std::move(learn)),
          takers_(std::move(takers)) {}

    void set_addresses(Instant now, std::vector<Endpoint> addresses) {
        if (std::exchange(about_.addresses, std::move(addresses)) != about_.addresses) push(now);
    }
    /// What we say of ourselves has changed: whoever may care is told.
    void push(Instant now) {
        push_at_ = earliest(push_at_, std::max(now, pushed_at_ + kPushPause));
    }
    void handle_timeout(Instant now);
    Instant next_timeout() const;

    void stream_opened(Instant now, const HubStream& stream, CommandId command) override;
    void stream_failed(Instant, CommandId, Errc, std::string) override {}
    void stream_readable(Instant now, const ports::StreamId& stream) override;
    void stream_writable(Instant, const ports::StreamId&) override {}
    void stream_over(Instant, const ports::StreamId& stream, std::optional<Errc>) override {
        readers_.erase(stream);
        pushes_.erase(stream);
    }

  private:
    struct Reader {
        streams::IdentifyReader reader;
        Instant until{};
    };

    /// What we say, as one delimited message.
    Bytes words_for(ports::ConnectionId connection) const;

    StreamTable& table_;
    About about_;
    RemoteOf remote_of_;
    Learn learn_;
    Takers takers_;
    Instant push_at_ = kNever, pushed_at_{};
    std::map<ports::StreamId, Instant> pushes_;  ///< of ours, until the other side has ended them
    std::map<ports::StreamId, Reader> readers_;  ///< answers and pushes under way
};

}  // namespace sov::hub
