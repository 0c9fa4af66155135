"""F49: memory or threads are refused while it starts."""

import signal

from fault import fault, wait_until
from lab import Lab
from scenario import expect
from syscalls import calls_of, traced

# How a program may end that can't go on: with a code, or by abort(), after which the unit starts it again.
ABORTED = -signal.SIGABRT
CALLS = "clone,clone3"


def good_start(daemon):
    """How many threads a start makes in one thread, and the KiB of addresses that it takes."""
    daemon.prefix = traced(daemon.folder, CALLS)
    daemon.start()
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
        addresses = next(int(line.split()[1]) for line in status if line.startswith("VmPeak:"))
    daemon.kill()
    return max(calls_of(daemon.folder).values()), addresses


def starved(daemon, prefix):
    """Starts with less; how it ended, None when it serves all the same."""
    daemon.prefix = prefix
    daemon.start(wait=False)
    wait_until(lambda: daemon.process.poll() is not None or daemon.try_ctl("status", timeout=10),
               f"a daemon under {prefix} to serve or to end")
    code = daemon.process.poll()
    if code is None:
        daemon.kill()
    daemon.process = None
    expect(code is None or code == ABORTED or code > 0, f"{prefix} ended it with {code}")
    return code


@fault("F49", "started with fewer and fewer addresses to map, then with every further thread refused from some moment on")
def run(bench):
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        identity = daemon.ctl("whoami")["id"]
        daemon.kill()
        threads, addresses = good_start(daemon)
        steps = bench.much(4, 25)
        prefixes = [("prlimit", f"--as={addresses * 1024 * step // (steps + 1)}") for step in range(1, steps + 1)]
        prefixes += [traced(daemon.folder, CALLS, f"{CALLS}:error=EAGAIN:when={at}+")
                     for at in range(1, threads + 1, max(1, threads // steps))]
        codes = []
        for prefix in prefixes:
            codes.append(starved(daemon, prefix))
            daemon.prefix = ()
            daemon.start()
            expect(daemon.ctl("whoami")["id"] == identity and not daemon.status().get("store_notice"), "half a state")
            daemon.kill()
        daemon.start()
        served, aborted = codes.count(None), codes.count(ABORTED)
        return (f"{len(codes)} starts: {len(codes) - served - aborted} refused with a code, {aborted} aborted, {served} served; "
                "the next start clean each time")
