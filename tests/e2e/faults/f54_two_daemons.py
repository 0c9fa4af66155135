"""F54: a second daemon on one state folder, one identity on two machines."""

from fault import fault


@fault("F54", "a second daemon on the same state", gate=False)
def run(bench):
    return bench.scenarios()
