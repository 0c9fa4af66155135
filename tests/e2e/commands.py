"""Running commands and waiting for what they bring about."""

import subprocess
import time

# Seconds; a bound on everything that is waited for, generous because the machine may be busy.
PATIENCE = 20.0


class LabError(Exception):
    """The laboratory itself does not work, or something in it did not happen. The text is for people."""


def run(*command, check=True, timeout=30, env=None, given=None):
    """Runs a command, with `given` on its standard input, and returns it completed; a failure says what the command
    said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=env, input=given)
    if check and done.returncode != 0:
        words = (done.stderr or done.stdout).strip()
        raise LabError(f"`{' '.join(map(str, command))}` failed with {done.returncode}: {words}")
    return done


def wait_until(condition, what, patience=PATIENCE, interval=0.02):
    """Polls until the condition is true and returns its value; LabError after the patience."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"after {patience:.0f} s still waiting for {what}")
        time.sleep(interval)
