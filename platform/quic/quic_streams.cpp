#include <algorithm>
#include <utility>

#include "platform/quic/quic_connection.h"

// The streams of a connection.

namespace sov::quic {

// ---- streams
// -------------------------------------------------------------------------------------

QuicConnection::Stream* QuicConnection::find(std::int64_t number) {
    const auto found = streams_.find(number);
    return found == streams_.end() ? nullptr : &found->second;
}

// Streams of the other side show once the connection does.
void QuicConnection::tell_arrivals() {
    if (!connected_) return;
    for (auto& [number, stream] : streams_) {
        if (std::exchange(stream.arrived_told, true)) continue;
        host_.emit(ports::StreamArrived{{options_.id, number}});
        tell_readable(number, stream);
    }
}

void QuicConnection::tell_readable(std::int64_t number, Stream& stream) {
    const bool news = stream.unread() > 0 || (stream.in_ended && !stream.end_told);
    if (!news || !stream.arrived_told || stream.dropped) return;
    if (std::exchange(stream.readable_told, true)) return;
    host_.emit(ports::StreamReadable{{options_.id, number}});
}

bool QuicConnection::take_stream_bytes(std::int64_t number, ByteView bytes, bool end) {
    Stream* stream = find(number);
    if (stream == nullptr || stream->dropped) {
        ngtcp2_conn_extend_max_offset(native_, bytes.size());
        return true;
    }
    stream->in.insert(stream->in.end(), bytes.begin(), bytes.end());
    stream->in_ended = stream->in_ended || end;
    tell_readable(number, *stream);
    return true;
}

// What was not read gives its part of the connection's window back.
void QuicConnection::drop_unread(Stream& stream) {
    ngtcp2_conn_extend_max_offset(native_, stream.unread());
    stream.in = {};
    stream.in_taken = 0;
    stream.dropped = true;
}

void QuicConnection::end_stream_if_done(std::int64_t number) {
    Stream* stream = find(number);
    if (stream == nullptr || !stream->over || !(stream->end_told || stream->dropped)) return;
    const bool told = stream->arrived_told;
    streams_.erase(number);
    // Only now may the other side open another: unread ends count as open.
    if (ngtcp2_conn_is_local_stream(native_, number) == 0) {
        ngtcp2_conn_extend_max_streams_bidi(native_, 1);
    }
    if (told) host_.emit(ports::StreamEnded{{options_.id, number}});
}

Result<ports::StreamId> QuicConnection::open_stream() {
    if (over_ || !handshake_done_) return Errc::kNotFound;
    std::int64_t number = 0;
    if (ngtcp2_conn_open_bidi_stream(native_, &number, nullptr) != 0) return Errc::kBusy;
    streams_[number].arrived_told = true;
    return ports::StreamId{options_.id, number};
}

// What is lost is missing for round trips, and what was sent behind it stays here as long: with
// less than a few windows of the controller a stream would stand still meanwhile.
std::size_t QuicConnection::send_buffer_bytes() const {
    const QuicLimits& limits = options_.limits;
    ngtcp2_conn_stat native;
    ngtcp2_conn_get_conn_stat(native_, &native);
    return std::clamp<std::size_t>(4 * native.cwnd, limits.send_buffer, limits.send_buffer_max);
}

Result<std::size_t> QuicConnection::write(std::int64_t number, ByteView bytes, bool end) {
    Stream* stream = find(number);
    if (over_ || stream == nullptr) return Errc::kNotFound;
    if (stream->stopped || stream->end_wanted) return Errc::kCancelled;
    const std::size_t most = send_buffer_bytes();
    const std::size_t room = most - std::min(most, stream->out.size());
    const std::size_t taken = std::min(room, bytes.size());
    stream->out.append(bytes.first(taken));
    if (taken < bytes.size()) {
        stream->wants_room = true;
    } else {
        stream->end_wanted = end;
    }
    return taken;
}

Result<ports::StreamBytes> QuicConnection::read(std::int64_t number, std::size_t bytes_max) {
    Stream* stream = find(number);
    if (over_ || stream == nullptr) return Errc::kNotFound;
    if (stream->dropped) return Errc::kCancelled;
    const std::size_t taken = std::min(bytes_max, stream->unread());
    const auto from = stream->in.begin() + static_cast<std::ptrdiff_t>(stream->in_taken);
    ports::StreamBytes read{{from, from + static_cast<std::ptrdiff_t>(taken)}, false};
    stream->in_taken += taken;
    if (stream->unread() == 0) {
        stream->readable_told = false;
        stream->in.clear();
        stream->in_taken = 0;
        read.ended = stream->end_told = stream->in_ended;
    } else if (stream->in_taken > stream->in.size() / 2) {
        stream->in.erase(stream->in.begin(), from + static_cast<std::ptrdiff_t>(taken));
        stream->in_taken = 0;
    }
    if (!stream->over) ngtcp2_conn_extend_max_stream_offset(native_, number, taken);
    ngtcp2_conn_extend_max_offset(native_, taken);
    end_stream_if_done(number);
    return read;
}

void QuicConnection::stop_reading(std::int64_t number, ports::CloseCode code) {
    Stream* stream = find(number);
    if (over_ || stream == nullptr || stream->dropped) return;
    urgent_ = true;
    drop_unread(*stream);
    if (!stream->over) ngtcp2_conn_shutdown_stream_read(native_, number, code);
    end_stream_if_done(number);
}

void QuicConnection::reset(std::int64_t number, ports::CloseCode code) {
    Stream* stream = find(number);
    if (over_ || stream == nullptr) return;
    urgent_ = true;
    if (!stream->dropped) drop_unread(*stream);
    stream->stopped = true;
    if (!stream->over) ngtcp2_conn_shutdown_stream(native_, number, code);
    end_stream_if_done(number);
}

}  // namespace sov::quic
