#include "platform/avahi/listener.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "platform/avahi/names.h"

namespace sov::avahi {

namespace {

std::optional<Endpoint> endpoint(int family, const char* address, std::uint16_t port,
                                 std::uint32_t interface) {
    std::array<std::uint8_t, 16> bytes{};
    const bool v6 = family == kProtocolInet6;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, address, bytes.data()) != 1) return std::nullopt;
    auto found = Endpoint::from_address(ByteView(bytes).first(v6 ? 16U : 4U), port);
    if (found) found->set_zone(interface);
    return found;
}

// Nothing when it breaks a limit.
std::optional<std::vector<std::string>> read_txt(sd_bus_message* message) {
    std::vector<std::string> txt;
    std::size_t total = 0;
    if (sd_bus_message_enter_container(message, 'a', "ay") < 0) return std::nullopt;
    const void* bytes = nullptr;
    std::size_t size = 0;
    while (sd_bus_message_read_array(message, 'y', &bytes, &size) > 0) {
        total += 1 + size;
        if (size > kTxtStringBytesMax || total > kTxtBytesMax || txt.size() >= kTxtStringsMax)
            return std::nullopt;
        txt.emplace_back(static_cast<const char*>(bytes), size);
    }
    if (sd_bus_message_exit_container(message) < 0) return std::nullopt;
    return txt;
}

}  // namespace

void Listener::browse(const Browse& what) {
    wanted_ = what;
    stop_browser();
    for (const auto& [path, item] : resolvers_)
        bus_.send(bus_.method(kService, path, kServiceResolver, "Free"));
    forget();
    start();
}

void Listener::forget() {
    ++session_;
    browser_.clear();
    items_.clear();
    waiting_.clear();
    resolvers_.clear();
    starting_ = 0;
}

void Listener::stop_browser() {
    if (!browser_.empty()) bus_.send(bus_.method(kService, browser_, kServiceBrowser, "Free"));
    browser_.clear();
}

void Listener::refresh() {
    if (wanted_.type.empty()) return;
    // First an end and then a new beginning: only a browser that is alone asks the link.
    stop_browser();
    start();
}

void Listener::start() {
    if (wanted_.type.empty() || !bus_.is_open()) return;
    ++round_;
    Message message = bus_.method(kService, "/", kServer, "ServiceBrowserNew");
    if (!message) return;
    const std::string& type = wanted_.subtype.empty() ? wanted_.type : wanted_.subtype;
    sd_bus_message_append(message.get(), "iissu", kAnyInterface, kAnyProtocol, type.c_str(), "",
                          0U);
    bus_.call(std::move(message), [this, session = session_, round = round_](auto* answer) {
        const char* path = nullptr;
        const bool made = answer != nullptr && sd_bus_message_read(answer, "o", &path) > 0;
        const bool late = session != session_ || round != round_;
        if (!made) return late ? void() : trouble_();
        if (late) return bus_.send(bus_.method(kService, path, kServiceBrowser, "Free"));
        browser_ = path;
    });
}

void Listener::on_signal(sd_bus_message* signal) {
    const char* from = sd_bus_message_get_path(signal);
    const std::string path = from == nullptr ? "" : from;
    if (path == browser_ && !browser_.empty()) {
        if (sd_bus_message_is_signal(signal, kServiceBrowser, "ItemNew") > 0)
            return on_item(signal, true);
        if (sd_bus_message_is_signal(signal, kServiceBrowser, "ItemRemove") > 0)
            return on_item(signal, false);
        if (sd_bus_message_is_signal(signal, kServiceBrowser, "AllForNow") > 0)
            return on_all_for_now();
        return;
    }
    const auto resolver = resolvers_.find(path);
    if (resolver == resolvers_.end()) return;
    const Item item = resolver->second;
    if (sd_bus_message_is_signal(signal, kServiceResolver, "Found") > 0) on_found(item, signal);
    done(path);
}

void Listener::on_item(sd_bus_message* signal, bool is_new) {
    int interface = 0, protocol = 0;
    const char *name = nullptr, *type = nullptr, *domain = nullptr;
    std::uint32_t flags = 0;
    if (sd_bus_message_read(signal, "iisssu", &interface, &protocol, &name, &type, &domain,
                            &flags) < 0 ||
        interface <= 0)
        return;
    if (own_ == name || std::strlen(name) > kServiceNameBytesMax) return;
    const Item item{interface, protocol, name};
    if (!is_new) return gone(item);
    if (!rule_.allows(interface_name(static_cast<std::uint32_t>(interface)))) return;
    if (!items_.contains(item)) make_room();
    State& state = items_[item];
    state.type = type;
    state.domain = domain;
    state.heard = ++heard_;
    state.round = round_;
    if (!state.waits && !state.resolving) {
        state.waits = true;
        waiting_.push_front(item);
    }
    resolve_next();
}

void Listener::make_room() {
    if (items_.size() < kItemsMax) return;
    ++dropped_;
    const auto oldest = std::min_element(
        items_.begin(), items_.end(),
        [](const auto& a, const auto& b) { return a.second.heard < b.second.heard; });
    items_.erase(oldest);
}

void Listener::gone(const Item& item) {
    const auto known = items_.find(item);
    if (known == items_.end()) return;
    items_.erase(known);
    const auto& [interface, protocol, name] = item;
    report_(ServiceGone{name, static_cast<std::uint32_t>(interface),
                        protocol == kProtocolInet6 ? Family::kIpv6 : Family::kIpv4});
}

// Who was there before a refresh and is not named after it has gone in between.
void Listener::on_all_for_now() {
    std::vector<Item> missing;
    for (const auto& [item, state] : items_) {
        if (state.round != round_) missing.push_back(item);
    }
    for (const Item& item : missing) gone(item);
}

void Listener::resolve_next() {
    while (!waiting_.empty() && resolving() < kResolvingMax) {
        const Item item = waiting_.front();
        waiting_.pop_front();
        const auto state = items_.find(item);
        if (state == items_.end() || !state->second.waits) continue;
        state->second.waits = false;
        resolve(item, state->second);
    }
}

void Listener::resolve(const Item& item, State& state) {
    const auto& [interface, protocol, name] = item;
    Message message = bus_.method(kService, "/", kServer, "ServiceResolverNew");
    if (!message) return;
    sd_bus_message_append(message.get(), "iisssiu", interface, protocol, name.c_str(),
                          state.type.c_str(), state.domain.c_str(), protocol, 0U);
    state.resolving = true;
    ++starting_;
    bus_.call(std::move(message), [this, session = session_, item](auto* answer) {
        const char* path = nullptr;
        const bool made = answer != nullptr && sd_bus_message_read(answer, "o", &path) > 0;
        if (session != session_) {
            if (made) bus_.send(bus_.method(kService, path, kServiceResolver, "Free"));
            return;
        }
        --starting_;
        if (made) {
            resolvers_.emplace(path, item);
            return;
        }
        // It may still be made, and nobody would know it.
        if (is_no_reply(answer)) return trouble_();
        if (const auto failed = items_.find(item); failed != items_.end())
            failed->second.resolving = false;
        resolve_next();
    });
}

void Listener::on_found(const Item& item, sd_bus_message* signal) {
    int interface = 0, protocol = 0, family = 0;
    const char *name = nullptr, *type = nullptr, *domain = nullptr, *host = nullptr,
               *address = nullptr;
    std::uint16_t port = 0;
    if (sd_bus_message_read(signal, "iissssisq", &interface, &protocol, &name, &type, &domain,
                            &host, &family, &address, &port) < 0)
        return;
    const auto index = static_cast<std::uint32_t>(std::get<0>(item));
    auto txt = read_txt(signal);
    const auto where = endpoint(family, address, port, index);
    if (!txt || !where || where->scope() == Scope::kBogon) {
        ++dropped_;
        return;
    }
    report_(ServiceSeen{std::get<2>(item), *where, index, interface_name(index), std::move(*txt)});
}

// One answer is enough: what changes later comes with the next refresh.
void Listener::done(const std::string& path) {
    const auto resolver = resolvers_.find(path);
    const auto item = items_.find(resolver->second);
    if (item != items_.end()) item->second.resolving = false;
    bus_.send(bus_.method(kService, path, kServiceResolver, "Free"));
    resolvers_.erase(resolver);
    resolve_next();
}

}  // namespace sov::avahi
