#!/usr/bin/env python3
"""As root: lets nobody call what only admins may and leave, and root connect at once.

usage: descriptor_race.py SOCKET ROUNDS      prints the calls of nobody, the answers to root, and how often root was refused
"""

import contextlib
import os
import sys

from raw_api import RawApi

NOBODY = 65534
SHUTDOWN = "/sovereign.v1.Node/Shutdown"


def main(path, rounds):
    asked = answered = refused = 0
    for at in range(rounds):
        os.seteuid(NOBODY)
        # It leaves in different moments: sometimes before the call is read, sometimes while it is answered.
        with contextlib.suppress(ConnectionError), RawApi(path) as nobody:
            nobody.open(SHUTDOWN)
            asked += 1
            if at % 3 == 0:
                next(nobody.frames(0.001), None)
        os.seteuid(0)
        try:
            with RawApi(path) as root:
                if at % 16 == 0:
                    answered += root.finish(root.open()) is not None
        except OSError:
            refused += 1  # while gRPC still holds the descriptors of those who left
    print(asked, answered, refused)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
