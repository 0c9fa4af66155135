#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api/api_server.h"
#include "daemon/api/host.h"
#include "daemon/app/bootstrap_resolver.h"
#include "daemon/app/config.h"
#include "daemon/app/connection_plane.h"
#include "daemon/app/host_watch.h"
#include "daemon/app/identity_keeper.h"
#include "daemon/app/keys.h"
#include "daemon/app/list_watch.h"
#include "daemon/app/local_adapters.h"
#include "daemon/app/log_sink.h"
#include "daemon/app/metrics.h"
#include "daemon/app/persistence.h"
#include "daemon/app/router_port.h"
#include "daemon/app/service_link.h"
#include "daemon/app/start_failure.h"
#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/packet_pool.h"
#include "daemon/io/node_driver.h"
#include "platform/openssl/host_crypto.h"
#include "platform/sqlite/sqlite_store.h"

namespace sov::app {

/// Where the configuration came from, to read it again.
struct ConfigSource {
    std::string file;
    Overrides overrides;
};

/// The composition root: makes every part, joins them, and takes them apart again. The thread that
/// calls run() is the core thread.
class Daemon final : private api::Host {
  public:
    Daemon(Config config, ConfigSource source, LogSink& log);
    ~Daemon() override;
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    /// Does everything that can fail: keys, store, API socket, UDP ports. Nothing is sent yet.
    std::optional<StartFailure> prepare();
    /// Serves until a signal or an admin ends it.
    void run();

  private:
    // --- api::Host, on the core thread ---
    const api::HostFacts& facts() const override;
    std::vector<Endpoint> listening() const override;
    std::vector<Endpoint> local_addresses() const override;
    bool way_out(Family family) const override;
    std::string store_problem() const override { return persistence_->problem(); }
    std::string store_notice() const override;
    api::IdentityVault& vault() override { return *keeper_; }
    api::MachineFacts machine() const override;
    api::EconomyFacts economy() const override {
        return host_ ? host_->facts() : api::EconomyFacts{};
    }
    void add_measures(ports::Measures& measures) const override;
    std::optional<ports::MappingChanged> port_mapping() const override {
        return router_port_ ? router_port_->state() : std::nullopt;
    }
    std::string datagram_relay() const override { return plane_ ? plane_->datagram_relay() : ""; }
    bool check_network(Instant now, Node& node, api::NetSink sink) override;
    std::vector<api::LinkFact> links() const override;
    bool port_mapping_wanted() const override { return router_port_ && router_port_->wanted(); }
    std::optional<api::ListFacts> bootstrap_list() const override;
    std::vector<api::LayerSwitch> layers() const override;
    void layer_switched(std::string_view layer, bool on) override;
    std::vector<api::ModuleLevel> log_levels() const override { return log_.levels(); }
    bool set_log_level(std::string_view module, api::LogLevel level,
                       std::chrono::milliseconds back_after) override;
    api::ConfigFacts config_facts() const override;
    api::ReloadOutcome reload_config() override;
    void shut_down(bool at_once) override;
    void name_unpinned(std::string_view folded_name) override {
        persistence_->forget_pin(folded_name);
    }

    // --- making it ---
    std::optional<StartFailure> make_parts();
    std::optional<StartFailure> open_store(RestoredState& restored);
    std::optional<StartFailure> open_sockets(io::NodeDriver::Transports& transports);
    void make_node(const Keys& keys, RestoredState restored, io::NodeDriver::Transports transports);
    std::optional<StartFailure> make_plane(const Keys& keys);
    std::optional<StartFailure> make_api(api::ApiSocket socket);
    std::optional<StartFailure> make_metrics();
    /// Discovery on local links; begins to report at once.
    void make_adapters();
    api::AccessRules access_rules(const Config& config);

    // --- running it ---
    void handle_event(Instant now, const Event& event);
    /// The first words of `sovctl status`, for the service manager.
    std::string verdict_line() const;
    std::vector<Sighting> pinned_peers() const;
    /// Tells the node whom to join through. One at a time: the driver drains the node after each.
    void try_pinned_peers();
    void make_lists();
    void await_signals();
    void save_peers_in(std::chrono::seconds pause);
    void mend_store_later();
    void make_host_watch();
    /// This host has other addresses, or woke up: the node, the connections and the router's
    /// mapping are looked after anew.
    void look_around(Look look);
    /// What connections used of the way to the Internet beside the node's sockets, in bytes.
    std::uint64_t outside_use();
    void apply(const Config& fresh, const std::string& key);
    enum class Leaving : std::uint8_t { kNo, kWithdrawing, kNow };
    void leave(Leaving how);
    void await_withdrawal();
    void stop_core();

    Config config_;
    const ConfigSource source_;
    LogSink& log_;
    api::HostFacts facts_;
    std::string start_notice_;  ///< what was set aside when the store was opened

    // In the order of need: what stands lower goes first. The store's thread posts to the driver,
    // the API's threads do too.
    boost::asio::io_context context_{1};
    ServiceLink service_;
    openssl::HostCrypto crypto_;
    ContactBook book_;
    PacketPool packets_;
    std::unique_ptr<Node> node_;
    ports::StoredState stored_messages_;      ///< until the plane has them; messages only
    std::unique_ptr<ConnectionPlane> plane_;  ///< nothing when connections are switched off
    std::unique_ptr<io::NodeDriver> driver_;
    std::unique_ptr<sqlite::SqliteStore> store_;
    std::unique_ptr<Persistence> persistence_;
    std::unique_ptr<IdentityKeeper> keeper_;  ///< its thread answers calls of the API
    std::unique_ptr<api::ApiServer> api_;
    std::unique_ptr<Metrics> metrics_;
    std::unique_ptr<BootstrapResolver> resolver_;
    std::unique_ptr<LocalAdapters> adapters_;
    std::optional<guard::ClockWatch> clock_;  ///< as of the start
    io::OutsideMeter outside_;
    std::unique_ptr<HostWatch> host_;
    std::unique_ptr<ListWatch> lists_;  ///< only where the configuration names keys for one
    std::unique_ptr<RouterPort> router_port_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer save_timer_, mend_timer_, leave_timer_;
    std::vector<api::LayerSwitch> layers_;
    std::optional<BrowserChanged> browser_state_;  ///< what the adapters said last
    std::optional<RadioChanged> radio_state_;
    Leaving leaving_ = Leaving::kNo;
    std::chrono::steady_clock::time_point leave_by_;
};

}  // namespace sov::app
