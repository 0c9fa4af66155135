"""F48: how much memory a flood from all sides makes the daemon take. No control group enforces it here: what the kernel
counts as the process's own at its largest is compared."""

import random
import time

from access_scenarios import NOBODY
from fault import fault
from f13_malformed_calls import noise, throw
from f33_forged_sources import NETWORK, first_packets
from lab import Lab
from raw_api import RawApi
from scenario import expect
from wire import figures, forge

MEMORY_MAX, IN_THE_GATE = 64 << 10, 96 << 10  # KiB; a busy machine is behind with giving back


@fault("F48", "forged first packets, hostile clients and 1,000 silent ones at once; 64 MiB must do")
def run(bench):
    seconds, choice = bench.much(10, 600), random.Random(48)
    with Lab(bench.binaries, 3, ipv6=False) as lab:
        victim, recording = first_packets(lab)
        began, at = time.monotonic(), 0
        flood = forge(lab.hosts[2], recording, lab.hosts[0], 5_000 * seconds, NETWORK, 5_000, wait=False)
        silent = [RawApi(victim.socket, greet=False) for _ in range(1000)]
        while time.monotonic() < began + seconds:
            throw(victim.socket, noise(choice))
            at += 1
            if at % 100 == 0:
                expect(victim.try_ctl("status", uid=NOBODY) is not None, "no answer any more")
        for client in silent:
            client.close()
        sent = figures(flood)[0]
        victim.note_peak()
        expect(victim.peak <= bench.much(IN_THE_GATE, MEMORY_MAX), f"it took {victim.peak} KiB")
        return f"{sent} datagrams and {at + 1000} clients in {seconds} s: {victim.peak / 1024:.0f} MiB at most, 64 allowed"
