#include "tests/sim/reflection.h"

namespace sov::sim {

Reflection::Reflection(World& world) {
    world.on_deliver([this, &world](NodeIndex node, const Endpoint& from, std::size_t bytes) {
        hearing_ = {node, from, world.now()};
        Account& known = account(node, from);
        const bool forged = forged_.contains(from);
        if (forged) forged_in_ += bytes;
        if (known.in + known.out == 0) ++pairs_;
        known.in += bytes;
        known.proven = known.proven || (known.out > 0 && !forged);
    });
    world.on_transmit([this, &world](NodeIndex node, const Transmit& packet) {
        Account& known = account(node, packet.to.remote);
        const bool forged = forged_.contains(packet.to.remote);
        if (forged) forged_out_ += packet.size;
        // Whoever is true may be asked for another reason, while he is being answered.
        const bool answers = hearing_ == Hearing{node, packet.to.remote, world.now()};
        known.ours = known.ours || known.in + known.out == 0 || (!forged && !answers);
        known.out += packet.size;
        if (!known.ours && !known.proven && !known.exceeded && known.out > known.in) {
            known.exceeded = true;
            ++exceeded_;
        }
        if (see_) see_(node, packet);
    });
}

}  // namespace sov::sim
