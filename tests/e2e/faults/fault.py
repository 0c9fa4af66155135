"""What every test of a fault shares: the list of them, what they are given, and what must hold after each."""

import importlib
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))

import run as scenarios  # noqa: E402,F401  registers every scenario
from commands import LabError, wait_until  # noqa: E402
from lab import Lab  # noqa: E402
from scenario import SCENARIOS, expect  # noqa: E402

UNIT = REPOSITORY / "systemd" / "sovereignd.service"
# Seconds within which the API answers, whatever has happened.
ANSWERS_WITHIN = 1.0
FAULTS = {}


class Fault:
    """One row of the table: its number, what is done, and the function that does it."""

    def __init__(self, number, done, function, gate, unit_tests):
        self.number, self.done, self.function, self.gate, self.unit_tests = number, done, function, gate, unit_tests


def fault(number, done, gate=True, unit_tests=()):
    """Registers the test of a fault. `done` says what is done to the daemon. The function takes a Bench, returns a
    sentence with the measured figure, and raises for a failure. Without `gate` it is no test of ctest's: all that it does
    is one already. `unit_tests` are programs that it runs when it is done in full; they must be built beside the daemon."""
    def register(function):
        FAULTS[number] = Fault(number, done, function, gate, unit_tests)
        return function
    return register


def load():
    """Imports every script of this folder; the faults in the order of their numbers."""
    for path in sorted(HERE.glob("f[0-9]*.py")):
        importlib.import_module(path.stem)
    return dict(sorted(FAULTS.items()))


def memory_high(unit=UNIT):
    """The unit's MemoryHigh= in KiB."""
    found = re.search(r"^MemoryHigh=(\d+)M$", unit.read_text(), re.MULTILINE)
    if not found:
        raise LabError(f"{unit} has no MemoryHigh= in megabytes any more")
    return int(found.group(1)) * 1024


def seconds_to_answer(daemon):
    """How long a new client waits for the status. The best of three: the machine may be busy with others."""
    best = None
    for _ in range(3):
        began = time.monotonic()
        if daemon.try_ctl("status", timeout=10) is not None:
            took = time.monotonic() - began
            best = took if best is None else min(best, took)
            if best < ANSWERS_WITHIN:
                break
    return best


class Bench:
    """What the test of one fault is given, and what was seen of all daemons that it ran."""

    def __init__(self, binaries, full):
        self.binaries = pathlib.Path(binaries).resolve()
        self.full = full
        self.number = ""
        self.slowest_answer = None  # seconds
        self.peak = 0  # KiB of memory, of the largest daemon

    def much(self, short, full):
        """How much is done: in the gate, and when the whole table is written."""
        return full if self.full else short

    def run(self, fault):
        """Runs one fault; its sentence. What must hold after every fault is looked at by last_look()."""
        self.number, self.slowest_answer, self.peak = fault.number, None, 0
        Lab.last_look = self.last_look
        try:
            return fault.function(self)
        finally:
            Lab.last_look = None

    def scenarios(self, required=True):
        """Runs the scenarios of this fault, those whose docstring begins with its number; their sentences."""
        mine = [function for function in SCENARIOS.values()
                if re.match(rf"(F\d+, )*{self.number}\b", function.__doc__ or "")]
        if required and not mine:
            raise LabError("no scenario's docstring begins with the number of this fault")
        return "; ".join(function(self.binaries) for function in mine)

    def unit_tests(self, names, program="sov_unit_outer_tests"):
        """Runs unit tests whose names fit; how many they were. Each of the patterns must fit one."""
        def asked(pattern, *options, timeout=60):
            return subprocess.run(["setarch", "-R", self.binaries / program, f"--gtest_filter={pattern}", *options],
                                  capture_output=True, text=True, timeout=timeout, check=False)
        for pattern in names.split(":"):
            expect("\n  " in asked(pattern, "--gtest_list_tests").stdout, f"{program} has no test {pattern} any more")
        done = asked(names, "--gtest_brief=1", timeout=900)
        ran = re.search(r"(\d+) tests? from \d+ test suites? ran", done.stdout)
        expect(done.returncode == 0 and ran and int(ran.group(1)) > 0,
               f"{names}: {done.stdout[-2000:]}{done.stderr[-500:]}")
        return int(ran.group(1))

    def last_look(self, lab):
        """Before a laboratory is taken down: nobody crashed, all answer within a second, none became too large."""
        for host in lab.hosts:
            for daemon in host.daemons:
                if daemon.process is not None:
                    expect(daemon.process.poll() is None,
                           f"{daemon.label} ended with {daemon.process.returncode}")
                    took = seconds_to_answer(daemon)
                    expect(took is not None and took < ANSWERS_WITHIN,
                           f"{daemon.label} answered after {took and round(took, 2)} s")
                    self.slowest_answer = max(self.slowest_answer or 0.0, took)
                    daemon.note_peak()
                crashed = [code for code in daemon.ends if code < 0 and code != -signal.SIGKILL]
                expect(not crashed, f"{daemon.label} was ended by signal {crashed}")
                expect(daemon.peak <= memory_high(),
                       f"{daemon.label} had {daemon.peak >> 10} MiB, MemoryHigh= is {memory_high() >> 10}")
                self.peak = max(self.peak, daemon.peak)


def reasons(daemon):
    """The codes of what `status` names as a problem."""
    return {reason["code"] for reason in daemon.status().get("reasons", [])}


def wait_named(daemon, code, patience=20.0):
    """Waits until `status` names the problem; what it says."""
    def look():
        found = [reason for reason in (daemon.try_ctl("status") or {}).get("reasons", []) if reason["code"] == code]
        return found[0]["sentence"] if found else None
    return wait_until(look, f"{daemon.label}'s status to name {code}", patience)


def wait_mended(daemon, code, patience=30.0):
    """Waits until `status` does not name the problem any more; the seconds."""
    began = time.monotonic()
    wait_until(lambda: daemon.try_ctl("status") and code not in reasons(daemon),
               f"{daemon.label}'s status to stop naming {code}", patience)
    return time.monotonic() - began
