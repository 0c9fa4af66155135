#include "daemon/api/call_count.h"

#include <grpc/grpc.h>
#include <grpc/support/alloc.h>

#include <charconv>
#include <memory>
#include <string>
#include <string_view>

namespace sov::api {
namespace {

/// Names are given out one after the other to everything that gRPC counts, also to what is not
/// ours. So far is looked ahead for the first and for each further one.
constexpr std::int64_t kFirstAhead = 1 << 16;
constexpr std::int64_t kAhead = 1 << 10;

struct Free {
    void operator()(char* text) const { gpr_free(text); }
};
using Text = std::unique_ptr<char, Free>;

Text described(std::int64_t socket) { return Text(grpc_channelz_get_socket(socket)); }

/// A number of the description: "streamsStarted":"12". Numbers that are 0 are left out.
std::uint64_t number_of(std::string_view text, std::string_view field) {
    const std::size_t at = text.find(field);
    if (at == std::string_view::npos) return 0;
    text.remove_prefix(at + field.size());
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

std::int64_t CallCount::find(int descriptor) {
    const std::string name = "fd:" + std::to_string(descriptor) + '"';
    const std::int64_t end = last_ + (last_ == 0 ? kFirstAhead : kAhead);
    for (std::int64_t socket = last_ + 1; socket < end; ++socket) {
        const Text text = described(socket);
        if (text == nullptr || std::string_view(text.get()).find(name) == std::string_view::npos)
            continue;
        last_ = socket;
        return socket;
    }
    return 0;
}

std::size_t CallCount::alive(std::int64_t socket) {
    const Text text = described(socket);
    if (text == nullptr) return 0;
    const std::uint64_t begun = number_of(text.get(), "\"streamsStarted\":\"");
    const std::uint64_t ended = number_of(text.get(), "\"streamsSucceeded\":\"") +
                                number_of(text.get(), "\"streamsFailed\":\"");
    return begun > ended ? static_cast<std::size_t>(begun - ended) : 0;
}

}  // namespace sov::api
