#include "platform/avahi/avahi_browser.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>

#include "platform/avahi/names.h"
#include "tests/unit/platform/avahi/fake_avahi.h"

namespace sov::avahi {

namespace {

const Browse kBrowse{"_sovereign._tcp", "_n1a2b3c4d._sub._sovereign._tcp"};
const ServiceAnnouncement kOurs{"ourinstance", "ourhost",       6881,
                                kBrowse.type,  kBrowse.subtype, {"txtvers=1", "a=1"}};
const FakeAvahi::Service kBob{1, kProtocolInet, "bob", "10.0.0.2", 6881, {"txtvers=1", "b=2"}};

}  // namespace

class AvahiBrowserTest : public ::testing::Test {
  protected:
    boost::asio::io_context context;
    PrivateBus bus;
    std::unique_ptr<FakeAvahi> avahi;
    std::unique_ptr<AvahiBrowser> browser;
    std::vector<ServiceSeen> seen;
    std::vector<ServiceGone> gone;
    std::vector<NameCollision> collisions;
    std::vector<BrowserChanged> states;
    std::chrono::milliseconds patience{5000};

    void SetUp() override {
        bus.start();
        start_avahi();
    }
    void start_avahi() {
        avahi = std::make_unique<FakeAvahi>(context, bus.address());
        until([&] { return avahi->ready; }, "the responder to have its name");
    }
    void start(std::optional<ServiceAnnouncement> announcement = kOurs) {
        AvahiBrowser::Options options;
        // The one interface that every machine has.
        options.interfaces.only = {"lo"};
        options.interfaces.ipv6 = false;
        options.bus_address = bus.address();
        options.patience = patience;
        options.bus_retry = options.publish_retry = std::chrono::milliseconds(50);
        browser = std::make_unique<AvahiBrowser>(
            context, options, [this](BrowserReport report) { take(std::move(report)); });
        if (announcement) browser->submit(Publish{std::move(announcement)});
        browser->submit(kBrowse);
    }
    void take(BrowserReport report) {
        if (auto* one = std::get_if<ServiceSeen>(&report)) seen.push_back(std::move(*one));
        if (auto* one = std::get_if<ServiceGone>(&report)) gone.push_back(std::move(*one));
        if (auto* one = std::get_if<NameCollision>(&report)) collisions.push_back(std::move(*one));
        if (auto* one = std::get_if<BrowserChanged>(&report)) states.push_back(std::move(*one));
    }
    // Runs the loop until `done`; no honest machine takes half a minute.
    void until(const std::function<bool()>& done, const std::string& what) {
        for (int turn = 0; turn < 30'000 && !done(); ++turn) {
            context.restart();
            context.run_one_for(std::chrono::milliseconds(10));
        }
        ASSERT_TRUE(done()) << "still waiting for " << what;
    }
    void until_state(BrowserState state) {
        until([&] { return !states.empty() && states.back().state == state; },
              "state " + std::to_string(static_cast<int>(state)));
    }
    // What the last step was of the one group that is published.
    std::string last_step() const {
        if (avahi->groups.size() != 1 || avahi->groups.begin()->second.empty()) return "";
        return avahi->groups.begin()->second.back();
    }
    void until_published() {
        until([&] { return last_step() == "Commit"; }, "the announcement");
    }
    void until_seen(std::size_t count) {
        until([&] { return seen.size() >= count; }, "services");
    }
};

TEST_F(AvahiBrowserTest, publishes_a_host_an_address_a_service_and_a_subtype_on_its_interface) {
    start();
    until_published();
    const std::vector<std::string> expected{
        "AddAddress ourhost.local 127.0.0.1 flags 16",
        "AddService ourinstance _sovereign._tcp ourhost.local 6881 flags 32",
        "AddServiceSubtype ourinstance _n1a2b3c4d._sub._sovereign._tcp", "Commit"};
    EXPECT_EQ(avahi->groups.begin()->second, expected);
    until_state(BrowserState::kWorking);
    EXPECT_EQ(avahi->browsed, std::vector<std::string>{kBrowse.subtype});
}

TEST_F(AvahiBrowserTest, replaces_what_is_published_and_withdraws_it) {
    start();
    until_published();
    const std::string first = avahi->groups.begin()->first;
    ServiceAnnouncement next = kOurs;
    next.instance = "next";
    next.host = "nexthost";
    browser->submit(Publish{next});
    until([&] { return !avahi->groups.contains(first) && last_step() == "Commit"; },
          "the next announcement");
    EXPECT_EQ(avahi->groups.size(), 1u);
    browser->submit(Publish{});
    until([&] { return avahi->groups.empty(); }, "the end of it");
}

TEST_F(AvahiBrowserTest, changes_only_the_text_when_only_the_text_changed) {
    start();
    until_published();
    until_state(BrowserState::kWorking);
    ServiceAnnouncement next = kOurs;
    next.txt = {"txtvers=1", "a=2"};
    browser->submit(Publish{next});
    until([&] { return last_step() == "UpdateServiceTxt"; }, "new text");
    EXPECT_EQ(avahi->groups.size(), 1u);
}

TEST_F(AvahiBrowserTest, tells_a_collision_once_and_publishes_nothing_until_it_is_told_to) {
    start();
    until_published();
    avahi->tell_collision();
    avahi->tell_collision();
    until([&] { return !collisions.empty() && avahi->groups.empty(); }, "the collision");
    browser->submit(Refresh{});
    avahi->add(kBob);
    until_seen(1);
    ASSERT_EQ(collisions.size(), 1u);
    EXPECT_EQ(collisions[0].instance, kOurs.instance);
    EXPECT_TRUE(avahi->groups.empty());
}

TEST_F(AvahiBrowserTest, says_that_publishing_is_refused_and_what_to_do_and_still_browses) {
    avahi->refuses = true;
    avahi->add(kBob);
    start();
    until_state(BrowserState::kRefused);
    EXPECT_NE(states.back().reason.find("disable-user-service-publishing"), std::string::npos);
    until_seen(1);
    avahi->refuses = false;
    until_state(BrowserState::kWorking);
    until_published();
}

TEST_F(AvahiBrowserTest, tells_who_comes_with_address_zone_interface_and_text_and_who_goes) {
    start();
    until_published();
    avahi->add(kBob);
    FakeAvahi::Service carol{1, kProtocolInet6, "carol", "fe80::5", 7000, {"x=y"}};
    avahi->add(carol);
    until_seen(2);
    EXPECT_EQ(seen[0].instance, "bob");
    EXPECT_EQ(seen[0].address.text(), "10.0.0.2:6881");
    EXPECT_EQ(seen[0].interface_name, "lo");
    EXPECT_EQ(seen[0].txt, kBob.txt);
    EXPECT_EQ(seen[1].address.text(), "[fe80::5%1]:7000");
    avahi->remove(carol);
    until([&] { return !gone.empty(); }, "a goodbye");
    EXPECT_EQ(gone[0].instance, "carol");
    EXPECT_EQ(gone[0].interface, 1u);
    EXPECT_EQ(gone[0].family, Family::kIpv6);
    until([&] { return avahi->resolvers == 0; }, "resolvers to be given back");
}

TEST_F(AvahiBrowserTest, never_resolves_its_own_name_nor_interfaces_that_are_not_wanted) {
    start();
    until_published();
    FakeAvahi::Service own = kBob, elsewhere = kBob;
    own.name = kOurs.instance;
    elsewhere.interface = 77;
    elsewhere.name = "elsewhere";
    avahi->add(own);
    avahi->add(elsewhere);
    avahi->add(kBob);
    until_seen(1);
    EXPECT_EQ(avahi->resolutions, 1u);
    EXPECT_EQ(seen[0].instance, "bob");
}

TEST_F(AvahiBrowserTest, asks_again_at_a_refresh_and_notices_who_went_in_between) {
    avahi->add(kBob);
    start();
    until_seen(1);
    browser->submit(Refresh{});
    until_seen(2);
    EXPECT_EQ(avahi->browsers, 1u);
    EXPECT_EQ(avahi->browsed.size(), 2u);
    // Forgotten without a word.
    FakeAvahi::Service unheard = kBob;
    unheard.name = "unheard";
    avahi->add(unheard);
    until_seen(3);
    avahi->forget("unheard");
    browser->submit(Refresh{});
    until([&] { return gone.size() == 1; }, "the one who went");
    EXPECT_EQ(gone[0].instance, "unheard");
}

TEST_F(AvahiBrowserTest, drops_texts_names_and_addresses_beyond_their_limits) {
    start();
    until_published();
    for (const auto& txt : {std::vector<std::string>{std::string(65536, 'x')},
                            std::vector<std::string>(kTxtStringsMax + 1, "x"),
                            std::vector<std::string>(6, std::string(255, 'x'))}) {
        FakeAvahi::Service hostile = kBob;
        hostile.name = "hostile" + std::to_string(txt.size());
        hostile.txt = txt;
        avahi->add(hostile);
    }
    FakeAvahi::Service nowhere = kBob;
    nowhere.name = "nowhere";
    nowhere.address = "224.0.0.1";
    avahi->add(nowhere);
    nowhere.name = "nonsense";
    nowhere.address = "here";
    avahi->add(nowhere);
    nowhere.name = std::string(kServiceNameBytesMax + 1, 'n');
    avahi->add(nowhere);
    until([&] { return browser->listener().dropped() == 5; }, "the hostile ones");
    avahi->add(kBob);
    until_seen(1);
    EXPECT_EQ(seen[0].instance, "bob");
    EXPECT_EQ(avahi->resolutions, 6u);
}

TEST_F(AvahiBrowserTest, survives_ten_thousand_names_with_bounded_resolvers_and_memory) {
    start();
    until_published();
    FakeAvahi::Service hostile = kBob;
    hostile.resolves = false;
    for (int name = 0; name < 10'000; ++name) {
        hostile.name = "hostile" + std::to_string(name);
        avahi->add(hostile);
        // The bus has limits of its own.
        if (name % 100 == 0) context.poll();
        EXPECT_LE(browser->listener().tracked(), Listener::kItemsMax);
    }
    until(
        [&] {
            return browser->listener().tracked() == Listener::kItemsMax &&
                   browser->listener().dropped() == 10'000 - Listener::kItemsMax;
        },
        "the flood to have passed");
    EXPECT_LE(avahi->resolvers_most, Listener::kResolvingMax);
    EXPECT_EQ(browser->listener().resolving(), Listener::kResolvingMax);
    EXPECT_TRUE(seen.empty());
}

TEST_F(AvahiBrowserTest, publishes_and_browses_anew_when_the_responder_came_back) {
    avahi->add(kBob);
    start();
    until_published();
    until_seen(1);
    avahi.reset();
    until_state(BrowserState::kNoResponder);
    EXPECT_TRUE(gone.empty()) << "who was there is not gone with the responder";
    start_avahi();
    avahi->add(kBob);
    until_state(BrowserState::kWorking);
    until_published();
    until_seen(2);
    EXPECT_EQ(avahi->browsed.size(), 1u);
}

TEST_F(AvahiBrowserTest, waits_for_a_bus_and_comes_back_with_it) {
    avahi.reset();
    bus.stop();
    start();
    until_state(BrowserState::kNoBus);
    EXPECT_FALSE(states.back().reason.empty());
    bus.start();
    until_state(BrowserState::kNoResponder);
    start_avahi();
    until_state(BrowserState::kWorking);
    until_published();
    bus.stop();
    until_state(BrowserState::kNoBus);
    avahi.reset();
    bus.start();
    start_avahi();
    until_published();
}

TEST_F(AvahiBrowserTest, does_not_wait_for_a_responder_that_hangs) {
    patience = std::chrono::milliseconds(200);
    avahi->add(kBob);
    start();
    until_published();
    until_seen(1);
    avahi->silent = true;
    browser->submit(Refresh{});
    // The loop went on: this is our own time-out and not somebody else's.
    until_state(BrowserState::kNoResponder);
    avahi->silent = false;
    until_state(BrowserState::kWorking);
    until_seen(2);
}

TEST_F(AvahiBrowserTest, believes_no_signal_that_is_not_the_responders) {
    start();
    until_published();
    FakeAvahi liar(context, bus.address(), false);
    liar.pretend_browser(avahi->browser());
    liar.add(kBob);
    FakeAvahi::Service honest = kBob;
    honest.name = "honest";
    avahi->add(honest);
    until_seen(1);
    EXPECT_EQ(seen[0].instance, "honest");
    EXPECT_EQ(avahi->resolutions, 1u);
}

TEST_F(AvahiBrowserTest, reports_nothing_after_it_was_stopped) {
    avahi->add(kBob);
    start();
    until_seen(1);
    browser->stop();
    states.clear();
    browser->submit(Publish{kOurs});
    browser->submit(Refresh{});
    avahi->add({1, kProtocolInet, "late", "10.0.0.3", 1, {}});
    for (int turn = 0; turn < 20; ++turn) context.run_one_for(std::chrono::milliseconds(5));
    EXPECT_TRUE(states.empty());
    EXPECT_EQ(seen.size(), 1u);
    browser.reset();
}

TEST(InterfaceRule, leaves_out_loopback_containers_and_virtual_machines) {
    const InterfaceRule usual;
    for (const char* name : {"eth0", "wlan0", "enp3s0", "br0", "usb0", "wg0"})
        EXPECT_TRUE(usual.allows(name)) << name;
    for (const char* name : {"lo", "docker0", "br-1a2b3c", "virbr0", "veth12ab"})
        EXPECT_FALSE(usual.allows(name)) << name;
    const InterfaceRule chosen{{"docker0"}, true, true};
    EXPECT_TRUE(chosen.allows("docker0"));
    EXPECT_FALSE(chosen.allows("eth0"));
}

}  // namespace sov::avahi
