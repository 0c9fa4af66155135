// A link between two virtual hosts that takes time, loses and has a rate: carries whole frames
// between two interfaces of the namespace that it runs in. The kernel here has no netem, and with
// a seed of its own a loss can be had again.
//
//   link_relay LEFT RIGHT [--delay MS] [--loss PER_MILLION] [--rate MBIT] [--queue KB] [--seed N]
//   link_relay --plain INTERFACE     on a host's own end, first: frames leave it as a wire has them
//
// Delay, loss, rate and queue are of each direction. A queue that is full drops what comes last.
// Says "ready" and runs until it is ended.

#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "daemon/core/base/rng.h"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::size_t kFrameMax = 9216;
/// Frames taken from one side before the other one gets its turn.
constexpr int kTurn = 64;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "link_relay: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

/// Without these the kernel hands over bundles of segments, and lost were all of one at once.
void make_plain(const char* name) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (const int command : {ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO}) {
        ethtool_value value{};
        value.cmd = static_cast<std::uint32_t>(command);
        ifreq request{};
        std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
        request.ifr_data = reinterpret_cast<char*>(&value);
        if (ioctl(fd, SIOCETHTOOL, &request) != 0) fail(std::string(name) + " takes no setting");
    }
    close(fd);
}

int open_side(const char* name) {
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(name));
    if (fd < 0 || address.sll_ifindex == 0 ||
        bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        fail(name);
    }
    packet_mreq all{};
    all.mr_ifindex = address.sll_ifindex;
    all.mr_type = PACKET_MR_PROMISC;
    if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0) fail(name);
    const int bytes = 32 << 20, yes = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
    (void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
    (void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
    return fd;
}

struct Quality {
    nanoseconds delay{0};
    std::uint64_t lost_of_million = 0;
    double nanoseconds_per_byte = 0;
    std::size_t queue_bytes = 1000 << 10;
};

/// One direction: frames wait until the link is free, and then for as long as it is.
class Direction {
  public:
    Direction(int from, int to, const Quality& quality, std::uint64_t seed)
        : from_(from), to_(to), quality_(quality), rng_(seed), frame_(kFrameMax) {}

    /// False when nothing more has come.
    bool take(Clock::time_point now) {
        for (int count = 0; count < kTurn; ++count) {
            const ssize_t size = recv(from_, frame_.data(), frame_.size(), 0);
            if (size <= 0) return false;
            const auto bytes = static_cast<std::size_t>(size);
            if (rng_.below(1'000'000) < quality_.lost_of_million) continue;
            free_at_ = std::max(free_at_, now);
            const auto wait = static_cast<double>((free_at_ - now).count());
            const bool full =
                quality_.nanoseconds_per_byte > 0 &&
                wait / quality_.nanoseconds_per_byte > static_cast<double>(quality_.queue_bytes);
            if (full) continue;
            free_at_ += nanoseconds{static_cast<nanoseconds::rep>(static_cast<double>(bytes) *
                                                                  quality_.nanoseconds_per_byte)};
            under_way_.push_back(
                {free_at_ + quality_.delay, {frame_.begin(), frame_.begin() + size}});
        }
        return true;
    }
    void give(Clock::time_point now) {
        while (!under_way_.empty() && under_way_.front().at <= now) {
            const auto& bytes = under_way_.front().bytes;
            (void)send(to_, bytes.data(), bytes.size(), 0);
            under_way_.pop_front();
        }
    }
    Clock::time_point next() const {
        return under_way_.empty() ? Clock::time_point::max() : under_way_.front().at;
    }
    pollfd waits() const { return {from_, POLLIN, 0}; }

  private:
    struct Frame {
        Clock::time_point at;
        std::vector<char> bytes;
    };

    int from_, to_;
    Quality quality_;
    sov::Rng rng_;
    std::vector<char> frame_;
    std::deque<Frame> under_way_;
    Clock::time_point free_at_{};
};

[[noreturn]] void relay(Direction& there, Direction& back) {
    std::array<pollfd, 2> sides{there.waits(), back.waits()};
    for (;;) {
        bool more = false;
        for (Direction* direction : {&there, &back}) {
            more = direction->take(Clock::now()) || more;
            direction->give(Clock::now());
        }
        if (more) continue;
        const auto next = std::min(there.next(), back.next());
        const auto left =
            std::clamp<nanoseconds>(next - Clock::now(), nanoseconds{0}, std::chrono::seconds{1});
        const timespec time{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
        (void)ppoll(sides.data(), sides.size(), &time, nullptr);
    }
}

int usage() {
    std::fputs(
        "usage: link_relay LEFT RIGHT [--delay MS] [--loss PER_MILLION] [--rate MBIT]"
        " [--queue KB] [--seed N]\n       link_relay --plain INTERFACE\n",
        stderr);
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() == 2 && words[0] == "--plain") {
        make_plain(argv[2]);
        return 0;
    }
    if (words.size() < 2 || words.size() % 2 != 0) return usage();
    Quality quality;
    std::uint64_t seed = 1;
    for (std::size_t at = 2; at < words.size(); at += 2) {
        const double value = std::atof(words[at + 1].c_str());
        if (words[at] == "--delay") {
            quality.delay = nanoseconds{static_cast<nanoseconds::rep>(value * 1e6)};
        } else if (words[at] == "--loss") {
            quality.lost_of_million = static_cast<std::uint64_t>(value);
        } else if (words[at] == "--rate") {
            quality.nanoseconds_per_byte = value > 0 ? 8000.0 / value : 0;
        } else if (words[at] == "--queue") {
            quality.queue_bytes = static_cast<std::size_t>(value * 1024);
        } else if (words[at] == "--seed") {
            seed = static_cast<std::uint64_t>(value);
        } else {
            return usage();
        }
    }
    prctl(PR_SET_TIMERSLACK, 1000UL);
    const int left = open_side(argv[1]), right = open_side(argv[2]);
    Direction there(left, right, quality, seed), back(right, left, quality, seed + 1);
    std::puts("ready");
    std::fflush(stdout);
    relay(there, back);
}
