#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sov::host {

/// The service manager that started this process, which is systemd or whoever speaks its protocol:
/// sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3). Started by hand there is none, and
/// nothing here does anything. What it says is one datagram each and waits for nobody. One thread.
class ServiceManager {
  public:
    /// More descriptors than this are closed at once; the unit's FileDescriptorStoreMax is smaller.
    static constexpr std::size_t kDescriptorsMax = 64;

    /// Takes over the descriptors that were handed to this process and removes them from its
    /// environment, so the second one of a process finds none. Before threads are started.
    ServiceManager();
    /// Closes what was not taken; the manager keeps its own copies.
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    /// Whether somebody listens to what is said here.
    bool listens() const { return listens_; }
    /// The pause between two alive() after which the manager ends this process; nothing: it does
    /// not watch.
    std::optional<std::chrono::microseconds> watchdog() const;

    /// Descriptors with this name, in the order of the manager. They belong to the caller now.
    std::vector<int> take(std::string_view name);
    /// Leaves a copy with the manager until the service is stopped, also while it restarts. False:
    /// there is no manager, or it could not be told.
    bool keep(std::string_view name, int descriptor);
    /// Takes back what was kept under this name.
    void give_up(std::string_view name);

    /// The service begins and is ready after at most `patience`, whatever its unit allows.
    void starting(std::string_view status, std::chrono::seconds patience);
    /// The service does its work. `status` is one line for people.
    void ready(std::string_view status);
    void status(std::string_view status);
    void alive();
    void reloading();
    void reloaded();
    void stopping(std::string_view status);

  private:
    struct Handed {
        std::string name;
        int descriptor = -1;
    };

    bool listens_ = false;
    std::vector<Handed> handed_;
};

/// The path that a listening Unix socket is bound to; nothing for any other descriptor.
std::optional<std::string> listening_path(int descriptor);

/// The file of a credential (systemd.exec(5), LoadCredential=) that was given to this process;
/// nothing when there is none of this name.
std::optional<std::string> credential_file(std::string_view name);

}  // namespace sov::host
