#include "platform/tls/tls_tunnels.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/unit/platform/tls/made_authority.h"

namespace sov::tls {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// A TLS server on loopback that sends back what it gets, one connection after the other.
class EchoServer {
  public:
    explicit EchoServer(const test::MadeCertificate& certificate)
        : tls_(asio::ssl::context::tls_server),
          acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        const std::string chain = certificate.certificate_pem(), key = certificate.key_pem();
        tls_.use_certificate_chain(asio::buffer(chain));
        tls_.use_private_key(asio::buffer(key), asio::ssl::context::pem);
        port = acceptor_.local_endpoint().port();
        thread_ = std::thread([this] { run(); });
    }
    ~EchoServer() {
        ending_ = true;
        asio::io_context own;
        tcp::socket knock(own);
        error_code ignored;
        knock.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port), ignored);
        thread_.join();
    }

    Endpoint endpoint() const { return Endpoint::v4(0x7f000001, port); }

    std::uint16_t port = 0;
    std::atomic<int> shaken{0};

  private:
    void run() {
        while (true) {
            error_code error;
            tcp::socket socket(context_);
            acceptor_.accept(socket, error);
            if (ending_ || error) return;
            asio::ssl::stream<tcp::socket> stream(std::move(socket), tls_);
            stream.handshake(asio::ssl::stream_base::server, error);
            if (error) continue;
            ++shaken;
            std::vector<char> bytes(4096);
            while (!error) {
                const std::size_t size = stream.read_some(asio::buffer(bytes), error);
                if (!error) asio::write(stream, asio::buffer(bytes, size), error);
            }
        }
    }

    std::atomic<bool> ending_{false};
    asio::io_context context_;
    asio::ssl::context tls_;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

class TlsTunnelsTest : public testing::Test {
  protected:
    TlsTunnelsTest() { std::ofstream(ca_file_) << authority_.certificate_pem(); }

    std::unique_ptr<TlsTunnels> tunnels(TunnelOptions options = {}) {
        if (options.ca_file.empty()) options.ca_file = ca_file_;
        return std::make_unique<TlsTunnels>(options,
                                            [this](const Endpoint&, const std::string& words) {
                                                const std::lock_guard lock(mutex_);
                                                told_.push_back(words);
                                            });
    }
    std::vector<std::string> told() {
        const std::lock_guard lock(mutex_);
        return told_;
    }

    tcp::socket dial(const Endpoint& at) {
        tcp::socket socket(context_);
        socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), at.port));
        return socket;
    }
    /// Nothing, when the other end closed without an answer.
    std::string said_back(tcp::socket& socket, const std::string& words) {
        error_code error;
        asio::write(socket, asio::buffer(words), error);
        std::string answer(words.size(), ' ');
        const std::size_t size = asio::read(socket, asio::buffer(answer), error);
        answer.resize(size);
        return answer;
    }

    const test::MadeCertificate authority_ = test::make_certificate("", nullptr);
    asio::io_context context_;
    support::TemporaryFolder folder_;
    std::string ca_file_ = folder_.path("ca.pem");
    std::mutex mutex_;
    std::vector<std::string> told_;
};

TEST_F(TlsTunnelsTest, BytesGoThereAndBackThroughTls) {
    const auto certificate = test::make_certificate("DNS:turn.example.net", &authority_);
    EchoServer server(certificate);
    const auto tunnel = tunnels();
    const auto local = tunnel->open(server.endpoint(), "turn.example.net");
    ASSERT_TRUE(local.has_value());
    EXPECT_EQ(local->scope(), Scope::kLoopback);
    tcp::socket socket = dial(*local);
    EXPECT_EQ(said_back(socket, "allocate"), "allocate");
    const std::string much(300'000, 'x');
    std::string back;
    std::thread writer([&] { asio::write(socket, asio::buffer(much)); });
    std::vector<char> bytes(65536);
    while (back.size() < much.size()) {
        const std::size_t size = socket.read_some(asio::buffer(bytes));
        back.append(bytes.data(), size);
    }
    writer.join();
    EXPECT_EQ(back, much);
    EXPECT_TRUE(told().empty());
}

TEST_F(TlsTunnelsTest, ACertificateForAnotherNameIsRefusedByItsName) {
    const auto certificate = test::make_certificate("DNS:other.example.net", &authority_);
    EchoServer server(certificate);
    const auto tunnel = tunnels();
    const auto local = tunnel->open(server.endpoint(), "turn.example.net");
    tcp::socket socket = dial(*local);
    EXPECT_EQ(said_back(socket, "secret"), "");
    ASSERT_EQ(told().size(), 1U);
    EXPECT_NE(told()[0].find("turn.example.net"), std::string::npos) << told()[0];
    EXPECT_EQ(server.shaken, 0) << "nothing was sent on";
}

TEST_F(TlsTunnelsTest, ACertificateOfNobodyWeBelieveIsRefused) {
    const auto stranger = test::make_certificate("", nullptr);
    const auto certificate = test::make_certificate("DNS:turn.example.net", &stranger);
    EchoServer server(certificate);
    const auto tunnel = tunnels();
    const auto local = tunnel->open(server.endpoint(), "turn.example.net");
    tcp::socket socket = dial(*local);
    EXPECT_EQ(said_back(socket, "secret"), "");
    ASSERT_EQ(told().size(), 1U);
    EXPECT_NE(told()[0].find("its certificate is not valid"), std::string::npos) << told()[0];
}

TEST_F(TlsTunnelsTest, AnExpiredCertificateIsRefused) {
    const auto certificate =
        test::make_certificate("DNS:turn.example.net", &authority_, -10 * 86400);
    EchoServer server(certificate);
    const auto tunnel = tunnels();
    tcp::socket socket = dial(*tunnel->open(server.endpoint(), "turn.example.net"));
    EXPECT_EQ(said_back(socket, "secret"), "");
    ASSERT_EQ(told().size(), 1U);
    EXPECT_NE(told()[0].find("expired"), std::string::npos) << told()[0];
}

TEST_F(TlsTunnelsTest, AServerByItsAddressNeedsACertificateForTheAddress) {
    const auto certificate = test::make_certificate("IP:127.0.0.1", &authority_);
    EchoServer server(certificate);
    const auto tunnel = tunnels();
    tcp::socket socket = dial(*tunnel->open(server.endpoint(), "127.0.0.1"));
    EXPECT_EQ(said_back(socket, "hello"), "hello");
    socket.close();
    tcp::socket other = dial(*tunnel->open(server.endpoint(), "127.0.0.2"));
    EXPECT_EQ(said_back(other, "hello"), "");
}

TEST_F(TlsTunnelsTest, ASilentServerIsGivenUp) {
    tcp::acceptor silent(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    TunnelOptions options;
    options.handshake_time = std::chrono::milliseconds(50);
    const auto tunnel = tunnels(options);
    const Endpoint at = Endpoint::v4(0x7f000001, silent.local_endpoint().port());
    tcp::socket socket = dial(*tunnel->open(at, "turn.example.net"));
    EXPECT_EQ(said_back(socket, "hello"), "");
    ASSERT_EQ(told().size(), 1U);
    EXPECT_EQ(told()[0], "it does not answer in time");
}

TEST_F(TlsTunnelsTest, NoMoreConnectionsThanTheLimit) {
    const auto certificate = test::make_certificate("DNS:turn.example.net", &authority_);
    EchoServer server(certificate);
    TunnelOptions options;
    options.connections_max = 1;
    const auto tunnel = tunnels(options);
    const auto local = tunnel->open(server.endpoint(), "turn.example.net");
    tcp::socket first = dial(*local);
    EXPECT_EQ(said_back(first, "one"), "one");
    tcp::socket second = dial(*local);
    EXPECT_EQ(said_back(second, "two"), "");
    EXPECT_EQ(said_back(first, "still"), "still");
    ASSERT_EQ(told().size(), 1U);
}

TEST_F(TlsTunnelsTest, TheSameServerHasOnePortAndTunnelsAreBounded) {
    const auto tunnel = tunnels();
    const Endpoint server = Endpoint::v4(0xc0000201, 5349);
    const auto one = *tunnel->open(server, "a.example.net");
    EXPECT_EQ(one, *tunnel->open(server, "a.example.net"));
    EXPECT_NE(one, *tunnel->open(server, "b.example.net"));
    for (std::size_t number = 2; number < TlsTunnels::kTunnelsMax; ++number) {
        EXPECT_TRUE(
            tunnel->open(server, "c" + std::to_string(number) + ".example.net").has_value());
    }
    EXPECT_TRUE(tunnel->open(server, "late.example.net").error() == Errc::kOverQuota);
}

TEST_F(TlsTunnelsTest, ACertificateFileThatIsNotThereIsSaid) {
    TunnelOptions options;
    options.ca_file = folder_.path("nowhere.pem");
    try {
        const auto tunnel = tunnels(options);
        ADD_FAILURE() << "it was taken";
    } catch (const std::runtime_error& problem) {
        EXPECT_NE(std::string(problem.what()).find("nowhere.pem"), std::string::npos);
    }
}

}  // namespace
}  // namespace sov::tls
