"""Makes system calls of a daemon fail, or ends it at one of them, by strace: no hook in the program is needed."""

import collections
import contextlib
import os
import pathlib
import re
import signal
import subprocess

from commands import LabError, wait_until


def traced(folder, calls, inject=None):
    """The prefix under which a daemon is started: its calls are written to `folder`/calls; `inject` is strace's word for
    what shall happen at which of them. The daemon stays the process that the laboratory knows."""
    words = ["strace", "-D", "-f", "-qq", "-o", str(pathlib.Path(folder) / "calls"), "-e", f"trace={calls}"]
    return (*words, *(("-e", f"inject={inject}") if inject else ()))


def calls_of(folder):
    """The calls of a traced daemon: for each name the most that one of its threads made, since strace counts by thread."""
    made = collections.Counter()
    for line in (pathlib.Path(folder) / "calls").read_text(errors="replace").splitlines():
        found = re.match(r"(\d+) +(\w+)\(", line)
        if found:
            made[found.groups()] += 1
    most = {}
    for (_, name), count in made.items():
        most[name] = max(count, most.get(name, 0))
    return most


@contextlib.contextmanager
def failing(daemon, calls, error):
    """While this lasts, these calls of a running daemon fail."""
    log = daemon.folder / "strace"
    with open(log, "wb") as out:
        tracer = subprocess.Popen(["strace", "-f", "-p", str(daemon.process.pid), "-o", "/dev/null", "-e",
                                   f"trace={calls}", "-e", f"inject={calls}:error={error}"],
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        def attached():
            if tracer.poll() is not None:
                raise LabError(f"strace ended: {log.read_text()}")
            return "attached" in log.read_text()
        wait_until(attached, "strace to attach")
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def leave(daemon):
    """Makes the strace that a daemon was started under go away; the daemon runs on."""
    def tracer():
        with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("TracerPid:"))
    os.kill(tracer(), signal.SIGKILL)  # the kernel lets go of whom it traced
    wait_until(lambda: tracer() == 0, "strace to leave")
