"""Starts that can't work say why and what to do."""

import socket

from commands import wait_until
from daemon import PORT
from lab import Lab
from scenario import expect, scenario

# What sovereignd and systemd agree on for "starting again won't help".
CONFIG_INVALID = 78
# Another daemon has what this one wants.
SECOND_INSTANCE = 8


def refusal(daemon, codes, *words):
    """Runs the daemon, expects one of these exit codes and all of these words; its complaint."""
    code, said = daemon.try_once()
    expect(code in codes, f"exit {code} instead of {codes}: {said}")
    for word in words:
        expect(word.lower() in said.lower(), f"'{word}' is missing in: {said}")
    return said.strip().splitlines()[-1] if said.strip() else ""


@scenario
def a_busy_port_is_named(binaries):
    with Lab(binaries, 1, ipv6=False) as lab:
        blocker = lab.hosts[0].start_inside(
            "python3", "-c",
            f"import socket,sys;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('0.0.0.0',{PORT}));"
            "print('bound',flush=True);sys.stdin.read()", stdin=-1, stdout=-1)
        try:
            blocker.stdout.readline()
            return refusal(lab.hosts[0].daemon(), (1,), str(PORT), "IPv4", "uses")
        finally:
            blocker.kill()
            blocker.communicate()


@scenario
def a_broken_configuration_is_refused_with_file_line_and_key(binaries):
    with Lab(binaries, 1) as lab:
        cases = {
            "udp.port = 700000": ("udp.port", "65535"),
            "udp.prot = 7000": ("udp.prot", "udp.port"),
            "node.mode = sometimes": ("node.mode", "auto"),
            "bootstrap.peer = nonsense": ("bootstrap.peer",),
            "just words": ("just words",),
        }
        for number, (line, words) in enumerate(cases.items()):
            daemon = lab.hosts[0].daemon(f"case{number}")
            text = daemon.config_text().splitlines()
            text = [kept for kept in text if kept.split(" =")[0] != line.split(" =")[0]] + [line]
            daemon.config.write_text("\n".join(text) + "\n")
            refusal(daemon, (CONFIG_INVALID,), "sovereignd.conf", f"{len(text)}", *words)
        return f"{len(cases)} broken files, each refused with exit {CONFIG_INVALID}, its line and its key"


@scenario
def an_unusable_identity_is_refused_with_a_remedy(binaries):
    """F09."""
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        before = daemon.ctl("whoami")["id"]
        daemon.stop()
        key = identity_file(daemon)
        good = key.read_bytes()

        key.chmod(0o644)
        refusal(daemon, (CONFIG_INVALID,), key.name, "chmod")
        key.chmod(0o600)
        for broken in (b"", good[: len(good) // 2], bytes(len(good) * 2)):
            key.write_bytes(broken)
            refusal(daemon, (CONFIG_INVALID,), key.name)
            expect(key.read_bytes() == broken, "a damaged identity was overwritten")
        key.write_bytes(good)
        daemon.start()
        expect(daemon.ctl("whoami")["id"] == before, "the identity changed")
        return "four unusable key files refused with the remedy, none overwritten, the good one works again"


def identity_file(daemon):
    """The one private file of a state folder that holds the identity."""
    files = [path for path in daemon.state.iterdir() if path.is_file() and "identity" in path.name]
    expect(len(files) == 1, f"one identity file was expected: {sorted(p.name for p in daemon.state.iterdir())}")
    expect(files[0].stat().st_mode & 0o777 == 0o600, "the identity is for its owner alone")
    return files[0]


@scenario
def a_second_daemon_on_the_same_state_is_refused(binaries):
    """F54."""
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        second = lab.hosts[0].daemon("second", **{"node.state_dir": daemon.state, "udp.port": PORT + 1})
        said = refusal(second, (SECOND_INSTANCE,), str(daemon.state))
        expect(daemon.try_ctl("status"), "the first daemon suffered")
        return said


@scenario
def a_stopped_daemon_is_reported_as_such(binaries):
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        done = daemon.ctl_raw("status")
        expect(done.returncode == 3, f"exit {done.returncode}: {done.stdout} {done.stderr}")
        expect("not running" in (done.stdout + done.stderr), f"no verdict: {done.stdout} {done.stderr}")
        # A socket file that nobody listens on any more, as a killed daemon leaves it.
        stale = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stale.bind(str(daemon.socket))
        stale.close()
        done = daemon.ctl_raw("status")
        expect(done.returncode == 3, f"with a stale socket: exit {done.returncode}: {done.stdout} {done.stderr}")
        seconds = daemon.start()
        return f"exit 3 without a daemon; it starts over a stale socket and answers after {seconds * 1e3:.0f} ms"


@scenario
def an_idle_daemon_gives_back_what_only_its_start_needed(binaries):
    with Lab(binaries, 3) as lab:
        one, two, fresh = (host.daemon() for host in lab.hosts)
        lab.network([one, two])
        fresh.start()
        at_start = fresh.memory_kilobytes("RssFile")
        wait_until(lambda: two.memory_kilobytes("RssFile") < at_start / 2, "pages of programs to be given back", 30)
        idle = two.resident_kilobytes()
        expect(two.status()["verdict"] == "online", "it goes on")
        return (f"{fresh.resident_kilobytes() / 1024:.1f} MiB at the start, {idle / 1024:.1f} when idle, "
                f"{two.own_kilobytes() / 1024:.1f} of them its own")
