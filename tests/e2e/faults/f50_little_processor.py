"""F50: the processor is given to others nine tenths of the time, by a control group, while eight others want it, too. Where no
control group can be made, and in the gate, the process is stopped for 90 of every 100 ms."""

import os
import pathlib
import signal
import subprocess
import threading
import time

from fault import fault
from lab import Lab
from scenario import expect
from service_manager import ServiceManager

WATCHDOG = 6.0  # seconds; the unit has 60
PERIOD, SHARE = 0.1, 0.1


class Starved:
    """Stops a service most of the time, and notes meanwhile what it tells its manager. Use as a context."""

    def __init__(self, manager):
        self.manager, self.pid, self.ended = manager, manager.daemon.process.pid, False
        self.thread = threading.Thread(target=self.alternate, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join()
        os.kill(self.pid, signal.SIGCONT)

    def alternate(self):
        while not self.ended:
            os.kill(self.pid, signal.SIGSTOP)
            time.sleep(PERIOD * (1 - SHARE))
            os.kill(self.pid, signal.SIGCONT)
            time.sleep(PERIOD * SHARE)
            self.manager.collect()


class Limited(Starved):
    """The same by a control group below ours, of either version of their hierarchy, and with others who compute."""

    OTHERS = 8

    def __init__(self, manager):
        super().__init__(manager)
        self.ours, self.second = own_group()
        self.group = self.ours / f"sovlab{os.getpid()}"
        self.others = []

    def __enter__(self):
        self.group.mkdir()
        try:
            share, period = int(SHARE * PERIOD * 1e6), int(PERIOD * 1e6)
            if self.second:
                (self.group / "cpu.max").write_text(f"{share} {period}")
            else:
                (self.group / "cpu.cfs_period_us").write_text(str(period))
                (self.group / "cpu.cfs_quota_us").write_text(str(share))
            (self.group / "cgroup.procs").write_text(str(self.pid))
            self.others = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(self.OTHERS)]
        except BaseException:
            self.leave()
            raise
        return super().__enter__()

    def __exit__(self, *_):
        super().__exit__()
        self.leave()

    def leave(self):
        for other in self.others:
            other.kill()
            other.wait()
        (self.ours / "cgroup.procs").write_text(str(self.pid))
        self.group.rmdir()

    def alternate(self):
        while not self.ended:
            time.sleep(PERIOD)
            self.manager.collect()


def own_group():
    """The folder of the control group for the processor that we are in, and whether it is of version 2."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "cpu" in controllers.split(","):
            return pathlib.Path("/sys/fs/cgroup/cpu") / path.strip("/"), False
    return pathlib.Path("/sys/fs/cgroup") / path.strip("/"), True


def can_limit():
    """Whether a group below ours can be made and would have the processor's settings."""
    ours, second = own_group()
    probe = ours / f"sovlab{os.getpid()}-probe"
    try:
        probe.mkdir()
        found = (probe / ("cpu.max" if second else "cpu.cfs_quota_us")).exists()
        probe.rmdir()
        return found
    except OSError:
        return False


@fault("F50", "nine tenths of the processor given to others: by a control group, while eight others compute")
def run(bench):
    seconds = bench.much(8, 60)
    limited = bench.full and can_limit()
    with Lab(bench.binaries, 2) as lab, ServiceManager(lab.hosts[0].daemon(), watchdog=WATCHDOG) as manager:
        daemon, other = manager.daemon, lab.hosts[1].daemon()
        daemon.settings["node.mode"] = "server"
        manager.start()
        other.settings["bootstrap"] = [daemon.bootstrap_line()]
        other.start()
        other.wait_online()
        other.ctl("name", "claim", "known")
        slowest, found, asked = 0.0, 0, 0
        first, began = len(manager.said("WATCHDOG")), time.monotonic()
        with (Limited if limited else Starved)(manager):
            while time.monotonic() < began + seconds:
                before = time.monotonic()
                daemon.ctl("status")
                slowest = max(slowest, time.monotonic() - before)
                asked += 1
                found += daemon.try_ctl("find", "known", timeout=20) is not None
            ended = time.monotonic()
        fed = [began, *(message["at"] for message in manager.said("WATCHDOG")[first:] if message["at"] < ended)]
        gap = max(later - earlier for earlier, later in zip(fed, [*fed[1:], ended]))
        expect(gap < WATCHDOG, f"the watchdog was hungry for {gap:.1f} of {WATCHDOG:.0f} s")
        expect(found >= 0.9 * asked, f"only {found} of {asked} lookups found")
        how = f"by a control group, beside {Limited.OTHERS} that compute" if limited else "by stops: no control group can be made"
        return (f"{how if bench.full else 'by stops'}: watchdog fed at least every {gap:.1f} of {WATCHDOG:.0f} s; slowest status "
                f"{slowest * 1e3:.0f} ms; {found} of {asked} lookups found")
