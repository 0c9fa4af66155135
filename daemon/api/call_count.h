#pragma once

#include <cstddef>
#include <cstdint>

namespace sov::api {

/// Counts the calls of connections where gRPC reads them, by its channelz (grpc/grpc.h): calls that
/// no service has seen yet and calls that were cancelled are in it until their memory is given
/// back, which no other figure tells. On the thread that hands connections over.
class CallCount {
  public:
    /// The name of the connection that gRPC was given a moment ago under this descriptor; 0 when
    /// gRPC does not count it. Costs some microseconds.
    std::int64_t find(int descriptor);
    /// Calls that have begun and still have memory; 0 for a connection that has ended. Costs some
    /// microseconds.
    static std::size_t alive(std::int64_t socket);

  private:
    std::int64_t last_ = 0;
};

}  // namespace sov::api
