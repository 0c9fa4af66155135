"""The Python examples against real daemons."""

import os
import pathlib
import subprocess

from commands import wait_until
from lab import Lab
from scenario import expect, scenario

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "client" / "python"
# The packages python3-grpcio and python3-protobuf belong to the system's interpreter, whichever runs the tests.
INTERPRETER = "/usr/bin/python3"


def example(daemon, name, *arguments, socket=None):
    """Runs an example on the daemon's host; the completed process."""
    stubs = pathlib.Path(daemon.host.lab.binaries).resolve().parent / "python"
    environment = {**os.environ, "PYTHONPATH": str(stubs), "SOVEREIGN_SOCKET": str(socket or daemon.socket)}
    process = daemon.host.start_inside(INTERPRETER, EXAMPLES / name, *arguments, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    out, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(name, process.returncode, out, errors)


@scenario
def a_python_program_finds_a_peer_and_watches_events(binaries):
    with Lab(binaries, 3) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        bob, ana = daemons[1], daemons[2]
        bob.ctl("name", "claim", "bob")
        wait_until(lambda: ana.try_ctl("find", "bob"), "bob to be findable")
        found = example(ana, "find_peer.py", "bob")
        expect(found.returncode == 0, f"exit {found.returncode}: {found.stderr}")
        expect(found.stdout.startswith(bob.ctl("whoami")["id"]), f"somebody else was found: {found.stdout}")
        for endpoint in bob.host.endpoints():
            expect(endpoint in found.stdout, f"{endpoint} is missing in {found.stdout}")
        by_id = example(ana, "find_peer.py", bob.ctl("whoami")["id"])
        expect(by_id.returncode == 0 and by_id.stdout, f"not found by id: {by_id.stderr}")

        told = example(ana, "watch_events.py", "--type", "discovery.*", "--count", "1")
        expect(told.returncode == 0 and "discovery.state" in told.stdout, f"events: {told.stdout} {told.stderr}")

        nobody = example(ana, "find_peer.py", "nobody-has-this-name")
        expect(nobody.returncode == 1 and nobody.stderr.startswith("error: ") and not nobody.stdout,
               f"a miss: exit {nobody.returncode}, '{nobody.stdout}' '{nobody.stderr}'")
        refused = example(ana, "find_peer.py", "-- not a name --".strip("- "))
        expect(refused.returncode == 1 and "name" in refused.stderr, f"a bad name: {refused.stderr}")
        absent = example(ana, "find_peer.py", "bob", socket="/nonexistent/api.sock")
        expect(absent.returncode == 1 and "is it running" in absent.stderr, f"no daemon: {absent.stderr}")
        return f"found by name and by id, {len(told.stdout.splitlines())} event told, three failures said in words"
