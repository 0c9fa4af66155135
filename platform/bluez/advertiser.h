#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/core/base/bytes.h"
#include "platform/bluez/attachment.h"

namespace sov::bluez {

/// Keeps one LEAdvertisement1 registered with the wanted Service Data: Flags and Service Data, 31
/// bytes, nothing else. A new one is registered before the old one goes, unless the controller has
/// room for one only.
class Advertiser {
  public:
    /// `changed` is called when problem() or running() did.
    Advertiser(boost::asio::io_context& context, Bus& bus, const Pauses& pauses,
               std::function<void()> changed);
    ~Advertiser();

    /// Empty: nothing.
    void want(Bytes service_data);
    void attach(Attachment attachment);
    /// With `tell`, bluetoothd is still there and is asked to drop what is registered.
    void detach(bool tell);
    /// How many adverts the controller still takes, ours and others'.
    void set_free_instances(std::uint8_t free);

    bool attached() const { return attachment_.has_value(); }
    bool running() const { return current_ != nullptr; }
    /// Why it does not run although wanted; empty when it does.
    const std::string& problem() const { return problem_; }

  private:
    struct Instance;

    void apply();
    void add();
    void added(const sdbus::Error* error);
    void unregister(std::unique_ptr<Instance> instance, bool then_apply);
    void released(const std::string& path);
    void retry_later();
    void set_problem(std::string problem);
    std::unique_ptr<Instance> make_instance();

    boost::asio::io_context& context_;
    Bus& bus_;
    boost::asio::steady_timer retry_;
    Backoff backoff_;
    std::function<void()> changed_;
    std::optional<Attachment> attachment_;
    Bytes wanted_;
    std::unique_ptr<Instance> current_, next_;
    bool making_room_ = false;  ///< the old one is being unregistered, the new one waits for it
    std::uint8_t free_instances_ = 0;
    std::uint64_t last_number_ = 0;
    std::string problem_;
    std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace sov::bluez
