#include <cstdint>
#include <set>

#include "daemon/core/base/check.h"
#include "daemon/core/discovery/advert.h"
#include "daemon/core/discovery/ble_layer.h"
#include "tests/support/sim_crypto.h"

// Any bytes as Service Data: what decodes has one encoding. Then the same bytes as a sequence of
// adverts, strengths and pauses for a layer, whose outputs stay within its bounds.

namespace {

using namespace sov;
using namespace sov::discovery;

// Each round takes a number for the time and the device, a strength and the Service Data.
constexpr std::size_t kRound = 2 + kAdvertBytes;

void hear_adverts(ByteView bytes) {
    support::SimCrypto crypto(1);
    Rng rng(1);
    Recognition recognition(crypto, 1'800'000'000'000);
    recognition.set_own_key(PresenceKey{1});
    recognition.set_friends({{PeerId{{2}}, PresenceKey{2}}});
    BleSettings settings;
    settings.user = crypto.make_signing_key(identity::Secret32{5});
    BleLayer layer(settings, crypto, rng, recognition);
    Instant now{};
    layer.set_on(now, true);
    layer.handle_report(now, RadioChanged{RadioState::kWorking, "", "hci0", true, true, true});
    std::set<std::uint64_t> present;
    for (; bytes.size() >= kRound; bytes = bytes.subspan(kRound)) {
        now += std::chrono::milliseconds(100 * bytes[0]);
        layer.handle_timeout(now);
        Bytes data = to_bytes(bytes.subspan(2, kAdvertBytes));
        // Now and then the friend.
        if (bytes[0] % 8 == 0) {
            Recognition friends(crypto, 1'800'000'000'000);
            friends.set_own_key(PresenceKey{2});
            const Bytes tag = friends.own_tag(now, Medium::kBle);
            std::copy(tag.begin(), tag.end(), data.begin() + 1);
        }
        layer.handle_report(
            now, AdvertSeen{DeviceId{bytes[0]}, data, static_cast<std::int8_t>(bytes[1])});
        while (layer.poll_request(now)) {
        }
        while (const auto evidence = layer.poll_evidence(now)) {
            SOV_CHECK(evidence->last_seen <= now && evidence->first_seen <= evidence->last_seen);
            if (evidence->presence == Presence::kLost)
                present.erase(evidence->source);
            else
                present.insert(evidence->source);
        }
        SOV_CHECK(present.size() <= BleSightings::kUnverifiedMax + BleSightings::kKnownMax);
        SOV_CHECK(layer.next_timeout() > now);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes(data, size);
    if (const auto advert = decode_advert(bytes)) {
        const Bytes again = encode_advert(*advert);
        SOV_CHECK(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
    }
    hear_adverts(bytes);
    return 0;
}
