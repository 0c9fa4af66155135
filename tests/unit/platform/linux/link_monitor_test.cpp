#include "platform/linux/link_monitor.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

namespace sov::host {

namespace {

void set_loopback(bool up) {
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    ASSERT_EQ(ioctl(control, SIOCGIFFLAGS, &request), 0);
    request.ifr_flags =
        static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    ASSERT_EQ(ioctl(control, SIOCSIFFLAGS, &request), 0);
    close(control);
}

bool readable(const LinkMonitor& monitor) {
    pollfd wait{monitor.descriptor(), POLLIN, 0};
    return poll(&wait, 1, 5000) == 1;
}

}  // namespace

TEST(LinkMonitor, notices_links_and_addresses_that_come_and_go) {
    // A network namespace of this thread's own: nothing of the machine is touched.
    std::thread([] {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "needs root: " << std::strerror(errno);
        LinkMonitor monitor;
        ASSERT_EQ(monitor.problem(), "");
        EXPECT_FALSE(monitor.take_change()) << "nothing has happened yet";
        set_loopback(true);
        ASSERT_TRUE(readable(monitor));
        EXPECT_TRUE(monitor.take_change());
        EXPECT_FALSE(monitor.take_change());
        set_loopback(false);
        ASSERT_TRUE(readable(monitor));
        EXPECT_TRUE(monitor.take_change());
    }).join();
}

}  // namespace sov::host
