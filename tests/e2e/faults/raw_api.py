#!/usr/bin/env python3
"""The API in bare HTTP/2 (RFC 9113), to say what no library would say, and to call it with little cost.

usage: raw_api.py SOCKET COUNT       calls the status COUNT times, each through a new connection; the milliseconds of each
"""

import select
import socket
import struct
import sys
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
STATUS = "/sovereign.v1.Node/GetStatus"


def integer(number, bits, first=0):
    """HPACK's integers (RFC 7541, 5.1)."""
    most = (1 << bits) - 1
    if number < most:
        return bytes([first | number])
    out, number = bytearray([first | most]), number - most
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def field(name, value):
    """A header that is not remembered, without Huffman's code."""
    name, value = (text.encode() if isinstance(text, str) else text for text in (name, value))
    return b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def request_head(method=STATUS, more=()):
    fields = [(":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "localhost"),
              ("te", "trailers"), ("content-type", "application/grpc"), *more]
    return b"".join(field(*each) for each in fields)


def message(body=b""):
    """A message of gRPC without compression."""
    return b"\0" + struct.pack(">I", len(body)) + body


class RawApi:
    """One connection. Streams are numbered as they are opened."""

    def __init__(self, path, greet=True, timeout=10.0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # A full backlog is waited for, but not for ever: Python's own time-out would not wait at all.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(timeout), 0))
        self.socket.connect(str(path))
        self.socket.settimeout(timeout)
        self.next_stream, self.received = 1, b""
        if greet:
            self.send(PREFACE + frame(SETTINGS))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def open(self, method=STATUS, body=b"", end=True, more=()):
        """Begins a call and says its one message; the stream's number."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        self.send(frame(HEADERS, END_HEADERS, stream, request_head(method, more))
                  + frame(DATA, END_STREAM if end else 0, stream, message(body)))
        return stream

    def frames(self, patience=10.0):
        """What comes, until the other end closes or nothing comes for so long; answers to SETTINGS and PING are given."""
        while True:
            while len(self.received) >= 9 + int.from_bytes(self.received[:3], "big"):
                size = int.from_bytes(self.received[:3], "big")
                kind, flags, stream = self.received[3], self.received[4], int.from_bytes(self.received[5:9], "big")
                payload, self.received = self.received[9:9 + size], self.received[9 + size:]
                if kind in (SETTINGS, PING) and not flags & ACK:
                    self.send(frame(kind, ACK, 0, payload if kind == PING else b""))
                yield kind, flags, stream, payload
            if not select.select([self.socket], [], [], patience)[0]:
                return
            more = self.socket.recv(65536)
            if not more:
                return
            self.received += more

    def finish(self, stream, patience=10.0):
        """The octets of a call's answers; None when it had none or was reset."""
        body = b""
        for kind, flags, where, payload in self.frames(patience):
            if kind == GOAWAY or (kind == RST_STREAM and where == stream):
                return body or None
            if kind == DATA and where == stream:
                body += payload
                self.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", max(1, len(payload)))))
            if where == stream and flags & END_STREAM and kind in (DATA, HEADERS):
                return body or None
        return None

    def ended_within(self, seconds):
        """Seconds until the other end closed; None when it did not."""
        began = time.monotonic()
        try:
            while select.select([self.socket], [], [], max(0.0, began + seconds - time.monotonic()))[0]:
                if not self.socket.recv(65536):
                    return time.monotonic() - began
        except ConnectionError:
            return time.monotonic() - began
        return None


def status_milliseconds(path):
    """A new client's call for the status; None when it got no answer."""
    began = time.monotonic()
    try:
        with RawApi(path) as api:
            answered = api.finish(api.open())
    except OSError:
        return None
    return (time.monotonic() - began) * 1e3 if answered else None


if __name__ == "__main__":
    for _ in range(int(sys.argv[2])):
        print(status_milliseconds(sys.argv[1]), flush=True)
