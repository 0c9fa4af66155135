#pragma once

#include <ngtcp2/ngtcp2.h>

#include <algorithm>
#include <array>
#include <deque>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/check.h"

namespace sov::quic {

/// What was written to a stream and is not acknowledged yet. ngtcp2 borrows the bytes until then,
/// so they never move: each chunk is filled up to the room it was made with and no further.
class SendBuffer {
  public:
    /// Small writes share a chunk of this size.
    static constexpr std::size_t kChunkBytes = 4096;
    /// Pieces handed to ngtcp2 at once: one packet never needs more.
    static constexpr std::size_t kPiecesMax = 8;

    void append(ByteView bytes) {
        size_ += bytes.size();
        if (!chunks_.empty()) {
            Bytes& last = chunks_.back();
            const std::size_t fits = std::min(last.capacity() - last.size(), bytes.size());
            last.insert(last.end(), bytes.begin(),
                        bytes.begin() + static_cast<std::ptrdiff_t>(fits));
            bytes = bytes.subspan(fits);
        }
        if (bytes.empty()) return;
        Bytes& chunk = chunks_.emplace_back();
        chunk.reserve(std::max(bytes.size(), kChunkBytes));
        chunk.insert(chunk.end(), bytes.begin(), bytes.end());
    }

    using Pieces = std::array<ngtcp2_vec, kPiecesMax>;
    /// The bytes to be sent next; returns how many pieces they are in.
    std::size_t next(Pieces& pieces) const {
        std::size_t count = 0, offset = next_offset_;
        for (std::size_t at = next_chunk_; at < chunks_.size() && count < kPiecesMax; ++at) {
            const Bytes& chunk = chunks_[at];
            if (offset < chunk.size()) {
                pieces[count++] = {const_cast<std::uint8_t*>(chunk.data()) + offset,
                                   chunk.size() - offset};
            }
            offset = 0;
        }
        return count;
    }
    /// The first `count` bytes of next() are on their way.
    void sent(std::size_t count) {
        sent_ += count;
        while (count > 0) {
            SOV_CHECK(next_chunk_ < chunks_.size());
            const std::size_t left = chunks_[next_chunk_].size() - next_offset_;
            if (count < left) {
                next_offset_ += count;
                return;
            }
            count -= left;
            // A last chunk may still be filled, so the place stays at its end.
            if (next_chunk_ + 1 == chunks_.size()) {
                SOV_CHECK(count == 0);
                next_offset_ += left;
                return;
            }
            ++next_chunk_;
            next_offset_ = 0;
        }
    }
    /// The other side has everything of the stream's first `offset` bytes.
    void acknowledged(std::uint64_t offset) {
        acknowledged_ = std::max(acknowledged_, offset);
        while (next_chunk_ > 0 && dropped_ + chunks_.front().size() <= acknowledged_) {
            dropped_ += chunks_.front().size();
            size_ -= chunks_.front().size();
            chunks_.pop_front();
            --next_chunk_;
        }
        // The last chunk goes when all of it was sent and has arrived.
        if (chunks_.size() == 1 && next_chunk_ == 0 && next_offset_ == chunks_.front().size() &&
            dropped_ + chunks_.front().size() <= acknowledged_) {
            dropped_ += chunks_.front().size();
            size_ = 0;
            chunks_.clear();
            next_offset_ = 0;
        }
    }

    /// Bytes held, sent or not.
    std::size_t size() const { return size_; }
    std::size_t unsent() const { return dropped_ + size_ - sent_; }
    void clear() { *this = {}; }

  private:
    std::deque<Bytes> chunks_;
    std::size_t next_chunk_ = 0, next_offset_ = 0;  ///< where next() begins
    std::size_t size_ = 0;
    std::uint64_t sent_ = 0;     ///< stream offset of what next() gives
    std::uint64_t dropped_ = 0;  ///< stream offset of the first chunk
    std::uint64_t acknowledged_ = 0;
};

}  // namespace sov::quic
