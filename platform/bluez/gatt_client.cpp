#include "platform/bluez/gatt_client.h"

#include <algorithm>
#include <utility>

namespace sov::bluez {
namespace {

constexpr Characteristic kAll[] = {Characteristic::kInfo, Characteristic::kHandshake,
                                   Characteristic::kRecord, Characteristic::kSignal};

bool notifies(Characteristic characteristic) {
    return characteristic == Characteristic::kHandshake ||
           characteristic == Characteristic::kSignal;
}

std::optional<Characteristic> characteristic_of(const std::string& service,
                                                const std::string& uuid) {
    for (const Characteristic each : kAll) {
        if (same_uuid(uuid, characteristic_uuid(service, static_cast<std::uint8_t>(each))))
            return each;
    }
    return std::nullopt;
}

}  // namespace

GattClient::GattClient(boost::asio::io_context& context, Bus& bus, const Pauses& pauses,
                       Callbacks callbacks)
    : context_(context), bus_(bus), pauses_(pauses), callbacks_(std::move(callbacks)) {}

GattClient::~GattClient() = default;

GattClient::Link* GattClient::find(LinkId id) {
    const auto at = links_.find(id);
    return at == links_.end() ? nullptr : &at->second;
}

Bus::Reply GattClient::guarded(LinkId id, std::string what, Step then) {
    return
        [this, id, what = std::move(what), then = std::move(then),
         life = std::weak_ptr<int>(life_)](sdbus::MethodReply* reply, const sdbus::Error* error) {
            if (life.expired()) return;
            Link* link = find(id);
            if (link == nullptr) return;
            if (error != nullptr) return end(id, what + " failed (" + words_of(*error) + ")");
            then(*link, reply);
        };
}

bool GattClient::has_link_to(const std::string& device) const {
    return std::any_of(links_.begin(), links_.end(),
                       [&](const auto& entry) { return entry.second.device == device; });
}

std::size_t GattClient::size() const {
    return static_cast<std::size_t>(std::count_if(
        links_.begin(), links_.end(), [](const auto& entry) { return !entry.second.closing; }));
}

// --- opening ---

void GattClient::open(LinkId id, const std::string& path) {
    if (!attachment_) return callbacks_.closed(id, "there is no working controller");
    Link& link = links_[id];
    link.id = id;
    link.device = path;
    link.patience = std::make_unique<boost::asio::steady_timer>(context_);
    ask_device(link);
}

void GattClient::ask_device(Link& link) {
    // Changes are followed from here on, so that none is missed.
    bus_.call({attachment_->owner, link.device, kPropertiesInterface}, "GetAll", kCallPatience,
              guarded(link.id, "asking for its properties",
                      [this](Link& now, sdbus::MethodReply* reply) {
                          Properties properties;
                          if (!take(*reply, properties))
                              return end(now.id, "BlueZ told its properties unreadably");
                          const bool known = property<bool>(properties, "Paired").value_or(false) ||
                                             property<bool>(properties, "Trusted").value_or(false);
                          now.ours_alone = !known;
                          now.resolved =
                              property<bool>(properties, "ServicesResolved").value_or(false);
                          connect(now);
                      }),
              std::string(kDeviceInterface));
}

void GattClient::connect(Link& link) {
    bus_.call({attachment_->owner, link.device, kDeviceInterface}, "Connect", kConnectPatience,
              [this, id = link.id, life = std::weak_ptr<int>(life_)](sdbus::MethodReply*,
                                                                     const sdbus::Error* error) {
                  Link* now = life.expired() ? nullptr : find(id);
                  if (now == nullptr) return;
                  if (error == nullptr || error->getName() == "org.bluez.Error.AlreadyConnected")
                      return connected(*now);
                  end(id, "connecting failed (" + words_of(*error) + ")");
              });
}

void GattClient::connected(Link& link) {
    link.connected = true;
    link.patience->expires_after(pauses_.services_resolved);
    link.patience->async_wait(
        [this, id = link.id, life = std::weak_ptr<int>(life_)](boost::system::error_code error) {
            if (error || life.expired()) return;
            Link* now = find(id);
            if (now != nullptr && !now->open) end(id, "its services were not found in time");
        });
    find_characteristics(link);
}

void GattClient::find_characteristics(Link& link) {
    if (link.searching || !link.connected || !link.resolved) return;
    link.searching = true;
    bus_.call({attachment_->owner, "/", kObjectManagerInterface}, "GetManagedObjects",
              kCallPatience,
              guarded(link.id, "listing its services",
                      [this](Link& now, sdbus::MethodReply* reply) { take_objects(now, *reply); }));
}

void GattClient::take_objects(Link& link, sdbus::MethodReply& reply) {
    Objects objects;
    if (!take(reply, objects)) return end(link.id, "BlueZ listed its services unreadably");
    const std::string below = link.device + "/";
    const auto interface_of = [&](const std::string& path, const char* name) -> const Properties* {
        const auto object = objects.find(sdbus::ObjectPath(path));
        if (object == objects.end()) return nullptr;
        const auto interface = object->second.find(name);
        return interface == object->second.end() ? nullptr : &interface->second;
    };
    for (const auto& [path, ignored] : objects) {
        if (path.compare(0, below.size(), below) != 0) continue;
        const Properties* properties = interface_of(path, kCharacteristicInterface);
        if (properties == nullptr) continue;
        const Properties* service = interface_of(parent_of(path), kGattServiceInterface);
        if (service == nullptr || !same_uuid(property<std::string>(*service, "UUID").value_or(""),
                                             attachment_->service_uuid))
            continue;
        const auto which = characteristic_of(
            attachment_->service_uuid, property<std::string>(*properties, "UUID").value_or(""));
        if (!which) continue;
        link.remotes[*which] = {
            path, property<std::uint16_t>(*properties, "MTU").value_or(std::uint16_t{0})};
    }
    if (link.remotes.empty()) return end(link.id, "it does not offer our service");
    subscribe(link, Characteristic::kHandshake);
}

void GattClient::subscribe(Link& link, Characteristic characteristic) {
    const auto at = link.remotes.find(characteristic);
    const auto next = [this, characteristic](Link& now, sdbus::MethodReply*) {
        if (characteristic == Characteristic::kHandshake)
            return subscribe(now, Characteristic::kSignal);
        opened(now);
    };
    // Who lacks it can still be read; a write will say that it is missing.
    if (at == link.remotes.end()) return next(link, nullptr);
    bus_.call({attachment_->owner, at->second.path, kCharacteristicInterface}, "StartNotify",
              kCallPatience, guarded(link.id, "subscribing", next));
}

void GattClient::opened(Link& link) {
    link.open = true;
    link.patience->cancel();
    std::size_t frame = kAttributeBytesMax;
    for (const auto& [which, remote] : link.remotes) {
        const std::size_t carried = remote.mtu < 3 ? kFrameBytesMin : remote.mtu - 3U;
        frame = std::min(frame, std::max(carried, kFrameBytesMin));
    }
    link.frame_bytes = frame;
    callbacks_.opened(link.id, static_cast<std::uint16_t>(frame));
    work(link);
}

// --- working ---

bool GattClient::enqueue(LinkId id, Operation operation) {
    Link* link = find(id);
    if (link == nullptr) return false;
    if (link->closing) return true;
    if (link->waiting.size() >= kWaitingMax) {
        end(id, "too much waits to be sent");
        return true;
    }
    link->waiting.push_back(std::move(operation));
    if (link->open) work(*link);
    return true;
}

bool GattClient::read(LinkId link, Characteristic characteristic) {
    return enqueue(link, {characteristic, true, {}});
}

bool GattClient::write(LinkId link, Characteristic characteristic, Bytes frame) {
    return enqueue(link, {characteristic, false, std::move(frame)});
}

void GattClient::work(Link& link) {
    if (link.busy) return;
    if (link.waiting.empty()) {
        if (link.closing) end(link.id, "closed by us");
        return;
    }
    const Operation& operation = link.waiting.front();
    if (!link.remotes.contains(operation.characteristic))
        return end(link.id, "it lacks a characteristic of our service");
    link.busy = true;
    if (operation.is_read) {
        work_read(link);
    } else {
        work_write(link);
    }
}

void GattClient::work_read(Link& link) {
    const Operation& operation = link.waiting.front();
    const Target target{attachment_->owner, link.remotes[operation.characteristic].path,
                        kCharacteristicInterface};
    const Properties options{
        {"offset", sdbus::Variant(static_cast<std::uint16_t>(operation.bytes.size()))}};
    const auto finish = [this](Link& now) {
        const Operation done = std::move(now.waiting.front());
        now.waiting.pop_front();
        now.busy = false;
        const LinkId id = now.id;
        callbacks_.read(id, done.characteristic, done.bytes);
        if (Link* still = find(id)) work(*still);
    };
    const auto took = [this, finish](Link& now, sdbus::MethodReply* reply) {
        std::vector<std::uint8_t> part;
        if (!take(*reply, part)) return end(now.id, "a value came unreadably");
        Operation& reading = now.waiting.front();
        const std::uint16_t mtu = now.remotes[reading.characteristic].mtu;
        const std::size_t answer = (mtu < 23 ? 23U : mtu) - 1U;
        reading.bytes.insert(reading.bytes.end(), part.begin(), part.end());
        if (reading.bytes.size() > kAttributeBytesMax)
            return end(now.id, "a value is longer than 512 bytes");
        // BlueZ reads on by itself; should it not, a part that fills its answer is not the last.
        const bool whole = part.size() != answer || reading.bytes.size() == kAttributeBytesMax;
        if (whole) return finish(now);
        work_read(now);
    };
    bus_.call(
        target, "ReadValue", kCallPatience,
        [this, id = link.id, took, finish, life = std::weak_ptr<int>(life_)](
            sdbus::MethodReply* reply, const sdbus::Error* error) {
            if (life.expired()) return;
            Link* now = find(id);
            if (now == nullptr) return;
            if (error == nullptr) return took(*now, reply);
            // Some refuse to read at the very end of a value, where its parts end too.
            if (!now->waiting.front().bytes.empty()) return finish(*now);
            end(id, "reading failed (" + words_of(*error) + ")");
        },
        options);
}

void GattClient::work_write(Link& link) {
    const Operation& operation = link.waiting.front();
    const Target target{attachment_->owner, link.remotes[operation.characteristic].path,
                        kCharacteristicInterface};
    const Properties options{{"type", sdbus::Variant(std::string("request"))}};
    bus_.call(target, "WriteValue", kCallPatience,
              guarded(link.id, "writing",
                      [this](Link& now, sdbus::MethodReply*) {
                          now.waiting.pop_front();
                          now.busy = false;
                          work(now);
                      }),
              operation.bytes, options);
}

// --- what BlueZ tells ---

void GattClient::properties_changed(const std::string& path, const std::string& interface,
                                    const Properties& properties) {
    for (auto& [id, link] : links_) {
        if (interface == kDeviceInterface && path == link.device) {
            const auto resolved = property<bool>(properties, "ServicesResolved");
            if (resolved) link.resolved = *resolved;
            find_characteristics(link);
            if (link.connected && !property<bool>(properties, "Connected").value_or(true))
                return end(id, "the device disconnected");
            return;
        }
        if (interface != kCharacteristicInterface || !link.open) continue;
        const auto value = property<std::vector<std::uint8_t>>(properties, "Value");
        if (!value || value->size() > kAttributeBytesMax) continue;
        for (const auto& [which, remote] : link.remotes) {
            if (remote.path != path || !notifies(which)) continue;
            return callbacks_.frame(id, which, Bytes(value->begin(), value->end()));
        }
    }
}

void GattClient::device_left(const std::string& path) {
    for (const auto& [id, link] : links_) {
        if (link.device == path) return end(id, "the device is gone", false);
    }
}

// --- closing ---

bool GattClient::close(LinkId id) {
    Link* link = find(id);
    if (link == nullptr) return false;
    if (!link->open || link->waiting.empty()) {
        end(id, "closed by us");
        return true;
    }
    link->closing = true;
    link->patience->expires_after(kCallPatience);
    link->patience->async_wait(
        [this, id, life = std::weak_ptr<int>(life_)](boost::system::error_code error) {
            if (!error && !life.expired() && find(id) != nullptr) end(id, "closed by us");
        });
    return true;
}

void GattClient::end(LinkId id, const std::string& reason, bool tell) {
    const auto at = links_.find(id);
    const Link link = std::move(at->second);
    links_.erase(at);
    if (tell && attachment_) {
        const Bus::Reply ignored = [](sdbus::MethodReply*, const sdbus::Error*) {};
        if (link.ours_alone) {
            bus_.call(attachment_->on_adapter(kAdapterInterface), "RemoveDevice", kCallPatience,
                      ignored, sdbus::ObjectPath(link.device));
        } else {
            bus_.call({attachment_->owner, link.device, kDeviceInterface}, "Disconnect",
                      kCallPatience, ignored);
        }
    }
    callbacks_.closed(id, reason);
}

void GattClient::detach(bool tell) {
    while (!links_.empty()) end(links_.begin()->first, "the controller is gone", tell);
    life_ = std::make_shared<int>(0);
    attachment_.reset();
}

}  // namespace sov::bluez
