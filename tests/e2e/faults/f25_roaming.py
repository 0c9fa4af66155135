"""F25: the address and the route change while there are sessions."""

from fault import fault


@fault("F25", "another address and route, then IPv6 alone", gate=False)
def run(bench):
    return bench.scenarios()
