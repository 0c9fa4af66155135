#pragma once

namespace sov::api {

/// Leaves gRPC's callback API with one thread, for the rest of the process. It has two at least
/// (CallbackAlternativeCQ of 1.51), which take turns at the one place at epoll: each event
/// wakes the other thread too, and that costs more than what our callbacks do, none of which
/// blocks or computes. The second one is parked, in the callback of a call that fails at once.
///
/// It is never let go: the last user of gRPC's queue joins its threads, and that would be the
/// parked one itself. What it needs is leaked on purpose. Does nothing the second time.
void keep_one_poller();

}  // namespace sov::api
