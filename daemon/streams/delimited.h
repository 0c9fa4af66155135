#pragma once

#include <optional>

#include "daemon/core/base/bytes.h"

namespace sov::streams {

/// Cuts a stream of bytes into messages, each behind its length as a varint. Holds at most one
/// message that is not whole yet and what receive() was given beyond it; nothing is allocated for
/// a length before the bytes are there.
class DelimitedReader {
  public:
    /// Longer messages than `message_bytes_max` end the stream: see failed().
    explicit DelimitedReader(std::size_t message_bytes_max)
        : message_bytes_max_(message_bytes_max) {}

    /// Takes bytes off a stream; ignored after a failure.
    void receive(ByteView bytes);
    /// The next whole message, borrowed until the next receive(); nothing while none is whole.
    std::optional<ByteView> next();
    /// True once a length was malformed or past the bound: what follows can't be understood.
    bool failed() const { return failed_; }
    /// True when the stream may end here without losing part of a message.
    bool at_boundary() const { return !failed_ && at_ == held_.size(); }
    /// Everything behind the last message that next() gave, and forgets it.
    Bytes take_rest();

  private:
    std::size_t message_bytes_max_;
    Bytes held_;
    std::size_t at_ = 0;  ///< where what was not given yet begins
    bool failed_ = false;
};

/// Appends a length and the message.
void append_delimited(Bytes& to, ByteView message);

}  // namespace sov::streams
