"""Talks to sovereignd from Python, over its Unix socket.

This module is all that the examples beside it share: a channel, the services as attributes, and errors that read like
those of sovctl. Everything else is the generated code of `proto/sovereign/v1`, whose comments say what each call
promises, costs and refuses. Needs python3-grpcio and python3-protobuf; the generated modules lie in the build folder's
`python` (target `sov_python`), which has to be on the module path:

    PYTHONPATH=build/release/python client/python/find_peer.py bob
"""

import os
import sys

import grpc
from sovereign.v1 import (access_pb2, connections_pb2_grpc, dht_pb2_grpc, discovery_pb2_grpc, local_pb2_grpc,
                          mailbox_pb2_grpc, messaging_pb2_grpc, node_pb2_grpc)

DEFAULT_SOCKET = "/run/sovereignd/api.sock"


def default_socket():
    """The daemon's socket: $SOVEREIGN_SOCKET, as for sovctl, or where the service has it."""
    return os.environ.get("SOVEREIGN_SOCKET") or DEFAULT_SOCKET


class DaemonError(Exception):
    """A call that the daemon refused, or that did not reach it.

    `code` is the stable word for programs ("not_found", "wrong_role", ...), `status` gRPC's code, `hint` what to do, and
    the text a sentence for people.
    """

    def __init__(self, failure):
        detail = access_pb2.ErrorDetail()
        for key, value in failure.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                try:
                    detail.ParseFromString(value)
                except Exception:  # a daemon of another version may put something else there
                    detail = access_pb2.ErrorDetail()
        self.status = failure.code()
        self.code = detail.code or self.status.name.lower()
        self.hint = detail.hint
        if self.status == grpc.StatusCode.UNAVAILABLE and not detail.message:
            message = "the daemon does not answer on its socket"
            self.hint = "is it running? ask: systemctl status sovereignd; another socket: SOVEREIGN_SOCKET"
        else:
            message = detail.message or failure.details()
        super().__init__(message)


class Daemon:
    """A connection to the daemon, and its services: node, discovery, dht, local, mailbox, connections, messaging.

    Nothing is sent before the first call, so nothing fails here. Use it in a `with` block, or call close().
    """

    def __init__(self, socket=None):
        self.channel = grpc.insecure_channel(f"unix:{socket or default_socket()}")
        self.node = node_pb2_grpc.NodeStub(self.channel)
        self.discovery = discovery_pb2_grpc.DiscoveryStub(self.channel)
        self.dht = dht_pb2_grpc.DhtStub(self.channel)
        self.local = local_pb2_grpc.LocalStub(self.channel)
        self.mailbox = mailbox_pb2_grpc.MailboxStub(self.channel)
        self.connections = connections_pb2_grpc.ConnectionsStub(self.channel)
        self.messaging = messaging_pb2_grpc.MessagingStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the connection and every call on it."""
        self.channel.close()


def run(main):
    """Runs an example's main(): errors become one sentence and exit code 1, Ctrl-C a quiet 130."""
    try:
        return main()
    except grpc.RpcError as failure:
        problem = DaemonError(failure)
        print(f"error: {problem}" + (f"\n  do: {problem.hint}" if problem.hint else ""), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
