#pragma once

#include <memory>
#include <optional>

#include "daemon/api/app_streams.h"
#include "daemon/api/desk.h"
#include "daemon/api/stream_door.h"

namespace sov::api {

/// An app's end of a stream whose bytes go over a Unix socket; the call that asked for it tells
/// what comes of it. Core thread.
class SocketEnd final : public StreamEnd {
  public:
    using Line = CallLine<sovereign::v1::StreamOutput>;

    SocketEnd(uid_t user, Desk& desk, std::shared_ptr<Line> line);

  private:
    /// Read from the app or the hub at once.
    static constexpr std::size_t kPieceBytes = 256 << 10;

    void opened(Instant now, const hub::HubStream& stream) override;
    void want_input(Instant now) override;
    void give_output(Instant now, Bytes bytes) override;
    void end_output(Instant now) override;
    void finish(const grpc::Status& status) override;
    std::size_t piece_bytes_max() const override { return kPieceBytes; }

    void connected(Instant now, std::unique_ptr<StreamDoor::Socket> socket);
    void read_app();
    void written(Instant now, bool ok);
    void close();
    std::shared_ptr<SocketEnd> self();

    Desk& desk_;
    std::shared_ptr<Line> line_;
    std::optional<StreamToken> token_;  ///< while it is expected
    std::unique_ptr<StreamDoor::Socket> socket_;
    Bytes from_app_, to_app_;
    bool writing_ = false, output_ended_ = false;
    std::optional<grpc::Status> status_;  ///< told when all is written
};

}  // namespace sov::api
