#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include "tests/unit/daemon/core/connect/turn_server.h"

namespace sov::test {

/// A TURN server on loopback, on the loop of the test.
class LoopbackRelay {
  public:
    explicit LoopbackRelay(boost::asio::io_context& context)
        : acceptor_(context,
                    boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
          socket_(context) {
        acceptor_.async_accept(socket_, [this](boost::system::error_code error) {
            if (!error) read();
        });
    }
    Endpoint endpoint() const {
        return Endpoint::v4(0x7f000001, acceptor_.local_endpoint().port());
    }
    void write(const Bytes& bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }
    void hang_up() { socket_.close(); }

    TurnServer turn;
    bool gone = false;  ///< the client closed
    bool reads = true;

  private:
    void read() {
        socket_.async_read_some(boost::asio::buffer(buffer_),
                                [this](boost::system::error_code error, std::size_t size) {
                                    if (error) {
                                        gone = true;
                                        return;
                                    }
                                    const Bytes answers = turn.take(ByteView(buffer_).first(size));
                                    if (!answers.empty()) write(answers);
                                    if (reads) read();
                                });
    }

    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::ip::tcp::socket socket_;
    std::array<std::uint8_t, 16384> buffer_{};
};

}  // namespace sov::test
