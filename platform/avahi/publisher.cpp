#include "platform/avahi/publisher.h"

#include "platform/avahi/names.h"

namespace sov::avahi {

namespace {

constexpr const char* kCollisionError = "org.freedesktop.Avahi.CollisionError";
constexpr const char* kNotPermitted = "org.freedesktop.Avahi.NotPermittedError";
constexpr const char* kAccessDenied = "org.freedesktop.DBus.Error.AccessDenied";

void append_txt(sd_bus_message* message, const std::vector<std::string>& txt) {
    sd_bus_message_open_container(message, 'a', "ay");
    for (const std::string& entry : txt)
        sd_bus_message_append_array(message, 'y', entry.data(), entry.size());
    sd_bus_message_close_container(message);
}

}  // namespace

void Publisher::publish(const std::optional<ServiceAnnouncement>& announcement) {
    if (announcement && announcement_ && announcement->instance == announcement_->instance &&
        announcement->host == announcement_->host && announcement->port == announcement_->port &&
        !groups_.empty()) {
        announcement_ = announcement;
        return update_txt();
    }
    free_groups();
    announcement_ = announcement;
    if (!announcement_) return;
    for (const LocalInterface& interface : local_interfaces(rule_)) begin(interface);
}

void Publisher::forget() {
    ++round_;
    groups_.clear();
    announcement_.reset();
}

void Publisher::free_groups() {
    for (const auto& [path, interface] : groups_)
        bus_.send(bus_.method(kService, path, kEntryGroup, "Free"));
    forget();
}

void Publisher::begin(const LocalInterface& interface) {
    bus_.call(bus_.method(kService, "/", kServer, "EntryGroupNew"),
              [this, round = round_, interface](sd_bus_message* answer) {
                  const char* path = nullptr;
                  if (answer == nullptr || sd_bus_message_is_method_error(answer, nullptr) != 0) {
                      if (round == round_) on_error(answer);
                      return;
                  }
                  if (sd_bus_message_read(answer, "o", &path) <= 0) return;
                  if (round != round_)
                      return bus_.send(bus_.method(kService, path, kEntryGroup, "Free"));
                  groups_[path] = interface.index;
                  fill(path, interface);
              });
}

void Publisher::fill(const std::string& path, const LocalInterface& interface) {
    const int index = static_cast<int>(interface.index);
    for (const std::string& address : interface.addresses) add_address(path, index, address);
    add_service(path, index);
    bus_.call(entry(path, "Commit"), checked(path));
}

Message Publisher::entry(const std::string& path, const char* member) {
    return bus_.method(kService, path, kEntryGroup, member);
}

void Publisher::add_address(const std::string& path, int interface, const std::string& address) {
    Message message = entry(path, "AddAddress");
    if (!message) return;
    sd_bus_message_append(message.get(), "iiuss", interface, kAnyProtocol, kNoReverse,
                          (announcement_->host + ".local").c_str(), address.c_str());
    bus_.call(std::move(message), checked(path));
}

void Publisher::add_service(const std::string& path, int interface) {
    const ServiceAnnouncement& service = *announcement_;
    Message message = entry(path, "AddService");
    if (!message) return;
    sd_bus_message_append(message.get(), "iiussssq", interface, kAnyProtocol, kNoCookie,
                          service.instance.c_str(), service.type.c_str(), "",
                          (service.host + ".local").c_str(), service.port);
    append_txt(message.get(), service.txt);
    bus_.call(std::move(message), checked(path));
    message = entry(path, "AddServiceSubtype");
    if (!message) return;
    sd_bus_message_append(message.get(), "iiussss", interface, kAnyProtocol, 0U,
                          service.instance.c_str(), service.type.c_str(), "",
                          service.subtype.c_str());
    bus_.call(std::move(message), checked(path));
}

void Publisher::update_txt() {
    for (const auto& [path, interface] : groups_) {
        Message message = entry(path, "UpdateServiceTxt");
        if (!message) return;
        sd_bus_message_append(message.get(), "iiusss", static_cast<int>(interface), kAnyProtocol,
                              kNoCookie, announcement_->instance.c_str(),
                              announcement_->type.c_str(), "");
        append_txt(message.get(), announcement_->txt);
        bus_.call(std::move(message), checked(path));
    }
}

Bus::Done Publisher::checked(const std::string& path) {
    return [this, round = round_, path](sd_bus_message* answer) {
        if (round != round_ || !groups_.contains(path)) return;
        if (answer == nullptr || sd_bus_message_is_method_error(answer, nullptr) != 0)
            on_error(answer);
    };
}

void Publisher::on_error(sd_bus_message* answer) {
    const std::string name = error_name(answer);
    // One group that fails takes the others along: what is published is the same everywhere.
    const auto events = events_;
    free_groups();
    if (name == kCollisionError) return events.collision();
    if (is_no_reply(answer)) return events.silent();
    if (name == kNotPermitted || name == kAccessDenied) {
        return events.refused("the mDNS responder does not let this user publish (" +
                              error_text(answer) +
                              "); see disable-publishing and disable-user-service-publishing in "
                              "/etc/avahi/avahi-daemon.conf");
    }
    events.refused("the mDNS responder could not publish: " +
                   (answer == nullptr ? "the bus took no request" : error_text(answer)));
}

void Publisher::on_state(const std::string& path, int state, const std::string& error) {
    if (!groups_.contains(path)) return;
    if (state == kGroupEstablished) return events_.established();
    if (state != kGroupCollision && state != kGroupFailure) return;
    const auto events = events_;
    free_groups();
    if (state == kGroupCollision) return events.collision();
    events.refused("the mDNS responder could not publish: " + error);
}

}  // namespace sov::avahi
