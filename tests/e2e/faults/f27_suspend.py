"""F27: the machine sleeps for eight hours."""

from fault import fault


@fault("F27", "stopped, with the clock of boot time 8 h further", gate=False)
def run(bench):
    return bench.scenarios()
