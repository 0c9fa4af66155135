#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/result.h"
#include "daemon/core/messaging/message.h"

namespace sov::messaging {

/// Which messages of one peer were taken already, so that what comes twice is told once. Remembers
/// kLinesMax lines of that peer, the ones used last, and of each every number, the scattered ones
/// up to kScatteredMax; past it the lowest hole counts as taken. So a message is told twice only
/// when its sender was started kLinesMax times meanwhile, and lost only when kScatteredMax later
/// ones overtook it, which a sender that keeps its order never does.
class TakenNumbers {
  public:
    static constexpr std::size_t kLinesMax = 16;
    static constexpr std::size_t kScatteredMax = 256;

    bool contains(const MessageId& id) const;
    void add(const MessageId& id);

    /// For the store: at most about 33 kB, usually 18 bytes a line.
    Bytes encode() const;
    /// kMalformed.
    static Result<TakenNumbers> read(ByteView bytes);

    friend bool operator==(const TakenNumbers&, const TakenNumbers&) = default;

  private:
    struct Line {
        std::uint64_t line = 0;
        std::uint64_t all_up_to = 0;
        std::set<std::uint64_t> scattered;  ///< above all_up_to

        friend bool operator==(const Line&, const Line&) = default;
    };

    static void tidy(Line& line);

    std::vector<Line> lines_;  ///< the one used last stands last
};

}  // namespace sov::messaging
