#!/usr/bin/env python3
"""Runs a program under what a unit file allows, without systemd: its filter for system calls, address families,
memory, namespaces and capabilities, its user, a read-only system, private devices and a /proc with processes only.

usage: sandbox.py UNIT UID WRITABLE-FOLDER PROGRAM [ARGUMENT...]        as root, in a mount namespace of its own

A system call that the unit refuses ends the program here at once, where the unit answers EPERM: a refusal that somebody
overlooks shows. Only what the program may ask for in vain is refused as the unit does it. Not imitated: NoExecPaths=,
limits of memory, and what needs a control group.
"""

import ctypes
import errno
import os
import pathlib
import subprocess
import sys

import seccomp
from seccomp import ALLOW, EQ, ERRNO, KILL_PROCESS, MASKED_EQ, NE, Arg

# Asked for and refused without harm, each for a reason.
REFUSED_KINDLY = {
    "sched_setaffinity": "of a library that places threads",
    "sched_setattr": "of a library that ranks threads",
    "sched_setscheduler": "of a library that ranks threads",
    "adjtimex": "the doctor asks whether the clock is set; refused, it looks for what timesyncd leaves",
    "clock_adjtime": "the same, as newer C libraries ask",
}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
WRITE, EXEC = 2, 4  # PROT_*
SHM_EXEC = 0o100000
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000  # CLONE_NEW*
SET_ID = 0o6000


def settings(unit):
    """The lines of a unit: what stands several times is a list."""
    found = {}
    for line in pathlib.Path(unit).read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def expand(names):
    """Names of system calls in groups such as @system-service, as this systemd has them."""
    calls = set()
    for name in names:
        if not name.startswith("@"):
            calls.add(name)
            continue
        told = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True,
                              check=True).stdout
        lines = [line.strip() for line in told.splitlines()[1:]]
        calls |= expand([line for line in lines if line and not line.startswith("#")])
    return calls


def allowed_calls(unit):
    allowed = set()
    for words in unit["SystemCallFilter"]:
        if words.startswith("~"):
            allowed -= expand(words[1:].split())
        else:
            allowed |= expand(["@default", *words.split()])
    return allowed


def filter_of(unit):
    """The filter; what each of the unit's settings means is read off systemd's seccomp-util.c in words of libseccomp."""
    calls = allowed_calls(unit)
    rules = seccomp.SyscallFilter(defaction=KILL_PROCESS)

    def rule(action, name, *arguments):
        if seccomp.resolve_syscall(seccomp.Arch(), name) >= 0:
            rules.add_rule(action, name, *arguments)

    special = {"socket", "mmap", "mprotect", "pkey_mprotect", "shmat", "clone", "clone3", "unshare", "setns", "chmod",
               "fchmod", "fchmodat", "personality"}
    for name in sorted(calls - special):
        rule(ALLOW, name)
    for name in sorted(set(REFUSED_KINDLY) - calls):
        rule(ERRNO(errno.EPERM), name)
    families = {FAMILIES[name] for name in unit["RestrictAddressFamilies"][-1].split()}
    for family in families:
        rule(ALLOW, "socket", Arg(0, EQ, family))
    assert unit["MemoryDenyWriteExecute"] == ["yes"] and unit["RestrictNamespaces"] == ["yes"]
    rule(ALLOW, "mmap", Arg(2, MASKED_EQ, WRITE, 0))
    rule(ALLOW, "mmap", Arg(2, MASKED_EQ, EXEC, 0))
    rule(ALLOW, "mprotect", Arg(2, MASKED_EQ, EXEC, 0))
    rule(ALLOW, "pkey_mprotect", Arg(2, MASKED_EQ, EXEC, 0))
    rule(ALLOW, "shmat", Arg(2, MASKED_EQ, SHM_EXEC, 0))
    rule(ALLOW, "clone", Arg(0, MASKED_EQ, NAMESPACES, 0))
    rule(ERRNO(errno.ENOSYS), "clone3")  # its flags are in memory, where a filter can't look
    assert unit["RestrictSUIDSGID"] == ["yes"] and unit["LockPersonality"] == ["yes"]
    rule(ALLOW, "chmod", Arg(1, MASKED_EQ, SET_ID, 0))
    rule(ALLOW, "fchmod", Arg(1, MASKED_EQ, SET_ID, 0))
    rule(ALLOW, "fchmodat", Arg(2, MASKED_EQ, SET_ID, 0))
    rule(ERRNO(errno.EPERM), "personality", Arg(0, NE, 0))
    return rules


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def narrow_files(writable):
    """ProtectSystem=strict, PrivateDevices=, ProtectProc=invisible and ProcSubset=pid, in this mount namespace."""
    mount("--make-rprivate", "/")
    mount("--bind", writable, writable)
    mount("-o", "remount,bind,ro", "/")
    devices = "/dev/.sandbox" if os.path.isdir("/dev/.sandbox") else writable + "/.dev"
    os.makedirs(devices, exist_ok=True)
    mount("-t", "tmpfs", "-o", "mode=755", "none", devices)
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        open(f"{devices}/{name}", "w", encoding="ascii").close()
        mount("--bind", f"/dev/{name}", f"{devices}/{name}")
    mount("--rbind", devices, "/dev")
    mount("-t", "proc", "-o", "hidepid=invisible,subset=pid", "proc", "/proc")


def drop(uid):
    """The unit's user, no capability and no way to get one back."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.umask(0o077)
    if libc.prctl(38, 1, 0, 0, 0) != 0:  # PR_SET_NO_NEW_PRIVS
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")


def main(unit, uid, writable, *command):
    rules = filter_of(settings(unit))
    narrow_files(writable)
    drop(int(uid))
    rules.load()
    os.execv(command[0], command)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
