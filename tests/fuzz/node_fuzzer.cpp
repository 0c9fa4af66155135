#include <cstdint>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/check.h"
#include "daemon/core/identity/records.h"
#include "tests/support/sim_crypto.h"
#include "tests/support/virtual_pair.h"

// The whole node, structure-aware: two nodes talk, and the fuzzer's bytes are a script of what
// happens to them: datagrams lost, changed, cut, repeated and delayed; timers handled early;
// commands given, cancelled and repeated; addresses moved; the network said to have changed. After
// every step both nodes check themselves; at the end, on a sound wire, they find each other again.

namespace {

using namespace sov;
using support::Sent;
using support::Side;
using support::VirtualPair;

constexpr std::size_t kStepsMax = 64;

class Script {
  public:
    Script(const std::uint8_t* data, std::size_t size) : bytes_(ByteView(data, size)) {}

    void run() {
        pair_.on_wire([this](Sent& sent) { return fate_of(sent); });
        pair_.start();
        for (std::size_t step = 0; step < kStepsMax && bytes_.remaining() > 0; ++step) take_step();
        pair_.on_wire([](Sent&) { return VirtualPair::delivered(); });
        pair_.run_for(std::chrono::minutes{12});
        SOV_CHECK(pair_.acquainted());
    }

  private:
    VirtualPair::Fate fate_of(Sent& sent) {
        VirtualPair::Fate fate;
        const std::uint8_t what = bytes_.u8();
        const std::uint8_t much = bytes_.u8();
        switch (what % 8) {
            case 0: return VirtualPair::lost();
            case 1:
                sent.bytes[much % sent.bytes.size()] ^= static_cast<std::uint8_t>(1 + much / 2);
                break;
            case 2: sent.bytes.resize(much % (sent.bytes.size() + 1)); break;
            case 3: fate.deliveries.push_back(std::chrono::milliseconds{much * 8}); break;
            case 4: fate.deliveries[0] = std::chrono::milliseconds{much * 16}; break;
            case 5: sent.source.port = static_cast<std::uint16_t>(sent.source.port + much); break;
            default: break;
        }
        return fate;
    }

    void take_step() {
        const std::uint8_t what = bytes_.u8();
        const std::uint8_t much = bytes_.u8();
        const Side side = what % 2 == 0 ? Side::kA : Side::kB;
        switch (what / 2 % 12) {
            case 0: pair_.run_for(std::chrono::milliseconds{much}); break;
            case 1: pair_.run_for(std::chrono::seconds{much}); break;
            case 2:
                pair_.inject(side, Endpoint::v4(0x0a000000U | much, 1),
                             to_bytes(bytes_.bytes(much)));
                break;
            default:
                pair_.with(side, [&](Node& node, Instant now) { command(node, now, what, much); });
        }
        for (const Side each : {Side::kA, Side::kB}) pair_.node(each).check_invariants();
    }

    void command(Node& node, Instant now, std::uint8_t what, std::uint8_t much) {
        const std::string name(1 + much % 3, static_cast<char>('a' + much % 4));
        switch (what / 2 % 12) {
            case 3: node.handle_timeout(now); break;
            case 4: last_ = node.find_name(now, name, (much & 64) != 0); break;
            case 5: last_ = node.claim_name(now, name); break;
            case 6: last_ = node.release_name(now, name); break;
            case 7: node.cancel(now, last_); break;
            case 8: last_ = node.get(now, Key{{much}}, true); break;
            case 9: last_ = node.put(now, Key{{much}}, to_bytes(bytes_.bytes(much))); break;
            case 10: node.handle_network_change(now); break;
            default: node.handle_unreachable(now, pair_.endpoint(Side::kB)); break;
        }
    }

    support::SimCrypto crypto_{1};
    ByteReader bytes_;
    VirtualPair pair_{crypto_,
                      {support::numbered_node(crypto_, 1), support::numbered_node(crypto_, 2)}};
    CommandId last_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Script(data, size).run();
    return 0;
}
