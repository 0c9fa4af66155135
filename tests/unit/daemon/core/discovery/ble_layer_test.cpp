#include "daemon/core/discovery/ble_layer.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "tests/support/sim_crypto.h"

namespace sov::discovery {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class BleLayerTest : public ::testing::Test {
  protected:
    static constexpr UnixMillis kWall = 1'800'000'000'000;

    sov::support::SimCrypto crypto{1};
    Rng rng{1};
    Recognition recognition{crypto, kWall}, bobs{crypto, kWall};
    PeerId bob{{2}};
    BleSettings settings;
    std::unique_ptr<BleLayer> layer;
    Instant now{};
    bool scanning = false;
    std::vector<Advert> advertised;  ///< empty rid and power 0: silence
    std::vector<Evidence> told;
    Serve service;

    void SetUp() override {
        recognition.set_own_key(PresenceKey{1});
        bobs.set_own_key(PresenceKey{2});
        recognition.set_friends({{bob, PresenceKey{2}}});
        settings.options.visibility = Visibility::kPrivate;
        settings.user = crypto.make_signing_key(identity::Secret32{5});
    }
    void start() {
        layer = std::make_unique<BleLayer>(settings, crypto, rng, recognition);
        layer->set_on(now, true);
        report(working());
    }
    static RadioChanged working() { return {RadioState::kWorking, "", "hci0", true, true, true}; }
    static RadioChanged state(RadioState state) { return {state, "", "", false, false, false}; }

    void drain() {
        while (auto request = layer->poll_request(now)) {
            if (const auto* scan = std::get_if<Scan>(&*request)) scanning = scan->on;
            if (const auto* serve = std::get_if<Serve>(&*request)) service = *serve;
            if (const auto* said = std::get_if<Advertise>(&*request))
                advertised.push_back(decode_advert(said->service_data).value_or(Advert{}));
        }
        while (auto evidence = layer->poll_evidence(now)) told.push_back(*evidence);
    }
    void report(const RadioReport& what) {
        layer->handle_report(now, what);
        drain();
    }
    // Time goes on to `until`, with every time-out on the way.
    void run_until(Instant until) {
        while (layer->next_timeout() <= until) {
            now = std::max(now, layer->next_timeout());
            layer->handle_timeout(now);
            drain();
        }
        now = until;
        layer->handle_timeout(now);
        drain();
    }
    void run_for(Duration span) { run_until(now + span); }

    Advert bobs_advert() {
        Advert advert{Advert::kGatt, {}, -59};
        const Bytes tag = bobs.own_tag(now, Medium::kBle);
        std::copy_n(tag.begin(), advert.rid.size(), advert.rid.begin());
        return advert;
    }
    static Advert strangers_advert(std::uint64_t number) {
        Advert advert{Advert::kGatt, {}, -59};
        store_u64(advert.rid.data(), number);
        return advert;
    }
    void hear(const Advert& advert, std::int8_t rssi = -70, std::uint64_t device = 1) {
        report(AdvertSeen{DeviceId{device}, encode_advert(advert), rssi});
    }
    // Hears Bob once a second as long as the radio listens.
    void hear_bob_for(seconds span) {
        for (const Instant until = now + span; now < until;) {
            if (scanning) hear(bobs_advert());
            run_for(seconds(1));
        }
    }
    const Evidence& last() {
        static const Evidence kNone;
        EXPECT_FALSE(told.empty());
        return told.empty() ? kNone : told.back();
    }
};

TEST_F(BleLayerTest, waits_for_the_radio_and_says_why) {
    layer = std::make_unique<BleLayer>(settings, crypto, rng, recognition);
    EXPECT_EQ(layer->report().state, LayerState::kOff);
    layer->set_on(now, true);
    EXPECT_EQ(layer->report().state, LayerState::kWaiting);
    for (const RadioState radio :
         {RadioState::kNoBus, RadioState::kNoService, RadioState::kNoAdapter, RadioState::kBlocked,
          RadioState::kOff}) {
        report(state(radio));
        EXPECT_EQ(layer->report().state, LayerState::kWaiting);
        EXPECT_FALSE(layer->report().reason.empty());
    }
    EXPECT_TRUE(advertised.empty());
    EXPECT_FALSE(scanning);
    report(working());
    EXPECT_EQ(layer->report().state, LayerState::kWorking);
    EXPECT_EQ(advertised.size(), 1u);
    EXPECT_TRUE(scanning);
}

TEST_F(BleLayerTest, asks_for_something_first_so_that_the_radio_tells_its_state) {
    layer = std::make_unique<BleLayer>(settings, crypto, rng, recognition);
    EXPECT_FALSE(layer->poll_request(now).has_value());
    layer->set_on(now, true);
    EXPECT_TRUE(layer->poll_request(now).has_value());
    EXPECT_FALSE(layer->poll_request(now).has_value());
}

TEST_F(BleLayerTest, is_degraded_when_it_cannot_be_seen_or_connected_to) {
    start();
    RadioChanged radio = working();
    radio.can_advertise = false;
    report(radio);
    EXPECT_EQ(layer->report().state, LayerState::kDegraded);
    radio = working();
    radio.can_serve = false;
    report(radio);
    EXPECT_EQ(layer->report().state, LayerState::kDegraded);
    EXPECT_FALSE(advertised.back().has(Advert::kGatt)) << "nobody shall try to connect";
}

TEST_F(BleLayerTest, has_private_adverts_that_differ_in_nothing_but_the_rid) {
    settings.options.power_at_one_metre = -70;
    start();
    layer->set_own_record(Bytes(300, 1));
    const Advert ours = advertised.back();
    recognition.set_own_key(PresenceKey{9});
    settings.options.power_at_one_metre = -40;
    settings.user = crypto.make_signing_key(identity::Secret32{6});
    start();
    Advert theirs = advertised.back();
    EXPECT_NE(theirs.rid, ours.rid);
    theirs.rid = ours.rid;
    EXPECT_EQ(theirs, ours);
}

TEST_F(BleLayerTest, tells_its_own_power_and_peer_id_in_public) {
    settings.options.visibility = Visibility::kPublic;
    settings.options.power_at_one_metre = -70;
    start();
    EXPECT_TRUE(advertised.back().has(Advert::kPublic));
    EXPECT_EQ(advertised.back().power_at_one_metre, -70);
    EXPECT_TRUE(std::equal(advertised.back().rid.begin(), advertised.back().rid.end(),
                           settings.user.public_key.begin()));
}

TEST_F(BleLayerTest, serves_its_record_in_public_if_it_fits_an_attribute) {
    settings.options.visibility = Visibility::kPublic;
    start();
    layer->set_own_capabilities(1);
    for (const std::size_t size : {300U, 512U, 513U, 1000U}) {
        const Bytes record(size, 3);
        layer->set_own_record(record);
        drain();
        const auto info = decode_info(service.info);
        ASSERT_TRUE(info);
        EXPECT_EQ(service.record, size <= 512 ? record : Bytes{});
        EXPECT_EQ(info->record_bytes, service.record.size());
        EXPECT_EQ(info->rid, advertised.back().rid);
        EXPECT_EQ(info->capabilities, 1u);
    }
}

TEST_F(BleLayerTest, serves_nothing_but_its_rid_in_private) {
    start();
    layer->set_own_capabilities(1);
    layer->set_own_record(Bytes(300, 3));
    drain();
    const GattInfo bare{Advert::kGatt, 0, advertised.back().rid, 0, 0};
    EXPECT_EQ(decode_info(service.info), bare);
    EXPECT_TRUE(service.record.empty());
    run_for(minutes(16));
    EXPECT_EQ(decode_info(service.info)->rid, advertised.back().rid)
        << "it rotates with the advert";
    EXPECT_NE(decode_info(service.info)->rid, bare.rid);
}

TEST_F(BleLayerTest, says_nothing_at_all_when_passive) {
    settings.options.visibility = Visibility::kPassive;
    start();
    run_for(minutes(40));
    EXPECT_TRUE(advertised.empty());
    EXPECT_TRUE(service.info.empty());
    EXPECT_EQ(layer->report().state, LayerState::kWorking);
}

TEST_F(BleLayerTest, rotates_its_advert_with_the_epoch_over_a_silence) {
    start();
    run_for(minutes(61));
    ASSERT_EQ(advertised.size(), 9u) << "one to begin with, then silence and the next, four times";
    for (std::size_t at = 1; at < advertised.size(); at += 2) {
        EXPECT_EQ(advertised[at], Advert{});
        EXPECT_NE(advertised[at + 1].rid, advertised[at - 1].rid);
    }
}

TEST_F(BleLayerTest, scans_a_third_of_the_time_and_less_while_nobody_is_near) {
    start();
    EXPECT_TRUE(scanning);
    run_for(seconds(9));
    EXPECT_TRUE(scanning);
    run_for(seconds(2));
    EXPECT_FALSE(scanning);
    run_for(minutes(10));
    // Pauses have grown to four intervals: 10 s in 120 s, give or take the jitter.
    int on = 0;
    for (int at = 0; at < 3600; ++at) {
        run_for(seconds(1));
        on += scanning ? 1 : 0;
    }
    EXPECT_NEAR(on, 300, 40);
}

TEST_F(BleLayerTest, scans_a_third_of_the_time_while_somebody_is_near_and_a_ninth_on_battery) {
    start();
    const auto seconds_on = [&] {
        int on = 0;
        for (int at = 0; at < 1800; ++at) {
            if (scanning) hear(bobs_advert());
            run_for(seconds(1));
            on += scanning ? 1 : 0;
        }
        return on;
    };
    EXPECT_NEAR(seconds_on(), 600, 60);
    layer->set_on_battery(now, true);
    EXPECT_NEAR(seconds_on(), 200, 40);
}

TEST_F(BleLayerTest, recognises_a_friend_and_says_how_near) {
    start();
    hear(bobs_advert(), -59);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(last().peer, bob);
    EXPECT_EQ(last().trust, Trust::kRecognised);
    EXPECT_EQ(last().medium, Medium::kBle);
    EXPECT_EQ(last().where, "hci0");
    EXPECT_EQ(last().endpoint.port, 0);
    ASSERT_TRUE(last().proximity);
    EXPECT_EQ(last().proximity->distance_cm, 100u);
}

TEST_F(BleLayerTest, keeps_a_friend_as_one_neighbour_over_rotating_ids_and_devices) {
    start();
    for (std::uint64_t epoch = 0; epoch < 8; ++epoch) {
        hear_bob_for(seconds(15 * 60));
        for (const Evidence& evidence : told) {
            EXPECT_EQ(evidence.source, told.front().source);
            EXPECT_NE(evidence.presence, Presence::kLost);
        }
    }
}

TEST_F(BleLayerTest, shows_a_stranger_without_a_name) {
    start();
    hear(strangers_advert(7));
    EXPECT_EQ(last().trust, Trust::kUnverified);
    EXPECT_FALSE(last().peer || last().node);
    EXPECT_EQ(last().label, "0000000000000007");
}

TEST_F(BleLayerTest, takes_no_notice_of_its_own_adverts_and_of_no_adverts_at_all) {
    start();
    hear(advertised.back());
    report(AdvertSeen{DeviceId{1}, Bytes{1, 2, 3}, -50});
    report(AdvertSeen{DeviceId{1}, {}, -50});
    EXPECT_TRUE(told.empty());
}

TEST_F(BleLayerTest, tells_first_fading_and_then_lost_by_the_time_that_it_listened) {
    settings.options.scan_interval = seconds(300);  // scans 100 s, then pauses
    start();
    hear(bobs_advert());
    told.clear();
    run_for(milliseconds(9'999));
    EXPECT_TRUE(told.empty());
    run_for(milliseconds(1));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(last().presence, Presence::kFading);
    run_for(milliseconds(9'999));
    EXPECT_EQ(told.size(), 1u);
    run_for(milliseconds(1));
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(last().presence, Presence::kLost);
    EXPECT_EQ(last().peer, bob);
}

TEST_F(BleLayerTest, loses_nobody_by_a_pause_between_scans) {
    start();
    layer->set_on_battery(now, true);  // 10 s of 90
    hear_bob_for(seconds(600));
    for (const Evidence& evidence : told) EXPECT_EQ(evidence.presence, Presence::kPresent);
}

TEST_F(BleLayerTest, waits_six_times_the_usual_interval_for_who_advertises_rarely) {
    settings.options.scan_interval = seconds(3000);
    start();
    for (int at = 0; at < 40; ++at) {
        hear(bobs_advert());
        run_for(seconds(6));
    }
    told.clear();
    run_for(seconds(29));
    for (const Evidence& evidence : told) EXPECT_EQ(evidence.presence, Presence::kFading);
    run_for(seconds(2));
    EXPECT_EQ(last().presence, Presence::kLost);
    EXPECT_GE(now - last().last_seen, seconds(36));
}

TEST_F(BleLayerTest, comes_back_from_fading_as_the_same_neighbour) {
    settings.options.scan_interval = seconds(300);
    start();
    hear(bobs_advert());
    const std::uint64_t source = last().source;
    run_for(seconds(15));
    EXPECT_EQ(last().presence, Presence::kFading);
    hear(bobs_advert());
    EXPECT_EQ(last().presence, Presence::kPresent);
    EXPECT_EQ(last().source, source);
}

TEST_F(BleLayerTest, outlives_a_restart_of_the_bluetooth_service) {
    start();
    hear(bobs_advert());
    report(state(RadioState::kNoService));
    told.clear();
    run_for(seconds(20));
    EXPECT_TRUE(told.empty());
    advertised.clear();
    report(working());
    EXPECT_EQ(advertised.size(), 1u);
    EXPECT_TRUE(scanning);
    hear(bobs_advert());
    run_for(seconds(5));
    for (const Evidence& evidence : told) EXPECT_NE(evidence.presence, Presence::kLost);
}

TEST_F(BleLayerTest, loses_everybody_when_the_radio_stays_away) {
    start();
    hear(bobs_advert());
    report(state(RadioState::kBlocked));
    run_for(BleLayer::kBlind);
    EXPECT_EQ(last().presence, Presence::kLost);
    EXPECT_EQ(layer->next_timeout(), kNever);
}

TEST_F(BleLayerTest, takes_back_everything_when_switched_off) {
    start();
    hear(bobs_advert());
    hear(strangers_advert(1));
    told.clear();
    layer->set_on(now, false);
    drain();
    EXPECT_EQ(advertised.back(), Advert{});
    EXPECT_TRUE(service.info.empty());
    EXPECT_FALSE(scanning);
    ASSERT_EQ(told.size(), 2u);
    for (const Evidence& evidence : told) EXPECT_EQ(evidence.presence, Presence::kLost);
    hear(bobs_advert());
    EXPECT_EQ(told.size(), 2u) << "an advert that was still on its way";
    EXPECT_EQ(layer->next_timeout(), kNever);
    layer->set_on(now, true);
    drain();
    EXPECT_TRUE(scanning);
}

TEST_F(BleLayerTest, knows_new_friends_and_forgets_old_ones_at_once) {
    start();
    Recognition carols(crypto, kWall);
    carols.set_own_key(PresenceKey{3});
    Advert carol = strangers_advert(0);
    const Bytes tag = carols.own_tag(now, Medium::kBle);
    std::copy_n(tag.begin(), carol.rid.size(), carol.rid.begin());
    hear(bobs_advert());
    hear(carol);
    EXPECT_EQ(last().trust, Trust::kUnverified);
    recognition.set_friends({{PeerId{{3}}, PresenceKey{3}}});
    layer->handle_friends_changed(now);
    drain();
    hear(carol);
    EXPECT_EQ(last().peer, PeerId{{3}});
    hear(bobs_advert());
    EXPECT_EQ(last().trust, Trust::kUnverified);
}

TEST_F(BleLayerTest, stays_small_under_5000_random_adverts_a_minute_and_keeps_the_friend) {
    start();
    hear(bobs_advert());
    const std::uint64_t source = last().source;
    Rng flood(7);
    std::set<std::uint64_t> present;
    std::size_t most = 0;
    for (int at = 0; at < 10 * 5000; ++at) {
        hear(strangers_advert(flood.next()), -40, flood.next());
        if (at % 80 == 0 && scanning) hear(bobs_advert());
        run_for(milliseconds(12));
        for (const Evidence& evidence : told) {
            if (evidence.presence == Presence::kLost) {
                EXPECT_NE(evidence.source, source);
                present.erase(evidence.source);
            } else {
                present.insert(evidence.source);
            }
        }
        told.clear();
        most = std::max(most, present.size());
    }
    EXPECT_TRUE(present.contains(source));
    EXPECT_EQ(most, BleSightings::kUnverifiedMax + 1);
}

}  // namespace sov::discovery
