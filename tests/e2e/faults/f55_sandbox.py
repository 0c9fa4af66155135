"""F55: the unit's sandbox, where a refused system call ends the process."""

from fault import fault


@fault("F55", "the daemon's everyday life inside the unit's sandbox", gate=False)
def run(bench):
    return bench.scenarios()
