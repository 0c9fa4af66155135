#!/usr/bin/env python3
"""Checks the files in systemd/ with systemd's own tools, without systemd running.

usage: units.py ROOT CHECK
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# systemd-analyze's exposure in tenths: the best network daemons of Debian 12 have 1.2 to 2.0, most have 9.
EXPOSURE_MAX = 15

# What the units name and systemd-analyze then wants to see.
TARGETS = ("sysinit", "basic", "sockets", "shutdown", "network", "multi-user", "time-sync", "paths", "timers", "local-fs")


class Refused(Exception):
    """A check that failed, in words."""


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)


def stage(root, folder):
    """A root folder with the units where the package puts them."""
    units = folder / "lib/systemd/system"
    units.mkdir(parents=True)
    for target in TARGETS:
        shutil.copy(pathlib.Path("/lib/systemd/system") / f"{target}.target", units)
    for name in ("sovereignd.service", "sovereignd.socket"):
        shutil.copy(root / "systemd" / name, units)
    for program in ("usr/sbin/sovereignd", "bin/kill"):
        (folder / program).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/true", folder / program)
    return units


def exposure(folder):
    """The exit code says whether the exposure is at most the threshold; the last line tells it."""
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={folder}",
               f"--threshold={EXPOSURE_MAX}", "sovereignd.service")
    found = re.search(r"Overall exposure level.*?: ([0-9.]+)", done.stdout)
    if not found:
        raise Refused(f"systemd-analyze security says nothing usable: {done.stdout}{done.stderr}")
    return done.returncode == 0, found.group(1)


def verify(root, folder):
    stage(root, folder)
    # The pages have their own test.
    done = run("systemd-analyze", "verify", "--man=no", f"--root={folder}", "sovereignd.service", "sovereignd.socket")
    words = (done.stdout + done.stderr).strip()
    if done.returncode != 0 or words:
        raise Refused(f"systemd-analyze verify: exit {done.returncode}: {words}")
    return "systemd-analyze verify has nothing to say"


def security(root, folder):
    units = stage(root, folder)
    good, level = exposure(folder)
    if not good:
        raise Refused(f"exposure {level}, more than {EXPOSURE_MAX / 10}")
    # The same unit without its filter for system calls must be refused, or this would show nothing.
    unit = units / "sovereignd.service"
    unit.write_text("\n".join(line for line in unit.read_text().splitlines() if "SystemCallFilter" not in line))
    good, worse = exposure(folder)
    if good:
        raise Refused(f"without SystemCallFilter the exposure is {worse}, and that passes too")
    return f"exposure {level}; {worse} without the filter for system calls"


def accounts(root, folder):
    for kind in ("sysusers", "tmpfiles"):
        target = folder / f"usr/lib/{kind}.d"
        target.mkdir(parents=True)
        shutil.copy(root / f"systemd/sovereignd.{kind}", target / "sovereignd.conf")
    (folder / "etc").mkdir()
    done = run("systemd-sysusers", f"--root={folder}")
    passwd = (folder / "etc/passwd").read_text() if done.returncode == 0 else ""
    if "sovereign:x:" not in passwd or "/usr/sbin/nologin" not in passwd:
        raise Refused(f"systemd-sysusers: exit {done.returncode}: {done.stderr} {passwd}")
    if "sovereign-admin:" not in (folder / "etc/group").read_text():
        raise Refused("systemd-sysusers did not make the group sovereign-admin")
    done = run("systemd-tmpfiles", "--create", f"--root={folder}")
    state = folder / "var/lib/sovereignd"
    uid = int(passwd.split("sovereign:x:")[1].split(":")[0])
    if done.returncode != 0 or state.stat().st_uid != uid or state.stat().st_mode & 0o777 != 0o700:
        raise Refused(f"systemd-tmpfiles: exit {done.returncode}: {done.stderr} {state}")
    return f"user {uid}, group sovereign-admin, {state.name} for its user alone"


CHECKS = {check.__name__: check for check in (verify, security, accounts)}


def main(root, check):
    with tempfile.TemporaryDirectory(prefix="sov-units-") as folder:
        try:
            print(f"ok  {CHECKS[check](pathlib.Path(root), pathlib.Path(folder))}")
        except Refused as refused:
            print(f"FAILED  {check}: {refused}")
            return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in CHECKS:
        sys.exit(__doc__ + "\nCHECK: " + ", ".join(CHECKS))
    sys.exit(main(*sys.argv[1:]))
