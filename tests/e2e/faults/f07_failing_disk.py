"""F07: writes and syncs of the state fail. After a failed sync the pages are lost, so the file is opened anew."""

import contextlib
import shutil
import time

from commands import run as command
from fault import fault, reasons, wait_mended, wait_named, wait_until
from fault_scenarios import expect_whole
from lab import Lab
from syscalls import failing, leave, traced

SYNCS = "fsync,fdatasync"


def mended(daemon):
    """Seconds until a name can be kept again and `status` says no more of it."""
    began = time.monotonic()

    def kept():
        for verb in ("claim", "release"):
            daemon.try_ctl("name", verb, "kept", timeout=60)
        return "store_failing" not in reasons(daemon)
    wait_until(kept, "a name to be kept", 60, interval=0.5)
    return time.monotonic() - began


def syncs_fail(daemon):
    """Every sync fails from the start on, where sequence numbers are reserved; the seconds until it is mended."""
    daemon.start()
    daemon.stop()
    daemon.prefix = traced(daemon.folder, SYNCS, f"{SYNCS}:error=EIO")
    daemon.start()
    daemon.try_ctl("name", "claim", "synced", timeout=60)
    wait_named(daemon, "store_failing", 30)
    leave(daemon)
    daemon.prefix = ()
    return mended(daemon)


def calls_fail(daemon, calls, error):
    with failing(daemon, calls, error):
        for number in range(3):
            daemon.try_ctl("name", "claim", f"{error.lower()}-{number}", timeout=60)
        wait_named(daemon, "store_failing", 30)
    return mended(daemon)


def in_its_mounts(daemon, *command_words, **options):
    """Runs a command among the mounts that a running daemon sees."""
    return command("nsenter", "-t", str(daemon.process.pid), "--mount", "--", *map(str, command_words), **options)


@contextlib.contextmanager
def disk(daemon, *mount):
    """While this lasts, the state of a daemon that does not run is on a disk of its own."""
    daemon.state.mkdir(mode=0o700, exist_ok=True)
    command("mount", *mount, daemon.state)
    daemon.state.chmod(0o700)
    try:
        yield
    finally:
        daemon.kill()
        command("umount", "--lazy", daemon.state)


def started_read_only(daemon):
    """A disk is mounted read-only under a state that is there, then writable while the daemon runs; the seconds until it is
    mended. No file of it is open for writing, or the kernel would refuse the remount."""
    with disk(daemon, "-t", "tmpfs", "-o", "size=4m", "tmpfs"):
        daemon.start()
        daemon.ctl("whoami")
        daemon.stop()
        command("mount", "-o", "remount,ro", daemon.state)
        daemon.start()
        wait_named(daemon, "store_failing", 30)
        in_its_mounts(daemon, "mount", "-o", "remount,rw", daemon.state)
        took = mended(daemon)
        said = [reason for reason in daemon.status()["reasons"] if reason["code"].startswith("store")]
        if said:
            raise AssertionError(f"it still says {said}")
        daemon.stop()
        expect_whole(daemon)
        return took


def turned_read_only(daemon):
    """A running daemon's ext4 meets an error and becomes read-only, as a failing disk makes it; then the repaired disk is
    mounted in its place. The seconds until it is mended."""
    image, repaired = daemon.folder / "disk", daemon.folder / "repaired"
    command("truncate", "--size", "8M", image)
    command("mkfs.ext4", "-q", "-F", image)
    with disk(daemon, "-t", "ext4", "-o", "loop", image):
        daemon.start()
        daemon.try_ctl("name", "claim", "before", timeout=60)
        # The kernel's own way to play an error of the disk (ext4(5), abort).
        in_its_mounts(daemon, "mount", "-o", "remount,abort", daemon.state)
        daemon.try_ctl("name", "claim", "meanwhile", timeout=60)
        wait_named(daemon, "store_failing", 30)
        shutil.copyfile(image, repaired)
        command("e2fsck", "-p", repaired, check=False)
        in_its_mounts(daemon, "umount", "--lazy", daemon.state)
        in_its_mounts(daemon, "mount", "-t", "ext4", "-o", "loop", repaired, daemon.state)
        took = wait_mended(daemon, "store_failing", 60)
        names = {entry["name"] for entry in daemon.ctl("name", "list")["names"]}
        if not {"before", "meanwhile"} <= names:
            raise AssertionError(f"it knows only of {names}")
        return took


@fault("F07", "syncs fail from the start on; writes with EIO; EROFS; a start on a disk that is mounted read-only; an ext4 that "
       "an error makes read-only while it runs")
def run(bench):
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        took = [syncs_fail(daemon), calls_fail(daemon, "pwrite64", "EIO"), calls_fail(daemon, "pwrite64,openat", "EROFS"),
                started_read_only(lab.hosts[0].daemon("other", **{"udp.port": 0}))]
        # It takes a loop device, which not every machine of a gate has.
        if bench.full:
            took.append(turned_read_only(lab.hosts[0].daemon("third", **{"udp.port": 0})))
        return (f"each named in `status`, and mended without a restart {', '.join(f'{one:.1f}' for one in took)} s after the "
                "disk was")
