// Real sockets on loopback; the door and its guests share one loop, which runs until a test has
// what it waits for.

#include "platform/prometheus/door.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <vector>

namespace sov::prometheus_page {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Whoever asks.
struct Asker {
    explicit Asker(asio::io_context& loop, std::uint16_t port) : socket(loop) {
        socket.connect({asio::ip::address_v4::loopback(), port});
    }
    void ask(std::string request) {
        question = std::move(request);
        asio::async_write(socket, asio::buffer(question), [](auto, auto) {});
        asio::async_read(socket, asio::dynamic_buffer(answer),
                         [this](boost::system::error_code, std::size_t) { ended = true; });
    }
    tcp::socket socket;
    std::string question, answer;
    bool ended = false;
};

class MetricsDoor : public testing::Test {
  protected:
    MetricsDoor() : door_(loop_, [this] { return "page " + std::to_string(++made_) + "\n"; }) {
        EXPECT_EQ(door_.serve_loopback(0), std::nullopt);
    }
    std::string answer_to(const std::string& request) {
        Asker asker(loop_, door_.loopback_port());
        asker.ask(request);
        run_until([&] { return asker.ended; });
        return asker.answer;
    }
    template <typename Condition>
    void run_until(Condition condition) {
        while (!condition() && loop_.run_one_for(std::chrono::seconds(20)) > 0) {
        }
        EXPECT_TRUE(condition());
    }

    asio::io_context loop_{1};
    int made_ = 0;
    Door door_;
};

TEST_F(MetricsDoor, answers_the_page_and_nothing_else) {
    const std::string page = answer_to("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(page.starts_with("HTTP/1.1 200 OK\r\n")) << page;
    EXPECT_NE(page.find("Content-Type: text/plain; version=0.0.4"), std::string::npos) << page;
    EXPECT_TRUE(page.ends_with("\r\n\r\npage 1\n")) << page;
    EXPECT_TRUE(answer_to("GET / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(answer_to("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                    .starts_with("HTTP/1.1 405 "));
    const std::string head = answer_to("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST_F(MetricsDoor, what_is_no_request_is_cut_without_an_answer) {
    EXPECT_EQ(answer_to("\x16\x03\x01 what is this\r\n\r\n"), "");
    EXPECT_EQ(answer_to("GET /metrics HTTP/1.1\r\nX: " + std::string(20'000, 'y') + "\r\n\r\n"),
              "");
    EXPECT_EQ(answer_to("POST /metrics HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"), "");
    EXPECT_EQ(made_, 0);
}

TEST_F(MetricsDoor, serves_so_many_at_once_and_the_next_when_one_has_left) {
    std::vector<std::unique_ptr<Asker>> silent;
    for (std::size_t i = 0; i < Door::kConnectionsMax; ++i)
        silent.push_back(std::make_unique<Asker>(loop_, door_.loopback_port()));
    Asker late(loop_, door_.loopback_port());
    late.ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    loop_.poll();
    EXPECT_FALSE(late.ended);
    silent.front()->socket.close();
    run_until([&] { return late.ended; });
    EXPECT_TRUE(late.answer.starts_with("HTTP/1.1 200 OK\r\n")) << late.answer;
}

TEST_F(MetricsDoor, whoever_stays_silent_is_cut) {
    Door hasty(
        loop_, [] { return std::string("page\n"); }, std::chrono::milliseconds(20));
    ASSERT_EQ(hasty.serve_loopback(0), std::nullopt);
    Asker silent(loop_, hasty.loopback_port());
    asio::async_read(silent.socket, asio::dynamic_buffer(silent.answer),
                     [&](boost::system::error_code, std::size_t) { silent.ended = true; });
    run_until([&] { return silent.ended; });
    EXPECT_EQ(silent.answer, "");
}

TEST_F(MetricsDoor, a_port_that_is_taken_is_said) {
    Door second(loop_, [] { return std::string(); });
    const auto problem = second.serve_loopback(door_.loopback_port());
    ASSERT_TRUE(problem.has_value());
    EXPECT_NE(problem->find("127.0.0.1:"), std::string::npos) << *problem;
    EXPECT_EQ(second.loopback_port(), 0);
}

}  // namespace
}  // namespace sov::prometheus_page
