#include <algorithm>
#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/streams/negotiation.h"

// Any bytes as the other side of a negotiation, whole and cut into pieces: both machines say the
// same however the bytes arrive, and never more than a bound that the input sets.

namespace {

using sov::Bytes;
using sov::ByteView;
using namespace sov::streams;

struct Said {
    bool failed = false;
    std::string agreed;
    Bytes out, rest;

    friend bool operator==(const Said&, const Said&) = default;
};

template <typename Machine>
Said talk(Machine machine, ByteView bytes, std::size_t step) {
    Said said;
    while (!bytes.empty() && !said.failed && machine.agreed().empty()) {
        const ByteView piece = bytes.first(std::min(step, bytes.size()));
        said.failed = !machine.receive(piece, said.out);
        bytes = bytes.subspan(piece.size());
    }
    said.agreed = machine.agreed();
    if (said.failed) return said;
    said.rest = machine.take_rest();
    // What was not handed in after the agreement belongs to the rest as well.
    if (!said.agreed.empty()) said.rest.insert(said.rest.end(), bytes.begin(), bytes.end());
    return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = data[0] % 16U + 1;
    const ByteView bytes(data + 1, size - 1);
    const Chooser chooser({"/a/1", "/b/1"});
    const Said chosen = talk(chooser, bytes, size);
    SOV_CHECK(chosen == talk(chooser, bytes, step));
    SOV_CHECK(chosen.out.size() <= (kProposalsMax + 1) * (kMultistream.size() + 2));
    for (const auto mode : {Proposer::Mode::kStrict, Proposer::Mode::kLazy}) {
        std::vector<std::string> names{"/a/1"};
        if (mode == Proposer::Mode::kStrict) names.push_back("/b/1");
        const Proposer proposer(names, mode);
        const Said proposed = talk(proposer, bytes, size);
        SOV_CHECK(proposed == talk(proposer, bytes, step));
        SOV_CHECK(mode != Proposer::Mode::kLazy || proposed.out.empty());
    }
    return 0;
}
