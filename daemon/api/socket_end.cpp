#include "daemon/api/socket_end.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "daemon/api/messages.h"
#include "daemon/api/status_codes.h"

namespace sov::api {

namespace v1 = sovereign::v1;

SocketEnd::SocketEnd(uid_t user, Desk& desk, std::shared_ptr<Line> line)
    : StreamEnd(user), desk_(desk), line_(std::move(line)) {}

std::shared_ptr<SocketEnd> SocketEnd::self() {
    return std::static_pointer_cast<SocketEnd>(shared_from_this());
}

void SocketEnd::opened(Instant now, const hub::HubStream& stream) {
    StreamToken token;
    desk_.crypto.fill_random(token.bytes);
    token_ = token;
    desk_.door->expect(now, user(), token,
                       [self = self()](Instant at, std::unique_ptr<StreamDoor::Socket> socket) {
                           self->connected(at, std::move(socket));
                       });
    v1::StreamOutput output;
    auto* opened = output.mutable_opened();
    MessageWriter(desk_.crypto).write(stream.peer, opened->mutable_peer());
    opened->set_protocol(stream.protocol);
    opened->set_socket_path(desk_.door->path());
    opened->set_socket_token(to_text(token.view()));
    line_->give(std::move(output));
}

void SocketEnd::connected(Instant now, std::unique_ptr<StreamDoor::Socket> socket) {
    token_.reset();
    if (over()) return;
    if (socket == nullptr) {
        line_->end(from_core(Errc::kTimedOut));
        return give_up(now);
    }
    socket_ = std::move(socket);
    start(now);
}

void SocketEnd::want_input(Instant) { read_app(); }

void SocketEnd::read_app() {
    if (socket_ == nullptr) return;
    from_app_.resize(kPieceBytes);
    socket_->async_read_some(
        boost::asio::buffer(from_app_),
        [self = self()](const boost::system::error_code& error, std::size_t count) {
            if (error == boost::asio::error::operation_aborted) return;
            self->desk_.bridge.ask([self, error, count](Instant now, const Node* node) {
                if (node == nullptr || self->over()) return;
                // Anything but an orderly end: the app has gone with something unread.
                if (error && error != boost::asio::error::eof) return self->give_up(now);
                self->from_app_.resize(count);
                self->input(now, std::move(self->from_app_), static_cast<bool>(error));
            });
        });
}

void SocketEnd::give_output(Instant, Bytes bytes) {
    if (socket_ == nullptr) return;
    to_app_ = std::move(bytes);
    writing_ = true;
    boost::asio::async_write(
        *socket_, boost::asio::buffer(to_app_),
        [self = self()](const boost::system::error_code& error, std::size_t) {
            if (error == boost::asio::error::operation_aborted) return;
            self->desk_.bridge.ask([self, error](Instant now, const Node* node) {
                if (node != nullptr) self->written(now, !error);
            });
        });
}

void SocketEnd::written(Instant now, bool ok) {
    writing_ = false;
    if (!ok) {
        if (!over()) return give_up(now);
        return close();
    }
    if (output_ended_ && socket_ != nullptr) {
        boost::system::error_code ignored;
        socket_->shutdown(StreamDoor::Socket::shutdown_send, ignored);
    }
    if (status_) return close();
    output_done(now);
}

void SocketEnd::end_output(Instant) {
    output_ended_ = true;
    if (writing_ || socket_ == nullptr) return;
    boost::system::error_code ignored;
    socket_->shutdown(StreamDoor::Socket::shutdown_send, ignored);
}

void SocketEnd::finish(const grpc::Status& status) {
    status_ = status;
    // What came before a good end still reaches the app.
    if (!writing_ || !status.ok()) close();
}

void SocketEnd::close() {
    if (token_) desk_.door->forget(*std::exchange(token_, std::nullopt));
    socket_.reset();
    line_->end(status_.value_or(grpc::Status::CANCELLED));
}

}  // namespace sov::api
