"""F20: the message bus goes away with everything on it, and comes back."""

from fault import fault


@fault("F20", "Avahi and the message bus killed and started anew", gate=False)
def run(bench):
    return bench.scenarios()
