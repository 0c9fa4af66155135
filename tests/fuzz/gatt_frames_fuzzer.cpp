#include <cstdint>
#include <map>

#include "daemon/core/base/check.h"
#include "daemon/core/discovery/ble_layer.h"
#include "tests/support/sim_crypto.h"

// Any bytes as frames of one link, and any sequence of links, reads and frames for a private and a
// public layer. Nothing that a stranger says gets an answer from the private one, the links stay
// two, and a message never grows beyond its bound.

namespace {

using namespace sov;
using namespace sov::discovery;

constexpr std::size_t kFrame = kFrameBytesMin;

void join(ByteView bytes) {
    FrameJoiner joiner;
    while (!bytes.empty()) {
        const ByteView frame = bytes.first(std::min(kFrame, bytes.size()));
        bytes = bytes.subspan(frame.size());
        const auto outcome = joiner.add(frame[0], frame);
        if (outcome != FrameJoiner::Outcome::kWhole) continue;
        const Bytes message = joiner.take();
        SOV_CHECK(!message.empty() && message.size() <= kLinkMessageBytesMax);
        // Whatever was joined can be cut and joined again.
        FrameJoiner again;
        for (const Bytes& part : FrameCutter{}.cut(7, message, kFrame))
            SOV_CHECK(again.add(7, part) != FrameJoiner::Outcome::kBroken);
        SOV_CHECK(again.take() == message);
    }
}

// A layer with a stranger who plays the bytes: what to do, on which link, with what.
class Played {
  public:
    explicit Played(Visibility visibility)
        : visibility_(visibility), layer_(settings(visibility), crypto_, rng_, recognition_) {
        recognition_.set_own_key(PresenceKey{1});
        recognition_.set_friends({{PeerId{{2}}, PresenceKey{2}}});
        layer_.set_own_record(Bytes(300, 0x33));
        layer_.set_on(now_, true);
        tell(RadioChanged{RadioState::kWorking, "", "hci0", true, true, true});
    }

    void play(ByteView bytes) {
        constexpr std::size_t kStep = 2 + kFrame;
        while (bytes.size() >= 2) {
            const ByteView step = bytes.first(std::min(kStep, bytes.size()));
            bytes = bytes.subspan(step.size());
            now_ += std::chrono::milliseconds(10 * (step[0] >> 3));
            layer_.handle_timeout(now_);
            drain();
            act(step[0] & 7, step[1], to_bytes(step.subspan(2)));
        }
    }

  private:
    BleSettings settings(Visibility visibility) {
        BleSettings settings;
        settings.options.visibility = visibility;
        settings.user = crypto_.make_signing_key(identity::Secret32{5});
        return settings;
    }
    // The links that strangers open are 2^31 to 2^31 + 3; ours are below.
    static LinkId link(std::uint8_t number) {
        return LinkId{(number & 0x80) != 0 ? number & 0x7fU : (1U << 31) + number % 4U};
    }
    void act(int what, std::uint8_t number, Bytes data) {
        const LinkId id = link(number);
        const auto characteristic = static_cast<Characteristic>(1 + number % 4);
        switch (what) {
            case 0: tell(LinkOpened{id, DeviceId{number}, (number & 0x80) == 0, 20}); break;
            case 1: tell(LinkFrame{id, Characteristic::kHandshake, data}); break;
            case 2: tell(LinkFrame{id, Characteristic::kSignal, data}); break;
            case 3: tell(LinkRead{id, characteristic, data}); break;
            case 4: tell(LinkClosed{id, "closed"}); break;
            case 5: tell(DeviceGone{DeviceId{number}}); break;
            case 6:
                data.resize(kAdvertBytes);
                data[0] = 0x31;
                tell(AdvertSeen{DeviceId{number}, data, -60});
                break;
            default: tell(LinkFrame{id, characteristic, data}); break;
        }
    }
    void tell(const RadioReport& report) {
        layer_.handle_report(now_, report);
        if (const auto* opened = std::get_if<LinkOpened>(&report); opened && opened->incoming)
            open_[opened->link] = true;
        if (const auto* closed = std::get_if<LinkClosed>(&report)) open_.erase(closed->link);
        drain();
        SOV_CHECK(open_.size() <= BleLinks::kLinksMax);
    }
    void drain() {
        while (const auto request = layer_.poll_request(now_)) {
            if (const auto* close = std::get_if<CloseLink>(&*request)) open_.erase(close->link);
            if (const auto* write = std::get_if<WriteLink>(&*request)) {
                SOV_CHECK(write->frame.size() <= kFrame);
                // To a stranger who came to us: only in public.
                SOV_CHECK(visibility_ == Visibility::kPublic ||
                          static_cast<std::uint32_t>(write->link) < 1U << 31);
            }
        }
        while (layer_.poll_evidence(now_)) {
        }
        while (layer_.poll_probe(now_)) {
        }
        while (layer_.poll_check(now_)) {
        }
        SOV_CHECK(layer_.next_timeout() > now_);
    }

    support::SimCrypto crypto_{1};
    Rng rng_{1};
    Recognition recognition_{crypto_, 1'800'000'000'000};
    const Visibility visibility_;
    BleLayer layer_;
    std::map<LinkId, bool> open_;
    Instant now_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes(data, size);
    join(bytes);
    if (const auto info = decode_info(bytes)) SOV_CHECK(decode_info(encode_info(*info)) == info);
    Played(Visibility::kPrivate).play(bytes);
    Played(Visibility::kPublic).play(bytes);
    return 0;
}
