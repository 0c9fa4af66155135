"""Figures for Prometheus, and for who has none."""

import json
import pathlib
import re
import subprocess

from commands import wait_until
from lab import Lab
from scenario import expect, scenario

CONFIG = pathlib.Path(__file__).resolve().parents[2] / "config"
READER = """
import socket, sys
end = socket.socket(socket.AF_UNIX)
end.connect(sys.argv[1])
end.sendall(b"GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
while piece := end.recv(65536):
    sys.stdout.write(piece.decode())
"""
# What else a series name may be in a rule or a panel.
FUNCTION_WORDS = re.compile(r"\b((?:sovereign|process)_[a-z0-9_]+)\b")


def scrape(daemon, uid=None):
    """What stands on the page, read over the Unix socket."""
    command = ["/usr/bin/python3", "-c", READER, f"{daemon.socket}.metrics"]
    if uid is not None:
        command = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", *command]
    answer = daemon.host.inside(*command).stdout
    head, _, page = answer.replace("\r\n", "\n").partition("\n\n")
    expect(head.startswith("HTTP/1.1 200 OK"), f"refused: {head}")
    return page


def series_names(page):
    return {line.split("{")[0].split(" ")[0] for line in page.splitlines() if line and not line.startswith("#")}


@scenario
def prometheus_reads_figures_that_name_nobody(binaries):
    with Lab(binaries, 3) as lab:
        ports = ["9468", "0", "0"]
        daemons = [host.daemon(**{"metrics.port": port}) for host, port in zip(lab.hosts, ports)]
        lab.network(daemons)
        first, bob, ana = daemons
        bob.ctl("name", "claim", "bob")
        wait_until(lambda: ana.try_ctl("find", "bob"), "bob to be findable")
        page = scrape(ana, uid=65534)
        checked = subprocess.run(["promtool", "check", "metrics"], input=page, text=True, capture_output=True)
        expect(checked.returncode == 0, f"promtool: {checked.stdout} {checked.stderr}")
        series = [line for line in page.splitlines() if line and not line.startswith("#")]
        expect(100 < len(series) < 400, f"{len(series)} series")
        for secret in (bob.ctl("whoami")["id"], ana.ctl("whoami")["id"], "bob",
                       *(place.rsplit(":", 1)[0].strip("[]") for place in bob.host.endpoints())):
            expect(secret not in page, f"'{secret}' stands on the page")
        expect('sovereign_verdict{word="online"} 1' in page, "the verdict is missing")
        expect(re.search(r'sovereign_lookup_seconds_count\{verb="find"\} [1-9]', page), "the find was not counted")

        names = series_names(page)
        rules = (CONFIG / "prometheus" / "sovereign-alerts.yml").read_text()
        panels = json.loads((CONFIG / "grafana" / "sovereign-dashboard.json").read_text())["panels"]
        wanted = set(FUNCTION_WORDS.findall(" ".join(re.findall(r"expr: (?:\|\n)?(.*)", rules))))
        wanted |= {word for panel in panels for target in panel["targets"]
                   for word in FUNCTION_WORDS.findall(target["expr"])}
        missing = {word for word in wanted if word not in names}
        expect(wanted and not missing, f"rules or panels ask for what does not exist: {missing}")

        over_port = first.host.inside("/usr/bin/python3", "-c",
                                      "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9468/metrics').read().decode())")
        expect("sovereign_build_info" in over_port.stdout, "nothing on the loopback port")
        return f"{len(series)} series, {len(wanted)} of them in rules and panels; promtool has nothing to say"


@scenario
def figures_are_seen_without_prometheus(binaries):
    with Lab(binaries, 2) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        ana = daemons[1]
        listed = ana.ctl("stats", "sovereign_contacts_known")["measures"]
        expect(len(listed) == 1 and listed[0]["value"] >= 1, f"stats: {listed}")
        # Seen by a stranger too: figures name nobody.
        expect(ana.ctl("stats", "process_*", uid=65534)["measures"], "a stranger sees no figures")
        history = ana.ctl("stats", "--plot", "sovereign_contacts_known")
        expect(len(history["samples"]) >= 1, f"history: {history}")
        frame = ana.ctl("top", "--every", "200ms")
        expect(frame["verdict"] in ("online", "degraded") and frame["memory_bytes"] > 0, f"top: {frame}")
        picture = ana.ctl_raw("graph", "--format", "svg")
        expect(picture.stdout.startswith("<svg") and picture.stdout.count("<circle") >= 6, "no picture")
        return f"{int(frame['memory_bytes'] / 1e6)} MB seen, {len(picture.stdout)} bytes of picture"
