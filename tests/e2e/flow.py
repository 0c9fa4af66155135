"""Numbered lines through a stream, both ways and all the time: what is lost or doubled shows, and every pause."""

import subprocess
import threading
import time

from commands import LabError, wait_until
from scenario import expect

# Seconds between lines, and what fills one up: some 200 kB/s each way.
PACE = 0.005
PADDING = b"." * 1000


class Lines:
    """One direction: writes to one process, reads from the other."""

    def __init__(self, sender, receiver):
        self.sender, self.receiver = sender, receiver
        self.came, self.problem = [], None
        self.said = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=each, daemon=True) for each in (self.write, self.read)]
        for thread in self.threads:
            thread.start()

    def write(self):
        try:
            while not self.ending.is_set():
                self.said.append(time.monotonic())
                self.sender.stdin.write(b"%09d" % (len(self.said) - 1) + PADDING + b"\n")
                self.sender.stdin.flush()
                time.sleep(PACE)
            self.sender.stdin.close()
        except OSError:
            pass  # the stream is over, which the reader tells

    def read(self):
        for line in self.receiver.stdout:
            wanted = b"%09d" % len(self.came) + PADDING + b"\n"
            if line != wanted and self.problem is None:
                self.problem = f"line {len(self.came)} is {line[:9]} of {len(line)} bytes"
            self.came.append(time.monotonic())

    def pause_since(self, moment):
        """The longest time without a line since then, in seconds."""
        times = [moment] + [at for at in list(self.came) if at >= moment]
        return max((late - early for early, late in zip(times, times[1:])), default=0.0)

    def flows_again(self, moment):
        """True when something that was written after this moment has come."""
        arrived = len(self.came)
        return arrived > 0 and self.said[arrived - 1] > moment and self.came[-1] > moment


class Flow:
    """Use as a context, around two sovctl pipe with pipes at both ends."""

    def __init__(self, here, there):
        self.directions = [Lines(here, there), Lines(there, here)]
        self.processes = (here, there)

    def __enter__(self):
        wait_until(lambda: all(len(each.came) > 20 for each in self.directions), "lines to flow both ways")
        return self

    def __exit__(self, *_):
        for each in self.directions:
            each.ending.set()

    def goes_on(self, patience):
        """Waits until what is written from now on comes, in both directions; the longest pause meanwhile."""
        moment = time.monotonic()
        try:
            wait_until(lambda: all(each.flows_again(moment) for each in self.directions), "the stream to go on",
                       patience)
        except LabError as late:
            ended = [process.poll() for process in self.processes]
            raise LabError(f"{late}; sovctl ended with {ended}") from late
        return self.pause_since(moment)

    def pause_since(self, moment):
        return max(each.pause_since(moment) for each in self.directions)

    def finish(self):
        """Ends both directions and checks that each line came once and in order. Returns how many did."""
        for each in self.directions:
            each.ending.set()
        for each in self.directions:
            for thread in each.threads:
                thread.join(timeout=30)
                expect(not thread.is_alive(), "a direction does not end")
        for process in self.processes:
            code = process.wait(timeout=30)
            expect(code == 0, f"sovctl pipe ended with {code}: {process.stderr.read()}")
        for each in self.directions:
            expect(each.problem is None, f"lost or doubled: {each.problem}")
            expect(len(each.came) == len(each.said), f"{len(each.came)} of {len(each.said)} lines came")
        return sum(len(each.came) for each in self.directions)


PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
