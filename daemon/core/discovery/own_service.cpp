#include "daemon/core/discovery/own_service.h"

#include <algorithm>

#include "daemon/core/base/base_text.h"

namespace sov::discovery {

namespace {

/// In each epoch private nodes leave within the first such span and are back within the second.
constexpr std::chrono::seconds kRotationSpan{5};
/// Addresses often change several at a time.
constexpr std::chrono::seconds kNamesAtLeast{5};

}  // namespace

void OwnService::start(Instant now) {
    if (options_.visibility == Visibility::kPassive) return;
    publish_new_names(now);
}

void OwnService::stop() {
    if (published_) old_names_.push_back(published_->instance);
    published_.reset();
    changed_ = true;
    leave_at_ = publish_at_ = kNever;
    after_collision_.reset();
}

void OwnService::handle_timeout(Instant now) {
    if (now >= leave_at_) {
        leave_at_ = kNever;
        after_collision_.reset();
        if (options_.visibility == Visibility::kPublic) return publish_new_names(now);
        published_.reset();
        changed_ = true;
        // Counted from where the epoch began, so that everybody's silence ends in the same span.
        const Instant began = recognition_.next_epoch(now) - kEpochLength;
        publish_at_ = std::max(now, began + kRotationSpan) + some_of(kRotationSpan);
    }
    if (now >= publish_at_) publish_new_names(now);
}

void OwnService::handle_network_change(Instant now) {
    // Who is about to speak anyhow does so under a new name.
    if (!published_ || publish_at_ != kNever) return;
    publish_at_ = std::max(now, named_at_ + kNamesAtLeast);
    if (now >= publish_at_) publish_new_names(now);
}

bool OwnService::on_collision(Instant now, const std::string& instance) {
    if (!published_ || published_->instance != instance) return false;
    published_.reset();
    changed_ = true;
    publish_at_ = after_collision_.next(now, rng_);
    return true;
}

void OwnService::set_capabilities(Instant now, std::uint32_t capabilities) {
    if (capabilities_ == capabilities) return;
    capabilities_ = capabilities;
    if (!published_ || options_.visibility != Visibility::kPublic) return;
    ++sequence_;
    write_txt(now);
    changed_ = true;
}

bool OwnService::is_ours(const std::string& instance) const {
    return (published_ && published_->instance == instance) ||
           std::find(old_names_.begin(), old_names_.end(), instance) != old_names_.end();
}

bool OwnService::is_ours(Instant now, const PrivateAnnouncement& announcement) const {
    return recognition_.own_tag(now, Medium::kMdns) == announcement.tag;
}

std::optional<Publish> OwnService::poll() {
    if (!changed_) return std::nullopt;
    changed_ = false;
    return Publish{published_};
}

void OwnService::publish_new_names(Instant now) {
    if (published_) old_names_.push_back(published_->instance);
    while (old_names_.size() > kOldNamesMax) old_names_.pop_front();
    ServiceAnnouncement service;
    service.instance = random_name();
    service.host = random_name();
    service.port = options_.visibility == Visibility::kPublic ? self_.udp_port : kNoServicePort;
    service.type = options_.service_type;
    service.subtype = network_subtype(crypto_, self_.network, options_.service_type);
    published_ = std::move(service);
    sequence_ = 1;
    write_txt(now);
    changed_ = true;
    publish_at_ = kNever;
    named_at_ = now;
    plan_rotation(now);
}

void OwnService::write_txt(Instant now) {
    const AnnouncedAs as{self_.network, published_->instance, published_->port};
    if (options_.visibility == Visibility::kPublic) {
        published_->txt = encode_announcement(
            crypto_, self_.user, as,
            PublicAnnouncement{PeerId{self_.user.public_key}, self_.node, capabilities_,
                               self_.udp_port, recognition_.epoch(now), sequence_});
    } else {
        published_->txt = encode_announcement(
            crypto_, as,
            PrivateAnnouncement{
                recognition_.own_tag(now, Medium::kMdns),
                veil_place(recognition_, now, published_->instance, {self_.node, self_.udp_port})});
    }
}

void OwnService::plan_rotation(Instant now) {
    leave_at_ = recognition_.next_epoch(now) + some_of(kRotationSpan);
}

std::string OwnService::random_name() {
    std::array<std::uint8_t, kNameBytes> random{};
    crypto_.fill_random(random);
    return to_base32(random);
}

}  // namespace sov::discovery
