#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "tests/support/fake_ice.h"
#include "tests/unit/daemon/hub/hub_world.h"

// Hubs behind NATs: no address of theirs answers, and words reach them through the DHT only.

namespace sov::hub {

inline constexpr UnixMillis kWallClock = 1767225600000;

class HubIce : public HubWorld {
  public:
    support::FakeIce ice{wire.now};
    /// What a word costs through the DHT; nothing arrives without one.
    std::optional<Duration> leg = milliseconds{100};
    std::size_t words = 0;

    /// Carries words of a peer, and lets its sessions speak.
    struct Post final : quic::Driver {
        HubIce& world;
        Peer& peer;
        std::unique_ptr<ports::IceAgents> agents;
        std::size_t seen = 0;
        std::multimap<Instant, std::pair<PeerId, Bytes>> arriving;

        Post(HubIce& in, Peer& of) : world(in), peer(of) {}
        void run(Instant now) override {
            world.ice.step();
            while (!arriving.empty() && arriving.begin()->first <= now) {
                auto [from, bytes] = std::move(arriving.begin()->second);
                arriving.erase(arriving.begin());
                peer.hub->handle_signal(now, from, bytes);
            }
            peer.run(now);
            for (; seen < peer.events.size(); ++seen) {
                if (const auto* said = std::get_if<SignalWanted>(&peer.events[seen])) {
                    world.carry(peer, *said);
                }
            }
        }
        void handle_timeout(Instant now) override { peer.handle_timeout(now); }
        Instant next_timeout() const override {
            Instant next = earliest(peer.next_timeout(), world.ice.next_timeout());
            return arriving.empty() ? next : earliest(next, arriving.begin()->first);
        }
    };
    std::map<PeerId, std::unique_ptr<Post>> posts;

    void carry(const Peer& from, const SignalWanted& said) {
        ++words;
        const auto to = posts.find(said.peer);
        if (!leg || to == posts.end()) return;
        to->second->arriving.emplace(wire.now + *leg, std::pair{from.id(), said.words});
    }
    /// A peer that nobody reaches at an address.
    Peer& behind_nat(std::uint8_t seed, bool relay = false, HubOptions options = {}) {
        Peer& made = peer(seed, std::move(options));
        directory.erase(made.id());
        auto post = std::make_unique<Post>(*this, made);
        const Endpoint seen = Endpoint::v4(0xc6336400U + seed, 7000);
        post->agents = ice.agents(Endpoint::v4(0x0a000000U + seed, 7000), seen);
        made.hub->start_ice(*post->agents, kWallClock, {});
        if (relay) give_relay(made);
        made.party.driver = post.get();
        posts[made.id()] = std::move(post);
        return made;
    }
    static void give_relay(Peer& peer) {
        ports::IceServer server;
        server.kind = ports::IceServer::Kind::kTurnUdp;
        server.endpoint = *Endpoint::parse("203.0.113.1:3478");
        peer.hub->set_ice_options({{server}, {}});
    }
    ~HubIce() override {
        // Sessions go before their agents.
        for (auto& [id, post] : posts) post->peer.hub.reset();
    }
};

}  // namespace sov::hub
