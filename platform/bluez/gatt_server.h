#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/base/radio.h"
#include "platform/bluez/attachment.h"

namespace sov::bluez {

/// Our GATT service as others read and write it, and the one link that may come in. One, because
/// BlueZ sends a notification to everybody who subscribed: two would hear each other's frames. A
/// second device's writes are refused until the first is gone or silent for Pauses::incoming_idle.
class GattServer {
  public:
    struct Callbacks {
        std::function<void()> changed;  ///< of running() or problem()
        /// The first write of a device: makes its link, or nothing to refuse it.
        std::function<std::optional<LinkId>(const std::string& device, std::uint16_t frame_bytes)>
            opened;
        std::function<void(LinkId, Characteristic, Bytes frame)> frame;
        std::function<void(LinkId, std::string reason)> closed;
    };

    GattServer(boost::asio::io_context& context, Bus& bus, const Pauses& pauses,
               Callbacks callbacks);
    ~GattServer();

    void serve(Bytes info, Bytes record);
    void attach(Attachment attachment);
    /// With `tell`, bluetoothd is still there and is asked to drop the service.
    void detach(bool tell);

    /// False when `link` is none of ours.
    bool notify(LinkId link, Characteristic characteristic, const Bytes& frame);
    bool close(LinkId link);
    /// The device is not connected any more.
    void device_left(const std::string& path);

    bool attached() const { return attachment_.has_value(); }
    bool has_link() const { return link_.has_value(); }
    bool has_link_to(const std::string& device) const { return link_ && link_->device == device; }
    bool running() const { return running_; }
    const std::string& problem() const { return problem_; }

  private:
    struct Application;
    struct Link {
        LinkId id{};
        std::string device;
        std::size_t frame_bytes = kFrameBytesMin;
    };
    using Options = std::map<std::string, sdbus::Variant>;

    void apply();
    void build();
    void build_characteristic(Characteristic characteristic);
    void registered(const sdbus::Error* error);
    void unregister();
    void retry_later();
    void set_problem(std::string problem);
    void check_caller(const sdbus::IObject& object) const;
    std::vector<std::uint8_t> read(Characteristic characteristic, const Options& options) const;
    void write(Characteristic characteristic, const std::vector<std::uint8_t>& value,
               const Options& options);
    void end_link(const std::string& reason, bool disconnect);
    void await_silence();

    boost::asio::io_context& context_;
    Bus& bus_;
    const Pauses pauses_;
    boost::asio::steady_timer retry_, idle_;
    Backoff backoff_;
    Callbacks callbacks_;
    std::optional<Attachment> attachment_;
    Bytes info_, record_;
    std::shared_ptr<Application> application_;
    bool busy_ = false, running_ = false;
    std::uint64_t last_number_ = 0;
    std::optional<Link> link_;
    std::string problem_;
    std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace sov::bluez
