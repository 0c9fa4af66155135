#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/api/call_line.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/hub/stream_hub.h"
#include "sovereign/v1/connections.pb.h"

namespace sov::api {

class AppStreams;

/// Works once and names a stream that waits for its app.
using StreamToken = FixedBytes<struct StreamTokenTag, 32>;

/// An app's end of a stream: moves bytes between the hub and the app, one piece in each direction
/// at a time, so that whoever does not take bytes stops whoever sends them. Core thread.
class StreamEnd : public std::enable_shared_from_this<StreamEnd> {
  public:
    explicit StreamEnd(uid_t user) : user_(user) {}
    virtual ~StreamEnd() = default;
    StreamEnd(const StreamEnd&) = delete;
    StreamEnd& operator=(const StreamEnd&) = delete;

    uid_t user() const { return user_; }
    /// The app has gone: the stream is reset.
    void give_up(Instant now);

  protected:
    /// The stream is there; bytes are asked for from now on.
    virtual void opened(Instant now, const hub::HubStream& stream) = 0;
    /// Asks the app for bytes: input() follows once.
    virtual void want_input(Instant now) = 0;
    /// Bytes for the app: output_done() follows once.
    virtual void give_output(Instant now, Bytes bytes) = 0;
    /// The other side sends nothing more.
    virtual void end_output(Instant now) = 0;
    /// The end, after all output: nothing is called any more.
    virtual void finish(const grpc::Status& status) = 0;
    virtual std::size_t piece_bytes_max() const = 0;
    /// Comes about once a second while wants_seconds().
    virtual void second(Instant) {}
    virtual bool wants_seconds() const { return false; }

    /// What the app sends; `end`: nothing follows.
    void input(Instant now, Bytes bytes, bool end);
    void output_done(Instant now);
    /// Begins to move bytes; opened() or later.
    void start(Instant now);
    bool over() const { return over_; }

  private:
    friend class AppStreams;
    void push_input(Instant now);
    void pull_output(Instant now);
    /// The hub knows the stream no more.
    void stream_gone(std::optional<Errc> error);
    /// Resets what the hub has of it and forgets the hub.
    void let_go(Instant now);
    void finish_once(const grpc::Status& status);

    const uid_t user_;
    AppStreams* streams_ = nullptr;  ///< while the hub knows of it
    std::optional<CommandId> opening_;
    std::optional<ports::StreamId> stream_;
    Bytes input_;
    std::size_t input_taken_ = 0;
    bool input_end_ = false, input_over_ = false;
    bool started_ = false, output_busy_ = false, output_over_ = false;
    bool pulling_ = false, over_ = false;
};

/// The streams of all apps, and what they serve. Core thread.
class AppStreams final : private hub::StreamUser {
  public:
    static constexpr std::size_t kStreamsPerUserMax = 64;  ///< past it opening is over_quota
    static constexpr std::size_t kServedPerUserMax = 16;   ///< past it serving is over_quota
    static constexpr std::size_t kWaitingMax = 16;         ///< of one protocol; further ones reset
    static constexpr std::size_t kOnlyPeersMax = 256;      ///< in one list of who may
    /// A stream that nobody has taken by then is reset.
    static constexpr std::chrono::seconds kTakeTime{30};

    AppStreams(hub::StreamHub& hub, identity::Crypto& crypto) : hub_(hub), crypto_(crypto) {}
    ~AppStreams() override { close(); }
    AppStreams(const AppStreams&) = delete;
    AppStreams& operator=(const AppStreams&) = delete;

    /// Opens a stream for `end`, which is told what comes of it. It begins with `first`, which is
    /// no longer than HubLimits::first_bytes_max.
    void open(Instant now, const PeerId& peer, std::vector<std::string> protocols, ByteView first,
              const std::shared_ptr<StreamEnd>& end);
    /// Gives `end` a stream that waits.
    void take(Instant now, const StreamToken& token, const std::shared_ptr<StreamEnd>& end);

    using ServeLine = CallLine<sovereign::v1::ServeEvent>;
    /// Serves `protocol` until withdraw(); only for `only`, unless that is empty. A status when it
    /// can't be.
    grpc::Status serve(uid_t user, const std::string& protocol, std::set<PeerId> only,
                       std::shared_ptr<ServeLine> line);
    using Accept = std::function<void(Instant now, const hub::HubStream& stream)>;
    /// Serves a protocol of the daemon's own; `accept` gives each stream an end by join(), or
    /// resets it by refuse().
    Result<void> serve_own(const std::string& protocol, Accept accept);
    void withdraw_own(const std::string& protocol);
    void join(Instant now, const hub::HubStream& stream, const std::shared_ptr<StreamEnd>& end);
    void refuse(const hub::HubStream& stream) { hub_.reset(stream.id); }

    /// Ends what serve() began with this line.
    void withdraw(const std::shared_ptr<ServeLine>& line);

    /// Called when something begins to wait for handle_timeout().
    void when_waiting(std::function<void()> waits) { waits_ = std::move(waits); }
    /// Resets what has waited too long.
    void handle_timeout(Instant now);
    /// True while handle_timeout() is of use.
    bool waiting() const;
    /// Everybody is told that the daemon leaves; the hub is not called after it. Idempotent.
    void close();

    std::size_t streams_of(uid_t user) const;

  private:
    friend class StreamEnd;
    struct Server {
        uid_t user = 0;
        std::set<PeerId> only;
        std::shared_ptr<ServeLine> line;
    };
    struct Waiting {
        hub::HubStream stream;
        uid_t user = 0;
        Instant since{};
    };

    void stream_opened(Instant now, const hub::HubStream& stream, CommandId command) override;
    void stream_failed(Instant now, CommandId command, Errc why, std::string words) override;
    void stream_readable(Instant now, const ports::StreamId& stream) override;
    void stream_writable(Instant now, const ports::StreamId& stream) override;
    void stream_over(Instant now, const ports::StreamId& stream,
                     std::optional<Errc> error) override;

    void arrived(Instant now, const hub::HubStream& stream);
    std::shared_ptr<StreamEnd> end_of(const ports::StreamId& stream) const;
    /// Forgets an end without telling it.
    void forget(StreamEnd& end);

    hub::StreamHub& hub_;
    identity::Crypto& crypto_;
    std::map<CommandId, std::shared_ptr<StreamEnd>> opening_;
    std::map<ports::StreamId, std::shared_ptr<StreamEnd>> ends_;
    std::map<std::string, Server, std::less<>> served_;
    std::map<std::string, Accept, std::less<>> own_;
    std::map<StreamToken, Waiting> waiting_;
    std::function<void()> waits_;
    bool closed_ = false;
};

/// Why the hub could not do what an app asked for.
grpc::Status from_hub(Errc why, const std::string& words);

}  // namespace sov::api
