"""F02: SIGKILL at every stage of a start. A stage is what changes the disk or opens a socket; strace ends the daemon there,
so no stage can be forgotten and the program needs no hook."""

import shutil
import signal
import subprocess

from fault import fault
from lab import Lab
from scenario import expect
from syscalls import calls_of, traced

STAGES = "mkdir,mkdirat,rename,renameat,link,linkat,unlink,pwrite64,write,fsync,fdatasync,ftruncate,bind,listen"


def first_start(daemon):
    """Starts on an empty folder; its stages: the name of a call and the how-manieth it is."""
    daemon.prefix = traced(daemon.folder, STAGES)
    daemon.start()
    daemon.kill()
    return [(name, at) for name, most in sorted(calls_of(daemon.folder).items()) for at in range(1, most + 1)]


def killed_at(daemon, name, at):
    """Starts on an empty folder and is ended at a stage; whether it came that far."""
    shutil.rmtree(daemon.state, ignore_errors=True)
    daemon.socket.unlink(missing_ok=True)
    daemon.prefix = traced(daemon.folder, STAGES, f"{name}:signal=SIGKILL:when={at}")
    daemon.start(wait=False)
    try:
        code = daemon.process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        daemon.kill()
        return False
    daemon.process = None
    expect(code == -signal.SIGKILL, f"at {name} {at} it ended with {code}")
    return True


@fault("F02", "SIGKILL at each system call of a first start that changes the disk or opens a socket")
def run(bench):
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        stages = first_start(daemon)
        chosen = stages[::max(1, len(stages) // bench.much(10, len(stages)))]
        killed, slowest = 0, 0.0
        for stage in chosen:
            killed += killed_at(daemon, *stage)
            daemon.prefix = ()
            slowest = max(slowest, daemon.start())
            identity = daemon.ctl("whoami")["id"]
            expect(not daemon.status().get("store_notice"), f"after {stage} something was set aside")
            daemon.stop()
            daemon.start()
            expect(daemon.ctl("whoami")["id"] == identity, f"after {stage} the identity changed")
            daemon.kill()
        daemon.start()
        expect(killed > len(chosen) // 2, f"only {killed} of {len(chosen)} starts were ended")
        return f"{killed} starts ended, of {len(stages)} stages; each next start clean, the slowest {slowest:.2f} s"
