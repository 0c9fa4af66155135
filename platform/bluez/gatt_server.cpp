#include "platform/bluez/gatt_server.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <utility>

#include "platform/bluez/properties.h"

namespace sov::bluez {
namespace {

struct Row {
    Characteristic characteristic;
    const char* name;
    std::vector<std::string> flags;
};

// No flag asks for encryption: desktops would show a pairing prompt.
const std::vector<Row>& rows() {
    static const std::vector<Row> table{
        {Characteristic::kInfo, "info", {"read"}},
        {Characteristic::kHandshake, "handshake", {"write", "notify"}},
        {Characteristic::kRecord, "record", {"read"}},
        {Characteristic::kSignal, "signal", {"write", "notify"}},
    };
    return table;
}

[[noreturn]] void refuse(const char* name, const char* why) {
    throw sdbus::Error(std::string("org.bluez.Error.") + name, why);
}

}  // namespace

struct GattServer::Application {
    std::string path;
    std::string service_path() const { return path + "/service"; }

    std::unique_ptr<sdbus::IObject> root, service;
    std::map<Characteristic, std::unique_ptr<sdbus::IObject>> characteristics;
};

GattServer::GattServer(boost::asio::io_context& context, Bus& bus, const Pauses& pauses,
                       Callbacks callbacks)
    : context_(context),
      bus_(bus),
      pauses_(pauses),
      retry_(context),
      idle_(context),
      backoff_(pauses.refused_retry),
      callbacks_(std::move(callbacks)) {}

GattServer::~GattServer() = default;

void GattServer::serve(Bytes info, Bytes record) {
    info_ = std::move(info);
    record_ = std::move(record);
    if (info_.empty()) set_problem("");
    apply();
}

void GattServer::attach(Attachment attachment) {
    attachment_ = std::move(attachment);
    backoff_.reset();
    apply();
}

void GattServer::detach(bool tell) {
    if (link_) end_link("the controller is gone", tell);
    life_ = std::make_shared<int>(0);
    retry_.cancel();
    idle_.cancel();
    if (tell && attachment_ && application_) unregister();
    application_.reset();
    busy_ = running_ = false;
    attachment_.reset();
    set_problem("");
}

// --- registration ---

void GattServer::apply() {
    const bool wanted = !info_.empty();
    if (!attachment_ || busy_ || wanted == (application_ != nullptr)) return;
    retry_.cancel();
    if (!wanted) {
        if (link_) end_link("the service is taken away", true);
        unregister();
        running_ = false;
        return callbacks_.changed();
    }
    try {
        build();
    } catch (const sdbus::Error& error) {
        application_.reset();
        set_problem("the GATT service can't be offered on the bus (" + words_of(error) + ")");
        return retry_later();
    }
    busy_ = true;
    bus_.call(
        attachment_->on_adapter(kGattManager), "RegisterApplication", kCallPatience,
        [this, life = std::weak_ptr<int>(life_)](sdbus::MethodReply*, const sdbus::Error* error) {
            if (!life.expired()) registered(error);
        },
        sdbus::ObjectPath(application_->path), Options{});
}

void GattServer::build() {
    application_ = std::make_shared<Application>();
    // A number of its own: while BlueZ forgets the last one, its objects are still there.
    application_->path = std::string(kOurRoot) + "/gatt" + std::to_string(++last_number_);
    application_->root = sdbus::createObject(bus_.connection(), application_->path);
    application_->root->addObjectManager();
    application_->root->finishRegistration();
    application_->service = sdbus::createObject(bus_.connection(), application_->service_path());
    application_->service->registerProperty("UUID")
        .onInterface(kGattServiceInterface)
        .withGetter([uuid = attachment_->service_uuid] { return uuid; });
    application_->service->registerProperty("Primary")
        .onInterface(kGattServiceInterface)
        .withGetter([] { return true; });
    application_->service->finishRegistration();
    for (const Row& row : rows()) build_characteristic(row.characteristic);
}

void GattServer::build_characteristic(Characteristic which) {
    const Row& row = *std::find_if(rows().begin(), rows().end(),
                                   [&](const Row& each) { return each.characteristic == which; });
    auto& slot = application_->characteristics[which];
    const std::string service = application_->service_path();
    const std::string uuid =
        characteristic_uuid(attachment_->service_uuid, static_cast<std::uint8_t>(which));
    slot = sdbus::createObject(bus_.connection(), service + "/" + row.name);
    sdbus::IObject* object = slot.get();
    object->registerProperty("UUID").onInterface(kCharacteristicInterface).withGetter([uuid] {
        return uuid;
    });
    object->registerProperty("Service").onInterface(kCharacteristicInterface).withGetter([service] {
        return sdbus::ObjectPath(service);
    });
    object->registerProperty("Flags").onInterface(kCharacteristicInterface).withGetter([&row] {
        return row.flags;
    });
    if (row.flags.front() == "read") {
        object->registerMethod("ReadValue")
            .onInterface(kCharacteristicInterface)
            .implementedAs([this, object, which](const Options& options) {
                check_caller(*object);
                return read(which, options);
            });
    } else {
        object->registerMethod("WriteValue")
            .onInterface(kCharacteristicInterface)
            .implementedAs([this, object, which](const std::vector<std::uint8_t>& value,
                                                 const Options& options) {
                check_caller(*object);
                write(which, value, options);
            });
        for (const char* method : {"StartNotify", "StopNotify"}) {
            object->registerMethod(method)
                .onInterface(kCharacteristicInterface)
                .implementedAs([this, object] { check_caller(*object); });
        }
    }
    object->finishRegistration();
}

void GattServer::registered(const sdbus::Error* error) {
    busy_ = false;
    if (error == nullptr) {
        running_ = true;
        backoff_.reset();
        set_problem("");
        callbacks_.changed();
        return apply();
    }
    application_.reset();
    set_problem("bluetoothd refuses our GATT service (" + words_of(*error) + ")");
    retry_later();
}

void GattServer::unregister() {
    // The objects are kept until BlueZ has forgotten them.
    const sdbus::ObjectPath path(application_->path);
    busy_ = true;
    bus_.call(
        attachment_->on_adapter(kGattManager), "UnregisterApplication", kCallPatience,
        [this, life = std::weak_ptr<int>(life_), kept = std::move(application_)](
            sdbus::MethodReply*, const sdbus::Error*) mutable {
            kept.reset();
            if (life.expired()) return;
            busy_ = false;
            apply();
        },
        path);
    application_.reset();
}

void GattServer::retry_later() {
    callbacks_.changed();
    retry_.expires_after(backoff_.next());
    retry_.async_wait([this](const boost::system::error_code& error) {
        if (!error) apply();
    });
}

// --- what BlueZ asks for others ---

void GattServer::check_caller(const sdbus::IObject& object) const {
    if (!attachment_ || !called_by(object, attachment_->owner))
        refuse("NotAuthorized", "only bluetoothd may ask");
}

std::vector<std::uint8_t> GattServer::read(Characteristic characteristic,
                                           const Options& options) const {
    const Bytes& value = characteristic == Characteristic::kInfo ? info_ : record_;
    if (value.empty()) refuse("NotPermitted", "there is nothing to read");
    const auto offset = property<std::uint16_t>(options, "offset").value_or(std::uint16_t{0});
    if (offset > value.size()) refuse("InvalidOffset", "the value is shorter");
    return {value.begin() + offset, value.end()};
}

void GattServer::write(Characteristic characteristic, const std::vector<std::uint8_t>& value,
                       const Options& options) {
    const auto device = property<sdbus::ObjectPath>(options, "device");
    if (!device) refuse("Failed", "the options name no device");
    if (property<std::uint16_t>(options, "offset").value_or(std::uint16_t{0}) != 0)
        refuse("InvalidOffset", "a frame is written whole");
    if (value.empty() || value.size() > kAttributeBytesMax)
        refuse("InvalidValueLength", "a frame has 1 to 512 bytes");
    if (link_ && link_->device != *device) refuse("NotPermitted", "another device is connected");
    if (!link_) {
        const auto mtu = property<std::uint16_t>(options, "mtu").value_or(std::uint16_t{23});
        const auto frame_bytes = static_cast<std::uint16_t>(
            std::clamp<std::size_t>(mtu < 3 ? 0 : mtu - 3U, kFrameBytesMin, kAttributeBytesMax));
        const auto id = callbacks_.opened(*device, frame_bytes);
        if (!id) refuse("NotPermitted", "there are as many links as there may be");
        link_ = Link{*id, *device, frame_bytes};
    }
    await_silence();
    callbacks_.frame(link_->id, characteristic, Bytes(value.begin(), value.end()));
}

// --- the link ---

bool GattServer::notify(LinkId link, Characteristic characteristic, const Bytes& frame) {
    if (!link_ || link_->id != link) return false;
    const auto at = application_
                        ? application_->characteristics.find(characteristic)
                        : std::map<Characteristic, std::unique_ptr<sdbus::IObject>>::iterator{};
    if (!application_ || at == application_->characteristics.end() ||
        frame.size() > link_->frame_bytes) {
        end_link("a frame could not be sent", true);
        return true;
    }
    try {
        // To bluetoothd alone: the usual signal would show the frame to every program on the bus.
        auto signal = at->second->createSignal(kPropertiesInterface, "PropertiesChanged");
        signal.setDestination(attachment_->owner);
        signal << std::string(kCharacteristicInterface)
               << Properties{{"Value", sdbus::Variant(frame)}} << std::vector<std::string>{};
        at->second->emitSignal(signal);
        bus_.wake();
    } catch (const sdbus::Error& error) {
        end_link("a frame could not be sent (" + words_of(error) + ")", true);
    }
    return true;
}

bool GattServer::close(LinkId link) {
    if (!link_ || link_->id != link) return false;
    end_link("closed by us", true);
    return true;
}

void GattServer::device_left(const std::string& path) {
    if (link_ && link_->device == path) end_link("the device disconnected", false);
}

void GattServer::end_link(const std::string& reason, bool disconnect) {
    const Link link = *std::exchange(link_, std::nullopt);
    idle_.cancel();
    if (disconnect && attachment_) {
        bus_.call({attachment_->owner, link.device, kDeviceInterface}, "Disconnect", kCallPatience,
                  [](sdbus::MethodReply*, const sdbus::Error*) {});
    }
    callbacks_.closed(link.id, reason);
}

void GattServer::await_silence() {
    idle_.expires_after(pauses_.incoming_idle);
    idle_.async_wait([this](const boost::system::error_code& error) {
        if (!error && link_) end_link("nothing came for a while", true);
    });
}

void GattServer::set_problem(std::string problem) {
    if (problem == problem_) return;
    problem_ = std::move(problem);
    callbacks_.changed();
}

}  // namespace sov::bluez
