#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/api/answer_cache.h"
#include "daemon/api/app_streams.h"
#include "daemon/api/desk.h"
#include "daemon/streams/request_answerer.h"
#include "daemon/streams/request_asker.h"

namespace sov::api {

/// Bodies in messages of the API; protos say the number.
inline constexpr std::size_t kRequestBytesMax = 60'000;

/// One request of an app on a stream of its own, asked again while the peer is too busy to begin.
/// Core thread.
class RequestEnd final : public StreamEnd {
  public:
    using Line = CallLine<sovereign::v1::RequestAnswer>;
    struct Wish {
        std::string name;
        Bytes body;
        Duration time{};
        std::uint32_t retries = 0;
    };

    RequestEnd(uid_t user, std::shared_ptr<Line> line, Wish wish)
        : StreamEnd(user), line_(std::move(line)), wish_(std::move(wish)) {}

    const Wish& wish() const { return wish_; }
    /// The app has read a part.
    void written(Instant now);
    /// Its answer goes into the cache, if the peer says so. Before the stream is opened.
    void keep_in(AnswerCache& cache, AnswerCache::Question question) {
        cache_ = &cache;
        question_ = std::move(question);
    }

  private:
    /// Parts that wait for the app; then no more are taken from the peer.
    static constexpr std::size_t kPartsWaitingMax = 4;

    void opened(Instant now, const hub::HubStream& stream) override;
    void want_input(Instant now) override;
    void give_output(Instant now, Bytes bytes) override;
    void end_output(Instant now) override;
    void finish(const grpc::Status& status) override;
    std::size_t piece_bytes_max() const override { return 64 << 10; }
    void second(Instant now) override;
    bool wants_seconds() const override { return !over(); }

    void ask(Instant now);
    void take(Instant now, std::vector<streams::RequestAsker::Outcome> outcomes);
    void take(Instant now, const streams::Answer& answer);
    void flush(Instant now);
    /// The answer is complete, or there will be none.
    void done(Instant now, const grpc::Status& status);

    std::shared_ptr<Line> line_;
    Wish wish_;
    streams::RequestAsker asker_;
    Bytes out_;
    Instant deadline_{}, again_at_ = kNever;
    bool wanted_ = false, held_ = false;
    AnswerCache* cache_ = nullptr;
    AnswerCache::Question question_;
    Bytes kept_;  ///< the parts until now, as long as they may be kept
};

/// What apps answer, by the names of requests, and the requests that wait for their answers. Core
/// thread.
class AppRequests {
  public:
    static constexpr std::size_t kNamesPerUserMax = 64;
    /// Requests that an app was given and has not read; further ones are refused with busy.
    static constexpr std::size_t kUnreadMax = 64;
    /// Answers of one stream that its peer has not taken; past it the stream is reset.
    static constexpr std::size_t kUnsentBytesMax = 4 << 20;

    using Line = CallLine<sovereign::v1::RequestsOutput>;

    AppRequests(AppStreams& streams, identity::Crypto& crypto)
        : streams_(streams), crypto_(crypto) {}

    /// All of the names or none; a status when it can't be.
    grpc::Status serve(uid_t user, const std::vector<std::string>& names,
                       const std::shared_ptr<Line>& line);
    /// Ends what serve() began; what waits is refused.
    void withdraw(Instant now, const std::shared_ptr<Line>& line);
    /// A part of an answer, or a refusal. Nothing when nobody waits for it any more.
    void answer(Instant now, const Line& line, std::uint64_t request, streams::Answer part);
    void refuse(Instant now, const Line& line, std::uint64_t request, streams::Refusal refusal);

    /// What peers have answered to apps here.
    AnswerCache& answers() { return answers_; }

  private:
    class Answering;
    struct Server {
        uid_t user = 0;
        std::shared_ptr<Line> line;
    };
    struct Open {
        std::weak_ptr<Answering> stream;
        std::uint32_t id = 0;  ///< on its stream
        std::shared_ptr<Line> line;
    };

    void take(Instant now, const std::shared_ptr<Answering>& stream, const PeerId& peer,
              streams::RequestAnswerer::Asked asked);
    void cancelled(const Answering& stream, std::uint32_t id);
    void stream_gone(const Answering* stream);

    AppStreams& streams_;
    identity::Crypto& crypto_;
    std::map<std::string, Server, std::less<>> servers_;
    std::map<std::uint64_t, Open> open_;  ///< bounded by streams and by pending requests on each
    std::uint64_t last_request_ = 0;
    AnswerCache answers_;
};

}  // namespace sov::api
