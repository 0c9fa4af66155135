// Who is near, friends and the doctor, as an app calls them.

#include <map>

#include "daemon/core/identity/peer_name.h"
#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;
using namespace std::chrono_literals;
using Kind = NeighbourChanged::Kind;

class LocalCalls : public test::ApiFixture {
  protected:
    void TearDown() override { leave(); }

    std::unique_ptr<v1::Local::Stub> stub(uid_t uid = kUser) {
        return v1::Local::NewStub(channel(uid));
    }

    /// Tells an event as the node would.
    void tell(NeighbourChanged changed) {
        on_core([&] { server_->handle_event(changed); });
    }

    static NeighbourChanged changed(Kind kind, std::uint64_t number,
                                    std::vector<discovery::Medium> media) {
        NeighbourChanged changed;
        changed.kind = kind;
        changed.neighbour.number = number;
        for (const discovery::Medium medium : media) {
            discovery::Evidence evidence;
            evidence.medium = medium;
            evidence.where = "eth0";
            changed.neighbour.evidence.push_back(evidence);
        }
        return changed;
    }

    std::string a_peer(std::uint8_t seed) {
        return identity::peer_text(PeerId{crypto_.make_signing_key({seed}).public_key});
    }
};

constexpr auto kMdns = discovery::Medium::kMdns;
constexpr auto kBle = discovery::Medium::kBle;

TEST_F(LocalCalls, list_nobody_where_nobody_is) {
    serve();
    const auto local = stub();
    grpc::ClientContext context, following;
    v1::ListNeighboursResponse response;
    EXPECT_TRUE(local->ListNeighbours(&context, {}, &response).ok());
    EXPECT_EQ(response.neighbours_size(), 0);
    v1::Event event;
    const auto stream = local->Browse(&following, {});
    EXPECT_FALSE(stream->Read(&event)) << "without follow it ends after the list";
    EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(LocalCalls, refuse_a_medium_that_does_not_exist) {
    serve();
    const auto local = stub();
    grpc::ClientContext listing, browsing;
    v1::ListNeighboursRequest list;
    list.set_medium(static_cast<v1::Medium>(9));
    v1::ListNeighboursResponse response;
    const grpc::Status listed = local->ListNeighbours(&listing, list, &response);
    EXPECT_EQ(detail(listed).field(), "medium");
    v1::BrowseRequest browse;
    browse.set_medium(static_cast<v1::Medium>(9));
    const grpc::Status browsed = local->Browse(&browsing, browse)->Finish();
    EXPECT_EQ(detail(browsed).field(), "medium");
}

TEST_F(LocalCalls, follow_what_happens_to_neighbours_and_nothing_else) {
    serve();
    const auto local = stub();
    grpc::ClientContext context;
    v1::BrowseRequest request;
    request.set_follow(true);
    const auto stream = local->Browse(&context, request);
    stream->WaitForInitialMetadata();
    on_core([&] {
        server_->handle_event(StateChanged{});
        server_->handle_event(changed(Kind::kFound, 7, {kMdns}));
        NeighbourChanged merged = changed(Kind::kLost, 8, {kBle});
        merged.became = 7;
        server_->handle_event(merged);
    });
    v1::Event event;
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(event.type(), "neighbour.found");
    EXPECT_EQ(event.neighbour_changed().neighbour().number(), 7U);
    EXPECT_EQ(event.neighbour_changed().neighbour().evidence(0).where(), "eth0");
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(event.type(), "neighbour.lost");
    EXPECT_EQ(event.neighbour_changed().became(), 7U);
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(LocalCalls, follow_one_medium_up_to_and_with_its_last_word) {
    serve();
    const auto local = stub();
    grpc::ClientContext context;
    v1::BrowseRequest request;
    request.set_follow(true);
    request.set_medium(v1::MEDIUM_BLE);
    const auto stream = local->Browse(&context, request);
    stream->WaitForInitialMetadata();
    tell(changed(Kind::kFound, 1, {kMdns}));
    tell(changed(Kind::kUpdated, 1, {kMdns, kBle}));
    tell(changed(Kind::kUpdated, 1, {kMdns}));  // gone from the radio: the last word
    tell(changed(Kind::kUpdated, 1, {kMdns}));
    tell(changed(Kind::kFound, 2, {kBle}));
    tell(changed(Kind::kLost, 2, {kBle}));
    tell(changed(Kind::kFound, 3, {kBle}));
    std::vector<std::string> seen;
    v1::Event event;
    while (seen.size() < 5 && stream->Read(&event)) {
        seen.push_back(event.type() + ' ' +
                       std::to_string(event.neighbour_changed().neighbour().number()) + ' ' +
                       std::to_string(event.neighbour_changed().neighbour().evidence_size()));
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"neighbour.updated 1 2", "neighbour.updated 1 1",
                                              "neighbour.found 2 1", "neighbour.lost 2 1",
                                              "neighbour.found 3 1"}));
    context.TryCancel();
    stream->Finish();
}

TEST_F(LocalCalls, end_a_follower_when_the_daemon_leaves_and_survive_one_that_goes_at_once) {
    serve();
    const auto local = stub();
    v1::BrowseRequest request;
    request.set_follow(true);
    for (int times = 0; times < 50; ++times) {
        grpc::ClientContext hasty;
        const auto stream = local->Browse(&hasty, request);
        hasty.TryCancel();
        EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
    }
    grpc::ClientContext context;
    const auto stream = local->Browse(&context, request);
    stream->WaitForInitialMetadata();
    std::thread leaving([&] { leave(); });
    v1::Event event;
    EXPECT_FALSE(stream->Read(&event));
    EXPECT_FALSE(stream->Finish().ok());
    leaving.join();
}

TEST_F(LocalCalls, add_list_and_remove_friends) {
    serve();
    const auto local = stub();
    grpc::ClientContext adding, listing, removing, again;
    v1::AddFriendRequest add;
    add.set_peer_text(a_peer(9));
    add.set_note("Bob");
    v1::AddFriendResponse added;
    EXPECT_TRUE(local->AddFriend(&adding, add, &added).ok());
    EXPECT_EQ(added.friend_().note(), "Bob");
    EXPECT_FALSE(added.friend_().recognisable());
    EXPECT_FALSE(added.friend_().has_met_ago_ms());
    v1::ListFriendsResponse friends;
    EXPECT_TRUE(local->ListFriends(&listing, {}, &friends).ok());
    ASSERT_EQ(friends.friends_size(), 1);
    EXPECT_EQ(friends.friends(0).peer().text(), a_peer(9));
    EXPECT_EQ(friends.friends(0).second_key(), v1::SECOND_KEY_UNSPECIFIED);
    grpc::ClientContext pinning;
    v1::RepinFriendRequest repin;
    repin.set_peer_text(a_peer(9));
    v1::RepinFriendResponse forgotten;
    const grpc::Status nothing = local->RepinFriend(&pinning, repin, &forgotten);
    EXPECT_EQ(nothing.error_code(), grpc::StatusCode::NOT_FOUND) << "none is remembered";
    EXPECT_EQ(detail(nothing).hint(), "sovctl friend list");
    v1::RemoveFriendRequest remove;
    remove.set_peer_key(friends.friends(0).peer().key());
    v1::RemoveFriendResponse removed;
    EXPECT_TRUE(local->RemoveFriend(&removing, remove, &removed).ok());
    const grpc::Status none = local->RemoveFriend(&again, remove, &removed);
    EXPECT_EQ(none.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_EQ(detail(none).code(), "not_found");
}

TEST_F(LocalCalls, name_the_field_that_keeps_somebody_from_being_a_friend) {
    serve();
    const auto local = stub();
    const auto field_of = [&](auto fill) {
        grpc::ClientContext context;
        v1::AddFriendRequest request;
        v1::AddFriendResponse response;
        fill(request);
        const grpc::Status status = local->AddFriend(&context, request, &response);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
        return detail(status).field();
    };
    EXPECT_EQ(field_of([](auto&) {}), "peer");
    EXPECT_EQ(field_of([](auto& request) { request.set_peer_text("sov1mistyped"); }), "peer_text");
    EXPECT_EQ(field_of([](auto& request) { request.set_peer_key("short"); }), "peer_key");
    EXPECT_EQ(field_of([&](auto& request) {
                  request.set_peer_text(a_peer(9));
                  request.set_note(std::string(65, 'x'));
              }),
              "note");
    EXPECT_EQ(field_of([&](auto& request) {
                  request.set_peer_text(a_peer(9));
                  request.set_note("two\nlines");
              }),
              "note");
}

TEST_F(LocalCalls, let_the_doctor_see_what_the_host_knows) {
    host_.machine_facts.store_bytes_free = 1;
    host_.machine_facts.clock_synchronised = true;
    serve();
    const auto local = stub();
    grpc::ClientContext context;
    v1::DoctorResponse response;
    EXPECT_TRUE(local->Doctor(&context, {}, &response).ok());
    std::map<std::string, v1::Check> by_topic;
    for (const v1::Check& check : response.checks()) by_topic[check.topic()] = check;
    EXPECT_EQ(by_topic["store"].code(), "nearly_full");
    EXPECT_EQ(by_topic["store"].finding(), v1::FINDING_WARN);
    EXPECT_FALSE(by_topic["store"].why().empty());
    EXPECT_FALSE(by_topic["store"].next_step().empty());
    EXPECT_EQ(by_topic["clock"].finding(), v1::FINDING_OK);
    EXPECT_EQ(by_topic["bootstrap"].code(), "none");
}

TEST_F(LocalCalls, are_not_for_those_who_may_only_observe) {
    serve();
    const auto local = stub(kStranger);
    grpc::ClientContext listing, browsing, examining;
    v1::ListNeighboursResponse neighbours;
    EXPECT_EQ(local->ListNeighbours(&listing, {}, &neighbours).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(local->Browse(&browsing, {})->Finish().error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
    v1::DoctorResponse checks;
    EXPECT_EQ(local->Doctor(&examining, {}, &checks).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace sov::api
