"""F01: SIGKILL at random moments while records are stored and own names are claimed."""

from fault import fault
from fault_scenarios import own_names_survive_a_kill, sigkill_loses_nothing_that_was_acknowledged


@fault("F01", "SIGKILL at random moments of 0 to 300 ms while it stores; then of the owner while it claims", gate=False)
def run(bench):
    stored = sigkill_loses_nothing_that_was_acknowledged(bench.binaries, bench.much(15, 200))
    return f"{stored}; {own_names_survive_a_kill(bench.binaries, bench.much(3, 50))}"
