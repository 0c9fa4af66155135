"""F19: the service is stopped and started while clients call and a peer is connected; the UDP sockets are kept for it."""

import threading
import time

from connect_scenarios import befriend
from fault import fault, wait_until
from lab import Lab
from raw_api import status_milliseconds
from scenario import expect
from service_manager import ServiceManager
from service_scenarios import udp_ports

BACK_WITHIN = 3.0


class Caller(threading.Thread):
    """Calls again and again; counts the calls that got no answer, and the seconds in which there was none."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.ended = path, False
        self.answered, self.failed, self.longest = 0, 0, 0.0

    def run(self):
        last = time.monotonic()
        while not self.ended:
            if status_milliseconds(self.path) is None:
                self.failed += 1
                time.sleep(0.01)
            else:
                self.answered += 1
                self.longest = max(self.longest, time.monotonic() - last)
                last = time.monotonic()


@fault("F19", "stopped, killed, and started again while clients call and a friend is connected")
def run(bench):
    with Lab(bench.binaries, 2) as lab, ServiceManager(lab.hosts[0].daemon(**{"udp.port": 0})) as manager:
        daemon, friend = manager.daemon, lab.hosts[1].daemon()
        for host, name in zip(lab.hosts, ("ana", "bob")):
            host.called = name
        manager.listen(daemon.socket, f"{daemon.socket}.streams")
        daemon.settings["node.mode"] = "server"
        manager.start()
        friend.settings["bootstrap"] = [daemon.bootstrap_line()]
        friend.start()
        friend.wait_online()
        befriend([daemon, friend])
        friend.ctl("connect", "ana")
        ports, back = udp_ports(daemon), []
        caller = Caller(daemon.socket)
        caller.start()
        for ending in ("stop", "kill") * bench.much(1, 5):
            getattr(daemon, ending)()
            began = time.monotonic()
            manager.start()
            wait_until(lambda: friend.try_ctl("connect", "ana", timeout=5), "the friend to be connected again", 20)
            back.append(time.monotonic() - began)
            expect(udp_ports(daemon) == ports, f"after {ending} it listens at {udp_ports(daemon)}")
        caller.ended = True
        caller.join(timeout=20)
        expect(caller.longest < BACK_WITHIN, f"a client was without an answer for {caller.longest:.1f} s")
        # The gate's machine is busy with others.
        expect(max(back) < bench.much(2, 1) * BACK_WITHIN, f"the friend was connected again after {max(back):.1f} s")
        # A call that is under way when the service ends is lost, and no other.
        expect(caller.failed <= len(back), f"{caller.failed} calls were not answered in {len(back)} restarts")
        return (f"{len(back)} restarts: same port; the friend connected again after {max(back):.1f} s at most; "
                f"{caller.answered} calls answered, {caller.failed} not, none for longer than {caller.longest:.1f} s")
