#include "daemon/api/role_table.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sovereign/v1/access.pb.h"
#include "sovereign/v1/connections.pb.h"
#include "sovereign/v1/dht.pb.h"
#include "sovereign/v1/discovery.pb.h"
#include "sovereign/v1/local.pb.h"
#include "sovereign/v1/mailbox.pb.h"
#include "sovereign/v1/messaging.pb.h"
#include "sovereign/v1/node.pb.h"
#include "tests/support/source_file.h"
#include "tests/support/temporary_folder.h"

namespace sov::api {
namespace {

namespace pb = google::protobuf;

/// The protos with their comments, which generated descriptors leave out: protoc is asked for them.
class ProtoSources : public testing::Test {
  protected:
    ProtoSources() {
        const support::TemporaryFolder folder;
        const std::string out = folder.path("set");
        const std::string protos = support::source_file("proto");
        const std::string command =
            "protoc --include_imports --include_source_info --proto_path=" + protos +
            " --descriptor_set_out=" + out + " " + protos + "/sovereign/v1/*.proto";
        EXPECT_EQ(std::system(command.c_str()), 0);
        std::ifstream file(out, std::ios::binary);
        pb::FileDescriptorSet set;
        EXPECT_TRUE(set.ParseFromIstream(&file));
        for (const auto& proto : set.file())
            EXPECT_NE(pool_.BuildFile(proto), nullptr) << proto.name();
    }

    const pb::FileDescriptor* file(const std::string& name) {
        return pool_.FindFileByName("sovereign/v1/" + name + ".proto");
    }

    static std::string comment(const auto* descriptor) {
        pb::SourceLocation location;
        EXPECT_TRUE(descriptor->GetSourceLocation(&location));
        return location.leading_comments;
    }

    /// Calls visit(what, comment) for everything in a message that needs a comment.
    template <typename Visit>
    static void each_part(const pb::Descriptor* message, const Visit& visit) {
        if (message->options().map_entry()) return;
        visit(message->full_name(), comment(message));
        for (int at = 0; at < message->field_count(); ++at) {
            // The members of a oneof are described by its comment or their own type's.
            if (message->field(at)->real_containing_oneof() != nullptr) continue;
            visit(message->field(at)->full_name(), comment(message->field(at)));
        }
        for (int at = 0; at < message->nested_type_count(); ++at)
            each_part(message->nested_type(at), visit);
    }

    pb::DescriptorPool pool_;
};

const std::vector<const pb::FileDescriptor*>& generated_files() {
    static const std::vector<const pb::FileDescriptor*> kFiles{
        sovereign::v1::GetStatusRequest::descriptor()->file(),
        sovereign::v1::FindPeerRequest::descriptor()->file(),
        sovereign::v1::GetRequest::descriptor()->file(),
        sovereign::v1::BrowseRequest::descriptor()->file(),
        sovereign::v1::LeaveRequest::descriptor()->file(),
        sovereign::v1::SendRequest::descriptor()->file(),
        sovereign::v1::ConnectRequest::descriptor()->file()};
    return kFiles;
}

TEST(RoleTable, gives_every_method_of_every_service_exactly_one_role) {
    const RoleTable table;
    std::size_t methods = 0;
    for (const auto* file : generated_files()) {
        for (int s = 0; s < file->service_count(); ++s) {
            for (int m = 0; m < file->service(s)->method_count(); ++m) {
                const auto* method = file->service(s)->method(m);
                const std::string path = "/" + file->service(s)->full_name() + "/" + method->name();
                EXPECT_NE(table.needed(path), Role::kNone) << path;
                ++methods;
            }
        }
    }
    EXPECT_EQ(table.rows().size(), methods);
    EXPECT_GE(methods, 20u);
}

TEST(RoleTable, knows_no_other_method) {
    const RoleTable table;
    EXPECT_EQ(table.needed("/sovereign.v1.Node/Explode"), Role::kNone);
    EXPECT_EQ(table.needed("/sovereign.v1.Node"), Role::kNone);
    EXPECT_EQ(table.needed(""), Role::kNone);
}

TEST(RoleTable, lets_observers_see_only_the_verdict_and_figures) {
    const RoleTable table;
    for (const auto& [method, role] : table.rows()) {
        EXPECT_EQ(role == Role::kObserve, method == "/sovereign.v1.Node/GetStatus" ||
                                              method == "/sovereign.v1.Node/GetStats")
            << method;
    }
}

TEST(RoleTable, keeps_for_admins_what_changes_the_daemon_or_shows_who_publishes) {
    const RoleTable table;
    for (const char* method : {"/sovereign.v1.Node/SetLogLevel", "/sovereign.v1.Node/SetLayer",
                               "/sovereign.v1.Node/ReloadConfig", "/sovereign.v1.Node/Shutdown",
                               "/sovereign.v1.Node/Block", "/sovereign.v1.Node/Unblock",
                               "/sovereign.v1.Discovery/ForgetPin", "/sovereign.v1.Dht/Put",
                               "/sovereign.v1.Dht/ListHeld"}) {
        EXPECT_EQ(table.needed(method), Role::kAdmin) << method;
    }
}

TEST_F(ProtoSources, say_role_errors_and_cost_of_every_method_and_mean_the_role_they_declare) {
    const RoleTable table;
    for (const char* name : {"node", "discovery", "dht"}) {
        const auto* proto = file(name);
        ASSERT_NE(proto, nullptr);
        for (int s = 0; s < proto->service_count(); ++s) {
            for (int m = 0; m < proto->service(s)->method_count(); ++m) {
                const auto* method = proto->service(s)->method(m);
                const std::string text = comment(method);
                const std::string path =
                    "/" + proto->service(s)->full_name() + "/" + method->name();
                EXPECT_NE(text.find("Role: " + std::string(role_word(table.needed(path)))),
                          std::string::npos)
                    << path << "\n"
                    << text;
                EXPECT_NE(text.find("Errors: "), std::string::npos) << path;
                EXPECT_NE(text.find("Cost: "), std::string::npos) << path;
            }
        }
    }
}

TEST_F(ProtoSources, comment_every_message_field_and_enum) {
    for (const char* name :
         {"access", "identity", "event", "node", "standing", "discovery", "dht"}) {
        const auto* proto = file(name);
        ASSERT_NE(proto, nullptr);
        const auto expect_comment = [](const std::string& what, const std::string& text) {
            EXPECT_FALSE(text.empty()) << what;
        };
        for (int at = 0; at < proto->message_type_count(); ++at)
            each_part(proto->message_type(at), expect_comment);
        for (int at = 0; at < proto->enum_type_count(); ++at) {
            const auto* type = proto->enum_type(at);
            expect_comment(type->full_name(), comment(type));
            EXPECT_TRUE(type->value(0)->name().ends_with("_UNSPECIFIED")) << type->full_name();
            for (int v = 1; v < type->value_count(); ++v)
                expect_comment(type->value(v)->full_name(), comment(type->value(v)));
        }
    }
}

}  // namespace
}  // namespace sov::api
