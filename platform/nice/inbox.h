#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/ports/ice_agent.h"

namespace sov::nice {

/// Names a session in its agents' life; never used twice.
using SessionNumber = std::uint64_t;

/// What GLib's threads have for the core thread: filled by any thread, emptied at once by one. The
/// core thread is woken for the first piece only and takes all that gathered meanwhile, which is
/// what makes a burst of datagrams cost one wake-up.
class Inbox {
  public:
    struct Datagram {
        SessionNumber session = 0;
        std::size_t offset = 0, size = 0;  ///< in `bytes`
    };
    struct News {
        SessionNumber session = 0;
        std::uint32_t round = 0;  ///< restarts of the session before it happened
        ports::IceEvent event;
    };
    struct Batch {
        Bytes bytes;
        std::vector<Datagram> datagrams;
        std::vector<News> news;
        std::uint64_t dropped = 0;  ///< datagrams since the last batch

        ByteView view(const Datagram& datagram) const {
            return ByteView(bytes).subspan(datagram.offset, datagram.size);
        }
    };

    /// `wake` is called from any thread and must see to it that take() is called soon. Past
    /// `bytes_max` datagrams are dropped, as a full socket does; news never are, since an agent has
    /// only so many.
    Inbox(std::size_t bytes_max, std::function<void()> wake)
        : bytes_max_(bytes_max), wake_(std::move(wake)) {}

    void put(SessionNumber session, ByteView datagram);
    void put(News news);
    /// Exchanges `batch`, which is emptied and whose memory is used again, for what has gathered.
    void take(Batch& batch);

  private:
    const std::size_t bytes_max_;
    const std::function<void()> wake_;
    std::mutex mutex_;  ///< guards all below
    Batch batch_;
    bool woken_ = false;
};

}  // namespace sov::nice
