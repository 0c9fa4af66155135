"""F06: the disk is full; what needs none goes on, and writes resume when there is room."""

import os

from commands import run as command
from fault import fault, wait_mended, wait_named, wait_until
from fault_scenarios import expect_whole
from lab import Lab
from scenario import expect

ROOM = "256k"  # of the disk that holds the state, in all


def fill(path):
    """Leaves no octet on a file's disk."""
    with open(path, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def full_for_a_while(daemon, other, names):
    """The disk becomes full while names are claimed, and has room again; what `status` said, and the seconds until it is
    mended."""
    fill(daemon.state / "ballast")
    for name in names:
        daemon.try_ctl("name", "claim", name, timeout=60)
    said = wait_named(daemon, "store_failing")
    found = wait_until(lambda: daemon.try_ctl("find", "somebody"), "somebody to be found on a full disk")
    expect(found["peers"], "nobody was found on a full disk")
    # It promises nobody to keep anything, so the claim is refused for want of another node; it goes by it all the same.
    newcomer = f"after-{names[0]}"
    other.try_ctl("name", "claim", newcomer, timeout=60)
    wait_until(lambda: daemon.try_ctl("find", newcomer), "a newcomer to be found on a full disk")
    os.unlink(daemon.state / "ballast")
    return said, wait_mended(daemon, "store_failing", 60)


@fault("F06", f"no octet left on a disk of {ROOM[:-1]} KiB that holds the state, while names are claimed")
def run(bench):
    with Lab(bench.binaries, 2) as lab:
        other, daemon = (host.daemon() for host in lab.hosts)
        daemon.state.mkdir(mode=0o700)
        command("mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "tmpfs", daemon.state)
        try:
            lab.network([other, daemon], pinned=1)
            other.ctl("name", "claim", "somebody")
            daemon.ctl("name", "claim", "kept")
            expect("store_failing" not in {reason["code"] for reason in daemon.status()["reasons"]},
                   f"{ROOM} are too little to begin with")
            took = []
            for turn in range(bench.much(1, 5)):
                said, mended = full_for_a_while(daemon, other, [f"name{turn}-{at}" for at in range(3)])
                took.append(mended)
            lab.last_look and lab.last_look(lab)
            daemon.kill()
            expect_whole(daemon)
            daemon.start()
            names = [entry["name"] for entry in daemon.ctl("name", "list")["names"]]
            wanted = {"kept"} | {f"name{turn}-{at}" for turn in range(len(took)) for at in range(3)}
            expect(wanted <= set(names), f"what was claimed on a full disk is forgotten once it is mended: {names}")
            return (f"{len(took)} times: status: '{said}'; others found and newcomers, too; mended {max(took):.1f} s at most after "
                    "there was room, without a restart, names claimed meanwhile included; the database whole")
        finally:
            daemon.kill()
            command("umount", daemon.state)
