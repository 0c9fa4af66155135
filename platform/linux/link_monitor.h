#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

namespace sov::host {

/// Notices when this host's addresses, the state of its links or its default routes change, from
/// the kernel's own word (rtnetlink(7)). Not more than that: what a change means is for others to
/// decide.
///
/// The descriptor becomes readable when there is something to read; take_change() never blocks. The
/// kernel's queue is bounded, and when it ran over that counts as a change.
class LinkMonitor {
  public:
    LinkMonitor();
    ~LinkMonitor();
    LinkMonitor(const LinkMonitor&) = delete;
    LinkMonitor& operator=(const LinkMonitor&) = delete;

    /// Why there is nothing to watch, in words; empty when it works.
    const std::string& problem() const { return problem_; }
    /// -1 when there is a problem.
    int descriptor() const { return socket_; }

    /// Reads everything that has arrived. True when an address or a default route came or went or a
    /// link went up or down; the kernel also tells about names, speeds and neighbours, which is not
    /// meant here.
    bool take_change();

  private:
    /// Address family, interface and gateway.
    using DefaultRoute = std::tuple<int, int, std::string>;
    /// Past it nothing new is noticed: no host has so many ways out.
    static constexpr std::size_t kDefaultsMax = 64;

    bool read_message(const void* message);
    bool read_route(const void* message);

    int socket_ = -1;
    std::string problem_;
    std::set<DefaultRoute> defaults_;
    std::map<int, bool> running_;  ///< by interface index: its link is up
};

}  // namespace sov::host
