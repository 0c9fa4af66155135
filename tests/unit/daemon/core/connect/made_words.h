#pragma once

#include <cstdint>
#include <string>

#include "daemon/core/connect/signal_words.h"

// Parts of words, told apart by a number.

namespace sov::connect {

inline PeerId peer(std::uint8_t number) {
    PeerId made;
    made.bytes[0] = number;
    return made;
}

inline CallToken token(std::uint64_t number) {
    CallToken made;
    store_u64(made.bytes.data(), number);
    return made;
}

inline IceDescription description(std::uint64_t number) {
    std::string text = std::to_string(number);
    text.insert(0, 24 - text.size(), '0');
    return {text.substr(16), text};
}

inline IceCandidate candidate(const std::string& at, CandidateKind kind = CandidateKind::kHost) {
    IceCandidate made;
    made.foundation = "1";
    made.priority = 1;
    made.endpoint = *Endpoint::parse(at);
    made.kind = kind;
    return made;
}

}  // namespace sov::connect
