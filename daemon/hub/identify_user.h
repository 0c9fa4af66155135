#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/hub/stream_table.h"
#include "daemon/streams/identify.h"

namespace sov::hub {

/// Asks each peer who it is and what it serves, answers the same, and takes what peers push.
class IdentifyUser final : public StreamUser {
  public:
    /// An answer that is not whole by then is not waited for.
    static constexpr std::chrono::seconds kAnswerTime{10};

    struct About {
        PeerId self;
        std::string agent;
        std::vector<Endpoint> addresses;
    };
    using RemoteOf = std::function<Endpoint(ports::ConnectionId)>;
    using Learn = std::function<void(ports::ConnectionId, streams::Identify)>;
    IdentifyUser(StreamTable& table, About about, RemoteOf remote_of, Learn learn)
        : table_(table),
          about_(std::move(about)),
          remote_of_(std::move(remote_of)),
          learn_(std::move(learn)) {}

    void set_addresses(std::vector<Endpoint> addresses) { about_.addresses = std::move(addresses); }
    void handle_timeout(Instant now);
    Instant next_timeout() const;

    void stream_opened(Instant now, const HubStream& stream, CommandId command) override;
    void stream_failed(Instant, CommandId, Errc, std::string) override {}
    void stream_readable(Instant now, const ports::StreamId& stream) override;
    void stream_writable(Instant, const ports::StreamId&) override {}
    void stream_over(Instant, const ports::StreamId& stream, std::optional<Errc>) override {
        readers_.erase(stream);
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
    std::map<ports::StreamId, Reader> readers_;  ///< answers and pushes under way
};

}  // namespace sov::hub
