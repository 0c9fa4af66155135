#!/usr/bin/env python3
"""The state file as the first release wrote it, filled: what every later release has to take over.

usage: first_state.py FILE NAME...      with claims of the names and a pin for each
"""

import os
import pathlib
import sqlite3
import sys

# Never changed: it is what lies on disks.
SCHEMA = """
PRAGMA application_id = 0x534f5631;
PRAGMA user_version = 1;
CREATE TABLE meta (what TEXT PRIMARY KEY, schema INTEGER NOT NULL, openings INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('sovereign state', 1, 41);
CREATE TABLE records (key BLOB, owner BLOB, kind INTEGER, record BLOB NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (key, owner, kind));
CREATE INDEX records_by_expiry ON records (expires);
CREATE TABLE peers (position INTEGER PRIMARY KEY, node_key BLOB NOT NULL, v4 BLOB, v6 BLOB, anchor INTEGER NOT NULL);
CREATE TABLE pins (name BLOB PRIMARY KEY, owner BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE own_names (position INTEGER PRIMARY KEY, name BLOB NOT NULL);
CREATE TABLE sequence (one INTEGER PRIMARY KEY CHECK (one = 1), reserved INTEGER NOT NULL, check_reserved INTEGER NOT NULL);
INSERT INTO sequence VALUES (1, 4711, ~4711);
"""
SEQUENCE = 4711
PEERS = 200


def write(path, names):
    """Makes the file; the keys in it are random, so nobody answers to them."""
    path = pathlib.Path(path)
    for old in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        old.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    database.executescript(SCHEMA)
    for position in range(PEERS):
        database.execute("INSERT INTO peers VALUES (?, ?, ?, NULL, ?)",
                         (position, os.urandom(32), bytes([192, 0, 2, position, 0x1a, 0xe1]), position < 8))
    for position, name in enumerate(names):
        database.execute("INSERT INTO own_names VALUES (?, ?)", (position, name.encode()))
        database.execute("INSERT INTO pins VALUES (?, ?)", (name.encode(), os.urandom(32)))
    database.commit()
    database.close()
    path.chmod(0o600)


def claim_newer_schema(path):
    """Makes the file look like that of a release to come."""
    database = sqlite3.connect(path)
    database.executescript("PRAGMA user_version = 99; UPDATE meta SET schema = 99;")
    database.close()


def sequence(path):
    """The reserved sequence number, which must never go back."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    number = database.execute("SELECT reserved FROM sequence").fetchone()[0]
    database.close()
    return number


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    write(sys.argv[1], sys.argv[2:])
