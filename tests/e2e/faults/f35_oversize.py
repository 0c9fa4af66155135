"""F35: values that are too large, too many values of one user, and what nodes keep of others."""

from daemon import CtlError
from fault import fault
from lab import Lab
from scenario import expect
from value_scenarios import put

MOST = 8


def refused(daemon, content, name, *arguments):
    try:
        put(daemon, content, *arguments)
    except CtlError as refusal:
        expect(refusal.error.get("name") == name, f"another refusal was expected: {refusal.error}")
        return
    raise AssertionError(f"{len(content)} octets {arguments} were stored")


@fault("F35", "values of 16 KiB and an octet, of 64 KiB and of 400 KiB; more values than a user may have; floods of records",
       unit_tests=("sov_unit_tests",))
def run(bench):
    with Lab(bench.binaries, 2) as lab:
        daemons = [host.daemon(**{"api.quota.values": MOST, "api.quota.value_bytes": 65536}) for host in lab.hosts]
        lab.network(daemons)
        writer = daemons[1]
        for size in (16385, 65536, 400 << 10):
            refused(writer, bytes(size), "too_large")
        for at in range(MOST):
            put(writer, b"small", "--label", f"label{at}")
        refused(writer, b"small", "over_quota", "--label", "one too many")
        put(writer, b"newer", "--label", "label0")
        names = "ValueStores.*:OfferStoreTest.*:ItemStoreTest.*:*BadStores*:BadValues.*:Tokens.*"
        stores = bench.unit_tests(names, "sov_unit_tests") if bench.full else "the gate's"
        return (f"three sizes refused as too_large, value {MOST + 1} of {MOST} as over_quota, a newer one still taken; "
                f"{stores} unit tests of what stores keep of one owner and one subnet")
