#include <gtest/gtest.h>

#include "daemon/core/session/session_table.h"
#include "tests/unit/docs/fixed_crypto.h"
#include "tests/unit/docs/transcript.h"
#include "tests/unit/docs/vectors.h"

// Two session tables meet, once with a cookie, and everything that they send is written down next
// to the same datagrams made by Transcript, which follows the document's steps and not the code's.

namespace sov::vectors {

namespace {

using session::Received;

constexpr Instant kNow = Instant{} + std::chrono::seconds{100};

// One side of the exchange.
struct Party {
    FixedCrypto crypto;
    Limits limits;
    ContactBook book;
    PacketPool pool;
    std::vector<std::unique_ptr<Transmit>> queue;
    Outbox outbox{pool, queue};
    Rng rng{1};
    Counters counters;
    session::SessionTable table;
    Endpoint endpoint;

    Party(std::string_view label, const identity::SigningKey& key, const NetworkId& network,
          const Endpoint& at, const Limits& given)
        : crypto(label),
          limits(given),
          table(crypto, book, rng, counters, limits, key, network),
          endpoint(at) {}

    Bytes take_datagram() {
        if (queue.empty()) {
            ADD_FAILURE() << "nothing was sent";
            return {};
        }
        const Bytes bytes = to_bytes(queue.front()->view());
        queue.erase(queue.begin());
        return bytes;
    }
    std::optional<Received> receive(const Endpoint& from, Bytes& datagram) {
        return table.handle_datagram(kNow, Path{from}, datagram, outbox);
    }
    void answer(const Received& received, ByteView message) {
        const MutableBytes room = table.begin_reply(received, outbox);
        ASSERT_LE(message.size(), room.size());
        std::copy(message.begin(), message.end(), room.begin());
        table.finish_reply(kNow, received, message.size(), outbox);
    }
};

Bytes ping() { return {0x01, 0, 1, 2, 3}; }
Bytes pong(const Endpoint& observed) {
    Bytes bytes(wire::kMessageHeadSize + 7);
    ByteWriter writer(bytes);
    wire::write_head(writer, wire::Kind::kPong, 0x00010203);
    wire::write_endpoint(writer, observed);
    return bytes;
}

struct Datagrams {
    Bytes init, cookie, init_again, reply, data;
};

// Hands each datagram on as it was sent, or as `documented` says that it was sent.
struct Exchange {
    Party initiator, responder;

    explicit Exchange(const Cast& cast)
        : initiator("initiator", cast.initiator, cast.network, Endpoint::v4(0xc0000201, 6881), {}),
          responder("responder", cast.responder, cast.network, Endpoint::v4(0xc6336402, 6881),
                    without_budget()) {
        initiator.table.set_serving(Family::kIpv4, true);
    }
    // No handshake without a cookie.
    static Limits without_budget() {
        Limits limits;
        limits.handshakes_per_second = limits.handshake_burst = 0;
        return limits;
    }

    Datagrams run(const Cast& cast, const Datagrams* documented) {
        Datagrams sent;
        const auto carried = [&](Bytes Datagrams::*which, Party& from) {
            sent.*which = from.take_datagram();
            return documented == nullptr ? sent.*which : documented->*which;
        };
        const Contact to = Contact::of(NodeKey{cast.responder.public_key}, responder.endpoint);
        initiator.table.send(kNow, to, Family::kIpv4, ping(), true, 0, false, initiator.outbox);
        Bytes bytes = carried(&Datagrams::init, initiator);
        EXPECT_FALSE(responder.receive(initiator.endpoint, bytes).has_value());
        bytes = carried(&Datagrams::cookie, responder);
        EXPECT_FALSE(initiator.receive(responder.endpoint, bytes).has_value());
        bytes = carried(&Datagrams::init_again, initiator);
        const auto request = responder.receive(initiator.endpoint, bytes);
        if (!request) {
            ADD_FAILURE() << "the init with a cookie was refused";
            return sent;
        }
        EXPECT_EQ(to_bytes(request->message), ping());
        EXPECT_EQ(request->key, NodeKey{cast.initiator.public_key});
        responder.answer(*request, pong(initiator.endpoint));
        bytes = carried(&Datagrams::reply, responder);
        const auto answer = initiator.receive(responder.endpoint, bytes);
        EXPECT_TRUE(answer && to_bytes(answer->message) == pong(initiator.endpoint));
        bytes = carried(&Datagrams::data, initiator);
        EXPECT_FALSE(responder.receive(initiator.endpoint, bytes).has_value());
        EXPECT_EQ(responder.counters.sessions_confirmed, 1u);
        return sent;
    }
};

Vector datagram_vector(std::string name, const Transcript& transcript, const Bytes& datagram) {
    Vector vector{std::move(name), {}};
    for (const auto& [field, value] : transcript.notes) vector.add(field, ByteView(value));
    vector.add("datagram", ByteView(datagram));
    EXPECT_EQ(to_hex(transcript.datagram), to_hex(datagram)) << vector.name;
    return vector;
}

Vector addressed_keys(FixedCrypto& crypto, const Cast& cast) {
    const NodeKey initiator{cast.initiator.public_key}, responder{cast.responder.public_key};
    Vector vector{"exchange keys", {}};
    vector.add("initiator_node_key", initiator.view());
    vector.add("responder_node_key", responder.view());
    vector.add("network_id", cast.network.view());
    vector.add("initiator_mask_key", addressed_key(crypto, "mask", cast, initiator).first(16));
    vector.add("responder_mask_key", addressed_key(crypto, "mask", cast, responder).first(16));
    vector.add("responder_mac1_key", addressed_key(crypto, "mac1", cast, responder).all());
    vector.add("responder_cookie_key", addressed_key(crypto, "cookie", cast, responder).all());
    return vector;
}

}  // namespace

std::vector<Vector> exchange_vectors() {
    FixedCrypto plain("plain");
    const Cast cast = make_cast(plain);
    Exchange exchange(cast);
    const Datagrams sent = exchange.run(cast, nullptr);
    const auto& ours = exchange.initiator.crypto.made();
    const auto& theirs = exchange.responder.crypto.made();
    if (ours.size() != 2 || theirs.size() != 1 || sent.data.empty()) {
        ADD_FAILURE() << "the exchange took another course";
        return {};
    }
    std::vector<Vector> all{addressed_keys(plain, cast)};
    Transcript first(plain, cast);
    first.init(ours[0], sent.init, 1, ping());
    all.push_back(datagram_vector("exchange 1 init", first, sent.init));
    Transcript cookie(plain, cast);
    const Bytes value = cookie.cookie(sent.cookie, first);
    all.push_back(datagram_vector("exchange 2 cookie", cookie, sent.cookie));
    Transcript handshake(plain, cast);
    handshake.init(ours[1], sent.init_again, 1, ping(), value);
    all.push_back(datagram_vector("exchange 3 init with cookie", handshake, sent.init_again));
    handshake.reply(ours[1], theirs[0], sent.reply, 0, pong(exchange.initiator.endpoint));
    all.push_back(datagram_vector("exchange 4 reply", handshake, sent.reply));
    handshake.data(0, 1, Bytes{0x10, 0, 0, 0, 0});
    all.push_back(datagram_vector("exchange 5 data", handshake, sent.data));
    return all;
}

void expect_exchange_accepted(const std::vector<Vector>& documented) {
    FixedCrypto plain("plain");
    const Cast cast = make_cast(plain);
    const auto datagram = [&](std::string_view name) {
        return find_vector(documented, name).bytes("datagram");
    };
    const Datagrams written{datagram("exchange 1 init"), datagram("exchange 2 cookie"),
                            datagram("exchange 3 init with cookie"), datagram("exchange 4 reply"),
                            datagram("exchange 5 data")};
    Exchange(cast).run(cast, &written);
}

}  // namespace sov::vectors
