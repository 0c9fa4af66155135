"""F51: the core hangs; the watchdog's job is done as systemd does it."""

from fault import fault


@fault("F51", "the core thread stopped", gate=False)
def run(bench):
    return bench.scenarios()
