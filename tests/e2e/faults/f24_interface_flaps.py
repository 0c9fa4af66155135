"""F24: an interface goes down and up, again and again."""

from fault import fault
from laptop_scenarios import an_interface_that_flaps_costs_one_look_around_in_five_seconds


@fault("F24", "the interface down and up every 2 s", gate=False)
def run(bench):
    return an_interface_that_flaps_costs_one_look_around_in_five_seconds(bench.binaries, bench.much(12, 150))
