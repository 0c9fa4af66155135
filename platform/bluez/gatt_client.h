#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/core/base/radio.h"
#include "platform/bluez/attachment.h"
#include "platform/bluez/properties.h"

namespace sov::bluez {

/// Links that we open to others' GATT service: connect, wait for the services, subscribe, then read
/// and write one after the other. No pairing. A device that BlueZ remembers only because of us is
/// removed afterwards, so that no list of neighbours grows on the disk.
class GattClient {
  public:
    /// Reads and writes that wait for the one under way; one more closes the link.
    static constexpr std::size_t kWaitingMax = 64;

    struct Callbacks {
        std::function<void(LinkId, std::uint16_t frame_bytes)> opened;
        std::function<void(LinkId, Characteristic, Bytes value)> read;
        std::function<void(LinkId, Characteristic, Bytes frame)> frame;
        std::function<void(LinkId, std::string reason)> closed;
    };

    GattClient(boost::asio::io_context& context, Bus& bus, const Pauses& pauses,
               Callbacks callbacks);
    ~GattClient();

    void attach(Attachment attachment) { attachment_ = std::move(attachment); }
    /// Closes all links, with `tell` also for BlueZ.
    void detach(bool tell);

    /// Answered by opened or closed. `path` is the device's object.
    void open(LinkId link, const std::string& path);
    /// What waits is still written, for as long as a call may take.
    bool close(LinkId link);
    bool read(LinkId link, Characteristic characteristic);
    bool write(LinkId link, Characteristic characteristic, Bytes frame);

    /// What BlueZ told of the device or of a characteristic below it.
    void properties_changed(const std::string& path, const std::string& interface,
                            const Properties& properties);
    void device_left(const std::string& path);

    /// Links that are not about to close.
    std::size_t size() const;
    bool has_link_to(const std::string& device) const;

  private:
    struct Remote {
        std::string path;
        std::uint16_t mtu = 0;  ///< 0: not told, as by BlueZ before 5.62
    };
    struct Operation {
        Characteristic characteristic{};
        bool is_read = false;
        Bytes bytes;  ///< to write; what was read so far
    };
    struct Link {
        LinkId id{};
        std::string device;
        bool ours_alone = false;  ///< nobody paired or trusted it: we may remove it
        bool connected = false, resolved = false, searching = false, open = false;
        bool busy = false;
        bool closing = false;  ///< once nothing waits
        std::size_t frame_bytes = kFrameBytesMin;
        std::map<Characteristic, Remote> remotes;
        std::deque<Operation> waiting;
        std::unique_ptr<boost::asio::steady_timer> patience;
    };
    using Links = std::map<LinkId, Link>;
    using Step = std::function<void(Link&, sdbus::MethodReply*)>;

    Link* find(LinkId id);
    /// A reply that goes on with the link if it is still there, and closes it for an error.
    Bus::Reply guarded(LinkId id, std::string what, Step then);
    void ask_device(Link& link);
    void connect(Link& link);
    void connected(Link& link);
    void find_characteristics(Link& link);
    void take_objects(Link& link, sdbus::MethodReply& reply);
    void subscribe(Link& link, Characteristic characteristic);
    void opened(Link& link);
    void work(Link& link);
    void work_read(Link& link);
    void work_write(Link& link);
    bool enqueue(LinkId id, Operation operation);
    void end(LinkId id, const std::string& reason, bool tell = true);

    boost::asio::io_context& context_;
    Bus& bus_;
    const Pauses pauses_;
    Callbacks callbacks_;
    std::optional<Attachment> attachment_;
    Links links_;
    std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace sov::bluez
