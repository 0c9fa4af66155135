#pragma once

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/instant.h"
#include "daemon/io/udp_transport.h"

namespace sov::io {

/// A second machine on the node's sockets and timer, told apart by the content of datagrams. All of
/// it on the loop's thread; it sends through UdpTransport::send_burst().
class Companion {
  public:
    virtual ~Companion() = default;

    /// Asked for each datagram before the node sees it, so it must be cheap.
    virtual bool claims(ByteView datagram) const = 0;
    virtual void handle_datagram(Instant now, UdpTransport& via, const Endpoint& from,
                                 ByteView datagram) = 0;
    virtual void handle_timeout(Instant now) = 0;
    /// After a batch of datagrams, a time-out or posted work: sends what is due.
    virtual void settle(Instant now) = 0;
    /// When handle_timeout() wants to be called. Asked for after settle() only.
    virtual Instant next_timeout() const = 0;
};

/// A driver's place for one companion, or for none.
class CompanionSeat {
  public:
    void take(Companion& companion) { companion_ = &companion; }

    /// True when the companion took the datagram.
    bool offer(Instant now, UdpTransport& via, const UdpTransport::Received& datagram) {
        if (companion_ == nullptr || !companion_->claims(datagram.bytes)) return false;
        companion_->handle_datagram(now, via, datagram.from.remote, datagram.bytes);
        unsettled_ = true;
        return true;
    }
    void timeout(Instant now) {
        if (companion_ != nullptr && due_ <= now) companion_->handle_timeout(now);
    }
    /// At the end of a turn. A turn of datagrams that were all the node's does not concern it.
    void settle(Instant now, bool concerned) {
        if (companion_ == nullptr || !(concerned || unsettled_)) return;
        unsettled_ = false;
        companion_->settle(now);
        due_ = companion_->next_timeout();
    }
    Instant due() const { return due_; }

  private:
    Companion* companion_ = nullptr;
    Instant due_ = kNever;
    bool unsettled_ = false;
};

}  // namespace sov::io
