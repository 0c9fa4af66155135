#include "platform/portmap/nat_pmp.h"

#include <arpa/inet.h>
#include <natpmp.h>
#include <poll.h>

#include <algorithm>

#include "platform/portmap/default_gateway.h"

namespace sov::portmap {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLookMilliseconds = 250;
constexpr std::chrono::milliseconds kGoodbyePatience{250};

/// The library's socket to the gateway.
class Gateway {
  public:
    explicit Gateway(const std::optional<Endpoint>& given) {
        const std::optional<Endpoint> address = given ? given : default_gateway();
        open_ = address && initnatpmp(&state_, 1, htonl(load_u32(address->address.data()))) == 0;
    }
    ~Gateway() {
        if (open_) closenatpmp(&state_);
    }
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    bool open() const { return open_; }
    natpmp_t& state() { return state_; }

    /// Waits for the answer to what was asked last, which the library repeats.
    std::optional<natpmpresp_t> answer(Clock::time_point until, const std::atomic<bool>& stop) {
        natpmpresp_t response{};
        while (!stop.load() && Clock::now() < until) {
            pollfd ready{state_.s, POLLIN, 0};
            timeval repeat{};
            getnatpmprequesttimeout(&state_, &repeat);
            const auto milliseconds =
                static_cast<int>(repeat.tv_sec * 1000 + repeat.tv_usec / 1000);
            poll(&ready, 1, std::clamp(milliseconds, 1, kLookMilliseconds));
            const int result = readnatpmpresponseorretry(&state_, &response);
            if (result == 0) return response;
            if (result != NATPMP_TRYAGAIN) {
                words_ = result == NATPMP_ERR_NOTAUTHORIZED
                             ? "the router does not allow port mappings by NAT-PMP"
                         : result == NATPMP_ERR_OUTOFRESOURCES
                             ? "the router has no room for another port mapping"
                         : result == NATPMP_ERR_NETWORKFAILURE
                             ? "the router has no address outside"
                             : "the router does not speak NAT-PMP";
                return std::nullopt;
            }
        }
        words_ = "the router does not answer to NAT-PMP";
        return std::nullopt;
    }
    const char* words() const { return words_; }

  private:
    natpmp_t state_{};
    bool open_ = false;
    const char* words_ = "";
};

}  // namespace

Attempt map_by_nat_pmp(const std::optional<Endpoint>& gateway, std::uint16_t port,
                       std::chrono::seconds lifetime, std::chrono::milliseconds patience,
                       const std::atomic<bool>& stop) {
    Gateway router(gateway);
    if (!router.open()) return {std::nullopt, "this host has no default route"};
    const auto until = Clock::now() + patience;
    sendpublicaddressrequest(&router.state());
    const auto outside = router.answer(until, stop);
    if (!outside || outside->type != NATPMP_RESPTYPE_PUBLICADDRESS)
        return {std::nullopt, router.words()};
    sendnewportmappingrequest(&router.state(), NATPMP_PROTOCOL_UDP, port, port,
                              static_cast<std::uint32_t>(lifetime.count()));
    const auto mapped = router.answer(until, stop);
    if (!mapped || mapped->type != NATPMP_RESPTYPE_UDPPORTMAPPING ||
        mapped->pnu.newportmapping.privateport != port)
        return {std::nullopt, router.words()};
    ports::PortMapping mapping;
    mapping.external = Endpoint::v4(ntohl(outside->pnu.publicaddress.addr.s_addr),
                                    mapped->pnu.newportmapping.mappedpublicport);
    mapping.port = port;
    mapping.lifetime = std::chrono::seconds(mapped->pnu.newportmapping.lifetime);
    mapping.method = ports::MappingMethod::kNatPmp;
    return {mapping, ""};
}

void unmap_by_nat_pmp(const std::optional<Endpoint>& gateway, std::uint16_t port) {
    Gateway router(gateway);
    if (!router.open()) return;
    // RFC 6886 s3.4: a lifetime of zero deletes.
    sendnewportmappingrequest(&router.state(), NATPMP_PROTOCOL_UDP, port, 0, 0);
    router.answer(Clock::now() + kGoodbyePatience, std::atomic<bool>(false));
}

}  // namespace sov::portmap
