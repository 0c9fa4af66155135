"""F14: calls are begun and cancelled at once, as fast as they can be written (CVE-2023-44487)."""

import json
import multiprocessing
import os
import struct
import time

from fault import fault
from lab import Lab
from others import answers_of_another_user, p99
from raw_api import DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, STATUS, RawApi, frame, message, request_head
from scenario import expect

BATCH = 100
CANCEL = struct.pack(">I", 8)


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def whole_call(stream):
    return (frame(HEADERS, END_HEADERS, stream, request_head()) + frame(DATA, END_STREAM, stream, message())
            + frame(RST_STREAM, 0, stream, CANCEL))


def head_alone(stream):
    """The service never sees this one: its question does not come."""
    return frame(HEADERS, END_HEADERS, stream, request_head()) + frame(RST_STREAM, 0, stream, CANCEL)


def no_such_method(stream):
    return (frame(HEADERS, END_HEADERS, stream, request_head(STATUS + "s")) + frame(DATA, END_STREAM, stream, message())
            + frame(RST_STREAM, 0, stream, CANCEL))


class Resetter(multiprocessing.Process):
    """An app that opens and cancels; when it is cut it comes back, until it has got its calls through or `ends`."""

    def __init__(self, path, kind, calls, ends):
        super().__init__(daemon=True)
        self.path, self.kind, self.calls, self.ends = path, kind, calls, ends
        self.written, self.cuts = multiprocessing.Value("i", 0), multiprocessing.Value("i", 0)

    def going_on(self):
        return self.written.value < self.calls and time.monotonic() < self.ends

    def run(self):
        while self.going_on():
            try:
                with RawApi(self.path, timeout=self.ends - time.monotonic()) as api:
                    self.reset_all(api)
            except OSError:
                self.cuts.value += 1

    def reset_all(self, api):
        while self.going_on():
            first = api.next_stream
            api.next_stream += 2 * BATCH
            api.send(b"".join(map(self.kind, range(first, api.next_stream, 2))))
            self.written.value += BATCH
            for _ in api.frames(0):
                pass


def floods_told(daemon):
    """How often the audit log tells of a flood."""
    rows = [json.loads(line)["data"] for line in daemon.ctl_raw("--json", "events", "--audit").stdout.splitlines()]
    return sum(1 for row in rows if row["facts"].get("code") == "flood")


@fault("F14", "100,000 calls begun and cancelled at once, as fast as three apps can write them, for 30 seconds at most")
def run(bench):
    calls, seconds = bench.much(10_000, 100_000), bench.much(8, 30)
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        alone = p99(answers_of_another_user(daemon, 200))
        used, began = processor_seconds(daemon.process.pid), time.monotonic()
        apps = [Resetter(daemon.socket, kind, calls, began + seconds)
                for kind in (whole_call, head_alone, no_such_method)]
        for app in apps:
            app.start()
        beside = answers_of_another_user(daemon, bench.much(200, 1000))
        for app in apps:
            app.join(timeout=seconds + 15)
        took = time.monotonic() - began
        used = processor_seconds(daemon.process.pid) - used
        expect(not any(app.is_alive() for app in apps), f"the flood did not end after {took:.0f} s")
        expect(p99(beside) < max(bench.much(1000, 50), 5 * alone), f"another user's p99 was {p99(beside):.0f} ms")
        expect(not bench.full or used < 0.5 * took, f"the daemon took {100 * used / took:.0f} % of a core")
        cuts = [app.cuts.value for app in apps]
        expect(all(cuts) and floods_told(daemon) > 0, f"cut: {cuts}; told: {floods_told(daemon)}")
        return (f"{' + '.join(str(app.written.value) for app in apps)} of {len(apps)} times {calls} calls were written in {took:.0f} s, "
                f"{' + '.join(map(str, cuts))} connections cut; the daemon took {100 * used / took:.0f} % of a core; "
                f"another user's p99 {p99(beside):.0f} ms, longest {beside[-1]:.0f}, alone {alone:.0f}")
