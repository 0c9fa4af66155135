// libtorrent's part of the comparison: tests/bench/comparison.h says what is done.

#include <libtorrent/alert_types.hpp>
#include <libtorrent/bencode.hpp>
#include <libtorrent/entry.hpp>
#include <libtorrent/hasher.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/session_params.hpp>
#include <libtorrent/settings_pack.hpp>

#include <optional>

#include "tests/bench/comparison.h"

namespace {

using namespace sov::bench;
namespace lt = libtorrent;

// Only the hash table runs. Its limits are off where they would forbid the test itself: many nodes
// at one address, and 8,000 bytes a second.
std::unique_ptr<lt::session> start_node(const Door* door) {
    lt::settings_pack settings;
    settings.set_str(lt::settings_pack::listen_interfaces, "127.0.0.1:0");
    settings.set_str(lt::settings_pack::dht_bootstrap_nodes, "");
    // A node learns whom to ask first before its table starts, or it asks nobody for minutes.
    settings.set_bool(lt::settings_pack::enable_dht, false);
    settings.set_bool(lt::settings_pack::enable_lsd, false);
    settings.set_bool(lt::settings_pack::enable_upnp, false);
    settings.set_bool(lt::settings_pack::enable_natpmp, false);
    settings.set_bool(lt::settings_pack::dht_restrict_routing_ips, false);
    settings.set_bool(lt::settings_pack::dht_restrict_search_ips, false);
    settings.set_bool(lt::settings_pack::dht_ignore_dark_internet, false);
    settings.set_bool(lt::settings_pack::dht_prefer_verified_node_ids, false);
    settings.set_int(lt::settings_pack::dht_upload_rate_limit, 100'000'000);
    settings.set_int(lt::settings_pack::dht_block_ratelimit, 1'000'000);
    settings.set_int(lt::settings_pack::alert_mask, lt::alert_category::dht);
    auto node = std::make_unique<lt::session>(lt::session_params(std::move(settings)));
    if (door != nullptr) {
        std::uint16_t port = 0;
        std::memcpy(&port, door->data(), sizeof port);
        lt::dht::dht_state state;
        state.nodes.emplace_back(lt::make_address("127.0.0.1"), port);
        node->set_dht_state(std::move(state));
    }
    lt::settings_pack on;
    on.set_bool(lt::settings_pack::enable_dht, true);
    node->apply_settings(std::move(on));
    return node;
}

// What `read` makes of the first alert of this kind that it has something to say about; others are
// thrown away.
template <typename Alert, typename Read>
auto wait_for_alert(lt::session& node, std::chrono::seconds patience, Read&& read)
    -> std::invoke_result_t<Read, const Alert&> {
    const auto start = Clock::now();
    std::vector<lt::alert*> alerts;
    while (Clock::now() - start < patience) {
        node.wait_for_alert(std::chrono::milliseconds(200));
        node.pop_alerts(&alerts);
        for (const lt::alert* alert : alerts) {
            const auto* wanted = lt::alert_cast<Alert>(alert);
            if (wanted == nullptr) continue;
            if (auto result = read(*wanted)) return result;
        }
    }
    return std::nullopt;
}

struct Table {
    std::size_t good = 0;
    std::uint16_t port = 0;
};
Table table_of(lt::session& node) {
    node.post_dht_stats();
    const auto table = wait_for_alert<lt::dht_stats_alert>(
        node, std::chrono::seconds(2), [](const lt::dht_stats_alert& alert) {
            Table found;
            for (const auto& bucket : alert.routing_table) {
                found.good += static_cast<std::size_t>(bucket.num_nodes);
            }
            const lt::udp::endpoint local = alert.local_endpoint;
            found.port = local.port();
            return std::optional(found);
        });
    return table.value_or(Table{});
}

class LibtorrentClient final : public Client {
  public:
    explicit LibtorrentClient(const Door& door) : node_(start_node(&door)) {}

    std::size_t good_contacts() override { return table_of(*node_).good; }
    Outcome put(const Item& item) override {
        const auto start = Clock::now();
        const lt::sha1_hash key = node_->dht_put_item(entry_of(item));
        const auto stored = wait_for_alert<lt::dht_put_alert>(
            *node_, std::chrono::seconds(60), [&](const lt::dht_put_alert& alert) {
                return alert.target == key ? std::optional(alert.num_success) : std::nullopt;
            });
        return {stored.value_or(0) > 0, milliseconds_since(start)};
    }
    Outcome get(const Item& item) override {
        const lt::entry wanted = entry_of(item);
        const lt::sha1_hash key = key_of(wanted);
        const auto start = Clock::now();
        node_->dht_get_item(key);
        const auto same = wait_for_alert<lt::dht_immutable_item_alert>(
            *node_, std::chrono::seconds(60), [&](const lt::dht_immutable_item_alert& alert) {
                return alert.target == key ? std::optional(alert.item == wanted) : std::nullopt;
            });
        return {same.value_or(false), milliseconds_since(start)};
    }

  private:
    static lt::entry entry_of(const Item& item) {
        return lt::entry(std::string(reinterpret_cast<const char*>(item.data()), item.size()));
    }
    // BEP 44: the SHA-1 of the bencoded item.
    static lt::sha1_hash key_of(const lt::entry& item) {
        std::vector<char> encoded;
        lt::bencode(std::back_inserter(encoded), item);
        return lt::hasher(encoded).final();
    }

    std::unique_ptr<lt::session> node_;
};

class Libtorrent final : public System {
  public:
    const char* version() override { return "libtorrent " LIBTORRENT_VERSION; }

    [[noreturn]] void run_fleet(std::size_t count, const Door* door, Board& board) override {
        std::vector<std::unique_ptr<lt::session>> nodes;
        for (std::size_t at = 0; at < count; ++at) {
            nodes.push_back(start_node(door != nullptr ? door : at > 0 ? &board.door : nullptr));
            if (at > 0) continue;
            Table table;
            while ((table = table_of(*nodes.front())).port == 0) usleep(1'000);
            std::memcpy(board.door.data(), &table.port, sizeof table.port);
            board.open = 1;
        }
        for (;;) {
            std::uint32_t joined = 0;
            for (const auto& node : nodes) joined += table_of(*node).good >= kContactsWanted;
            board.joined = joined;
            if (joined == count) break;
            usleep(100'000);
        }
        for (;;) pause();
    }
    std::unique_ptr<Client> make_client(const Door& door) override {
        return std::make_unique<LibtorrentClient>(door);
    }
};

}  // namespace

int main(int argc, char** argv) {
    Libtorrent system;
    return run_comparison(argc, argv, system);
}
