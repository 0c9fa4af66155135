"""F29: half of the neighbours live six hours in the past or in the future. Nothing of the core reads a clock of the day, so
nothing of what peers tell each other depends on it."""

from desktop import Clocks
from fault import fault, wait_until
from lab import Lab
from scenario import expect

HOURS, DAY = 6 * 3600, 24 * 3600  # no record is kept for longer


@fault("F29", "the wall clocks of half of the daemons six hours behind or ahead")
def run(bench):
    with Lab(bench.binaries, 6) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        for at, daemon in enumerate(daemons[1::2]):
            Clocks(daemon).set_wall(HOURS if at % 2 else -HOURS)
        lab.network(daemons)
        for at, daemon in enumerate(daemons):
            wait_until(lambda d=daemon, n=at: (d.try_ctl("name", "claim", f"name{n}") or {}).get("stored", 0) >= 3,
                       "the name to be stored", 60)
        asked = found = 0
        for one in daemons:
            for at in range(len(daemons)):
                asked += 1
                found += one.try_ctl("find", f"name{at}") is not None
        held = [record for daemon in daemons for record in daemon.ctl("dht", "held")["records"]]
        ends = sorted(record["expires_in_ms"] / 1000 for record in held)
        expect(found == asked, f"only {found} of {asked} lookups found")
        expect(0 < ends[0] and ends[-1] <= DAY, f"records end in {ends[0]:.0f} to {ends[-1]:.0f} s")
        return f"{found} of {asked} lookups found, {len(held)} records held end in {ends[0]:.0f} to {ends[-1]:.0f} s"
