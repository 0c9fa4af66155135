#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "platform/nice/nice_agents.h"

namespace sov::nat {

using SignalSocket = boost::asio::local::stream_protocol::socket;

/// One end of an ICE session. The other end is reached for signalling through a socket on the file
/// system, which works across network namespaces. It says what happens in lines of "word value
/// ...", with milliseconds since the beginning.
class IceEnd {
  public:
    /// `start.role` decides who speaks first. Until a `ping` was answered, one is sent every 5 ms.
    IceEnd(boost::asio::io_context& context, SignalSocket signal, ports::IceStart start);

    void run();

  private:
    void read_signal();
    void take_signal(const std::string& line);
    void tell(const std::string& line);
    void tell_description();
    void read_command();
    void take_event(const ports::IceEvent& event);
    void take_datagram(ByteView datagram);
    void ping();
    void say(const std::string& words) const;
    void leave();

    boost::asio::io_context& context_;
    SignalSocket signal_;
    boost::asio::posix::stream_descriptor commands_;
    boost::asio::streambuf heard_, command_;
    boost::asio::steady_timer ping_timer_;
    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    const bool dials_;
    std::string remote_fragment_;
    bool echoed_ = false;
    nice::NiceAgents agents_;
    std::unique_ptr<ports::IceSession> session_;
};

}  // namespace sov::nat
