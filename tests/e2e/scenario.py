"""The list of scenarios: each is a function, named like the claim that it tests."""

import time

SCENARIOS = {}


def scenario(function):
    """Registers a test. It takes the folder of the programs, returns a sentence with what it measured, and raises for
    a failure."""
    SCENARIOS[function.__name__] = function
    return function


def expect(condition, complaint):
    """What a scenario claims."""
    if not condition:
        raise AssertionError(complaint)


def timed(call):
    """The result of a call and the milliseconds that it took."""
    began = time.monotonic()
    result = call()
    return result, (time.monotonic() - began) * 1e3
