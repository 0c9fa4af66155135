#include "platform/bluez/bluez_radio.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace sov::bluez {
namespace {

constexpr const char* kBusDriver = "org.freedesktop.DBus";
constexpr const char* kBusPath = "/org/freedesktop/DBus";

bool same(const RadioChanged& a, const RadioChanged& b) {
    return a.state == b.state && a.reason == b.reason && a.adapter == b.adapter &&
           a.can_advertise == b.can_advertise && a.can_monitor == b.can_monitor &&
           a.can_serve == b.can_serve;
}

}  // namespace

BluezRadio::BluezRadio(boost::asio::io_context& context, BluezOptions options, Sink sink)
    : context_(context),
      options_(std::move(options)),
      sink_(std::move(sink)),
      bus_(context, options_.bus_address),
      retry_(context),
      backoff_(options_.pauses.bus_retry),
      controllers_(options_.rfkill_folder),
      advertiser_(context, bus_, options_.pauses, [this] { tell_state(); }),
      scanner_(context, bus_, options_.pauses, [this] { tell_state(); }),
      server_(context, bus_, options_.pauses,
              {.changed = [this] { tell_state(); },
               .opened = [this](const std::string& device,
                                std::uint16_t frame) { return link_came(device, frame); },
               .frame =
                   [this](LinkId link, Characteristic which, Bytes frame) {
                       report(LinkFrame{link, which, std::move(frame)});
                   },
               .closed =
                   [this](LinkId link, std::string why) {
                       report(LinkClosed{link, std::move(why)});
                   }}),
      client_(context, bus_, options_.pauses,
              {.opened =
                   [this](LinkId link, std::uint16_t frame) {
                       report(LinkOpened{link, outgoing_[link], false, frame});
                   },
               .read =
                   [this](LinkId link, Characteristic which, Bytes value) {
                       report(LinkRead{link, which, std::move(value)});
                   },
               .frame =
                   [this](LinkId link, Characteristic which, Bytes frame) {
                       report(LinkFrame{link, which, std::move(frame)});
                   },
               .closed =
                   [this](LinkId link, std::string why) {
                       outgoing_.erase(link);
                       report(LinkClosed{link, std::move(why)});
                   }}) {
    bus_.on_lost([this] { bus_lost(); });
    boost::asio::post(context_, [this, life = std::weak_ptr<int>(life_)] {
        if (!life.expired()) connect();
    });
}

BluezRadio::~BluezRadio() { stop(); }

void BluezRadio::stop() {
    if (stopped_) return;
    stopped_ = true;
    life_ = std::make_shared<int>(0);
    retry_.cancel();
    detach(true);
    // bluetoothd drops whatever a client that left the bus had registered.
    bus_.close();
}

void BluezRadio::report(RadioReport report) {
    boost::asio::post(context_,
                      [this, report = std::move(report), life = std::weak_ptr<int>(life_)] {
                          if (!life.expired()) sink_(report);
                      });
}

// --- requests ---

void BluezRadio::submit(RadioRequest request) {
    if (stopped_) return;
    std::visit([this](auto& one) { submit_one(one); }, request);
}

void BluezRadio::submit_one(const OpenLink& request) {
    const auto path = devices_.path_of(request.device);
    if (!path) return report(LinkClosed{request.link, "the device is not known any more"});
    if (client_.size() + (server_.has_link() ? 1U : 0U) >= kLinksMax)
        return report(LinkClosed{request.link, "there are as many links as there may be"});
    if (client_.has_link_to(*path) || server_.has_link_to(*path))
        return report(LinkClosed{request.link, "there is a link to this device already"});
    outgoing_[request.link] = request.device;
    client_.open(request.link, *path);
}

void BluezRadio::submit_one(const CloseLink& request) {
    if (!client_.close(request.link)) server_.close(request.link);
}

void BluezRadio::submit_one(const ReadLink& request) {
    if (!client_.read(request.link, request.characteristic))
        report(LinkClosed{request.link, "there is no such link to read from"});
}

void BluezRadio::submit_one(WriteLink& request) {
    if (server_.notify(request.link, request.characteristic, request.frame)) return;
    if (!client_.write(request.link, request.characteristic, std::move(request.frame)))
        report(LinkClosed{request.link, "there is no such link to write to"});
}

std::optional<LinkId> BluezRadio::link_came(const std::string& device, std::uint16_t frame_bytes) {
    if (client_.size() >= kLinksMax || client_.has_link_to(device)) return std::nullopt;
    const LinkId link{last_incoming_++};
    if (last_incoming_ == 0) last_incoming_ = 0x80000000U;
    report(LinkOpened{link, devices_.id_of(device), true, frame_bytes});
    for (const DeviceId gone : devices_.take_gone()) report(DeviceGone{gone});
    return link;
}

// --- the bus ---

void BluezRadio::connect() {
    if (auto problem = bus_.open()) {
        set_down(RadioState::kNoBus, "there is no system message bus: " + *problem);
        return retry_connect();
    }
    try {
        subscribe();
    } catch (const sdbus::Error& error) {
        bus_.close();
        set_down(RadioState::kNoBus,
                 "the system message bus does not let us listen (" + words_of(error) + ")");
        return retry_connect();
    }
    bus_.wake();
    ask_owner();
}

void BluezRadio::retry_connect() {
    retry_.expires_after(backoff_.next());
    retry_.async_wait([this](const boost::system::error_code& error) {
        if (!error) connect();
    });
}

void BluezRadio::match(const std::string& rule, void (BluezRadio::*handler)(sdbus::Message&)) {
    bus_.connection().addMatch(
        "type='signal'," + rule,
        [this, handler](sdbus::Message& message) { (this->*handler)(message); },
        sdbus::floating_slot);
}

void BluezRadio::subscribe() {
    const std::string from = std::string("sender='") + kService + "',";
    match(std::string("sender='") + kBusDriver + "',interface='" + kBusDriver +
              "',member='NameOwnerChanged',arg0='" + kService + "'",
          &BluezRadio::owner_changed);
    match(from + "interface='" + kObjectManagerInterface + "',member='InterfacesAdded'",
          &BluezRadio::interfaces_added);
    match(from + "interface='" + kObjectManagerInterface + "',member='InterfacesRemoved'",
          &BluezRadio::interfaces_removed);
    match(from + "interface='" + kPropertiesInterface +
              "',member='PropertiesChanged',path_namespace='/org/bluez'",
          &BluezRadio::properties_changed);
}

void BluezRadio::bus_lost() {
    set_owner("");
    bus_.close();
    asked_ = 0;
    set_down(RadioState::kNoBus, "the system message bus hung up; it is looked for again");
    retry_connect();
}

void BluezRadio::ask_owner() {
    bus_.call(
        {kBusDriver, kBusPath, kBusDriver}, "GetNameOwner", kCallPatience,
        [this](sdbus::MethodReply* reply, const sdbus::Error* error) {
            std::string owner;
            // A newer owner may have been told of meanwhile.
            if (error == nullptr && owner_.empty() && take(*reply, owner)) set_owner(owner);
            if (owner_.empty()) set_owner("");
            backoff_.reset();
        },
        std::string(kService));
}

void BluezRadio::owner_changed(sdbus::Message& message) {
    std::string name, before, now;
    if (message.getSender() != kBusDriver || !take(message, name, before, now)) return;
    if (name == kService) set_owner(now);
}

void BluezRadio::set_owner(const std::string& owner) {
    if (owner == owner_ && !owner.empty()) return;
    detach(false);
    controllers_.clear();
    listed_ = false;
    owner_ = owner;
    if (owner_.empty()) {
        return set_down(RadioState::kNoService,
                        "bluetoothd does not run; 'systemctl start bluetooth' starts it");
    }
    ask_objects();
}

void BluezRadio::ask_objects() {
    bus_.call({owner_, "/", kObjectManagerInterface}, "GetManagedObjects", kCallPatience,
              [this, owner = owner_](sdbus::MethodReply* reply, const sdbus::Error* error) {
                  if (owner != owner_) return;
                  Objects objects;
                  if (error != nullptr || !take(*reply, objects)) {
                      set_down(RadioState::kNoService,
                               "bluetoothd does not answer; it is asked again");
                      retry_.expires_after(backoff_.next());
                      return retry_.async_wait([this](const boost::system::error_code& cancelled) {
                          if (!cancelled && !owner_.empty() && !listed_) ask_objects();
                      });
                  }
                  listed_ = true;
                  for (const auto& [path, interfaces] : objects) {
                      for (const auto& [interface, properties] : interfaces)
                          controllers_.update(path, interface, properties);
                  }
                  use_chosen();
                  // Devices count only below the controller in use.
                  for (const auto& [path, interfaces] : objects) take_object(path, interfaces);
              });
}

// --- what bluetoothd tells ---
// Any program may send us a signal that looks like one of these, so the sender is compared.

void BluezRadio::interfaces_added(sdbus::Message& message) {
    sdbus::ObjectPath path;
    Interfaces interfaces;
    if (!listed_ || message.getSender() != owner_ || !take(message, path, interfaces)) return;
    take_object(path, interfaces);
    use_chosen();
}

void BluezRadio::interfaces_removed(sdbus::Message& message) {
    sdbus::ObjectPath path;
    std::vector<std::string> interfaces;
    if (!listed_ || message.getSender() != owner_ || !take(message, path, interfaces)) return;
    for (const std::string& interface : interfaces) {
        if (interface == kDeviceInterface) {
            device_left(path);
            if (const auto gone = devices_.remove(path)) report(DeviceGone{*gone});
        }
        controllers_.remove(path, interface);
    }
    use_chosen();
}

void BluezRadio::properties_changed(sdbus::Message& message) {
    std::string interface;
    Properties properties;
    std::vector<std::string> invalidated;
    if (!listed_ || message.getSender() != owner_ ||
        !take(message, interface, properties, invalidated))
        return;
    const bool rssi_gone = std::count(invalidated.begin(), invalidated.end(), "RSSI") > 0;
    take_properties(message.getPath(), interface, properties, rssi_gone);
}

void BluezRadio::take_object(const std::string& path, const Interfaces& interfaces) {
    for (const auto& [interface, properties] : interfaces) {
        if (controllers_.update(path, interface, properties)) continue;
        if (interface == kDeviceInterface) take_device(path, properties, false);
    }
}

void BluezRadio::take_properties(const std::string& path, const std::string& interface,
                                 const Properties& properties, bool rssi_gone) {
    if (controllers_.update(path, interface, properties)) return use_chosen();
    client_.properties_changed(path, interface, properties);
    if (interface != kDeviceInterface) return;
    if (!property<bool>(properties, "Connected").value_or(true)) server_.device_left(path);
    // BlueZ tells Service Data once, and only strengths from then on.
    if (properties.contains("RSSI") && !properties.contains("ServiceData") &&
        parent_of(path) == attached_ && !devices_.knows(path) && !ask_service_data(path))
        return;
    take_device(path, properties, rssi_gone);
}

bool BluezRadio::ask_service_data(const std::string& path) {
    if (asked_ >= kAskedMax) return false;
    ++asked_;
    bus_.call(
        {owner_, path, kPropertiesInterface}, "GetAll", kCallPatience,
        [this, path, owner = owner_](sdbus::MethodReply* reply, const sdbus::Error* error) {
            --asked_;
            Properties properties;
            if (owner != owner_ || error != nullptr || !take(*reply, properties)) return;
            take_device(path, properties, false);
        },
        std::string(kDeviceInterface));
    return true;
}

void BluezRadio::take_device(const std::string& path, const Properties& properties,
                             bool rssi_gone) {
    if (attached_.empty() || parent_of(path) != attached_) return;
    DeviceTable::News news;
    news.service_data = service_data_of(properties, options_.service_uuid);
    news.rssi_dbm = property<std::int16_t>(properties, "RSSI");
    news.rssi_gone = rssi_gone;
    const auto seen = devices_.update(path, news);
    for (const DeviceId gone : devices_.take_gone()) report(DeviceGone{gone});
    if (news.rssi_dbm || news.service_data) scanner_.heard(seen.has_value());
    if (seen) report(*seen);
}

void BluezRadio::device_left(const std::string& path) {
    client_.device_left(path);
    server_.device_left(path);
}

// --- the controller ---

void BluezRadio::use_chosen() {
    if (!listed_) return;
    std::string ignored;
    const Controller* controller = controllers_.chosen();
    const bool works = controller != nullptr && controllers_.state(ignored) == RadioState::kWorking;
    if (!attached_.empty() && (!works || controller->path != attached_)) detach(true);
    if (works) attach(*controller);
    tell_state();
}

void BluezRadio::attach(const Controller& controller) {
    const bool fresh = attached_.empty();
    attached_ = controller.path;
    const Attachment attachment{owner_, attached_, options_.service_uuid};
    // The managers may come after the controller, and go before it.
    advertiser_.set_free_instances(controller.free_instances);
    if (advertiser_.attached() && !controller.has_advertising) advertiser_.detach(false);
    if (!advertiser_.attached() && controller.has_advertising) advertiser_.attach(attachment);
    if (server_.attached() && !controller.has_gatt) server_.detach(false);
    if (!server_.attached() && controller.has_gatt) server_.attach(attachment);
    scanner_.set_has_monitors(controller.has_monitors);
    if (!fresh) return;
    scanner_.attach(attachment);
    client_.attach(attachment);
}

void BluezRadio::detach(bool tell) {
    advertiser_.detach(tell);
    scanner_.detach(tell);
    server_.detach(tell);
    client_.detach(tell);
    attached_.clear();
    forget_devices();
}

void BluezRadio::forget_devices() {
    for (const DeviceId gone : devices_.clear()) report(DeviceGone{gone});
}

void BluezRadio::set_down(RadioState state, std::string reason) {
    down_ = state;
    down_reason_ = std::move(reason);
    tell_state();
}

void BluezRadio::tell_state() {
    // Several parts change in one turn: one report for all of them, and none for a moment's state.
    if (tell_posted_ || stopped_) return;
    tell_posted_ = true;
    boost::asio::post(context_, [this, life = std::weak_ptr<int>(life_)] {
        if (life.expired()) return;
        tell_posted_ = false;
        RadioChanged now;
        if (!listed_) {
            now.state = down_;
            now.reason = down_reason_;
        } else {
            now.state = controllers_.state(now.reason);
            const Controller* controller = controllers_.chosen();
            if (controller != nullptr) now.adapter = controller->name();
            if (now.state == RadioState::kWorking) {
                for (const std::string& problem :
                     {advertiser_.problem(), scanner_.problem(), server_.problem()}) {
                    if (now.reason.empty()) now.reason = problem;
                }
                now.can_advertise = controller->has_advertising && advertiser_.problem().empty() &&
                                    (advertiser_.running() || controller->free_instances > 0);
                now.can_monitor = scanner_.can_monitor();
                now.can_serve = controller->has_gatt && server_.problem().empty();
            }
        }
        if (told_ && same(*told_, now)) return;
        told_ = now;
        sink_(now);
    });
}

}  // namespace sov::bluez
