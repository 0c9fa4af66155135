#include "tests/unit/platform/avahi/fake_avahi.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "platform/avahi/names.h"

namespace sov::avahi {

// --- the bus -------------------------------------------------------------------------------------

PrivateBus::PrivateBus() {
    std::ofstream(folder_ / "bus.conf")
        << "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
           "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\"><busconfig><listen>"
        << address()
        << "</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow user=\"*\"/><allow "
           "own=\"*\"/><allow send_type=\"*\" send_destination=\"*\"/><allow receive_type=\"*\"/>"
           "</policy></busconfig>";
}

PrivateBus::~PrivateBus() { stop(); }

void PrivateBus::start() {
    int ready[2];
    if (pipe(ready) != 0) abort();
    const std::string config = "--config-file=" + (folder_ / "bus.conf").string();
    pid_ = fork();
    if (pid_ == 0) {
        // Not longer than the test, whatever becomes of it.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int nowhere = open("/dev/null", O_RDWR);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        const std::string print = "--print-address=" + std::to_string(ready[1]);
        execlp("dbus-daemon", "dbus-daemon", config.c_str(), "--nofork", "--nopidfile",
               "--nosyslog", print.c_str(), nullptr);
        _exit(127);
    }
    close(ready[1]);
    // It listens when it has said where.
    char byte = 0;
    while (read(ready[0], &byte, 1) == 1 && byte != '\n') {
    }
    close(ready[0]);
}

void PrivateBus::stop() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    std::filesystem::remove(folder_ / "bus");
}

// --- the responder -------------------------------------------------------------------------------

FakeAvahi::FakeAvahi(boost::asio::io_context& context, const std::string& address, bool owns_name)
    : bus_(context, address, std::chrono::seconds(5)) {
    bus_.open([](sd_bus_message*) {}, [] {});
    sd_bus_add_filter(bus_.raw(), nullptr, on_message, this);
    if (!owns_name) {
        ready = true;
        return;
    }
    Message message = bus_.method("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                  "org.freedesktop.DBus", "RequestName");
    sd_bus_message_append(message.get(), "su", kService, 0U);
    bus_.call(std::move(message), [this](sd_bus_message*) { ready = true; });
}

int FakeAvahi::on_message(sd_bus_message* message, void* self, sd_bus_error*) {
    if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0) return 0;
    return static_cast<FakeAvahi*>(self)->answer(message) ? 1 : 0;
}

bool FakeAvahi::answer(sd_bus_message* call) {
    if (silent) return true;
    const std::string interface = sd_bus_message_get_interface(call);
    const std::string path = sd_bus_message_get_path(call);
    const std::string member = sd_bus_message_get_member(call);
    if (interface == kServer) return answer_server(call, member);
    if (interface == kEntryGroup) {
        answer_group(call, path, member);
    } else if (interface == kServiceBrowser && member == "Free") {
        --browsers;
    } else if (interface == kServiceResolver && member == "Free") {
        --resolvers;
    }
    if (sd_bus_message_get_expect_reply(call) > 0) sd_bus_reply_method_return(call, "");
    return true;
}

bool FakeAvahi::answer_server(sd_bus_message* call, const std::string& member) {
    if (member == "GetState") {
        sd_bus_reply_method_return(call, "i", kServerRunning);
    } else if (member == "ServiceBrowserNew") {
        new_browser(call);
    } else if (member == "ServiceResolverNew") {
        new_resolver(call);
    } else if (member == "EntryGroupNew" && refuses) {
        sd_bus_reply_method_errorf(call, "org.freedesktop.Avahi.NotPermittedError",
                                   "Not permitted");
    } else if (member == "EntryGroupNew") {
        const std::string path = "/Client0/EntryGroup" + std::to_string(next_++);
        groups[path];
        reply_path(call, path);
    }
    return true;
}

void FakeAvahi::reply_path(sd_bus_message* call, const std::string& path) {
    sd_bus_reply_method_return(call, "o", path.c_str());
}

void FakeAvahi::answer_group(sd_bus_message* call, const std::string& path,
                             const std::string& member) {
    int interface = 0, protocol = 0;
    std::uint32_t flags = 0;
    const char *first = nullptr, *second = nullptr, *third = nullptr, *fourth = nullptr;
    std::string said = member;
    if (member == "AddAddress") {
        sd_bus_message_read(call, "iiuss", &interface, &protocol, &flags, &first, &second);
        said += std::string(" ") + first + " " + second + " flags " + std::to_string(flags);
    } else if (member == "AddServiceSubtype") {
        sd_bus_message_read(call, "iiussss", &interface, &protocol, &flags, &first, &second, &third,
                            &fourth);
        said += std::string(" ") + first + " " + fourth;
    } else if (member == "AddService") {
        std::uint16_t port = 0;
        sd_bus_message_read(call, "iiussssq", &interface, &protocol, &flags, &first, &second,
                            &third, &fourth, &port);
        said += std::string(" ") + first + " " + second + " " + fourth + " " +
                std::to_string(port) + " flags " + std::to_string(flags);
    }
    if (member == "Free") {
        groups.erase(path);
    } else {
        groups[path].push_back(said);
    }
    if (member == "Commit") tell_state(path, kGroupEstablished);
}

void FakeAvahi::tell_state(const std::string& path, int state) {
    sd_bus_emit_signal(bus_.raw(), path.c_str(), kEntryGroup, "StateChanged", "is", state, "");
}

void FakeAvahi::tell_collision() {
    for (const auto& [path, entries] : groups) tell_state(path, kGroupCollision);
    bus_.wake();
}

void FakeAvahi::new_browser(sd_bus_message* call) {
    int interface = 0, protocol = 0;
    const char* type = nullptr;
    sd_bus_message_read(call, "iis", &interface, &protocol, &type);
    browsed.emplace_back(type);
    ++browsers;
    browser_ = "/Client0/ServiceBrowser" + std::to_string(next_++);
    reply_path(call, browser_);
    for (const Service& service : services_) tell_item("ItemNew", service);
    sd_bus_emit_signal(bus_.raw(), browser_.c_str(), kServiceBrowser, "AllForNow", "");
}

void FakeAvahi::new_resolver(sd_bus_message* call) {
    int interface = 0, protocol = 0;
    const char* name = nullptr;
    sd_bus_message_read(call, "iis", &interface, &protocol, &name);
    const std::string path = "/Client0/ServiceResolver" + std::to_string(next_++);
    ++resolvers;
    ++resolutions;
    resolvers_most = std::max(resolvers_most, resolvers);
    reply_path(call, path);
    const auto found =
        std::find_if(services_.begin(), services_.end(), [&](const Service& service) {
            return service.name == name && service.interface == interface &&
                   service.protocol == protocol;
        });
    if (found == services_.end() || !found->resolves) return;
    tell_found(path, *found);
}

void FakeAvahi::tell_found(const std::string& path, const Service& service) {
    sd_bus_message* signal = nullptr;
    sd_bus_message_new_signal(bus_.raw(), &signal, path.c_str(), kServiceResolver, "Found");
    const Message owned(signal);
    sd_bus_message_append(signal, "iissssisq", service.interface, service.protocol,
                          service.name.c_str(), "_sovereign._tcp", "local", "host.local",
                          service.protocol, service.address.c_str(), service.port);
    sd_bus_message_open_container(signal, 'a', "ay");
    for (const std::string& entry : service.txt)
        sd_bus_message_append_array(signal, 'y', entry.data(), entry.size());
    sd_bus_message_close_container(signal);
    sd_bus_message_append(signal, "u", 0U);
    sd_bus_send(bus_.raw(), signal, nullptr);
}

void FakeAvahi::tell_item(const char* member, const Service& service) {
    if (browser_.empty()) return;
    sd_bus_emit_signal(bus_.raw(), browser_.c_str(), kServiceBrowser, member, "iisssu",
                       service.interface, service.protocol, service.name.c_str(), "_sovereign._tcp",
                       "local", 0U);
}

void FakeAvahi::add(const Service& service) {
    services_.push_back(service);
    tell_item("ItemNew", service);
    bus_.wake();
}

void FakeAvahi::forget(const std::string& name) {
    std::erase_if(services_, [&](const Service& known) { return known.name == name; });
}

void FakeAvahi::remove(const Service& service) {
    forget(service.name);
    tell_item("ItemRemove", service);
    bus_.wake();
}

}  // namespace sov::avahi
