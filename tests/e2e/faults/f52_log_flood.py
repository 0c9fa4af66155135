"""F52: a million bad packets at the chattiest level, and a journald that reads nothing, then is gone."""

from daemon import PORT
from fault import fault
from fault_scenarios import GARBAGE
from lab import Lab
from others import answers_of_another_user, p99
from scenario import expect
from service_manager import Journal


@fault("F52", "random datagrams while everything is logged and journald does not read; then journald gone")
def run(bench):
    count = bench.much(30_000, 1_000_000)
    with Lab(bench.binaries, 2, ipv6=False) as lab:
        daemon = lab.hosts[0].daemon(**{"log.target": "journald", "log.level": "trace"})
        journal = Journal(daemon.folder)
        daemon.start(prefix=journal.prefix())
        flood = lab.hosts[1].start_inside("python3", "-c", GARBAGE, lab.hosts[0].ipv4, str(PORT), str(count), stdout=-1,
                                          text=True)
        deaf = p99(answers_of_another_user(daemon, 200))
        answers = flood.communicate(timeout=300)[0].strip()
        journal.close()
        (journal.folder / "socket").unlink()
        for word in ("off", "on", "off"):
            daemon.ctl("layer", word, "mdns")
        gone = p99(answers_of_another_user(daemon, 100))
        heard = daemon.status()["counters"]["datagrams_in"]
        expect(answers == "0" and heard > count // 4, f"{answers} answers, {heard} heard")
        expect(max(deaf, gone) < 1000, f"p99 {deaf:.0f} and {gone:.0f} ms")
        return (f"{heard} of {count} heard, none answered; status p99 {deaf:.0f} ms while journald read nothing, "
                f"{gone:.0f} ms without it")
