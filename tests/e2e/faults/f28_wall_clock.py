"""F28: the wall clock jumps."""

from fault import fault


@fault("F28", "the wall clock two days ahead, two days back, 1970", gate=False)
def run(bench):
    return bench.scenarios()
