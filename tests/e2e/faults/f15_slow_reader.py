"""F15: a subscriber to events that never reads."""

import json
import os
import pathlib
import signal
import subprocess

from fault import fault, wait_until
from lab import Lab
from others import answers_of_another_user, p99
from scenario import expect

SWITCHER = pathlib.Path(__file__).with_name("layer_switcher.py")


@fault("F15", "a subscriber to events is stopped, thousands of events come, it reads again")
def run(bench):
    changes = bench.much(2_000, 20_000)
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        told = daemon.folder / "told"
        with open(told, "wb") as out:
            reader = daemon.host.start_inside(lab.binaries / "sovctl", "--socket", daemon.socket, "--json", "events", "--follow",
                                              stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        daemon.ctl("layer", "on", "mdns")
        daemon.ctl("layer", "off", "mdns")
        wait_until(lambda: told.stat().st_size > 0, "the first event")
        os.kill(reader.pid, signal.SIGSTOP)
        before = daemon.own_kilobytes()
        made = subprocess.run(["/usr/bin/python3", "-B", SWITCHER, daemon.socket, str(changes)],
                              env={**os.environ, "PYTHONPATH": str(bench.binaries.parent / "python")},
                              capture_output=True, text=True, timeout=120, check=False)
        expect(made.returncode == 0, made.stderr[-500:])
        grown = daemon.own_kilobytes() - before
        beside = p99(answers_of_another_user(daemon, 100))
        os.kill(reader.pid, signal.SIGCONT)

        def gap_told():
            return next((line for line in told.read_text().splitlines() if "stream.gap" in line), None)
        gap = json.loads(wait_until(gap_told, "the gap to be told"))
        reader.terminate()
        reader.wait()
        expect(grown < 32 * 1024, f"the daemon grew by {grown} KiB")
        return (f"{changes} changes of layers; told of its gap: {gap['data'].get('summary', gap['data'])}; "
                f"the daemon grew by {grown} KiB; another user's p99 {beside:.0f} ms")
