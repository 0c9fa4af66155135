"""F53: the state of an older release, and of one to come."""

from fault import fault


@fault("F53", "the first release's state file, then one with a newer schema", gate=False)
def run(bench):
    return bench.scenarios()
