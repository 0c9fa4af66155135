"""F09: an identity key that is unreadable, of a wrong size, or readable by all is refused with the remedy."""

from fault import fault


@fault("F09", "the key's file made readable by all, emptied, cut in half, doubled", gate=False)
def run(bench):
    return bench.scenarios()
