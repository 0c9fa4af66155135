#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "platform/avahi/bus.h"
#include "tests/support/temporary_folder.h"

namespace sov::avahi {

/// A message bus of our own, as a process; gone with this object.
class PrivateBus {
  public:
    PrivateBus();
    ~PrivateBus();
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;

    void start();
    void stop();
    std::string address() const { return "unix:path=" + (folder_ / "bus").string(); }

  private:
    support::TemporaryFolder temporary_;
    std::filesystem::path folder_ = temporary_.path();
    pid_t pid_ = -1;
};

/// What stands behind the bus in these tests: answers as avahi-daemon 0.8 does, does what it is
/// told, and remembers what was asked of it.
class FakeAvahi {
  public:
    struct Service {
        int interface = 1;
        int protocol = 0;
        std::string name, address;
        std::uint16_t port = 6881;
        std::vector<std::string> txt;
        bool resolves = true;
    };

    FakeAvahi(boost::asio::io_context& context, const std::string& address, bool owns_name = true);

    void add(const Service& service);
    void remove(const Service& service);
    /// Without telling anybody.
    void forget(const std::string& name);
    /// Where its browser's signals come from, and to make them come from another's.
    const std::string& browser() const { return browser_; }
    void pretend_browser(const std::string& path) { browser_ = path; }
    /// Of everything published now.
    void tell_collision();

    bool refuses = false;                                    ///< to publish
    bool silent = false;                                     ///< answers nothing at all
    std::map<std::string, std::vector<std::string>> groups;  ///< path to what is in it
    std::vector<std::string> browsed;                        ///< types, in order
    std::size_t browsers = 0, resolvers = 0;                 ///< that live now
    std::size_t resolvers_most = 0, resolutions = 0;
    bool ready = false;  ///< has its name

  private:
    static int on_message(sd_bus_message* message, void* self, sd_bus_error* error);
    bool answer(sd_bus_message* call);
    bool answer_server(sd_bus_message* call, const std::string& member);
    void answer_group(sd_bus_message* call, const std::string& path, const std::string& member);
    void new_browser(sd_bus_message* call);
    void new_resolver(sd_bus_message* call);
    void reply_path(sd_bus_message* call, const std::string& path);
    void tell_item(const char* member, const Service& service);
    void tell_found(const std::string& path, const Service& service);
    void tell_state(const std::string& path, int state);

    Bus bus_;
    std::vector<Service> services_;
    std::string browser_;
    std::uint64_t next_ = 0;
};

}  // namespace sov::avahi
