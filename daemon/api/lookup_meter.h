#pragma once

#include <array>
#include <cstdint>

#include "daemon/core/event.h"
#include "daemon/ports/measures.h"

namespace sov::api {

/// How the lookups of apps went and how long they took, by verb, since the start. Core thread.
class LookupMeter {
  public:
    /// Every event of the node.
    void handle_event(const Event& event);
    void add_to(ports::Measures& measures) const;

    /// Upper bounds of the classes, in seconds: half a decade each, from an answer in the cache to
    /// a lookup through dead nodes.
    static constexpr std::array<double, 8> kBounds = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3};

  private:
    struct Verb {
        std::array<std::uint64_t, kBounds.size()> upto{};
        std::uint64_t count = 0, failed = 0;
        double sum = 0;
    };
    static void note(Verb& verb, const dht::LookupReport& lookup, bool failed);

    Verb find_, publish_, get_, put_;
};

}  // namespace sov::api
