#include "platform/prometheus/door.h"

#include <unistd.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <list>

#include "platform/prometheus/page.h"

namespace sov::prometheus_page {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

/// One connection: reads one request, writes one answer, goes. Beast's templates are dear to
/// compile, so sockets of both families become one type before they get here.
class Guest : public std::enable_shared_from_this<Guest> {
  public:
    using Protocol = asio::generic::stream_protocol;
    using Page = std::function<const std::string&()>;
    using Gone = std::function<void()>;

    Guest(Protocol::socket socket, std::chrono::milliseconds patience, Page page, Gone gone)
        : stream_(std::move(socket)),
          patience_(patience),
          page_(std::move(page)),
          gone_(std::move(gone)) {
        parser_.header_limit(Door::kRequestBytesMax);
        parser_.body_limit(0);
    }
    ~Guest() { gone_(); }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    void serve() {
        stream_.expires_after(patience_);
        http::async_read(stream_, buffer_, parser_,
                         [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                             // Whoever sends no request is not answered: it does not speak our
                             // language.
                             if (!error) self->answer();
                         });
    }

  private:
    void answer() {
        const auto& request = parser_.get();
        answer_.version(request.version());
        answer_.keep_alive(false);
        answer_.set(http::field::content_type, "text/plain; charset=utf-8");
        const std::string_view target(request.target().data(), request.target().size());
        const std::string_view path = target.substr(0, target.find('?'));
        if (request.method() != http::verb::get && request.method() != http::verb::head) {
            answer_.result(http::status::method_not_allowed);
            answer_.set(http::field::allow, "GET, HEAD");
            answer_.body() = "only GET and HEAD are answered\n";
        } else if (path != "/metrics") {
            answer_.result(http::status::not_found);
            answer_.body() = "there is only /metrics here\n";
        } else {
            answer_.set(http::field::content_type, kContentType);
            answer_.body() = page_();
        }
        answer_.prepare_payload();
        if (request.method() == http::verb::head) answer_.body().clear();
        stream_.expires_after(patience_);
        http::async_write(
            stream_, answer_, [self = shared_from_this()](boost::system::error_code, std::size_t) {
                boost::system::error_code ignored;
                self->stream_.socket().shutdown(Protocol::socket::shutdown_send, ignored);
            });
    }

    beast::basic_stream<Protocol> stream_;
    std::chrono::milliseconds patience_;
    Page page_;
    Gone gone_;
    beast::flat_buffer buffer_{Door::kRequestBytesMax};
    http::request_parser<http::empty_body> parser_;
    http::response<http::string_body> answer_;
};

}  // namespace

class Door::Parts : public std::enable_shared_from_this<Door::Parts> {
  public:
    Parts(asio::io_context& loop, Source source, std::chrono::milliseconds patience)
        : source_(std::move(source)), unix_(loop), tcp_(loop), patience_(patience), pause_(loop) {}

    /// An acceptor, and whether it waits for somebody.
    template <typename Protocol>
    struct Entrance {
        explicit Entrance(asio::io_context& loop) : acceptor(loop) {}
        typename Protocol::acceptor acceptor;
        bool waiting = false;
    };

    /// Nothing while it waits already, is not open, or there is no room.
    template <typename Protocol>
    void accept(Entrance<Protocol>& entrance) {
        if (entrance.waiting || !entrance.acceptor.is_open() || guests_ >= kConnectionsMax) return;
        entrance.waiting = true;
        entrance.acceptor.async_accept(
            [self = shared_from_this(), &entrance](boost::system::error_code error, auto socket) {
                entrance.waiting = false;
                if (!entrance.acceptor.is_open()) return;
                if (error) return self->accept_later();
                self->take(std::move(socket));
                self->accept(entrance);
            });
    }

    void close() {
        boost::system::error_code ignored;
        unix_.acceptor.close(ignored);
        tcp_.acceptor.close(ignored);
        pause_.cancel();
        source_ = nullptr;
    }

    Source source_;
    Entrance<asio::local::stream_protocol> unix_;
    Entrance<asio::ip::tcp> tcp_;

  private:
    void take(Guest::Protocol::socket socket) {
        ++guests_;
        const auto self = shared_from_this();
        std::make_shared<Guest>(
            std::move(socket), patience_, [self]() -> const std::string& { return self->page(); },
            [self] { self->leave(); })
            ->serve();
    }

    /// Somebody left: whoever waited in the system's queue may come in.
    void leave() {
        const bool was_full = guests_-- == kConnectionsMax;
        if (!was_full || !source_) return;
        accept(unix_);
        accept(tcp_);
    }

    /// No descriptor for a newcomer: it stays in the queue for a moment.
    void accept_later() {
        pause_.expires_after(std::chrono::milliseconds(200));
        pause_.async_wait([self = shared_from_this()](boost::system::error_code error) {
            if (error) return;
            self->accept(self->unix_);
            self->accept(self->tcp_);
        });
    }

    const std::string& page() {
        const auto now = Clock::now();
        if (source_ && (page_.empty() || now - made_ >= kFresh)) {
            page_ = source_();
            made_ = now;
        }
        return page_;
    }

    std::chrono::milliseconds patience_;
    asio::steady_timer pause_;
    std::size_t guests_ = 0;
    std::string page_;
    Clock::time_point made_;
};

Door::Door(asio::io_context& loop, Source source, std::chrono::milliseconds patience)
    : parts_(std::make_shared<Parts>(loop, std::move(source), patience)) {}

Door::~Door() { close(); }

void Door::serve_socket(int descriptor) {
    const int own = dup(descriptor);
    if (own < 0) return;
    boost::system::error_code error;
    parts_->unix_.acceptor.assign(asio::local::stream_protocol(), own, error);
    if (error) {
        ::close(own);
        return;
    }
    parts_->accept(parts_->unix_);
}

std::optional<std::string> Door::serve_loopback(std::uint16_t port) {
    const asio::ip::tcp::endpoint local(asio::ip::address_v4::loopback(), port);
    boost::system::error_code error;
    auto& acceptor = parts_->tcp_.acceptor;
    acceptor.open(local.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(local, error);
    if (!error) acceptor.listen(16, error);
    if (error) {
        boost::system::error_code ignored;
        acceptor.close(ignored);
        return "127.0.0.1:" + std::to_string(port) + ": " + error.message();
    }
    parts_->accept(parts_->tcp_);
    return std::nullopt;
}

std::uint16_t Door::loopback_port() const {
    boost::system::error_code error;
    const auto local = parts_->tcp_.acceptor.local_endpoint(error);
    return error ? std::uint16_t{0} : local.port();
}

void Door::close() { parts_->close(); }

}  // namespace sov::prometheus_page
