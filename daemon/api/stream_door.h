#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "daemon/api/api_socket.h"
#include "daemon/api/app_streams.h"
#include "daemon/api/core_bridge.h"
#include "daemon/api/listener.h"

namespace sov::api {

/// The Unix socket on which apps take up streams whose bytes do not go through gRPC: who connects
/// says a token first and is then that stream's app. The kernel tells which user it is; a token
/// works once, for the user whom it was told to, for kTime. Core thread.
class StreamDoor {
  public:
    using Socket = boost::asio::local::stream_protocol::socket;
    /// Gets the socket of whoever came with the right token; null when nobody did in time.
    using Welcome = std::function<void(Instant now, std::unique_ptr<Socket> socket)>;

    static constexpr std::chrono::seconds kTime{30};
    /// Connections that have not said their token; past it the oldest is closed.
    static constexpr std::size_t kUnprovenMax = 64;

    /// `post` brings the time of the core's clock to what happens here.
    StreamDoor(boost::asio::io_context& loop, ApiSocket socket, CoreBridge& bridge,
               Listener::CallerReader reader);
    ~StreamDoor() { close(); }
    StreamDoor(const StreamDoor&) = delete;
    StreamDoor& operator=(const StreamDoor&) = delete;

    const std::string& path() const { return path_; }
    void expect(Instant now, uid_t user, const StreamToken& token, Welcome welcome);
    void forget(const StreamToken& token) { expected_.erase(token); }
    /// Also of somebody else who has something to do each second while `more` says so.
    void when_second(std::function<bool(Instant now)> more) { each_second_ = std::move(more); }
    /// Makes sure that seconds are counted.
    void count_seconds();
    /// Nobody comes in any more; who is expected is forgotten. Idempotent.
    void close();

  private:
    struct Expected {
        uid_t user = 0;
        Instant until{};
        Welcome welcome;
    };
    struct Guest {
        explicit Guest(Socket made) : socket(std::make_unique<Socket>(std::move(made))) {}
        std::unique_ptr<Socket> socket;
        uid_t user = 0;
        StreamToken token;
        int seconds = 0;
    };
    using Guests = std::list<std::shared_ptr<Guest>>;

    void accept();
    void let_in(Socket socket);
    void prove(Instant now, const std::shared_ptr<Guest>& guest);
    void dismiss(const std::shared_ptr<Guest>& guest) { guests_.remove(guest); }
    void second(Instant now);

    boost::asio::io_context& loop_;
    CoreBridge& bridge_;
    Listener::CallerReader reader_;
    ApiSocket api_socket_;  ///< holds the path and the lock
    std::string path_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    boost::asio::steady_timer timer_;
    bool counting_ = false, closed_ = false;
    std::map<StreamToken, Expected> expected_;
    Guests guests_;
    std::function<bool(Instant now)> each_second_;
    /// Handlers may run when the door has gone.
    std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace sov::api
