#pragma once

// SOV_CHECK(condition): a programmer's error ends the process, in release builds too. It is never
// used on anything that a peer or a local app sent: that is what Result is for.

namespace sov {

/// Prints nothing and aborts: the core has no stream; the address in the core dump names the line.
[[noreturn]] inline void check_failed() { __builtin_trap(); }

}  // namespace sov

#define SOV_CHECK(condition)           \
    do {                               \
        if (!(condition)) [[unlikely]] \
            ::sov::check_failed();     \
    } while (false)
