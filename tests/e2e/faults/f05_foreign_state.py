"""F05: a database that is not ours, or of a release to come."""

import sqlite3

import first_state
from fault import fault
from lab import Lab
from scenario import expect
from start_scenarios import CONFIG_INVALID, refusal


def foreign(path):
    """Puts a database of another program there."""
    path.unlink()
    database = sqlite3.connect(path)
    database.executescript("PRAGMA application_id = 77; CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);")
    database.close()
    path.chmod(0o600)


@fault("F05", "another program's database in place of ours, then one with a newer schema")
def run(bench):
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        daemon.stop()
        file, said = daemon.state / "state.db", []
        good = file.read_bytes()
        for change, words in ((foreign, "another program"), (first_state.claim_newer_schema, "newer version")):
            change(file)
            content = file.read_bytes()
            said.append(refusal(daemon, (CONFIG_INVALID,), "state.db", words))
            expect(file.read_bytes() == content, f"the file of {words} was touched")
            file.write_bytes(good)
        daemon.start()
        return f"exit {CONFIG_INVALID} both times, the file untouched: '{said[1]}'"
