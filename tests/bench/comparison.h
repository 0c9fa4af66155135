#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <random>

#include "tests/bench/measure.h"

// The same work for several distributed hash tables, so that one run can set them side by side: a
// network of real sockets on the loopback interface, values of 100 bytes stored by one client and
// fetched by another, and both again right after a part of all nodes is killed at once. Every
// system is a program of its own that prints its samples, a line each; `compare` runs them in turn
// and makes the table.

namespace sov::bench {

inline constexpr std::size_t kItemBytes = 100;

/// What is stored: under which key is the system's own affair.
using Item = std::array<std::uint8_t, kItemBytes>;

/// What a client needs to join; what the bytes mean is the system's own affair.
using Door = std::array<std::uint8_t, 128>;

/// What a fleet tells its parent, in memory that both see.
struct Board {
    std::atomic<std::uint32_t> open = 0;    ///< 1: `door` may be read
    std::atomic<std::uint32_t> joined = 0;  ///< nodes with kContactsWanted good contacts
    Door door{};
};

/// From here on a node counts as joined.
inline constexpr std::size_t kContactsWanted = 8;

struct Outcome {
    bool ok = false;
    double milliseconds = 0;
};

/// A node of this process that is asked one thing at a time.
class Client {
  public:
    virtual ~Client() = default;
    virtual std::size_t good_contacts() = 0;
    /// Stores an item; ok when the system says that it is stored.
    virtual Outcome put(const Item& item) = 0;
    /// Fetches it; ok when the very item came. The time is that of the first copy, or until the
    /// system says that there is none.
    virtual Outcome get(const Item& item) = 0;
};

/// A distributed hash table under measurement. Fleets run in forked processes, clients here; no
/// thread is started before the first client is made.
class System {
  public:
    virtual ~System() = default;
    virtual const char* version() = 0;
    /// Runs `count` nodes for ever; they join through `door`, or through the first of them. Keeps
    /// `board` up to date.
    [[noreturn]] virtual void run_fleet(std::size_t count, const Door* door, Board& board) = 0;
    virtual std::unique_ptr<Client> make_client(const Door& door) = 0;
    /// Lets time pass; the clients go on working.
    virtual void rest(std::chrono::milliseconds time) {
        usleep(static_cast<useconds_t>(time.count() * 1000));
    }
};

namespace detail {

constexpr int kWarmUps = 40, kItems = 20, kMisses = 20, kLate = 5;
/// Not every system fills its tables without being asked for something.
constexpr std::chrono::seconds kPatience{30};

inline void print(const char* figure, const Outcome& outcome) {
    std::printf("%s %d %.4f\n", figure, outcome.ok ? 1 : 0, outcome.milliseconds);
}

inline double own_cpu_seconds() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

class Items {
  public:
    Item next() {
        Item item;
        for (std::uint8_t& byte : item) byte = static_cast<std::uint8_t>(random_());
        return item;
    }

  private:
    std::mt19937_64 random_{std::random_device{}()};
};

inline void wait_for_contacts(System& system, Client& client) {
    const auto start = Clock::now();
    while (client.good_contacts() < kContactsWanted && Clock::now() - start < kPatience) {
        system.rest(std::chrono::milliseconds(20));
    }
}

inline void measure_network(System& system, std::size_t nodes, std::size_t killed_percent) {
    Shared<Board> stays, dies;
    const std::size_t killed = nodes * killed_percent / 100;
    const std::size_t kept = nodes - killed - 3;  // three are the clients
    const Child staying([&] { system.run_fleet(kept, nullptr, *stays); });
    require(wait_for([&] { return stays->open == 1; }, std::chrono::seconds(20)),
            "the first node did not start");
    Child dying([&] { system.run_fleet(killed, &stays->door, *dies); });
    (void)wait_for([&] { return stays->joined + dies->joined >= kept + killed; }, kPatience);

    // The survivor reads after the kill what the reader, who may remember it, has read before.
    const auto writer = system.make_client(stays->door);
    const auto reader = system.make_client(stays->door);
    const auto survivor = system.make_client(stays->door);
    for (Client* client : {writer.get(), reader.get(), survivor.get()}) {
        wait_for_contacts(system, *client);
    }
    system.rest(std::chrono::seconds(2));
    Items items;
    // Nobody's first lookups are measured: sessions, caches and code pages are warm for all.
    for (int at = 0; at < kWarmUps; ++at) {
        for (Client* client : {writer.get(), reader.get(), survivor.get()}) {
            (void)client->get(items.next());
        }
    }
    // CPU time of everybody, with what goes on in the background: steadier than any clock.
    const auto cpu_milliseconds = [&] {
        return (staying.cpu_seconds() + dying.cpu_seconds() + own_cpu_seconds()) * 1e3;
    };
    std::vector<Item> stored, late;
    double before = cpu_milliseconds();
    for (int at = 0; at < kItems; ++at) {
        const Item item = items.next();
        const Outcome outcome = writer->put(item);
        print("put", outcome);
        if (outcome.ok) stored.push_back(item);
    }
    // What is acknowledged early is finished now.
    system.rest(std::chrono::milliseconds(50));
    print("put_cpu", {true, (cpu_milliseconds() - before) / kItems});
    before = cpu_milliseconds();
    for (const Item& item : stored) print("get", reader->get(item));
    print("get_cpu", {true, (cpu_milliseconds() - before) / kItems});
    before = cpu_milliseconds();
    for (int at = 0; at < kMisses; ++at) print("miss", reader->get(items.next()));
    print("miss_cpu", {true, (cpu_milliseconds() - before) / kMisses});

    dying.end(SIGKILL);
    for (int at = 0; at < kLate; ++at) {
        const Item item = items.next();
        const Outcome outcome = writer->put(item);
        print("late_put", outcome);
        if (outcome.ok) late.push_back(item);
    }
    for (const Item& item : stored) print("older_get", survivor->get(item));
    for (const Item& item : late) print("late_get", survivor->get(item));
}

inline void measure_memory(System& system, std::size_t nodes) {
    Shared<Board> board;
    const Child fleet([&] { system.run_fleet(nodes, nullptr, *board); });
    (void)wait_for([&] { return board->joined >= nodes; }, std::chrono::seconds(30));
    sleep(3);
    std::printf("memory %zu %.0f\n", nodes, fleet.resident_kilobytes());
}

}  // namespace detail

/// The program around a system:
///   NAME --killed PERCENT    a network of 128 nodes, PERCENT of them killed on the way
///   NAME --memory NODES      resident memory of that many nodes in one process
inline int run_comparison(int argc, char** argv, System& system) {
    require(argc == 3, "usage: --killed PERCENT | --memory NODES");
    const auto number = static_cast<std::size_t>(std::atoi(argv[2]));
    std::printf("version %s\n", system.version());
    if (std::strcmp(argv[1], "--memory") == 0) {
        detail::measure_memory(system, number);
        return 0;
    }
    require(std::strcmp(argv[1], "--killed") == 0 && number < 90, "unknown option");
    detail::measure_network(system, 128, number);
    std::fflush(nullptr);
    _exit(0);  // some systems take seconds to say goodbye to a network that is gone
}

}  // namespace sov::bench
