"""F16: gRPC knows a connection by the number of its descriptor. A nobody who calls and leaves must not be taken for root,
who comes next and gets the number."""

import pathlib

from fault import fault
from lab import Lab
from scenario import expect

RACE = pathlib.Path(__file__).with_name("descriptor_race.py")


@fault("F16", "nobody asks for a shutdown and leaves, root connects at once, again and again")
def run(bench):
    rounds = bench.much(5_000, 100_000)
    with Lab(bench.binaries, 1) as lab:
        # Few numbers to go round.
        daemon = lab.hosts[0].daemon(**{"api.connections": 8, "api.connections_per_user": 8})
        daemon.prefix = ("prlimit", "--nofile=96")
        daemon.start()
        done = daemon.host.inside("/usr/bin/python3", "-B", str(RACE), str(daemon.socket), str(rounds), timeout=600,
                                  check=False)
        expect(daemon.process.poll() is None, "a shutdown that nobody asked for was carried out")
        expect(done.returncode == 0, f"the race stopped: {done.stderr[-500:]}")
        asked, answered, refused = map(int, done.stdout.split())
        waited = (rounds + 15) // 16
        expect(asked > 0.99 * rounds and answered > 0.99 * waited and refused < 0.01 * rounds,
               f"{asked} of {rounds} calls of nobody, root answered {answered} of {waited} times, refused {refused} times")
        return (f"{asked} calls of nobody, none carried out; root was answered {answered} of {waited} times it waited, and "
                f"refused {refused} times for lack of descriptors")
