#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

// What every call of the client library answers with: a part of sovereign_client.h.

namespace sov::client {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// The result of a call that failed.
struct Error {
    /// A stable word for programs: the daemon's ("not_found", "no_peers", "wrong_role",
    /// "invalid_argument", ...) or one of ours: "not_running", "socket_forbidden", "timed_out",
    /// "cancelled", "connection_lost", "not_supported", "mismatch".
    std::string code;
    std::string field;    ///< the request's field that is wrong, as in "target.name"; may be empty
    std::string message;  ///< one sentence for people: what happened and why
    std::string hint;     ///< what to do next; empty when there is nothing better than trying again
    int grpc_status = 0;  ///< the numeric status of the call; 14 (unavailable) without a connection
    int exit_code = 1;    ///< what a command line tool should return, docs/operations.md
    int system_error = 0;  ///< errno of a failed connect; 0: it is not about the connection
};

/// A value or an Error. Asking for the one that is not there aborts the program.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value)
        : content_(std::in_place_index<0>, std::move(value)) {
    }  // NOLINT(google-explicit-constructor)
    Result(Error error)
        : content_(std::in_place_index<1>, std::move(error)) {
    }  // NOLINT(google-explicit-constructor)

    explicit operator bool() const { return content_.index() == 0; }
    T& operator*() { return *std::get_if<0>(&checked(0)); }
    const T& operator*() const { return *std::get_if<0>(&checked(0)); }
    T* operator->() { return &**this; }
    const T* operator->() const { return &**this; }
    const Error& error() const { return *std::get_if<1>(&checked(1)); }

  private:
    using Content = std::variant<T, Error>;
    Content& checked(std::size_t index) {
        if (content_.index() != index) std::abort();
        return content_;
    }
    const Content& checked(std::size_t index) const {
        if (content_.index() != index) std::abort();
        return content_;
    }

    Content content_;
};

/// The answer of calls that have nothing else to say.
struct Done {};

/// A user key: the identity that people and apps know.
struct PeerId {
    std::string text;  ///< "sov1..."; empty: no peer
    std::string tag;   ///< "k7f3q2" of "bob#k7f3q2": to type and to tell apart, never to trust
};

}  // namespace sov::client
