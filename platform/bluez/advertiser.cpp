#include "platform/bluez/advertiser.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/core/base/radio.h"
#include "platform/bluez/properties.h"

namespace sov::bluez {
namespace {

constexpr const char* kAdvertInterface = "org.bluez.LEAdvertisement1";

}  // namespace

struct Advertiser::Instance {
    std::string path;
    Bytes service_data;
    std::unique_ptr<sdbus::IObject> object;
};

Advertiser::Advertiser(boost::asio::io_context& context, Bus& bus, const Pauses& pauses,
                       std::function<void()> changed)
    : context_(context),
      bus_(bus),
      retry_(context),
      backoff_(pauses.refused_retry),
      changed_(std::move(changed)) {}

Advertiser::~Advertiser() = default;

void Advertiser::want(Bytes service_data) {
    wanted_ = std::move(service_data);
    backoff_.reset();
    if (wanted_.empty()) set_problem("");
    apply();
}

void Advertiser::attach(Attachment attachment) {
    attachment_ = std::move(attachment);
    backoff_.reset();
    apply();
}

void Advertiser::detach(bool tell) {
    life_ = std::make_shared<int>(0);
    retry_.cancel();
    making_room_ = false;
    if (tell && attachment_) {
        for (auto* instance : {&current_, &next_}) {
            if (*instance) unregister(std::move(*instance), false);
        }
    }
    current_.reset();
    next_.reset();
    attachment_.reset();
    set_problem("");
}

void Advertiser::set_free_instances(std::uint8_t free) {
    const bool room_came = free_instances_ == 0 && free > 0;
    free_instances_ = free;
    if (room_came && !running() && !making_room_) {
        backoff_.reset();
        apply();
    }
}

void Advertiser::apply() {
    if (!attachment_ || next_ || making_room_) return;
    retry_.cancel();
    if (wanted_.empty()) {
        if (current_) unregister(std::move(current_), false);
        return changed_();
    }
    if (current_ && current_->service_data == wanted_) return;
    if (current_ && free_instances_ == 0) {
        making_room_ = true;
        return unregister(std::move(current_), true);
    }
    add();
}

std::unique_ptr<Advertiser::Instance> Advertiser::make_instance() {
    auto instance = std::make_unique<Instance>();
    instance->path = std::string(kOurRoot) + "/advert" + std::to_string(++last_number_);
    instance->service_data = wanted_;
    instance->object = sdbus::createObject(bus_.connection(), instance->path);
    const std::map<std::string, sdbus::Variant> service_data{
        {attachment_->service_uuid, sdbus::Variant(wanted_)}};
    sdbus::IObject& object = *instance->object;
    object.registerProperty("Type").onInterface(kAdvertInterface).withGetter([] {
        return std::string("peripheral");
    });
    object.registerProperty("ServiceData").onInterface(kAdvertInterface).withGetter([=] {
        return service_data;
    });
    // Without it BlueZ leaves the Flags away, and without Flags some phones drop the advert.
    object.registerProperty("Discoverable").onInterface(kAdvertInterface).withGetter([] {
        return true;
    });
    object.registerMethod("Release")
        .onInterface(kAdvertInterface)
        .implementedAs([this, &object, path = instance->path, life = std::weak_ptr<int>(life_)] {
            if (life.expired() || !called_by(object, attachment_->owner)) return;
            // The object can't go while it is being called.
            boost::asio::post(context_, [this, path, life] {
                if (!life.expired()) released(path);
            });
        });
    object.finishRegistration();
    return instance;
}

void Advertiser::add() {
    try {
        next_ = make_instance();
    } catch (const sdbus::Error& error) {
        set_problem("the advert can't be offered on the bus (" + words_of(error) + ")");
        return retry_later();
    }
    bus_.call(
        attachment_->on_adapter(kAdvertisingManager), "RegisterAdvertisement", kCallPatience,
        [this, life = std::weak_ptr<int>(life_)](sdbus::MethodReply*, const sdbus::Error* error) {
            if (!life.expired()) added(error);
        },
        sdbus::ObjectPath(next_->path), std::map<std::string, sdbus::Variant>{});
}

void Advertiser::added(const sdbus::Error* error) {
    auto instance = std::move(next_);
    if (error == nullptr) {
        backoff_.reset();
        if (current_) unregister(std::move(current_), false);
        current_ = std::move(instance);
        set_problem("");
        changed_();
        return apply();
    }
    if (wanted_.empty()) return apply();
    const bool full = error->getName() == "org.bluez.Error.NotPermitted";
    if (full && current_) {
        // BlueZ counted otherwise than it told: the old one makes room for the new one.
        making_room_ = true;
        return unregister(std::move(current_), true);
    }
    if (full) {
        set_problem("all advertising instances of the controller are taken by other programs");
    } else if (error->getName() == "org.bluez.Error.InvalidLength") {
        set_problem("the controller refuses an advert of 31 bytes (" + words_of(*error) + ")");
    } else {
        set_problem("bluetoothd refuses the advert (" + words_of(*error) + ")");
    }
    retry_later();
}

void Advertiser::unregister(std::unique_ptr<Instance> instance, bool then_apply) {
    const sdbus::ObjectPath path(instance->path);
    // The object is kept until BlueZ has forgotten it.
    bus_.call(
        attachment_->on_adapter(kAdvertisingManager), "UnregisterAdvertisement", kCallPatience,
        [this, then_apply, life = std::weak_ptr<int>(life_),
         kept = std::shared_ptr<Instance>(std::move(instance))](sdbus::MethodReply*,
                                                                const sdbus::Error*) {
            if (life.expired() || !then_apply) return;
            making_room_ = false;
            apply();
        },
        path);
}

void Advertiser::released(const std::string& path) {
    if (!current_ || current_->path != path) return;
    current_.reset();
    set_problem("bluetoothd took the advert down");
    retry_later();
}

void Advertiser::retry_later() {
    changed_();
    retry_.expires_after(backoff_.next());
    retry_.async_wait([this](const boost::system::error_code& error) {
        if (!error) apply();
    });
}

void Advertiser::set_problem(std::string problem) {
    if (problem == problem_) return;
    problem_ = std::move(problem);
    changed_();
}

}  // namespace sov::bluez
