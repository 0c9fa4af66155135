#include "daemon/api/quotas.h"

#include <algorithm>

#include "daemon/api/status_codes.h"

namespace sov::api {

namespace {

struct KindWords {
    const char* key;
    const char* things;  ///< behind a number
    const char* hint;
};

/// In the order of Quotas::Kind.
constexpr std::array<KindWords, 4> kWords = {{
    {"calls", "calls under way", "wait until some have ended"},
    {"watches", "event streams open", "end one with its call"},
    {"lookups", "lookups and stores under way", "wait until some have ended"},
    {"listens", "listeners already", "end one with its call"},
}};

grpc::Status refused(std::string message, const std::string& hint) {
    sovereign::v1::ErrorDetail detail = detail_of(Errc::kOverQuota);
    detail.set_message(std::move(message));
    detail.set_hint(hint);
    return failure(grpc::StatusCode::RESOURCE_EXHAUSTED, std::move(detail));
}

grpc::Status user_refused(const std::string& has, const char* key, const char* hint) {
    return refused("this user has " + has + ", and may not have more (api.quota." + key + ")",
                   std::string(hint) + "; other users are not held up");
}

}  // namespace

std::size_t Quotas::most_of(Kind kind) const {
    const std::array<std::size_t, kKinds> most = {limits_.calls, limits_.watches, limits_.lookups,
                                                  limits_.listens};
    return most[static_cast<std::size_t>(kind)];
}

std::size_t Quotas::most_of_app(Kind kind) const {
    return std::max<std::size_t>(1, most_of(kind) * limits_.app_percent / 100);
}

std::variant<Quotas::Slot, grpc::Status> Quotas::begin(Kind kind, App app) {
    const KindWords& words = kWords[static_cast<std::size_t>(kind)];
    const std::lock_guard lock(mutex_);
    auto& by_user = under_way_[static_cast<std::size_t>(kind)];
    const auto known = by_user.find(app.user);
    if (known == by_user.end() && by_user.size() >= kUsersMax)
        return refused(std::to_string(kUsersMax) + " users have " + words.things, words.hint);
    if (known != by_user.end() && known->second.count >= most_of(kind))
        return user_refused(std::to_string(most_of(kind)) + ' ' + words.things, words.key,
                            words.hint);
    if (app.process != 0 && known != by_user.end()) {
        const auto own = known->second.apps.find(app.process);
        if (own != known->second.apps.end() && own->second >= most_of_app(kind)) {
            return refused("this app (process " + std::to_string(app.process) + ") has " +
                               std::to_string(own->second) + ' ' + words.things +
                               ", and may not have more (api.quota.app_percent of api.quota." +
                               words.key + ")",
                           std::string(words.hint) + "; other apps are not held up");
        }
    }
    UnderWay& under_way = by_user[app.user];
    ++under_way.count;
    if (app.process != 0) ++under_way.apps[app.process];
    return std::variant<Slot, grpc::Status>(std::in_place_type<Slot>, *this, kind, app);
}

void Quotas::end(Kind kind, App app) {
    const std::lock_guard lock(mutex_);
    auto& by_user = under_way_[static_cast<std::size_t>(kind)];
    const auto known = by_user.find(app.user);
    if (known == by_user.end()) return;
    const auto own = known->second.apps.find(app.process);
    if (own != known->second.apps.end() && --own->second == 0) known->second.apps.erase(own);
    if (--known->second.count == 0) by_user.erase(known);
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

grpc::Status Quotas::mail_refused() const {
    return user_refused(
        "left " + std::to_string(limits_.mails_per_hour) + " mails in the last hour",
        "mails_per_hour", "wait");
}

grpc::Status Quotas::values_refused() const {
    return user_refused(std::to_string(limits_.values) + " values in the network", "values",
                        "wait until one ends, or let one go: 'sovctl dht own' shows them");
}

grpc::Status Quotas::value_bytes_refused() const {
    return user_refused(
        "values of " + std::to_string(limits_.value_bytes) + " bytes in the network", "value_bytes",
        "wait until one ends, or let one go: 'sovctl dht own' shows them");
}

}  // namespace sov::api
