"""What other local users see of the API while somebody misuses it."""

import pathlib
import statistics

from access_scenarios import NOBODY
from scenario import expect

RAW_API = pathlib.Path(__file__).with_name("raw_api.py")


def answers_of_another_user(daemon, count):
    """Milliseconds of status calls by another user, each through a new connection."""
    done = daemon.host.inside("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups",
                              "/usr/bin/python3", "-B", str(RAW_API), str(daemon.socket), str(count), timeout=120)
    words = done.stdout.split()
    expect(len(words) == count and "None" not in words, f"calls of another user were not answered: {words[-5:]}")
    return sorted(map(float, words))


def p99(milliseconds):
    return statistics.quantiles(milliseconds, n=100)[98]
