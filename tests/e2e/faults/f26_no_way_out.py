"""F26: no default route, a captive portal, a dead resolver."""

from fault import fault


@fault("F26", "DNS dropped; no default route; port 80 led to a captive portal that lets nothing else through", gate=False)
def run(bench):
    return bench.scenarios()
