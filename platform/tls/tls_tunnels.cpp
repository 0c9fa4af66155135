#include "platform/tls/tls_tunnels.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace sov::tls {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint tcp_endpoint(const Endpoint& endpoint) {
    if (endpoint.family == Family::kIpv4) {
        asio::ip::address_v4::bytes_type bytes;
        std::copy_n(endpoint.address.begin(), bytes.size(), bytes.begin());
        return {asio::ip::address_v4(bytes), endpoint.port};
    }
    return {asio::ip::address_v6(endpoint.address), endpoint.port};
}

bool is_address(const std::string& name) {
    error_code error;
    asio::ip::make_address(name, error);
    return !error;
}

/// One connection and its way through TLS.
class Link : public std::enable_shared_from_this<Link> {
  public:
    using Over = std::function<void(const std::string& words)>;

    Link(tcp::socket local, asio::ssl::context& tls, Over over)
        : local_(std::move(local)),
          remote_(local_.get_executor(), tls),
          timer_(local_.get_executor()),
          over_(std::move(over)) {}

    void begin(const tcp::endpoint& server, const std::string& name,
               std::chrono::milliseconds patience) {
        auto* ssl = remote_.native_handle();
        // RFC 6066 s3: no addresses there.
        if (is_address(name)) {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str());
        } else {
            SSL_set_tlsext_host_name(ssl, name.c_str());
            SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            SSL_set1_host(ssl, name.c_str());
        }
        remote_.set_verify_mode(asio::ssl::verify_peer);
        name_ = name;
        timer_.expires_after(patience);
        timer_.async_wait([self = shared_from_this()](const error_code& error) {
            if (!error) self->end("it does not answer in time");
        });
        remote_.lowest_layer().async_connect(
            server, [self = shared_from_this()](const error_code& error) {
                if (error) return self->end("it can't be reached: " + error.message());
                self->shake_hands();
            });
    }

    void end(const std::string& words) {
        if (!std::exchange(over_told_, true)) over_(words);
        timer_.cancel();
        error_code ignored;
        local_.close(ignored);
        remote_.lowest_layer().close(ignored);
    }

  private:
    void shake_hands() {
        error_code ignored;
        remote_.lowest_layer().set_option(tcp::no_delay(true), ignored);
        local_.set_option(tcp::no_delay(true), ignored);
        remote_.async_handshake(asio::ssl::stream_base::client,
                                [self = shared_from_this()](const error_code& error) {
                                    if (error) return self->end(self->refusal(error));
                                    self->timer_.cancel();
                                    self->read_local();
                                    self->read_remote();
                                });
    }

    std::string refusal(const error_code& error) {
        const long verdict = SSL_get_verify_result(remote_.native_handle());
        if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
            return "its certificate is not for " + name_;
        if (verdict != X509_V_OK) {
            return "its certificate is not valid: " +
                   std::string(X509_verify_cert_error_string(verdict));
        }
        return "it does not speak TLS with us: " + error.message();
    }

    void read_local() {
        local_.async_read_some(
            asio::buffer(outwards_),
            [self = shared_from_this()](const error_code& error, std::size_t size) {
                if (error) return self->end({});
                asio::async_write(self->remote_, asio::buffer(self->outwards_, size),
                                  [self](const error_code& failed, std::size_t) {
                                      if (failed) return self->end({});
                                      self->read_local();
                                  });
            });
    }

    void read_remote() {
        remote_.async_read_some(
            asio::buffer(inwards_),
            [self = shared_from_this()](const error_code& error, std::size_t size) {
                if (error) return self->end({});
                asio::async_write(self->local_, asio::buffer(self->inwards_, size),
                                  [self](const error_code& failed, std::size_t) {
                                      if (failed) return self->end({});
                                      self->read_remote();
                                  });
            });
    }

    tcp::socket local_;
    asio::ssl::stream<tcp::socket> remote_;
    asio::steady_timer timer_;
    Over over_;
    bool over_told_ = false;
    std::string name_;
    std::array<std::uint8_t, TlsTunnels::kBufferBytes> outwards_, inwards_;
};

asio::ssl::context client_context(const std::string& ca_file) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    context.set_default_verify_paths();
    if (ca_file.empty()) return context;
    error_code error;
    context.load_verify_file(ca_file, error);
    if (error) {
        throw std::runtime_error("certificates can't be read from " + ca_file + ": " +
                                 error.message());
    }
    return context;
}

}  // namespace

class TlsTunnels::Engine {
  public:
    Engine(TunnelOptions options, Problem problem)
        : options_(std::move(options)),
          problem_(std::move(problem)),
          tls_(client_context(options_.ca_file)),
          work_(context_.get_executor()),
          thread_([this] { context_.run(); }) {}

    ~Engine() {
        context_.stop();
        thread_.join();
    }

    Result<Endpoint> open(const Endpoint& server, const std::string& name) {
        const std::lock_guard lock(mutex_);
        for (const auto& tunnel : tunnels_) {
            if (tunnel->server == server && tunnel->name == name) return tunnel->local;
        }
        if (tunnels_.size() >= kTunnelsMax) return Errc::kOverQuota;
        auto tunnel = std::make_unique<Tunnel>(context_);
        tunnel->server = server;
        tunnel->name = name;
        const bool four = server.family == Family::kIpv4;
        error_code error;
        const tcp::endpoint loopback(four ? asio::ip::address(asio::ip::address_v4::loopback())
                                          : asio::ip::address(asio::ip::address_v6::loopback()),
                                     0);
        tunnel->acceptor.open(loopback.protocol(), error);
        if (!error) tunnel->acceptor.bind(loopback, error);
        if (!error) tunnel->acceptor.listen(16, error);
        if (error) return Errc::kUnsupported;
        const auto bound = tunnel->acceptor.local_endpoint(error);
        tunnel->local = Endpoint{};
        tunnel->local.family = server.family;
        if (four) {
            tunnel->local = Endpoint::v4(0x7f000001, bound.port());
        } else {
            tunnel->local.address[15] = 1;
            tunnel->local.port = bound.port();
        }
        Tunnel& added = *tunnels_.emplace_back(std::move(tunnel));
        asio::post(context_, [this, &added] { accept(added); });
        return added.local;
    }

  private:
    /// Lives as long as the engine.
    struct Tunnel {
        explicit Tunnel(asio::io_context& context) : acceptor(context), pause(context) {}
        Endpoint server, local;
        std::string name;
        tcp::acceptor acceptor;
        asio::steady_timer pause;
    };

    void accept(Tunnel& tunnel) {
        tunnel.acceptor.async_accept([this, &tunnel](const error_code& error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (error) {
                // Without descriptors every further try would fail at once, too.
                tunnel.pause.expires_after(std::chrono::milliseconds(200));
                tunnel.pause.async_wait([this, &tunnel](const error_code& ended) {
                    if (!ended) accept(tunnel);
                });
                return;
            }
            begin(tunnel, std::move(socket));
            accept(tunnel);
        });
    }

    void begin(Tunnel& tunnel, tcp::socket socket) {
        if (links_ >= options_.connections_max) {
            problem_(tunnel.server, "too many connections to it are open already");
            return;
        }
        ++links_;
        const auto link = std::make_shared<Link>(std::move(socket), tls_,
                                                 [this, &tunnel](const std::string& words) {
                                                     --links_;
                                                     if (!words.empty())
                                                         problem_(tunnel.server, words);
                                                 });
        link->begin(tcp_endpoint(tunnel.server), tunnel.name, options_.handshake_time);
    }

    const TunnelOptions options_;
    const Problem problem_;
    asio::io_context context_{1};
    asio::ssl::context tls_;
    std::size_t links_ = 0;  // the thread's own
    std::mutex mutex_;       // guards the list; tunnels themselves are the thread's
    std::vector<std::unique_ptr<Tunnel>> tunnels_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

TlsTunnels::TlsTunnels(TunnelOptions options, Problem problem)
    : engine_(std::make_unique<Engine>(std::move(options), std::move(problem))) {}

TlsTunnels::~TlsTunnels() = default;

Result<Endpoint> TlsTunnels::open(const Endpoint& server, const std::string& name) {
    return engine_->open(server, name);
}

}  // namespace sov::tls
