#include <pthread.h>
#include <unistd.h>
#include <array>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "client/ctl/output.h"
#include "client/ctl/program.h"

namespace {

sigset_t ending_signals() {
    sigset_t signals{};
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    return signals;
}

/// Waits for a signal in a thread of its own: the call that runs is then cancelled, here and in the
/// daemon. Whatever can't be cancelled, as a read from a terminal, gets a second before the end.
void watch_signals(std::stop_source& interrupted) {
    int signal = 0;
    const sigset_t signals = ending_signals();
    sigwait(&signals, &signal);
    interrupted.request_stop();
    const timespec grace{1, 0};
    sigtimedwait(&signals, nullptr, &grace);
    _exit(128 + signal);
}

}  // namespace

int main(int count, char** words) {
    std::signal(SIGPIPE, SIG_IGN);
    // What gRPC has to say about a lost connection is said better by us; a user's choice still
    // counts.
    setenv("GRPC_VERBOSITY", "NONE", 0);
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    static std::stop_source interrupted;  // outlives main(): the watching thread is never joined
    std::thread([] { watch_signals(interrupted); }).detach();
    int exit_code = 1;
    try {
        const std::vector<std::string> arguments(words + (count > 0 ? 1 : 0), words + count);
        exit_code = sov::ctl::run(arguments, sov::ctl::this_machine(), interrupted.get_token());
    } catch (const sov::ctl::ReaderGone&) {
        exit_code = 141;
    } catch (const std::exception& error) {
        std::cerr << "sovctl: " << error.what() << '\n';
    }
    if (interrupted.stop_requested()) exit_code = 130;
    std::cerr.flush();
    // Straight out: there is nothing left to save, and the watching thread still waits.
    _exit(exit_code);
}
