#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/ports/ble_radio.h"
#include "platform/bluez/advertiser.h"
#include "platform/bluez/controllers.h"
#include "platform/bluez/device_table.h"
#include "platform/bluez/gatt_client.h"
#include "platform/bluez/gatt_server.h"
#include "platform/bluez/scanner.h"

namespace sov::bluez {

struct BluezOptions {
    /// As in the D-Bus specification; empty: the system bus.
    std::string bus_address;
    std::string service_uuid = kBleServiceUuid;
    std::string rfkill_folder = "/sys/class/rfkill";
    Pauses pauses;
};

/// Bluetooth LE by way of bluetoothd's D-Bus interface (BlueZ 5.55 or newer). Uses one controller:
/// the one in use for as long as it works, else another that does. Never powers one on, never
/// pairs. Everything happens on the loop it is given.
class BluezRadio final : public ports::BleRadio {
  public:
    /// Links at once, in both directions together; opening one more is refused with LinkClosed.
    static constexpr std::size_t kLinksMax = 2;
    /// Questions for Service Data that was told before we listened, at once; others are asked when
    /// the device is heard again.
    static constexpr std::size_t kAskedMax = 8;

    /// `context` outlives this; `sink` is called from it. Connects when the loop runs.
    BluezRadio(boost::asio::io_context& context, BluezOptions options, Sink sink);
    ~BluezRadio() override;

    void submit(RadioRequest request) override;
    void stop() override;

    /// For tests and `status`: how often a silent scan was begun anew.
    std::uint64_t scan_restarts() const { return scanner_.restarts(); }
    const DeviceTable& devices() const { return devices_; }

  private:
    void submit_one(Advertise& request) { advertiser_.want(std::move(request.service_data)); }
    void submit_one(const Scan& request) { scanner_.want(request.on); }
    void submit_one(Serve& request) {
        server_.serve(std::move(request.info), std::move(request.record));
    }
    void submit_one(const OpenLink& request);
    void submit_one(const CloseLink& request);
    void submit_one(const ReadLink& request);
    void submit_one(WriteLink& request);

    // --- the bus and the service ---
    void connect();
    void retry_connect();
    void subscribe();
    void match(const std::string& rule, void (BluezRadio::*handler)(sdbus::Message&));
    void ask_owner();
    void bus_lost();
    void owner_changed(sdbus::Message& message);
    void set_owner(const std::string& owner);
    void ask_objects();
    void interfaces_added(sdbus::Message& message);
    void interfaces_removed(sdbus::Message& message);
    void properties_changed(sdbus::Message& message);
    void take_object(const std::string& path, const Interfaces& interfaces);
    void take_properties(const std::string& path, const std::string& interface,
                         const Properties& properties, bool rssi_gone);
    void take_device(const std::string& path, const Properties& properties, bool rssi_gone);
    /// False when too many are asked already.
    bool ask_service_data(const std::string& path);
    void device_left(const std::string& path);

    // --- the controller ---
    void use_chosen();
    void attach(const Controller& controller);
    void detach(bool tell);
    void forget_devices();
    void tell_state();
    void set_down(RadioState state, std::string reason);

    std::optional<LinkId> link_came(const std::string& device, std::uint16_t frame_bytes);
    void report(RadioReport report);

    boost::asio::io_context& context_;
    const BluezOptions options_;
    Sink sink_;
    Bus bus_;
    boost::asio::steady_timer retry_;
    Backoff backoff_;
    std::string owner_;    ///< bluetoothd's unique name; empty: it is not there
    bool listed_ = false;  ///< its objects are known
    Controllers controllers_;
    DeviceTable devices_;
    std::string attached_;  ///< path of the controller in use
    Advertiser advertiser_;
    Scanner scanner_;
    GattServer server_;
    GattClient client_;
    std::map<LinkId, DeviceId> outgoing_;
    std::size_t asked_ = 0;
    std::uint32_t last_incoming_ = 0x80000000U;
    RadioState down_ = RadioState::kNoBus;  ///< while nothing is listed
    std::string down_reason_;
    std::optional<RadioChanged> told_;
    bool stopped_ = false, tell_posted_ = false;
    std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace sov::bluez
