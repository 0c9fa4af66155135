"""F17: every call of the API by users of every role; what each may is written beside the call in proto/."""

import json
import os
import pathlib

from access_scenarios import NOBODY
from fault import fault
from lab import Lab
from scenario import expect

MATRIX = pathlib.Path(__file__).with_name("role_matrix.py")
USERS, ADMINS = 61_001, 61_002  # numbers of groups that nobody else has
RANKS = {"ROLE_OBSERVE": 1, "ROLE_USE": 2, "ROLE_ADMIN": 3}
# It would end the daemon when an admin calls it.
SPARED = ("/sovereign.v1.Node/Shutdown",)
# Who calls, and as what: a user, its group, the rank it has by that.
CALLERS = {"another user": (NOBODY, NOBODY, 1), "of the group for use": (NOBODY, USERS, 2),
           "of the group for admins": (NOBODY, ADMINS, 3), "root": (0, 0, 3)}


@fault("F17", "every RPC that reflection tells, by another user, members of both groups, and root")
def run(bench):
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon(**{"api.use_groups": USERS, "api.admin_groups": ADMINS})
        daemon.start()
        stubs = bench.binaries.parent / "python"
        count = 0
        for who, (uid, gid, rank) in CALLERS.items():
            done = daemon.host.inside(
                "setpriv", "--reuid", str(uid), "--regid", str(gid), "--clear-groups", "/usr/bin/python3", "-B",
                str(MATRIX), str(daemon.socket), *(SPARED if rank == 3 else ()),
                env={**os.environ, "PYTHONPATH": str(stubs)}, timeout=120)
            for method, needed, code in json.loads(done.stdout):
                refused = code == "PERMISSION_DENIED"
                expect(refused == (rank < RANKS[needed]), f"{method}, {needed}, by {who}: {code}")
                count += 1
        expect(count >= 200, f"only {count} calls were tried")
        return f"{count} calls by {len(CALLERS)} kinds of users; each let in or refused as its role says"
