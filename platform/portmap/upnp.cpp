#include "platform/portmap/upnp.h"

#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <miniupnpc/upnperrors.h>

#include <array>
#include <optional>

namespace sov::portmap {

namespace {

constexpr const char* kDescription = "sovereignd";
/// UPnP IGD: the router only makes mappings that stay until they are deleted.
constexpr int kOnlyPermanentLeases = 725;
/// The outside port is somebody else's.
constexpr int kConflict = 718;
constexpr int kPortsTried = 4;

struct FreeDevices {
    void operator()(UPNPDev* list) const { freeUPNPDevlist(list); }
};

std::optional<Endpoint> host_of(std::string_view url) {
    constexpr std::string_view kScheme = "http://";
    if (!url.starts_with(kScheme)) return std::nullopt;
    url.remove_prefix(kScheme.size());
    const std::string host(url.substr(0, url.find_first_of(":/")));
    return Endpoint::parse(host + ":1");
}

}  // namespace

bool is_near(std::string_view url) {
    const auto host = host_of(url);
    return host && (host->scope() == Scope::kLan || host->scope() == Scope::kLinkLocal);
}

struct UpnpRouter::Found {
    ~Found() { FreeUPNPUrls(&urls); }

    UPNPUrls urls{};
    IGDdatas data{};
    std::array<char, 64> own_address{};
};

UpnpRouter::UpnpRouter() = default;
UpnpRouter::~UpnpRouter() = default;

std::string UpnpRouter::find(std::chrono::milliseconds wait) {
    found_.reset();
    int error = 0;
    // One kind, since the library waits as long for each. Version 2 answers to version 1 as well.
    constexpr std::array<const char*, 2> kKinds{
        "urn:schemas-upnp-org:device:InternetGatewayDevice:1", nullptr};
    const std::unique_ptr<UPNPDev, FreeDevices> devices(
        upnpDiscoverDevices(kKinds.data(), static_cast<int>(wait.count()), nullptr, nullptr,
                            UPNP_LOCAL_PORT_ANY, 0, 2, &error, 0));
    for (UPNPDev* device = devices.get(); device != nullptr; device = device->pNext) {
        if (!is_near(device->descURL)) continue;
        // One at a time, so that an impostor does not hide the router behind it.
        UPNPDev alone = *device;
        alone.pNext = nullptr;
        auto candidate = std::make_unique<Found>();
        const int kind = UPNP_GetValidIGD(&alone, &candidate->urls, &candidate->data,
                                          candidate->own_address.data(),
                                          static_cast<int>(candidate->own_address.size()));
        if (kind != 1 || !is_near(candidate->urls.controlURL)) continue;
        found_ = std::move(candidate);
        return "";
    }
    return "no router answers to UPnP";
}

Attempt UpnpRouter::map(std::uint16_t port, std::chrono::seconds lifetime) {
    if (!found_) return {std::nullopt, "no router answers to UPnP"};
    const char* const url = found_->urls.controlURL;
    const char* const service = found_->data.first.servicetype;
    std::array<char, 64> outside{};
    if (UPNP_GetExternalIPAddress(url, service, outside.data()) != UPNPCOMMAND_SUCCESS)
        return {std::nullopt, "the router does not tell its address by UPnP"};
    const std::string own_port = std::to_string(port);
    unsigned outside_port = port;
    int result = UPNPCOMMAND_UNKNOWN_ERROR;
    for (int tried = 0; tried < kPortsTried; ++tried) {
        const auto ask = [&](std::chrono::seconds lease) {
            return UPNP_AddPortMapping(url, service, std::to_string(outside_port).c_str(),
                                       own_port.c_str(), found_->own_address.data(), kDescription,
                                       "UDP", nullptr, std::to_string(lease.count()).c_str());
        };
        result = ask(lifetime);
        if (result == kOnlyPermanentLeases) {
            lifetime = std::chrono::seconds{0};
            result = ask(lifetime);
        }
        if (result != kConflict) break;
        // Above the system's own ports, wherever ours is.
        outside_port = 1024 + (outside_port + 1 - 1024) % (65536 - 1024);
    }
    const auto external =
        Endpoint::parse(std::string(outside.data()) + ":" + std::to_string(outside_port));
    if (result != UPNPCOMMAND_SUCCESS || !external) {
        const char* const words = strupnperror(result);
        return {std::nullopt, std::string("the router refuses a port mapping by UPnP: ") +
                                  (words != nullptr ? words : "error") + " (" +
                                  std::to_string(result) + ")"};
    }
    return {ports::PortMapping{*external, port, lifetime, ports::MappingMethod::kUpnp}, ""};
}

void UpnpRouter::unmap(const ports::PortMapping& mapping) {
    if (!found_) return;
    UPNP_DeletePortMapping(found_->urls.controlURL, found_->data.first.servicetype,
                           std::to_string(mapping.external.port).c_str(), "UDP", nullptr);
}

}  // namespace sov::portmap
