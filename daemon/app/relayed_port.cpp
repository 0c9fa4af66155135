#include "daemon/app/relayed_port.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>

#include "platform/linux/socket_address.h"
#include "platform/openssl/turn_digests.h"

namespace sov::app {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint tcp_endpoint_of(const Endpoint& endpoint) {
    host::SocketAddress address;
    const socklen_t size = host::to_socket_address(endpoint, address);
    tcp::endpoint found;
    std::memcpy(found.data(), &address, size);
    found.resize(size);
    return found;
}

const connect::TurnDigests& turn_digests() {
    static const connect::TurnDigests digests{openssl::md5, openssl::hmac_sha1};
    return digests;
}

}  // namespace

class RelayedPort::Engine : public std::enable_shared_from_this<Engine> {
  public:
    Engine(asio::io_context& context, connect::TurnLogin login, std::uint64_t seed, Sinks sinks)
        : socket_(context),
          timer_(context),
          client_(std::move(login), turn_digests(), seed),
          sinks_(std::move(sinks)) {}

    void begin(const Endpoint& server) {
        deadline_in(kConnectTime);
        socket_.async_connect(tcp_endpoint_of(server),
                              [self = shared_from_this()](error_code error) {
                                  if (self->over_) return;
                                  if (error)
                                      return self->end("it can't be reached: " + error.message());
                                  self->connected();
                              });
    }

    void send(const Endpoint& to, ByteView datagram) {
        if (over_ || !client_.relayed()) return;
        if (client_.outgoing_bytes() >= kWaitingMax) {
            ++dropped;
            return;
        }
        client_.send(sinks_.now(), to, datagram);
        write();
    }

    void check() {
        if (over_) return;
        client_.check(sinks_.now());
        write();
        await_timeout();
    }

    void leave() {
        sinks_.closed = nullptr;
        client_.give_back();
        over_ = true;
        timer_.cancel();
        // What is being written goes first; the goodbye is short enough to fit into the kernel.
        if (writing_.empty()) {
            const Bytes goodbye = client_.take_outgoing();
            error_code ignored;
            socket_.non_blocking(true, ignored);
            if (!ignored) socket_.write_some(asio::buffer(goodbye), ignored);
        }
        close();
    }

    Endpoint relayed() const { return over_ ? Endpoint{} : client_.relayed().value_or(Endpoint{}); }

    std::uint64_t dropped = 0;

  private:
    void connected() {
        const int fd = socket_.native_handle();
        const int on = 1;
        const auto patience =
            static_cast<unsigned>(std::chrono::milliseconds(kUnacknowledged).count());
        // Each is a wish: without it a dead relay is noticed later.
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
        client_.start(sinks_.now());
        buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(kReadBytes);
        read();
        step();
    }

    void read() {
        socket_.async_read_some(
            asio::buffer(&buffer_[held_], kReadBytes - held_),
            [self = shared_from_this()](error_code error, std::size_t size) {
                if (self->over_) return;
                if (error) return self->end("it closed the connection: " + error.message());
                self->take(size);
            });
    }

    void take(std::size_t size) {
        held_ += size;
        const bool was_open = client_.relayed().has_value();
        const std::size_t used = client_.handle_stream(
            sinks_.now(), ByteView(buffer_.get(), held_),
            [this](const Endpoint& from, ByteView datagram) { sinks_.datagram(from, datagram); });
        std::copy(&buffer_[used], &buffer_[held_], buffer_.get());
        held_ -= used;
        // Whoever hears of these may end this object's owner.
        const auto self = shared_from_this();
        if (was_open) sinks_.read_over();
        if (over_) return;
        step();
        if (!over_) read();
    }

    void step() {
        if (!client_.problem().empty()) return end(client_.problem());
        write();
        await_timeout();
    }

    void await_timeout() {
        const Instant next = client_.next_timeout();
        if (next != kNever) deadline_in(next - sinks_.now());
    }

    void deadline_in(Duration patience) {
        timer_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
            std::max(patience, Duration{0})));
        timer_.async_wait([self = shared_from_this()](error_code error) {
            if (error || self->over_) return;
            if (!self->buffer_) return self->end("it can't be reached: it does not answer");
            self->client_.handle_timeout(self->sinks_.now());
            self->step();
        });
    }

    void write() {
        if (!writing_.empty() || client_.outgoing_bytes() == 0) return;
        writing_ = client_.take_outgoing();
        asio::async_write(socket_, asio::buffer(writing_),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              if (self->over_) return;
                              self->writing_.clear();
                              if (error)
                                  return self->end("it closed the connection: " + error.message());
                              self->write();
                          });
    }

    void end(const std::string& words) {
        if (std::exchange(over_, true)) return;
        timer_.cancel();
        close();
        if (sinks_.closed) std::exchange(sinks_.closed, nullptr)(words);
    }

    void close() {
        error_code ignored;
        socket_.close(ignored);
    }

    tcp::socket socket_;
    asio::steady_timer timer_;
    connect::TurnClient client_;
    Sinks sinks_;
    std::unique_ptr<std::uint8_t[]> buffer_;  ///< once it is connected
    std::size_t held_ = 0;
    Bytes writing_;
    bool over_ = false;
};

RelayedPort::RelayedPort(asio::io_context& context, const Endpoint& server,
                         connect::TurnLogin login, std::uint64_t seed, Sinks sinks)
    : engine_(std::make_shared<Engine>(context, std::move(login), seed, std::move(sinks))) {
    engine_->begin(server);
}

RelayedPort::~RelayedPort() { engine_->leave(); }

void RelayedPort::check() { engine_->check(); }

void RelayedPort::send(const Endpoint& to, ByteView datagram) { engine_->send(to, datagram); }

Endpoint RelayedPort::local() const { return engine_->relayed(); }

std::uint64_t RelayedPort::dropped() const { return engine_->dropped; }

}  // namespace sov::app
