"""The list of scenarios: each is a function, named like the claim that it tests."""

import time

from daemon import CtlError

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


def refused(call, claim, name=None, code=None):
    """The refusal that a call of sovctl must get: with this name of an error, or this exit code. `claim` says what would
    have happened otherwise."""
    try:
        answer = call()
    except CtlError as refusal:
        expect(name is None or refusal.error.get("name") == name, f"{name} was expected: {refusal.error}")
        expect(code is None or refusal.code == code, f"exit {code} was expected: {refusal}")
        return refusal
    raise AssertionError(f"{claim}: {answer}")


def timed(call):
    """The result of a call and the milliseconds that it took."""
    began = time.monotonic()
    result = call()
    return result, (time.monotonic() - began) * 1e3
