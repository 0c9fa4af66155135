#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>
#include <utility>

#include "client/ctl/file_stream.h"
#include "client/ctl/pump.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::kBob;
using test::kEve;
using test::TerminalSession;

client::Connection to_bob() {
    client::Connection connection;
    connection.peer = {kBob, "k7f3q2"};
    connection.path = "direct";
    connection.carrier = "udp";
    connection.remote = "192.0.2.7:6881";
    connection.age = 12s;
    connection.round_trip = 4200us;
    connection.bytes_in = 1200;
    connection.bytes_out = 3400;
    connection.streams = 2;
    connection.agent = "sovereignd/1\x1b[2J";
    connection.protocols = {"/ipfs/ping/1.0.0"};
    return connection;
}

std::vector<client::Friend> bob_called_bob() {
    client::Friend of;
    of.peer = {kBob, "k7f3q2"};
    of.note = "bob";
    return {of};
}

client::ConnectReport connected() {
    client::ConnectReport report;
    report.peer = {kBob, "k7f3q2"};
    report.attempts = {{"lan", "10.0.0.7:6881", 200ms, false, "no_answer"},
                       {"address", "192.0.2.7:6881", 12ms, true, "connected"}};
    report.took = 240ms;
    report.connection = to_bob();
    return report;
}

TEST(ConnectVerb, says_how_the_connection_travels_and_how_long_it_took) {
    TerminalSession session;
    session.script.connected = connected();
    session.script.friends = bob_called_bob();
    EXPECT_EQ(session.run({"connect", "bob", "--policy", "direct", "--timeout", "3s"}), 0);
    EXPECT_EQ(session.script.connect_query.policy, "direct");
    EXPECT_EQ(session.script.connect_query.time, 3s);
    EXPECT_TRUE(
        session.out.starts_with("connected  bob (sov1bob000)  direct over udp\n"
                                "  at     192.0.2.7:6881\n"
                                "  trip   4.2 ms\n"
                                "  took   240 ms\n"))
        << session.out;
    EXPECT_EQ(session.out.find('\x1b'), std::string::npos) << "a peer's words drive the terminal";
    EXPECT_EQ(session.out.find("tried"), std::string::npos);
    session.run({"connect", "bob", "--verbose"});
    EXPECT_NE(session.out.find("tried  lan 10.0.0.7:6881: no_answer after 200 ms"),
              std::string::npos);
    session.run({"connect", "bob", "--json"});
    EXPECT_NE(session.out.find(R"("connection":{"peer":{"id":")" + kBob), std::string::npos);
    EXPECT_NE(session.out.find(R"("took_ms":240)"), std::string::npos) << session.out;
}

TEST(ConnectVerb, tells_what_was_tried_when_it_fails) {
    TerminalSession session;
    client::ConnectReport report = connected();
    report.attempts.pop_back();
    report.failure = test::daemon_error("refused", 9, 8, "bob takes connections from friends only",
                                        "ask bob to run: sovctl friend add sov1me");
    session.script.connected = report;
    EXPECT_EQ(session.run({"connect", "bob"}), 8);
    EXPECT_NE(session.err.find("bob takes connections from friends only"), std::string::npos);
    EXPECT_NE(session.err.find("tried  lan 10.0.0.7:6881: no_answer after 200 ms"),
              std::string::npos)
        << session.err;
    EXPECT_EQ(session.run({"connect", "bob", "--json"}), 8);
    EXPECT_NE(session.out.find(R"("attempts":[{"way":"lan")"), std::string::npos);
}

TEST(ConnectVerb, takes_known_policies_only) {
    TerminalSession session;
    EXPECT_EQ(session.run({"connect", "bob", "--policy", "fast"}), 2);
    EXPECT_EQ(session.run({"connect"}), 2);
    EXPECT_EQ(session.run({"connect", "bob", "eve"}), 2);
    EXPECT_TRUE(session.script.calls.empty());
}

TEST(ConnectionsVerb, lists_them_and_follows) {
    TerminalSession session;
    session.script.connections = std::vector{to_bob()};
    session.script.friends = bob_called_bob();
    EXPECT_EQ(session.run({"connections"}), 0);
    EXPECT_NE(session.out.find("bob (sov1bob000)  direct over udp  192.0.2.7:6881  4.2 ms"),
              std::string::npos)
        << session.out;
    EXPECT_EQ(session.run({"connections", "--quiet"}), 0);
    EXPECT_EQ(session.out, kBob + "\n");
    client::ConnectionChange closed;
    closed.change = "closed";
    closed.connection = to_bob();
    closed.reason = "by_peer";
    closed.words = "bye\nbye";
    session.script.connection_changes = {closed};
    EXPECT_EQ(session.run({"connections", "--follow"}), 0);
    EXPECT_NE(session.out.find("closed  bob (sov1bob000)  by_peer: bye"), std::string::npos);
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 1)
        << "a peer's words are one line";
    session.script.connections = std::vector<client::Connection>{};
    session.run({"connections"});
    EXPECT_EQ(session.out, "no connections; make one with: sovctl connect PEER\n");
}

TEST(DisconnectVerb, names_who_it_was) {
    TerminalSession session;
    session.script.disconnected = client::PeerId{kBob, "k7f3q2"};
    EXPECT_EQ(session.run({"disconnect", "bob"}), 0);
    EXPECT_EQ(session.out, "disconnected  " + kBob + "\n");
    session.script.disconnected =
        test::daemon_error("not_found", 5, 5, "there is no connection to that peer");
    EXPECT_EQ(session.run({"disconnect", "bob"}), 5);
}

client::PeerPing answer(std::chrono::microseconds trip, const std::string& path) {
    client::PeerPing ping;
    ping.peer = {kBob, "k7f3q2"};
    ping.round_trip = trip;
    ping.connection.path = path;
    return ping;
}

TEST(PingVerb, counts_and_sums_up) {
    TerminalSession session;
    session.script.pings = {answer(5ms, "direct")};
    EXPECT_EQ(session.run({"ping", "bob", "--count", "1"}), 0);
    EXPECT_EQ(session.out, "answer 1 from sov1bob000  5 ms  direct\n");
    EXPECT_NE(session.err.find("1 ping sent, 1 answered, 5 ms least, 5 ms mean, 5 ms most"),
              std::string::npos)
        << session.err;
    EXPECT_EQ(session.run({"ping", "bob", "--count", "0"}), 2);
    session.script.pings = {test::daemon_error("timed_out", 4, 6, "nobody answered in time")};
    EXPECT_EQ(session.run({"ping", "bob"}), 6) << "whom nobody reaches is not asked for ever";
}

TEST(PingVerb, ends_when_the_connection_is_direct) {
    TerminalSession session;
    session.script.pings = {answer(50ms, "relayed"), answer(5ms, "direct"), answer(5ms, "direct")};
    EXPECT_EQ(session.run({"ping", "bob", "--until", "direct"}), 0);
    EXPECT_EQ(session.script.pings.size(), 1U);
}

// ---- streams -----------------------------------------------------------------------------------

/// A stream whose other side the test holds.
class HeldStream final : public client::Stream {
  public:
    HeldStream(int descriptor, client::Result<client::Done> end)
        : descriptor_(descriptor), end_(std::move(end)) {}
    ~HeldStream() override { close(descriptor_); }
    int descriptor() const override { return descriptor_; }
    const client::PeerId& peer() const override { return peer_; }
    const std::string& protocol() const override { return protocol_; }
    client::Result<client::Done> finish() override { return end_; }

  private:
    int descriptor_;
    client::PeerId peer_{kBob, "k7f3q2"};
    std::string protocol_ = "/test";
    client::Result<client::Done> end_;
};

/// A pair of connected sockets; what the test does not hand over it closes.
struct Pair {
    std::array<int, 2> ends{-1, -1};
    Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0); }
    ~Pair() {
        for (const int end : ends) {
            if (end >= 0) close(end);
        }
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    int take() { return std::exchange(ends[0], -1); }
    int other() const { return ends[1]; }
};

auto stream_over(Pair& pair, client::Result<client::Done> end = client::Done{}) {
    return [&pair, end] {
        const int descriptor = pair.take();
        fcntl(descriptor, F_SETFL, O_NONBLOCK);
        return client::Result<std::unique_ptr<client::Stream>>(
            std::make_unique<HeldStream>(descriptor, end));
    };
}

std::string read_all(int descriptor) {
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t count = 0; (count = read(descriptor, piece.data(), piece.size())) > 0;)
        text.append(piece.data(), static_cast<std::size_t>(count));
    return text;
}

void write_and_end(int descriptor, const std::string& text) {
    EXPECT_TRUE(write_exactly(descriptor, text.data(), text.size()));
    shutdown(descriptor, SHUT_WR);
}

TEST(PipeVerb, moves_both_directions_until_both_have_ended) {
    TerminalSession session;
    Pair stream, input, output;
    session.script.stream = stream_over(stream);
    session.standard_input = input.ends[0];
    session.standard_output = output.ends[0];
    const std::string long_text(300'000, 'x');
    auto other = std::async(std::launch::async, [&] {
        std::string got = read_all(stream.other());
        write_and_end(stream.other(), "answer");
        return got;
    });
    auto typing = std::async(std::launch::async, [&] { write_and_end(input.other(), long_text); });
    EXPECT_EQ(session.run({"pipe", "bob"}), 0);
    EXPECT_EQ(session.script.calls.back(), "open bob /sovereign/pipe/1.0.0");
    EXPECT_EQ(other.get(), long_text);
    close(std::exchange(output.ends[0], -1));
    EXPECT_EQ(read_all(output.other()), "answer");
}

TEST(PipeVerb, fails_with_the_reason_when_the_peer_is_gone) {
    TerminalSession session;
    Pair stream, input, output;
    session.script.stream =
        stream_over(stream, test::daemon_error("peer_silent", 10, 1, "the peer has gone silent"));
    session.standard_input = input.ends[0];
    session.standard_output = output.ends[0];
    close(std::exchange(stream.ends[1], -1));
    EXPECT_EQ(session.run({"pipe", "bob"}), 1);
    EXPECT_NE(session.err.find("the peer has gone silent"), std::string::npos) << session.err;
}

TEST(PipeVerb, waits_for_the_first_peer_with_listen) {
    TerminalSession session;
    Pair stream, input, output;
    session.script.stream = stream_over(stream);
    session.script.incoming = {{"token", {kBob, ""}, "/mine/1"}, {"second", {kEve, ""}, "/mine/1"}};
    session.standard_input = input.ends[0];
    session.standard_output = output.ends[0];
    shutdown(input.other(), SHUT_WR);
    write_and_end(stream.other(), "hello");
    EXPECT_EQ(session.run({"pipe", "--listen", "/mine/1"}), 0);
    EXPECT_EQ(session.script.serve_query.protocol, "/mine/1");
    EXPECT_EQ(session.script.calls.back(), "take token");
    EXPECT_EQ(session.run({"pipe"}), 2);
    EXPECT_EQ(session.run({"pipe", "--listen", "/mine/1", "more"}), 2);
}

/// A folder with files of a test.
struct Folder {
    support::TemporaryFolder temporary;
    std::filesystem::path path = temporary.path();

    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(path / name, std::ios::binary) << content;
        return (path / name).string();
    }
    std::string read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(path / name, std::ios::binary).rdbuf();
        return text.str();
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(path), {}));
    }
};

/// sovctl send in a thread, and sovctl recv against it.
struct Transfer {
    TerminalSession sender, receiver;
    Pair stream;
    Folder from, to;
    int sent = -1, received = -1;

    void run(std::vector<std::string> send, std::vector<std::string> recv) {
        // One pair: each side gets one end as its stream.
        sender.script.stream = [this] {
            return client::Result<std::unique_ptr<client::Stream>>(
                std::make_unique<HeldStream>(std::exchange(stream.ends[0], -1), client::Done{}));
        };
        receiver.script.stream = [this] {
            return client::Result<std::unique_ptr<client::Stream>>(
                std::make_unique<HeldStream>(std::exchange(stream.ends[1], -1), client::Done{}));
        };
        receiver.script.incoming = {{"token", {kBob, "k7f3q2"}, "/sovereign/file/1.0.0"}};
        std::thread other([&] { received = receiver.run(recv); });
        sent = sender.run(send);
        other.join();
    }
};

TEST(SendVerb, delivers_files_that_the_other_side_checked) {
    Transfer transfer;
    std::string content(1'000'000, 'a');
    for (std::size_t at = 0; at < content.size(); at += 7) content[at] = static_cast<char>(at);
    const std::string one = transfer.from.write("one.bin", content);
    const std::string two = transfer.from.write("two", "");
    transfer.receiver.script.friends = bob_called_bob();
    transfer.run({"send", "bob", one, two}, {"recv", transfer.to.path.string(), "--yes"});
    EXPECT_EQ(transfer.sent, 0) << transfer.sender.err;
    EXPECT_EQ(transfer.received, 0) << transfer.receiver.err;
    EXPECT_EQ(transfer.to.read("one.bin"), content);
    EXPECT_EQ(transfer.to.files(), 2U) << "parts are left over";
    EXPECT_TRUE(transfer.sender.out.starts_with("sent  one.bin  1 MB  in ")) << transfer.sender.out;
    EXPECT_NE(transfer.receiver.out.find("from bob (sov1bob000)"), std::string::npos);
}

TEST(RecvVerb, takes_nothing_of_strangers_without_asking) {
    Transfer transfer;
    const std::string one = transfer.from.write("one", "content");
    transfer.receiver.script.friends = std::vector<client::Friend>{};
    transfer.run({"send", "bob", one}, {"recv", transfer.to.path.string(), "--yes"});
    EXPECT_EQ(transfer.sent, 8);
    EXPECT_NE(transfer.sender.err.find("was not taken: declined"), std::string::npos)
        << transfer.sender.err;
    EXPECT_EQ(transfer.to.files(), 0U);
    EXPECT_NE(transfer.receiver.err.find("it is from no friend"), std::string::npos);
}

TEST(RecvVerb, does_not_overwrite_unless_forced) {
    for (const bool force : {false, true}) {
        Transfer transfer;
        const std::string one = transfer.from.write("one", "new");
        transfer.to.write("one", "old");
        transfer.receiver.script.friends = bob_called_bob();
        std::vector<std::string> recv = {"recv", transfer.to.path.string(), "--yes"};
        if (force) recv.emplace_back("--force");
        transfer.run({"send", "bob", one}, recv);
        EXPECT_EQ(transfer.sent, force ? 0 : 8);
        EXPECT_EQ(transfer.to.read("one"), force ? "new" : "old");
        EXPECT_EQ(transfer.to.files(), 1U);
    }
}

TEST(RecvVerb, needs_somebody_to_ask_or_yes) {
    TerminalSession session;
    EXPECT_EQ(session.run({"recv", "/tmp"}), 2);
    EXPECT_EQ(session.run({"recv", "/nowhere/at/all", "--yes"}), 2);
    EXPECT_EQ(session.run({"recv", "/tmp", "--yes", "--count", "none"}), 2);
    EXPECT_TRUE(session.script.calls.empty());
}

/// A sender that the test plays itself.
struct Hostile {
    TerminalSession receiver;
    Pair stream;
    Folder to;

    int run(const std::function<void(FileStream&)>& act) {
        receiver.script.friends = bob_called_bob();
        receiver.script.incoming = {{"token", {kBob, "k7f3q2"}, "/sovereign/file/1.0.0"}};
        receiver.script.stream = stream_over(stream);
        std::thread other([&] {
            FileStream files(stream.other());
            act(files);
            shutdown(stream.other(), SHUT_RDWR);
        });
        const int code = receiver.run({"recv", to.path.string(), "--yes"});
        other.join();
        return code;
    }
};

TEST(RecvVerb, keeps_only_a_file_name_of_what_the_sender_chose) {
    Hostile hostile;
    const std::string source = hostile.to.write("source", "x");
    hostile.run([&](FileStream& files) {
        files.say(streams::FileOffer{1, "../../../tmp/.evil\x1b[2J"});
        EXPECT_TRUE(std::holds_alternative<streams::FileAccept>(*files.hear()));
        const int file = open(source.c_str(), O_RDONLY | O_CLOEXEC);
        EXPECT_EQ(files.send_content(file, 1, [](std::uint64_t) {}), 0);
        close(file);
        EXPECT_TRUE(std::holds_alternative<streams::FileReceipt>(*files.hear()));
    });
    EXPECT_EQ(hostile.to.read("_.evil_[2J"), "x");
}

TEST(RecvVerb, keeps_nothing_that_is_damaged_or_cut) {
    Hostile damaged;
    damaged.run([&](FileStream& files) {
        files.say(streams::FileOffer{3, "one"});
        files.hear();
        EXPECT_TRUE(write_exactly(damaged.stream.other(), "abc", 3));
        files.say(streams::FileDigest{});
        const auto answer = files.hear();
        ASSERT_TRUE(answer && std::holds_alternative<streams::FileRefuse>(*answer));
        EXPECT_EQ(std::get<streams::FileRefuse>(*answer).reason, streams::FileReason::kDamaged);
    });
    EXPECT_EQ(damaged.to.files(), 0U);
    Hostile cut;
    cut.run([&](FileStream& files) {
        files.say(streams::FileOffer{1000, "one"});
        files.hear();
        EXPECT_TRUE(write_exactly(cut.stream.other(), "abc", 3));
    });
    EXPECT_EQ(cut.to.files(), 0U);
    Hostile huge;
    huge.run([&](FileStream& files) {
        files.say(streams::FileOffer{~std::uint64_t{0}, "one"});
        const auto answer = files.hear();
        ASSERT_TRUE(answer && std::holds_alternative<streams::FileRefuse>(*answer));
        EXPECT_EQ(std::get<streams::FileRefuse>(*answer).reason, streams::FileReason::kNoRoom);
    });
    EXPECT_EQ(huge.to.files(), 0U);
}

TEST(ExposeVerb, wants_a_place_and_known_peers) {
    TerminalSession session;
    session.script.friends = bob_called_bob();
    EXPECT_EQ(session.run({"expose", "8080", "--for", "bob," + kEve}), 0);
    EXPECT_EQ(session.script.serve_query.protocol, "/sovereign/tcp/8080/1.0.0");
    EXPECT_EQ(session.script.serve_query.only_peers, (std::vector<std::string>{kBob, kEve}));
    EXPECT_EQ(session.run({"expose", "unix:/run/app.sock", "--name", "app"}), 0);
    EXPECT_EQ(session.script.serve_query.protocol, "/sovereign/tcp/app/1.0.0");
    EXPECT_EQ(session.run({"expose", "8080", "--for", "zoe"}), 5);
    EXPECT_EQ(session.run({"expose", "0"}), 2);
    EXPECT_EQ(session.run({"expose", "70000"}), 2);
    EXPECT_EQ(session.run({"expose", "unix:/run/app.sock"}), 2) << "it needs a name";
    EXPECT_EQ(session.run({"expose", "8080", "--name", "a/b"}), 2);
}

TEST(ForwardVerb, wants_a_port_and_an_address_of_this_host) {
    TerminalSession session;
    EXPECT_EQ(session.run({"forward", "0", "bob"}), 2);
    EXPECT_EQ(session.run({"forward", "8080"}), 2);
    EXPECT_EQ(session.run({"forward", "8080", "bob:a/b"}), 2);
    EXPECT_EQ(session.run({"forward", "8080", "bob", "--bind", "localhost"}), 2);
    EXPECT_EQ(session.run({"forward", "8080", "bob", "--bind", "192.0.2.1"}), 1)
        << "no address of this host";
}

}  // namespace
}  // namespace sov::ctl
