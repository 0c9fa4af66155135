"""What the doctor finds, and whether what it advises works."""

import json
import os
import pathlib
import re
import stat
import time

from commands import LabError, run, wait_until
from lab import Lab
from radio import Radio
from responder import Responder
from scenario import expect, scenario

ADVICE = pathlib.Path(__file__).resolve().parents[2] / "daemon/api/advice.cpp"

AVAHI_CONF = """[server]
use-ipv4=yes
[publish]
disable-publishing=yes
#disable-user-service-publishing=no
disable-user-service-publishing=yes
publish-hinfo=no
"""

BLUEZ_CONF = """[General]
Name = laboratory
#Privacy = off
#JustWorksRepairing = never
[Policy]
AutoEnable=true
"""

# Stand-ins for programs that need hardware, process 1 or the package archive: each accepts exactly the calls that the
# real one takes (their manual pages), writes them down, and refuses all others.
SHIMS = {
    "sudo": 'exec "$@"',
    "systemctl": """case "$*" in
        "start dbus"|"enable --now avahi-daemon"|"enable --now bluetooth"|"restart avahi-daemon"|"restart bluetooth") ;;
        *) exit 64 ;;
        esac""",
    "rfkill": '[ "$*" = "unblock bluetooth" ] || exit 64',
    "bluetoothctl": 'case "$*" in "power on"|"show") ;; *) exit 64 ;; esac',
    "timedatectl": '[ "$*" = "set-ntp true" ] || exit 64',
    "apt-get": """[ "$1 $2" = "install --yes" ] || exit 64
        shift 2
        apt-cache show "$@" >/dev/null""",
}


def remedies():
    """Every command of the doctor's table, by its topic and code, read from where the daemon has it."""
    rows = {}
    for row in re.findall(r"^    Advice\{(.*?)\},$", ADVICE.read_text(), re.DOTALL | re.MULTILINE):
        # The last field is the command; a literal may be written in several pieces.
        pieces = re.findall(r'"((?:[^"\\]|\\.)*)"(\s*,)?', row + ",")
        fields, text = [], ""
        for piece, ends in pieces:
            text += piece.replace('\\"', '"').replace("\\\\", "\\")
            if ends:
                fields.append(text)
                text = ""
        rows[fields[0], fields[1]] = fields[-1]
    return {key: command for key, command in rows.items() if command}


class Clinic:
    """A folder with stand-ins and a private /etc, in which commands run as a person would paste them."""

    def __init__(self, lab, daemon):
        self.daemon = daemon
        self.folder = lab.folder / "clinic"
        self.calls = self.folder / "calls"
        self.programs = self.folder / "bin"
        self.etc = self.folder / "etc"
        self.programs.mkdir(parents=True)
        for name, body in SHIMS.items():
            shim = self.programs / name
            # A prefix is no call of its own.
            note = "" if name == "sudo" else f"echo {name} \"$*\" >> {self.calls}\n"
            shim.write_text(f"#!/bin/sh\nset -e\n{note}{body}\n")
            shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
        (self.programs / "sovctl").symlink_to(lab.binaries.resolve() / "sovctl")
        run("cp", "-a", "/etc", self.etc)
        for name, text in (("avahi/avahi-daemon.conf", AVAHI_CONF), ("bluetooth/main.conf", BLUEZ_CONF)):
            file = self.etc / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)

    def paste(self, command):
        """Runs a command line in a shell of the host; its exit code and what it said."""
        path = f"{self.programs}:{os.environ['PATH']}"
        script = f"mount --bind '{self.etc}' /etc && PATH='{path}' SOVEREIGN_SOCKET='{self.daemon.socket}' exec sh -c \"$1\""
        done = self.daemon.host.inside("unshare", "--mount", "sh", "-c", script, "sh", command, check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def called(self):
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def follow(self, check):
        """Does what a check advises; the calls that stand-ins got, for the scenario to carry out."""
        before = len(self.called())
        ended, said = self.paste(check["command"])
        expect(ended == 0, f"`{check['command']}` ended with {ended}: {said}")
        return self.called()[before:]


def checks(daemon):
    """The doctor's findings by topic."""
    done = daemon.ctl_raw("--json", "doctor")
    if done.returncode not in (0, 7):
        raise LabError(f"sovctl doctor ended with {done.returncode}: {done.stdout}{done.stderr}")
    found = json.loads(done.stdout)["data"]
    expect((found["warnings"] + found["failures"] > 0) == (done.returncode == 7), "exit 7 says that something is wrong")
    return {check["topic"]: check for check in found["checks"]}


def wait_for_code(daemon, topic, code):
    """The check of a topic once it has come to a code."""
    def look():
        check = checks(daemon)[topic]
        return check if check["code"] == code else None
    try:
        return wait_until(look, f"the doctor to say {topic} {code}")
    except LabError as late:
        raise LabError(f"{late}; it says {checks(daemon)[topic]}") from late


@scenario
def every_command_that_the_doctor_advises_works(binaries):
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        clinic = Clinic(lab, daemon)
        commands = remedies()
        expect(len(commands) >= 15, f"the table was read: {commands}")
        for (topic, code), command in commands.items():
            ended, said = clinic.paste(command)
            expect(ended == 0, f"{topic} {code}: `{command}` ended with {ended}: {said}")
        avahi = (clinic.etc / "avahi/avahi-daemon.conf").read_text()
        expect("=yes" not in avahi.split("[publish]")[1].replace(" ", ""), f"Avahi may publish now: {avahi}")
        expect("\ndisable-publishing=no\n" in avahi and "\ndisable-user-service-publishing=no\n" in avahi, avahi)
        bluez = (clinic.etc / "bluetooth/main.conf").read_text()
        expect(bluez == BLUEZ_CONF.replace("#Privacy = off", "Privacy = device"), f"only Privacy changed: {bluez}")
        return f"{len(set(commands.values()))} commands, {len(clinic.called())} calls on stand-ins, two real files edited"


@scenario
def doctor_finds_a_missing_bootstrap_peer_and_its_advice_mends_it(binaries):
    with Lab(binaries, 2) as lab:
        lost, known = (host.daemon(**{"node.mode": "server"}) for host in lab.hosts)
        for daemon in (lost, known):
            daemon.start()
        check = checks(lost)["bootstrap"]
        expect(check["code"] == "none" and check["finding"] == "warn", f"the doctor misses the peer: {check}")
        expect(check["why"] and check["next_step"], f"it says why and what to do: {check}")
        ended, line = Clinic(lab, known).paste(check["command"])
        expect(ended == 0 and line.startswith("sovn1"), f"the advised command prints a line: {line}")
        began = time.monotonic()
        lost.settings["bootstrap"] = [line]
        lost.config.write_text(lost.config_text())
        lost.ctl("config", "reload")
        wait_until(lambda: checks(lost)["network"]["code"] == "ok", "the doctor to find the network in order")
        expect(checks(lost)["bootstrap"]["code"] == "ok", "and the bootstrap peer")
        return f"online {time.monotonic() - began:.2f} s after the advice was followed"


@scenario
def doctor_sees_a_clock_that_is_behind_and_a_disk_that_is_full(binaries):
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.state.mkdir(mode=0o700)
        run("mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", daemon.state)
        try:
            daemon.start()
            before = checks(daemon)
            expect(before["clock"]["code"] != "behind", f"the clock is right: {before['clock']}")
            expect(before["store"]["code"] == "nearly_full", f"16 MB are little: {before['store']}")
            future = time.time() + 41 * 3600
            os.utime(daemon.state / "identity.key", (future, future))
            clock = checks(daemon)["clock"]
            expect(clock["code"] == "behind" and clock["finding"] == "fail", f"a file of the future: {clock}")
            expect("40 hours" in clock["what"] or "41 hours" in clock["what"], clock["what"])
            text = daemon.ctl_raw("doctor").stdout
            expect("FAIL  clock" in text and "sudo timedatectl set-ntp true" in text, text)
            return f"clock: {clock['what']}; store: {before['store']['what']}"
        finally:
            daemon.kill()
            run("umount", daemon.state)


@scenario
def doctor_leads_from_no_bus_at_all_to_a_neighbour_on_the_lan(binaries):
    with Lab(binaries, 2) as lab:
        responder, _ = Responder(lab.hosts[0]), Responder(lab.hosts[1]).start()
        sick, well = (host.daemon(**{"layers.mdns": "yes"}) for host in lab.hosts)
        for daemon in (sick, well):
            daemon.start()
        clinic = Clinic(lab, sick)
        avahi_conf = clinic.etc / "avahi/avahi-daemon.conf"
        # Only the publishing for programs is forbidden, so that Avahi itself comes up.
        avahi_conf.write_text(AVAHI_CONF.replace("disable-publishing=yes", "disable-publishing=no"))
        carry_out = {
            "systemctl start dbus": responder.start_bus,
            "systemctl enable --now avahi-daemon": lambda: responder.start_avahi(config=avahi_conf),
            "systemctl restart avahi-daemon": lambda: (responder.stop_avahi(), responder.start_avahi(config=avahi_conf)),
        }
        for code in ("no_bus", "avahi_stopped", "avahi_refuses"):
            check = wait_for_code(sick, "mdns", code)
            expect(check["finding"] == "warn" and check["why"], f"{check}")
            for call in clinic.follow(check):
                carry_out[call]()
        began = time.monotonic()
        wait_for_code(sick, "mdns", "ok")
        wait_until(lambda: checks(sick)["multicast"]["what"] == "neighbours are heard", "a neighbour to be heard")
        took = time.monotonic() - began
        them = well.ctl("whoami")["id"]
        seen = wait_until(
            lambda: [each for each in sick.ctl("browse", "--mdns")["neighbours"]
                     if each.get("peer", {}).get("id") == them and each["trust"] == "verified"],
            "the other one to be verified")[0]
        evidence = seen["evidence"][0]
        expect(evidence["medium"] == "mdns" and evidence["where"] == "eth0", f"with its evidence: {evidence}")
        expect("mdns on eth0" in sick.ctl_raw("peers", "--near").stdout, "peers --near shows the session with it")
        clock = checks(sick)["clock"]
        expect(clock["code"] in ("ok", "agreed"), f"and its clock agrees: {clock}")
        following = sick.ctl_raw("--json", "--timeout", "1s", "browse", "--follow").stdout
        expect(json.loads(following.splitlines()[0])["data"]["change"] == "listed", following)
        return f"three findings mended, a neighbour heard {took:.1f} s after the last"


@scenario
def doctor_leads_from_a_blocked_adapter_to_one_that_hides_its_address(binaries):
    with Lab(binaries, 1) as lab, Radio() as radio:
        daemon = lab.hosts[0].daemon()
        clinic = Clinic(lab, daemon)
        radio.equip(daemon, "a")
        radio.tell("power", at="a/hci0", state="off-blocked")
        # The daemon sees the same /etc as the commands do.
        daemon.start(prefix=("unshare", "--mount", "sh", "-c", f"mount --bind '{clinic.etc}' /etc && exec \"$@\"", "sh"))
        carry_out = {
            "rfkill unblock bluetooth": lambda: radio.tell("power", at="a/hci0", state="off"),
            "bluetoothctl power on": lambda: radio.tell("power", at="a/hci0", state="on"),
            "bluetoothctl show": lambda: radio.tell("knobs", at="a/hci0", instances=5),
        }
        radio.tell("knobs", at="a/hci0", instances=0)
        for code in ("blocked", "powered_off", "cant_advertise"):
            for call in clinic.follow(wait_for_code(daemon, "bluetooth", code)):
                carry_out[call]()
        wait_for_code(daemon, "bluetooth", "ok")
        fixed = checks(daemon)["bluetooth_privacy"]
        expect(fixed["code"] == "off" and "follow this device" in fixed["why"], f"a fixed address is explained: {fixed}")
        expect(clinic.follow(fixed) == ["systemctl restart bluetooth"], "BlueZ reads its file when it starts")
        expect(checks(daemon)["bluetooth_privacy"]["code"] == "ok", "the edited file satisfies the doctor")
        return "blocked, powered off and full mended one after the other; Privacy = device written"


@scenario
def layers_without_their_service_rest_and_the_doctor_says_so(binaries):
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        found = checks(daemon)
        expect(found["mdns"]["code"] == "off" and found["bluetooth"]["code"] == "off", f"both are off: {found}")
        said = daemon.ctl_raw("browse").stdout
        expect("mdns is off; switch it on with: sovctl layer on mdns" in said, said)
        expect(daemon.ctl("browse")["neighbours"] == [], "nobody is near")
        layers = {layer["name"]: layer for layer in daemon.status()["layer_states"]}
        expect(layers["mdns"]["state"] == "off", f"status knows it: {layers}")
        expect(daemon.status()["verdict"] != "degraded", "a node without local layers is whole")
        return "off in doctor, browse and status"
