"""F12: clients that hold the API without using it."""

from concurrent.futures import ThreadPoolExecutor

from fault import fault
from lab import Lab
from others import answers_of_another_user, p99
from raw_api import HEADERS, PREFACE, SETTINGS, RawApi, field, frame
from scenario import expect

# Connections of one user that the API holds, api.connections_per_user.
PER_USER = 64
# Seconds until a client that holds a connection without using it is cut, and until it has to be: before it has greeted;
# when it answers no sign of life during a call (30 s and 10 s more); when it makes no call.
NO_GREETING, NO_LIFE, NO_CALL = (3, 5), (40, 50), (60, 70)


def silent(path):
    return RawApi(path, greet=False)


def dripping(path):
    """Says the first octets of a greeting and would go on with one in ten seconds."""
    client = RawApi(path, greet=False)
    client.send(PREFACE[:1])
    return client


def endless_head(path):
    """Begins a head that has no end."""
    client = RawApi(path)
    client.send(frame(HEADERS, 0, 1, field("x", "y")))
    return client


def no_window(path):
    """Calls for events and never lets one through: its window is zero."""
    client = RawApi(path, greet=False)
    client.send(PREFACE + frame(SETTINGS, 0, 0, b"\0\4\0\0\0\0"))
    client.open("/sovereign.v1.Node/WatchEvents", end=True)
    return client


def greeted(path):
    """Has greeted and says no more."""
    return RawApi(path)


def cut_after(daemon, kinds):
    """Holds one connection of each kind until it is cut; "kind 3 s" for each."""
    def hold(kind, bounds):
        client = kind(daemon.socket)
        seconds = client.ended_within(bounds[1] + 5)
        client.close()
        expect(seconds is not None and bounds[0] - 1 < seconds < bounds[1],
               f"{kind.__name__}: cut after {seconds} s instead of {bounds[0]}")
        return f"{kind.__name__.replace('_', ' ')} {seconds:.1f} s"
    with ThreadPoolExecutor(len(kinds)) as pool:
        return ", ".join(pool.map(hold, *zip(*kinds)))


@fault("F12", "1,000 clients each that say nothing, one octet, a head without an end, or take no answer")
def run(bench):
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        alone = p99(answers_of_another_user(daemon, 200))
        figures = []
        for kind in (silent, dripping, endless_head, no_window):
            clients, refused = [], 0
            for _ in range(1000):
                try:
                    clients.append(kind(daemon.socket))
                except OSError:
                    refused += 1
            worst = p99(answers_of_another_user(daemon, bench.much(100, 300)))
            # On a machine that is busy with other things everything waits.
            expect(worst < max(bench.much(250.0, 50.0), 5 * alone),
                   f"{kind.__name__}: p99 of another user {worst:.0f} ms, alone {alone:.0f}")
            figures.append(f"{kind.__name__.replace('_', ' ')} {worst:.0f}")
            held = sum(1 for client in clients if client.ended_within(0.0) is None)
            expect(held <= PER_USER, f"{kind.__name__}: {held} connections of one user are held")
            for client in clients:
                client.close()
        kinds = [(silent, NO_GREETING), (dripping, NO_GREETING)]
        if bench.full:
            kinds += [(endless_head, NO_LIFE), (no_window, NO_LIFE), (greeted, NO_CALL)]
        cut = cut_after(daemon, kinds)
        return (f"p99 of another user's new calls in ms, alone {alone:.0f}, beside clients {', '.join(figures)}; "
                f"one alone is cut after: {cut}")
