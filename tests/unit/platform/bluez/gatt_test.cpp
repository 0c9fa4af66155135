#include "tests/unit/platform/bluez/air.h"

namespace sov::bluez {
namespace {

constexpr LinkId kLink{7};

Bytes bytes(std::size_t count) {
    Bytes made(count);
    for (std::size_t at = 0; at < count; ++at) made[at] = static_cast<std::uint8_t>(at * 7);
    return made;
}

/// A server that advertises and a client that has heard it.
struct Room {
    Air air;
    Peer server;
    Peer client{air, air.host("a"), quick()};
    DeviceId device{};

    explicit Room(Bytes record = {}, const BluezOptions& options = quick())
        : server(air, air.host("b"), options) {
        server.submit(Serve{bytes(20), std::move(record)});
        server.submit(Advertise{service_data(1)});
        client.submit(Scan{true});
        device = heard(client);
    }
    DeviceId heard(Peer& by) { return by.await<AdvertSeen>("the server's advert").device; }
    /// BlueZ forgot the device after a link, so it is another one now.
    DeviceId heard_anew(Peer& by) {
        return by
            .await<AdvertSeen>("the server's advert as another device",
                               [this](const AdvertSeen& seen) { return seen.device != device; })
            .device;
    }
    bool open(Peer& by, LinkId link, DeviceId to) {
        by.submit(OpenLink{link, to});
        return by.await<LinkOpened>("the link to open").link == link;
    }
    bool open() { return open(client, kLink, device); }
};

Bytes frame(std::uint8_t mark) { return Bytes(kFrameBytesMin, mark); }

TEST(Gatt, ARecordOf300BytesIsReadAtTheSmallestMtu) {
    Room room(bytes(300));
    room.client.submit(OpenLink{kLink, room.device});
    const LinkOpened opened = room.client.await<LinkOpened>("the link to open");
    EXPECT_FALSE(opened.incoming);
    EXPECT_EQ(opened.frame_bytes, kFrameBytesMin);
    EXPECT_EQ(opened.device, room.device);
    room.client.submit(ReadLink{kLink, Characteristic::kInfo});
    room.client.submit(ReadLink{kLink, Characteristic::kRecord});
    EXPECT_EQ(room.client.await<LinkRead>("info").value, bytes(20));
    const LinkRead record = room.client.await<LinkRead>("the record");
    EXPECT_EQ(record.characteristic, Characteristic::kRecord);
    EXPECT_EQ(record.value, bytes(300));
}

TEST(Gatt, AValueThatComesInPartsIsReadOnFromItsOffset) {
    // 264 = 12 parts of 22: the end of the value is the end of a part.
    for (const std::size_t size : {21U, 22U, 300U, 264U, 512U}) {
        Room room(bytes(size));
        room.air.tell("knobs", R"("at": "a/hci0", "short_reads": true)");
        ASSERT_TRUE(room.open());
        room.client.submit(ReadLink{kLink, Characteristic::kRecord});
        EXPECT_EQ(room.client.await<LinkRead>("the record").value, bytes(size)) << size;
    }
}

TEST(Gatt, ARecordThatIsNotThereClosesTheLinkOfWhoeverReadsIt) {
    Room room;
    ASSERT_TRUE(room.open());
    room.client.submit(ReadLink{kLink, Characteristic::kRecord});
    EXPECT_NE(room.client.await<LinkClosed>("the link to close").reason.find("reading failed"),
              std::string::npos);
}

TEST(Gatt, FramesGoBothWaysInOrder) {
    Room room;
    ASSERT_TRUE(room.open());
    for (std::uint8_t mark = 1; mark <= 5; ++mark)
        room.client.submit(WriteLink{kLink, Characteristic::kHandshake, frame(mark)});
    const LinkOpened incoming = room.server.await<LinkOpened>("the link to come in");
    EXPECT_TRUE(incoming.incoming);
    EXPECT_EQ(incoming.frame_bytes, kFrameBytesMin);
    for (std::uint8_t mark = 1; mark <= 5; ++mark)
        EXPECT_EQ(room.server.await<LinkFrame>("a frame").frame, frame(mark));
    for (std::uint8_t mark = 1; mark <= 5; ++mark)
        room.server.submit(WriteLink{incoming.link, Characteristic::kSignal, frame(mark)});
    for (std::uint8_t mark = 1; mark <= 5; ++mark) {
        const LinkFrame back = room.client.await<LinkFrame>("a frame back");
        EXPECT_EQ(back.characteristic, Characteristic::kSignal);
        EXPECT_EQ(back.frame, frame(mark));
    }
}

TEST(Gatt, TheSameFrameTwiceIsTwoFrames) {
    Room room;
    ASSERT_TRUE(room.open());
    room.client.submit(WriteLink{kLink, Characteristic::kHandshake, frame(1)});
    const LinkId link = room.server.await<LinkOpened>("the link to come in").link;
    room.server.submit(WriteLink{link, Characteristic::kHandshake, frame(9)});
    room.server.submit(WriteLink{link, Characteristic::kHandshake, frame(9)});
    room.client.await<LinkFrame>("the first");
    room.client.await<LinkFrame>("the second");
}

TEST(Gatt, ALargerMtuCarriesLargerFrames) {
    Air air;
    Peer server(air, air.host("b"), quick());
    Peer client(air, air.host("a"), quick());
    for (const std::string host : {"a", "b"})
        air.tell("knobs", "\"at\": \"" + host + "/hci0\", \"mtu\": 185");
    server.submit(Serve{bytes(20), {}});
    server.submit(Advertise{service_data(1)});
    client.submit(Scan{true});
    client.submit(OpenLink{kLink, client.await<AdvertSeen>("the advert").device});
    EXPECT_EQ(client.await<LinkOpened>("the link to open").frame_bytes, 182U);
    client.submit(WriteLink{kLink, Characteristic::kHandshake, Bytes(182, 1)});
    EXPECT_EQ(server.await<LinkOpened>("the link to come in").frame_bytes, 182U);
    EXPECT_EQ(server.await<LinkFrame>("the frame").frame.size(), 182U);
}

TEST(Gatt, WhatWasWrittenArrivesBeforeTheLinkCloses) {
    Room room;
    ASSERT_TRUE(room.open());
    for (std::uint8_t mark = 1; mark <= 9; ++mark)
        room.client.submit(WriteLink{kLink, Characteristic::kSignal, frame(mark)});
    room.client.submit(CloseLink{kLink});
    for (std::uint8_t mark = 1; mark <= 9; ++mark)
        EXPECT_EQ(room.server.await<LinkFrame>("a frame").frame, frame(mark));
    room.client.await<LinkClosed>("the link to close");
    room.server.await<LinkOpened>("the link that came in");
    room.server.await<LinkClosed>("the link to close");

    ASSERT_TRUE(room.open(room.client, LinkId{8}, room.heard_anew(room.client)));
    room.client.submit(WriteLink{LinkId{8}, Characteristic::kSignal, frame(1)});
    const LinkId incoming = room.server.await<LinkOpened>("the link to come in").link;
    for (std::uint8_t mark = 1; mark <= 9; ++mark)
        room.server.submit(WriteLink{incoming, Characteristic::kSignal, frame(mark)});
    room.server.submit(CloseLink{incoming});
    for (std::uint8_t mark = 1; mark <= 9; ++mark)
        EXPECT_EQ(room.client.await<LinkFrame>("a frame").frame, frame(mark));
    room.client.await<LinkClosed>("the link to close");
}

TEST(Gatt, OneDeviceAtATimeMayWrite) {
    Room room;
    Peer second(room.air, room.air.host("c"), quick());
    second.submit(Scan{true});
    ASSERT_TRUE(room.open());
    room.device = room.heard(second);
    ASSERT_TRUE(room.open(second, kLink, room.device));
    room.client.submit(WriteLink{kLink, Characteristic::kHandshake, frame(1)});
    room.server.await<LinkFrame>("the first one's frame");
    second.submit(WriteLink{kLink, Characteristic::kHandshake, frame(2)});
    EXPECT_NE(second.await<LinkClosed>("the second to be refused").reason.find("writing failed"),
              std::string::npos);
    room.client.submit(CloseLink{kLink});
    room.server.await<LinkClosed>("the first to be gone");
    ASSERT_TRUE(room.open(second, LinkId{8}, room.heard_anew(second)));
    second.submit(WriteLink{LinkId{8}, Characteristic::kHandshake, frame(3)});
    EXPECT_EQ(room.server.await<LinkFrame>("the second one's frame").frame, frame(3));
}

TEST(Gatt, ALinkThatNobodyWritesToIsClosed) {
    BluezOptions options = quick();
    options.pauses.incoming_idle = std::chrono::milliseconds(200);
    Room room({}, options);
    ASSERT_TRUE(room.open());
    room.client.submit(WriteLink{kLink, Characteristic::kHandshake, frame(1)});
    room.server.await<LinkClosed>("the silent link to be closed");
    EXPECT_EQ(room.client.await<LinkClosed>("the link to be gone").link, kLink);
}

TEST(Gatt, ClosingALinkForgetsTheDevice) {
    Room room;
    ASSERT_TRUE(room.open());
    room.air.until_told("look", R"("at": "a/hci0")", "\"kept\": 1");
    room.client.submit(CloseLink{kLink});
    EXPECT_EQ(room.client.await<LinkClosed>("the link to close").link, kLink);
    room.air.until_told("look", R"("at": "a/hci0")", "\"kept\": 0");
    room.air.until_told("look", R"("at": "b/hci0")", "\"links\": 0");
    room.heard_anew(room.client);
}

TEST(Gatt, WalkingOutOfRangeClosesTheLinkOnBothSides) {
    Room room;
    ASSERT_TRUE(room.open());
    room.client.submit(WriteLink{kLink, Characteristic::kHandshake, frame(1)});
    room.server.await<LinkFrame>("the frame");
    room.air.tell("signal", R"("sender": "a/hci0", "hearer": "b/hci0", "trace": [null])");
    EXPECT_EQ(room.client.await<LinkClosed>("the client's link to close").link, kLink);
    room.server.await<LinkClosed>("the server's link to close");
}

TEST(Gatt, WhoCannotBeReachedIsALinkThatClosed) {
    Room room;
    room.air.tell("signal", R"("sender": "a/hci0", "hearer": "b/hci0", "trace": [null])");
    room.client.submit(OpenLink{kLink, room.device});
    EXPECT_NE(room.client.await<LinkClosed>("the link to fail").reason.find("connecting failed"),
              std::string::npos);
    room.client.submit(OpenLink{LinkId{8}, DeviceId{4711}});
    EXPECT_EQ(room.client.await<LinkClosed>("the link to fail").link, LinkId{8});
    room.client.submit(ReadLink{LinkId{9}, Characteristic::kInfo});
    EXPECT_EQ(room.client.await<LinkClosed>("no such link").link, LinkId{9});
    room.client.submit(WriteLink{LinkId{10}, Characteristic::kSignal, frame(1)});
    EXPECT_EQ(room.client.await<LinkClosed>("no such link").link, LinkId{10});
}

TEST(Gatt, AThirdLinkIsRefused) {
    Room room;
    Peer second(room.air, room.air.host("c"), quick());
    Peer third(room.air, room.air.host("d"), quick());
    std::vector<DeviceId> devices{room.device};
    std::uint8_t mark = 2;
    for (Peer* peer : {&second, &third}) {
        peer->submit(Serve{bytes(20), {}});
        peer->submit(Advertise{service_data(mark)});
        const auto seen = room.client.await<AdvertSeen>("another", [mark](const AdvertSeen& each) {
            return each.service_data == service_data(mark);
        });
        devices.push_back(seen.device);
        ++mark;
    }
    ASSERT_TRUE(room.open(room.client, LinkId{1}, devices[0]));
    room.client.submit(OpenLink{LinkId{2}, devices[0]});
    EXPECT_NE(room.client.await<LinkClosed>("a second link to one device").reason.find("already"),
              std::string::npos);
    ASSERT_TRUE(room.open(room.client, LinkId{3}, devices[1]));
    room.client.submit(OpenLink{LinkId{4}, devices[2]});
    EXPECT_NE(room.client.await<LinkClosed>("the third").reason.find("as many links"),
              std::string::npos);
}

TEST(Gatt, TooMuchThatWaitsClosesTheLink) {
    Room room;
    ASSERT_TRUE(room.open());
    for (std::size_t count = 0; count <= GattClient::kWaitingMax; ++count)
        room.client.submit(WriteLink{kLink, Characteristic::kHandshake, frame(1)});
    EXPECT_NE(room.client.await<LinkClosed>("the link to close").reason.find("too much"),
              std::string::npos);
}

TEST(Gatt, AFrameThatDoesNotFitIsNeverCutShort) {
    Room room;
    ASSERT_TRUE(room.open());
    room.client.submit(WriteLink{kLink, Characteristic::kHandshake, frame(1)});
    const LinkId link = room.server.await<LinkOpened>("the link to come in").link;
    room.server.submit(WriteLink{link, Characteristic::kHandshake, Bytes(21, 1)});
    EXPECT_EQ(room.server.await<LinkClosed>("the link to close").link, link);
    EXPECT_EQ(room.client.count<LinkFrame>(), 0U);
}

TEST(Gatt, OtherProgramsOnTheBusAreNotAnswered) {
    Room room(bytes(300));
    for (const char* call : {R"("member": "ReadValue", "signature": "a{sv}", "arguments": [{}])",
                             R"("member": "StartNotify")"}) {
        const std::string which =
            std::string(call).find("Read") != std::string::npos ? "record" : "handshake";
        const std::string where = R"("host": "b", "path": "/org/sovereign/gatt1/service/)" + which +
                                  R"(", "interface": "org.bluez.GattCharacteristic1", )";
        EXPECT_EQ(room.air.tell("interfere_soon", where + call), "null");
        room.air.until_told("interference", "", "\"org.bluez.Error.NotAuthorized\"");
    }
}

TEST(Gatt, ARefusedServiceIsAReasonAndIsTriedAgain) {
    Air air;
    Peer peer(air, air.host("a"), quick());
    air.tell("knobs", R"("at": "a/hci0", "gatt_error": "Failed")");
    peer.submit(Serve{bytes(20), {}});
    const RadioChanged refused = peer.await<RadioChanged>("a reason", [](const RadioChanged& now) {
        return !now.reason.empty() && !now.adapter.empty();
    });
    EXPECT_FALSE(refused.can_serve);
    air.tell("knobs", R"("at": "a/hci0", "gatt_error": "")");
    air.until_told("look", R"("at": "a/hci0")", "\"applications\": 1");
}

TEST(Gatt, ARestartOfBluetoothdClosesTheLinksAndServesAgain) {
    Room room(bytes(300));
    ASSERT_TRUE(room.open());
    room.air.tell("stop", "\"name\": \"b\"");
    EXPECT_EQ(room.client.await<LinkClosed>("the link to close").link, kLink);
    room.air.tell("start", "\"name\": \"b\"");
    ASSERT_TRUE(room.open(room.client, LinkId{8}, room.heard_anew(room.client)));
    room.client.submit(ReadLink{LinkId{8}, Characteristic::kRecord});
    EXPECT_EQ(room.client.await<LinkRead>("the record").value, bytes(300));
}

}  // namespace
}  // namespace sov::bluez
