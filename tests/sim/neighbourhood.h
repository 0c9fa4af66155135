#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace sov::sim {

/// LANs with multicast and a street with radios, for the nodes of a world: does what their local
/// layers ask of the adapters, as a responder and a Bluetooth service would. The nodes' datagrams
/// go through the world's network as always.
///
/// Everything here is what strangers on the same link or within radio range would see too; tests
/// read it from on_air().
class Neighbourhood {
  public:
    explicit Neighbourhood(World& world);

    /// From now on the node is on this link, with a responder that works.
    void plug(NodeIndex index, int link);
    /// The cable is pulled: the others hear nothing of it, not even a goodbye.
    void pull(NodeIndex index);
    /// The responder is gone, and everybody else on the link hears its goodbye; or it is back.
    void set_responder(NodeIndex index, bool works);
    /// Everybody on the link forgets the node as if its records had expired.
    void expire(NodeIndex index);

    /// Gives the node a radio at this place on a street, in metres.
    void place(NodeIndex index, int metres);
    /// Its radio is taken away.
    void take_radio(NodeIndex index);
    /// The first two octets of a random private address: the device is another one to its
    /// listeners.
    void change_device(NodeIndex index);

    /// What was published and advertised, in order: instance, host and TXT, or Service Data.
    struct OnAir {
        Instant at;
        NodeIndex from = 0;
        std::optional<ServiceAnnouncement> service;
        Bytes advert;
    };
    const std::vector<OnAir>& on_air() const { return on_air_; }
    void forget_on_air() { on_air_.clear(); }
    /// Frames that GATT links have carried.
    std::size_t frames_carried() const { return frames_carried_; }

  private:
    struct Member {
        std::optional<int> link;
        bool responder = false;
        std::optional<ServiceAnnouncement> published;
        std::string browses;
        std::optional<int> metres;
        std::uint64_t device = 0;
        Bytes advert;
        bool scans = false;
        Serve service;
    };
    /// An open GATT connection.
    struct Wire {
        NodeIndex central = 0, server = 0;
        LinkId at_central{}, at_server{};
    };

    void take(NodeIndex index, const BrowserRequest& request);
    void take(NodeIndex index, const RadioRequest& request);
    void tell(NodeIndex index, BrowserReport report, Duration after);
    void tell(NodeIndex index, RadioReport report);
    void carry(NodeIndex index, const OpenLink& open);
    void carry(NodeIndex index, const ReadLink& read);
    void carry(NodeIndex index, const WriteLink& write);
    void carry(NodeIndex index, const CloseLink& close);
    const Wire* wire_of(NodeIndex index, LinkId link) const;
    void announce(NodeIndex from);
    void say_goodbye(NodeIndex from, const std::string& instance);
    bool hears(const Member& listener, const Member& speaker) const;
    void tick();

    World& world_;
    std::map<NodeIndex, Member> members_;
    std::vector<OnAir> on_air_;
    std::vector<Wire> wires_;
    std::uint64_t next_device_ = 1;
    std::uint32_t next_incoming_ = 1U << 31;
    std::size_t frames_carried_ = 0;
    bool ticking_ = false;
};

}  // namespace sov::sim
