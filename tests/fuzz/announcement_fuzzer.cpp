#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/check.h"
#include "daemon/core/discovery/mdns_layer.h"
#include "tests/support/sim_crypto.h"

// Three readings of the same bytes: lines of a TXT record, whatever they are; the fields of an
// announcement that is written, read back and refused with any byte changed; and a script of what
// a layer hears, whose outputs stay within its bounds.

namespace {

using namespace sov;
using namespace sov::discovery;

const NetworkId kNetwork{{1}};

std::vector<std::string> lines(ByteView bytes) {
    std::vector<std::string> all(1);
    for (const std::uint8_t byte : bytes) {
        if (byte == '\n') {
            all.emplace_back();
        } else {
            all.back() += static_cast<char>(byte);
        }
    }
    return all;
}

void read_any(support::SimCrypto& crypto, ByteView bytes) {
    const auto txt = lines(bytes);
    const AnnouncedAs as{kNetwork, "abcdefghij234567", 6881};
    const auto read = decode_announcement(crypto, as, txt);
    if (!read) return;
    // What a private one says has one spelling, but for strings of later versions.
    if (const auto* hidden = std::get_if<PrivateAnnouncement>(&*read)) {
        for (const std::string& known : encode_announcement(crypto, as, *hidden))
            SOV_CHECK(std::find(txt.begin(), txt.end(), known) != txt.end());
    }
}

void write_and_change(support::SimCrypto& crypto, ByteView bytes) {
    ByteReader reader(bytes);
    const auto user = crypto.make_signing_key({reader.u8()});
    PublicAnnouncement said{PeerId{user.public_key},
                            reader.fixed<NodeKey>(),
                            reader.u32(),
                            reader.u16(),
                            reader.u64(),
                            reader.u64()};
    if (said.port == 0) return;
    const AnnouncedAs as{kNetwork, "abcdefghij234567", said.port};
    auto txt = encode_announcement(crypto, user, as, said);
    const auto read = decode_announcement(crypto, as, txt);
    SOV_CHECK(read && std::get<PublicAnnouncement>(*read) == said);
    std::string& changed = txt[reader.u8() % txt.size()];
    const std::uint8_t by = reader.u8();
    const std::size_t at = reader.u8() % changed.size();
    if (by == 0) return;
    changed[at] = static_cast<char>(static_cast<std::uint8_t>(changed[at]) ^ by);
    SOV_CHECK(!decode_announcement(crypto, as, txt));
}

/// A layer and somebody who answers, or does not.
struct Neighbourhood {
    support::SimCrypto crypto{1};
    Rng rng{1};
    Recognition recognition{crypto, 1'800'000'000'000};
    Counters counters;
    LanSelf self{crypto.make_signing_key({1}), NodeKey{{1}}, kNetwork, 6881};
    MdnsLayer layer{
        {true, Visibility::kPublic, "_sovereign._tcp"}, self, crypto, rng, recognition, counters};
    Instant now{};
    std::vector<Contact> asked;
    std::set<std::uint64_t> present, unverified;
    std::uint64_t highest = 0;

    void drain() {
        while (layer.poll_request(now)) {
        }
        while (const auto contact = layer.poll_probe(now)) asked.push_back(*contact);
        while (const auto contact = layer.poll_check(now)) asked.push_back(*contact);
        while (const auto evidence = layer.poll_evidence(now)) {
            const bool known = present.contains(evidence->source);
            SOV_CHECK(known ||
                      (evidence->source > highest && evidence->presence != Presence::kLost));
            highest = std::max(highest, evidence->source);
            unverified.erase(evidence->source);
            if (evidence->presence == Presence::kLost) {
                present.erase(evidence->source);
                continue;
            }
            present.insert(evidence->source);
            if (evidence->trust != Trust::kVerified) unverified.insert(evidence->source);
        }
        SOV_CHECK(present.size() <= ServiceWatch::kSourcesMax);
        SOV_CHECK(unverified.size() <= ServiceWatch::kUnverifiedMax);
        SOV_CHECK(layer.next_timeout() > now || layer.next_timeout() == kNever);
    }
    ServiceSeen seen(std::uint8_t who, std::uint8_t where) {
        const auto user = crypto.make_signing_key({static_cast<std::uint8_t>(2 + who % 32)});
        const std::string instance = "i" + std::to_string(who);
        const NodeKey node{{static_cast<std::uint8_t>(1 + who % 16)}};
        const AnnouncedAs as{kNetwork, instance, 6881};
        const PublicAnnouncement said{PeerId{user.public_key}, node, 0, 6881, 2'000'000, 1};
        return {instance, Endpoint::v4(0x0a000000U + 1 + where % 64, 6881), where % 4U, "eth",
                encode_announcement(crypto, user, as, said)};
    }
    void step(std::uint8_t what, std::uint8_t who, std::uint8_t where) {
        now += std::chrono::milliseconds(where * where);
        layer.handle_timeout(now);
        drain();
        const ServiceSeen one = seen(who, where);
        switch (what % 8) {
            case 0:
            case 1: layer.handle_report(now, one); break;
            case 2:
                layer.handle_report(now, ServiceGone{one.instance, one.interface, Family::kIpv4});
                break;
            case 3: layer.handle_network_change(now); break;
            case 4: layer.handle_report(now, NameCollision{one.instance}); break;
            case 5: layer.set_on(now, who % 4 != 0); break;
            default:
                for (const Contact& contact : std::exchange(asked, {}))
                    layer.on_probed(now, {contact.key, contact.v4, what % 8 == 6});
        }
        drain();
    }
};

void hear_all(ByteView bytes) {
    Neighbourhood here;
    here.layer.set_on(here.now, true);
    here.drain();
    // Longer scripts say nothing new and cost a fuzzer its speed.
    bytes = bytes.first(std::min<std::size_t>(bytes.size(), 3 * 128));
    for (; bytes.size() >= 3; bytes = bytes.subspan(3)) here.step(bytes[0], bytes[1], bytes[2]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    support::SimCrypto crypto(1);
    const ByteView bytes(data, size);
    read_any(crypto, bytes);
    write_and_change(crypto, bytes);
    hear_all(bytes);
    return 0;
}
