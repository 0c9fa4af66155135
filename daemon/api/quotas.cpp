#include "daemon/api/quotas.h"

#include "daemon/api/status_codes.h"

namespace sov::api {

namespace {

grpc::Status refused(const std::string& has, const char* key, const char* hint) {
    sovereign::v1::ErrorDetail detail = detail_of(Errc::kOverQuota);
    detail.set_message("this user has " + has + ", and may not have more (api.quota." + key + ")");
    detail.set_hint(std::string(hint) + "; other users are not held up");
    return failure(grpc::StatusCode::RESOURCE_EXHAUSTED, std::move(detail));
}

}  // namespace

std::optional<Quotas::Slot> Quotas::begin(Kind kind, uid_t user) {
    const std::lock_guard lock(mutex_);
    auto& by_user = under_way_[static_cast<std::size_t>(kind)];
    const auto known = by_user.find(user);
    const std::size_t most = kind == Kind::kLookups ? limits_.lookups : limits_.listens;
    if (known == by_user.end() ? by_user.size() >= kUsersMax : known->second >= most)
        return std::nullopt;
    ++by_user[user];
    return std::optional<Slot>(std::in_place, *this, kind, user);
}

void Quotas::end(Kind kind, uid_t user) {
    const std::lock_guard lock(mutex_);
    auto& by_user = under_way_[static_cast<std::size_t>(kind)];
    const auto known = by_user.find(user);
    if (known != by_user.end() && --known->second == 0) by_user.erase(known);
}

bool Quotas::admit_mail(uid_t user, Time now) {
    const std::lock_guard lock(mutex_);
    for (auto times = mails_.begin(); times != mails_.end();) {
        auto& left = times->second;
        while (!left.empty() && now - left.front() >= std::chrono::hours(1)) left.pop_front();
        times = left.empty() ? mails_.erase(times) : std::next(times);
    }
    const auto known = mails_.find(user);
    const std::size_t count = known == mails_.end() ? 0 : known->second.size();
    if (count >= limits_.mails_per_hour || (count == 0 && mails_.size() >= kUsersMax)) return false;
    mails_[user].push_back(now);
    return true;
}

grpc::Status Quotas::lookups_refused() const {
    return refused(std::to_string(limits_.lookups) + " lookups and stores under way", "lookups",
                   "wait until some have ended");
}

grpc::Status Quotas::listens_refused() const {
    return refused(std::to_string(limits_.listens) + " listeners already", "listens",
                   "end one with its call");
}

grpc::Status Quotas::mail_refused() const {
    return refused("left " + std::to_string(limits_.mails_per_hour) + " mails in the last hour",
                   "mails_per_hour", "wait");
}

grpc::Status Quotas::values_refused() const {
    return refused(std::to_string(limits_.values) + " values in the network", "values",
                   "wait until one ends, or let one go: 'sovctl dht own' shows them");
}

grpc::Status Quotas::value_bytes_refused() const {
    return refused("values of " + std::to_string(limits_.value_bytes) + " bytes in the network",
                   "value_bytes",
                   "wait until one ends, or let one go: 'sovctl dht own' shows them");
}

}  // namespace sov::api
