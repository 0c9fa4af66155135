// Who may call what, through a real connection.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/grpc_library.h>

#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "daemon/api/role_table.h"
#include "daemon/api/status_codes.h"
#include "tests/unit/daemon/api/connection_fixture.h"

namespace sov::api {
namespace {

namespace pb = google::protobuf;
namespace v1 = sovereign::v1;

/// Calls any method with one message and tells how it ended.
grpc::Status call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const grpc::ByteBuffer& request, grpc::ByteBuffer* response,
                  std::chrono::milliseconds patience) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    grpc::CompletionQueue queue;
    grpc::Status status;
    auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    call->Finish(response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
}

constexpr std::chrono::milliseconds kPatience{20'000};

grpc::Status call_empty(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                        std::chrono::milliseconds patience = kPatience) {
    grpc::ByteBuffer response;
    return call(channel, method, grpc::ByteBuffer(nullptr, 0), &response, patience);
}

using ApiAccess = test::ApiFixture;

/// What the server itself tells about its services (grpc.reflection), asked as grpcurl asks. The
/// messages are those linked with the server; their headers are not installed.
class Reflection {
  public:
    explicit Reflection(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}

    std::vector<std::string> services() {
        const auto answer = ask("list_services", "*");
        std::vector<std::string> names;
        const auto& list = part(*answer, "list_services_response");
        const auto* each = list.GetDescriptor()->FindFieldByName("service");
        for (int at = 0; at < list.GetReflection()->FieldSize(list, each); ++at)
            names.push_back(text(list.GetReflection()->GetRepeatedMessage(list, each, at), "name"));
        return names;
    }

    /// "/service/method" of each method, from the descriptor that the server sends.
    std::vector<std::string> methods(const std::string& service) {
        const auto answer = ask("file_containing_symbol", service);
        const auto& files = part(*answer, "file_descriptor_response");
        const auto* each = files.GetDescriptor()->FindFieldByName("file_descriptor_proto");
        std::vector<std::string> paths;
        for (int at = 0; at < files.GetReflection()->FieldSize(files, each); ++at) {
            pb::FileDescriptorProto file;
            EXPECT_TRUE(
                file.ParseFromString(files.GetReflection()->GetRepeatedString(files, each, at)));
            for (const auto& one : file.service()) {
                if (file.package() + '.' + one.name() != service) continue;
                for (const auto& method : one.method())
                    paths.push_back('/' + service + '/' + method.name());
            }
        }
        return paths;
    }

  private:
    static const pb::Message& part(const pb::Message& message, const std::string& field) {
        return message.GetReflection()->GetMessage(message,
                                                   message.GetDescriptor()->FindFieldByName(field));
    }
    static std::string text(const pb::Message& message, const std::string& field) {
        return message.GetReflection()->GetString(message,
                                                  message.GetDescriptor()->FindFieldByName(field));
    }
    static std::unique_ptr<pb::Message> make(const std::string& name) {
        const auto* type = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(
            "grpc.reflection.v1alpha." + name);
        return std::unique_ptr<pb::Message>(
            pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
    }

    std::unique_ptr<pb::Message> ask(const std::string& field, const std::string& value) {
        const auto request = make("ServerReflectionRequest");
        request->GetReflection()->SetString(
            request.get(), request->GetDescriptor()->FindFieldByName(field), value);
        const std::string bytes = request->SerializeAsString();
        const grpc::Slice slice(bytes);
        grpc::ByteBuffer reply;
        const grpc::Status status =
            call(channel_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                 grpc::ByteBuffer(&slice, 1), &reply, kPatience);
        EXPECT_TRUE(status.ok()) << status.error_message();
        std::vector<grpc::Slice> slices;
        EXPECT_TRUE(reply.Dump(&slices).ok());
        std::string answer;
        for (const auto& each : slices)
            answer.append(reinterpret_cast<const char*>(each.begin()), each.size());
        auto response = make("ServerReflectionResponse");
        EXPECT_TRUE(response->ParseFromString(answer));
        return response;
    }

    std::shared_ptr<grpc::Channel> channel_;
};

/// How the call of somebody with the role, with an empty request, has to end.
struct Outcome {
    grpc::StatusCode status;
    const char* code;
};

struct Outcomes {
    using enum grpc::StatusCode;
    static constexpr std::pair<const char*, Outcome> kAll[] = {
        {"/sovereign.v1.Connections/Connect", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Connections/Disconnect", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Connections/ExplainConnection", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Connections/ListConnections", {OK, ""}},
        {"/sovereign.v1.Connections/OpenStream", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Connections/Ping", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Connections/Request", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Connections/Serve", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Connections/ServeRequests", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Connections/Take", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Connections/WatchConnections", {DEADLINE_EXCEEDED, ""}},
        {"/sovereign.v1.Dht/FindProviders", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Dht/Get", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Dht/GetTable", {OK, ""}},
        {"/sovereign.v1.Dht/GetValue", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Dht/LetGo", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Dht/ListHeld", {OK, ""}},
        {"/sovereign.v1.Dht/ListOffers", {OK, ""}},
        {"/sovereign.v1.Dht/ListOwnValues", {OK, ""}},
        {"/sovereign.v1.Dht/Listen", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Dht/Provide", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Dht/Put", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Dht/PutValue", {OK, ""}},
        {"/sovereign.v1.Dht/Trace", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Dht/WithdrawOffers", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Discovery/ClaimName", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Discovery/FindPeer", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Discovery/ForgetPin", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Discovery/ListNames", {OK, ""}},
        {"/sovereign.v1.Discovery/ReleaseName", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Discovery/Watch", {DEADLINE_EXCEEDED, ""}},
        {"/sovereign.v1.Local/AddFriend", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Local/Browse", {OK, ""}},
        {"/sovereign.v1.Local/Doctor", {OK, ""}},
        {"/sovereign.v1.Local/ListFriends", {OK, ""}},
        {"/sovereign.v1.Local/ListNeighbours", {OK, ""}},
        {"/sovereign.v1.Local/RemoveFriend", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Local/RepinFriend", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Mailbox/Acknowledge", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Mailbox/Collect", {OK, ""}},
        {"/sovereign.v1.Mailbox/Leave", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Messaging/AcknowledgeMessages", {UNIMPLEMENTED, "not_supported"}},
        {"/sovereign.v1.Messaging/CancelMessage", {UNIMPLEMENTED, "not_supported"}},
        {"/sovereign.v1.Messaging/GetPresence", {UNIMPLEMENTED, "not_supported"}},
        {"/sovereign.v1.Messaging/ListReceived", {UNIMPLEMENTED, "not_supported"}},
        {"/sovereign.v1.Messaging/ListSent", {OK, ""}},
        {"/sovereign.v1.Messaging/Receive", {UNIMPLEMENTED, "not_supported"}},
        {"/sovereign.v1.Messaging/Send", {UNIMPLEMENTED, "not_supported"}},
        {"/sovereign.v1.Messaging/SetPresence", {UNIMPLEMENTED, "not_supported"}},
        {"/sovereign.v1.Node/Block", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Node/CheckNetwork", {DEADLINE_EXCEEDED, ""}},
        {"/sovereign.v1.Node/ExplainPeer", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Node/ExportIdentity", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Node/GetIdentity", {OK, ""}},
        {"/sovereign.v1.Node/GetLogLevels", {OK, ""}},
        {"/sovereign.v1.Node/GetStats", {OK, ""}},
        {"/sovereign.v1.Node/GetStatus", {OK, ""}},
        {"/sovereign.v1.Node/ImportIdentity", {RESOURCE_EXHAUSTED, "busy"}},
        {"/sovereign.v1.Node/ListBlocks", {OK, ""}},
        {"/sovereign.v1.Node/ListSessions", {OK, ""}},
        {"/sovereign.v1.Node/ReloadConfig", {OK, ""}},
        {"/sovereign.v1.Node/RotateIdentity", {RESOURCE_EXHAUSTED, "busy"}},
        {"/sovereign.v1.Node/SetLayer", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Node/SetLogLevel", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Node/Shutdown", {OK, ""}},
        {"/sovereign.v1.Node/Unblock", {INVALID_ARGUMENT, "invalid_argument"}},
        {"/sovereign.v1.Node/WatchAudit", {DEADLINE_EXCEEDED, ""}},
        {"/sovereign.v1.Node/WatchEvents", {DEADLINE_EXCEEDED, ""}},
    };
};

const std::map<std::string, Outcome>& outcomes() {
    static const std::map<std::string, Outcome> kOutcomes(std::begin(Outcomes::kAll),
                                                          std::end(Outcomes::kAll));
    return kOutcomes;
}

class EveryMethod : public test::ConnectionCalls {};

TEST_F(EveryMethod, that_the_server_shows_has_a_role_and_an_expected_outcome) {
    serve();
    Reflection reflection(channel());
    const RoleTable table;
    std::set<std::string> shown;
    for (const std::string& service : reflection.services()) {
        // The standard ones, for everybody.
        if (service.starts_with("grpc.")) continue;
        for (const std::string& method : reflection.methods(service)) {
            EXPECT_NE(table.needed(method), Role::kNone) << method << " can't be called";
            EXPECT_TRUE(outcomes().contains(method)) << method << " is not tested";
            shown.insert(method);
        }
    }
    EXPECT_GT(shown.size(), 60U);
    for (const auto& [method, role] : table.rows())
        EXPECT_TRUE(shown.contains(method)) << method << " has a role, but nobody serves it";
    for (const auto& [method, outcome] : outcomes())
        EXPECT_TRUE(shown.contains(method)) << method << " is tested, but nobody serves it";
}

TEST_F(EveryMethod, ends_for_every_role_exactly_as_it_should) {
    serve();
    // Or the first caller's rotation would be the second one's refusal.
    on_core([this] { host_.identity_vault.busy = true; });
    const RoleTable table;
    seated_uid = kSeated;
    const std::vector<std::pair<uid_t, Role>> callers{{0, Role::kAdmin},
                                                      {990, Role::kAdmin},
                                                      {kUser, Role::kUse},
                                                      {kSeated, Role::kUse},
                                                      {kStranger, Role::kObserve}};
    for (const auto& [uid, role] : callers) {
        const auto connection = channel(uid);
        for (const auto& [method, outcome] : outcomes()) {
            const Role needed = table.needed(method);
            // What goes on until its caller ends it, or has more than one message for a caller who
            // reads one, is let go on for a moment.
            const bool goes_on = outcome.status == grpc::StatusCode::DEADLINE_EXCEEDED;
            const grpc::Status status =
                call_empty(connection, method,
                           goes_on && role >= needed ? std::chrono::milliseconds(200) : kPatience);
            SCOPED_TRACE(method + " by uid " + std::to_string(uid) + ": " + status.error_message());
            if (role >= needed) {
                EXPECT_EQ(status.error_code(), outcome.status);
                // The end of the time is the client's word, which has no detail.
                EXPECT_EQ(goes_on ? std::string() : code_of(status), outcome.code);
                continue;
            }
            EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
            EXPECT_EQ(detail(status).code(), "wrong_role");
            EXPECT_EQ(status.error_message(),
                      method.substr(method.rfind('/') + 1) + " needs the role " +
                          std::string(role_word(needed)) + "; uid " + std::to_string(uid) +
                          " has the role " + std::string(role_word(role)));
            EXPECT_FALSE(detail(status).hint().empty());
        }
    }
    EXPECT_EQ(host_.shutdowns, 2) << "only the two admins' calls may have come through";
}

TEST_F(EveryMethod, that_changes_anything_or_is_for_admins_is_audited) {
    const RoleTable table;
    std::set<std::string> audited;
    for (const auto& [method, role] : table.rows()) {
        if (table.audited(method)) audited.insert(method);
        // Reading the audit log changes nothing.
        EXPECT_TRUE(role != Role::kAdmin || table.audited(method) ||
                    method == "/sovereign.v1.Node/WatchAudit")
            << method;
    }
    for (const char* method :
         {"/sovereign.v1.Discovery/ClaimName", "/sovereign.v1.Discovery/ReleaseName",
          "/sovereign.v1.Local/AddFriend", "/sovereign.v1.Local/RemoveFriend",
          "/sovereign.v1.Local/RepinFriend"})
        EXPECT_TRUE(audited.contains(method)) << method;
}

TEST_F(ApiAccess, writes_changes_and_refusals_into_the_audit_log) {
    serve();
    auto node = v1::Node::NewStub(channel(0));
    v1::SetLogLevelRequest level;
    level.set_module("dht");
    level.set_level(v1::LOG_LEVEL_DEBUG);
    v1::SetLogLevelResponse levels;
    grpc::ClientContext first, second;
    ASSERT_TRUE(node->SetLogLevel(&first, level, &levels).ok());
    level.set_module("cooking");
    EXPECT_FALSE(node->SetLogLevel(&second, level, &levels).ok());
    const auto stranger = channel(kStranger);
    for (int count = 0; count < 3; ++count) call_empty(stranger, "/sovereign.v1.Node/Block");
    EXPECT_EQ(call_empty(stranger, "/sovereign.v1.Node/WatchAudit").error_code(),
              grpc::StatusCode::PERMISSION_DENIED);

    v1::WatchEventsRequest request;
    request.set_from_oldest(true);
    request.set_replay_only(true);
    grpc::ClientContext context;
    const auto reader = node->WatchAudit(&context, request);
    std::vector<std::string> told;
    v1::Event event;
    while (reader->Read(&event)) told.push_back(event.type() + ' ' + event.summary());
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_EQ(told, (std::vector<std::string>{
                        "audit.change uid 0 (process 1, admin): Node/SetLogLevel dht=debug",
                        "audit.failed uid 0 (process 1, admin): Node/SetLogLevel cooking=debug: "
                        "invalid_argument",
                        "audit.refused uid 1001 (process 1, observe): Node/Block: wrong_role",
                        "audit.refused uid 1001 (process 1, observe): Node/WatchAudit: "
                        "wrong_role"}));
}

TEST_F(ApiAccess, knows_an_app_by_what_it_calls_itself) {
    std::vector<std::string> apps;
    std::mutex mutex;
    journal = [&](const v1::Event& entry) {
        const std::lock_guard lock(mutex);
        apps.push_back(entry.audited().app());
    };
    serve();
    grpc::ChannelArguments arguments;
    arguments.SetUserAgentPrefix("chat/1.2");
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto own =
        grpc::CreateCustomChannel("unix:" + path(), grpc::InsecureChannelCredentials(), arguments);
    call_empty(own, "/sovereign.v1.Node/SetLayer");
    const std::lock_guard lock(mutex);
    EXPECT_EQ(apps, std::vector<std::string>{"chat/1.2"});
}

TEST_F(ApiAccess, lets_whoever_sits_at_the_host_use_it_while_the_rules_say_so) {
    serve();
    const std::string method = "/sovereign.v1.Node/ListSessions";
    const auto connection = channel(kSeated);
    seated_uid = kSeated;
    EXPECT_TRUE(call_empty(connection, method).ok());
    EXPECT_EQ(call_empty(connection, "/sovereign.v1.Node/Shutdown").error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
    server_->set_rules({990, {}, {}, false});
    EXPECT_EQ(call_empty(connection, method).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ApiAccess, bounds_the_event_streams_and_calls_of_one_app_and_of_one_user) {
    ApiLimits limits;
    limits.quotas.watches = 2;
    limits.quotas.calls = 6;
    serve(limits);
    using Watch = std::pair<std::unique_ptr<grpc::ClientContext>,
                            std::unique_ptr<grpc::ClientReader<v1::Event>>>;
    std::vector<Watch> held;
    const auto watch = [&](const std::shared_ptr<grpc::Channel>& connection) {
        auto context = std::make_unique<grpc::ClientContext>();
        auto reader = v1::Node::NewStub(connection)->WatchEvents(context.get(), {});
        // Comes at once when the stream was let in; else the end does.
        reader->WaitForInitialMetadata();
        held.emplace_back(std::move(context), std::move(reader));
    };
    const auto refused = [&] {
        const grpc::Status status = held.back().second->Finish();
        held.pop_back();
        EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
        EXPECT_EQ(detail(status).code(), "over_quota");
        return status.error_message();
    };
    const auto one = channel(kUser);
    caller_pid = 2;
    const auto two = channel(kUser);
    caller_pid = 3;
    const auto three = channel(kUser);
    watch(one);
    watch(one);
    EXPECT_NE(refused().find("api.quota.app_percent of api.quota.watches"), std::string::npos);
    watch(two);
    watch(three);
    EXPECT_NE(refused().find("(api.quota.watches)"), std::string::npos);
    // Both streams are calls, too; an app may have three of the six.
    EXPECT_TRUE(call_empty(one, "/sovereign.v1.Node/ListSessions").ok());
    const auto others = channel(kSeated);
    seated_uid = kSeated;
    watch(others);
    EXPECT_EQ(held.size(), 3U) << "another user is not held up";
    for (auto& [context, reader] : held) context->TryCancel();
    for (auto& [context, reader] : held) reader->Finish();
}

TEST_F(ApiAccess, knows_no_method_outside_the_table) {
    serve();
    EXPECT_EQ(call_empty(channel(), "/sovereign.v1.Node/Explode").error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ApiAccess, abridges_the_status_for_observers) {
    host_.mapping = {ports::PortMapping{*Endpoint::parse("198.51.100.7:6881"), 6881,
                                        std::chrono::hours(2), ports::MappingMethod::kUpnp},
                     ""};
    host_.relay = "203.0.113.1:443";
    serve();
    for (const uid_t uid : {kUser, kStranger}) {
        auto node = v1::Node::NewStub(channel(uid));
        grpc::ClientContext context;
        v1::GetStatusResponse status;
        ASSERT_TRUE(node->GetStatus(&context, {}, &status).ok());
        EXPECT_NE(status.verdict(), v1::VERDICT_UNSPECIFIED);
        EXPECT_FALSE(status.sentence().empty());
        EXPECT_EQ(status.version(), "1.2.3");
        EXPECT_EQ(status.abridged(), uid == kStranger);
        EXPECT_EQ(status.caller_role(), uid == kStranger ? v1::ROLE_OBSERVE : v1::ROLE_USE);
        ASSERT_EQ(status.families_size(), 2);
        EXPECT_EQ(status.families(0).listening().empty(), uid == kStranger);
        EXPECT_EQ(status.has_port_mapping(), uid == kUser);
        EXPECT_EQ(status.datagram_relay(), uid == kUser ? "203.0.113.1:443" : "");
        if (uid == kUser) {
            EXPECT_EQ(status.port_mapping().external(), "198.51.100.7:6881");
            EXPECT_EQ(status.port_mapping().method(), "upnp");
            EXPECT_EQ(status.port_mapping().lifetime_seconds(), 7200u);
        }
        EXPECT_GT(status.counters().count("datagrams_in"), 0u);
    }
}

TEST_F(ApiAccess, writes_every_counter_into_the_status_by_its_name) {
    serve();
    const auto counted = [&] {
        std::map<std::string, std::uint64_t> all;
        node_->counters().for_each([&](std::string_view name, std::uint64_t value) {
            all.emplace(std::string(name), value);
        });
        return all;
    };
    const auto before = on_core(counted);
    auto node = v1::Node::NewStub(channel(kUser));
    grpc::ClientContext context;
    v1::GetStatusResponse status;
    ASSERT_TRUE(node->GetStatus(&context, {}, &status).ok());
    const auto after = on_core(counted);
    EXPECT_EQ(status.counters().size(), before.size());
    for (const auto& [name, value] : before) {
        const auto found = status.counters().find(name);
        ASSERT_NE(found, status.counters().end()) << name;
        // The node goes on counting meanwhile.
        EXPECT_GE(found->second, value) << name;
        EXPECT_LE(found->second, after.at(name)) << name;
    }
    EXPECT_EQ(status.GetReflection()->GetUnknownFields(status).field_count(), 0);
}

TEST_F(ApiAccess, gives_no_connection_the_role_of_an_earlier_one_with_its_number) {
    ApiLimits limits;
    limits.connections.total = 16;
    serve(limits);
    // The kernel gives a number that became free to one of the next connections.
    for (int round = 0; round < 64; ++round) {
        const uid_t uid = round % 2 == 0 ? 0 : kStranger;
        auto node = v1::Node::NewStub(channel(uid));
        grpc::ClientContext context;
        v1::GetStatusResponse status;
        ASSERT_TRUE(node->GetStatus(&context, {}, &status).ok());
        ASSERT_EQ(status.caller_role(), uid == 0 ? v1::ROLE_ADMIN : v1::ROLE_OBSERVE)
            << "round " << round;
    }
}

TEST_F(ApiAccess, takes_new_rules_for_the_calls_that_begin_after_them) {
    serve();
    const auto connection = channel(kUser);
    const std::string method = "/sovereign.v1.Node/ListSessions";
    EXPECT_TRUE(call_empty(connection, method).ok());
    server_->set_rules({990, {}, {}, false});
    EXPECT_EQ(call_empty(connection, method).error_code(), grpc::StatusCode::PERMISSION_DENIED);
    server_->set_rules({990, {}, {kUseGroup}, false});
    EXPECT_TRUE(call_empty(connection, "/sovereign.v1.Dht/ListHeld").ok());
}

}  // namespace
}  // namespace sov::api
