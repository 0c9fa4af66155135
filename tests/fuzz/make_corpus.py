#!/usr/bin/env python3
"""Writes the seed corpora: small inputs that reach every branch a fuzzer would have to guess.

Run it in this folder after a layout changed; the files are committed and replayed by ctest.
"""

import base64
import hashlib
import pathlib
import random
import struct
import zlib

HERE = pathlib.Path(__file__).parent / "corpus"
KEY = bytes(range(32))
V4 = bytes([4, 192, 0, 2, 1]) + struct.pack(">H", 6881)
V6 = bytes([6]) + bytes.fromhex("20010db8000000000000000000000001") + struct.pack(">H", 6881)
CONTACTS = b"\1" + KEY + V4[1:] + b"\3" + KEY[::-1] + V4[1:] + V6[1:]


def save(corpus, name, content):
    folder = HERE / corpus
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def field(tag, value):
    return struct.pack(">BH", tag, len(value)) + value


def record(kind, body, flags=0, ttl=1200, sequence=7):
    head = bytes([1, kind, flags]) + KEY + struct.pack(">QIH", sequence, ttl, len(body))
    return head + body + bytes(64)


def records():
    node = field(1, KEY + b"\2" + V4 + V6)
    capabilities = field(2, bytes(4))
    save("record", "peer", record(1, node + capabilities))
    save("record", "peer_later_version", record(1, capabilities + field(9, b"new")))
    save("record", "peer_gone", record(1, b"", flags=1))
    save("record", "name", record(2, field(1, b"bob") + field(2, bytes(8))))
    hints = field(2, b"eu-west") + field(3, b"\0\x14")
    save("record", "offer", record(7, node + hints + field(4, b"A4")))
    save("record", "offer_later_version", record(7, node + hints + field(4, b"") + field(9, b"new")))
    save("record", "offer_in_capitals", record(7, node + field(2, b"EU") + field(3, bytes(2)) + field(4, b"")))
    save("record", "offer_gone", record(7, b"", flags=1))
    save("record", "name_unfolded", record(2, field(1, b"Bob") + field(2, bytes(8))))


def values():
    token, key = bytes(range(8)), bytes(20)
    version = KEY + b"\4" + struct.pack(">Q", 7)
    mutable = record(4, field(1, b"note") + field(2, b"hello"))
    paged = record(4, field(1, b"") + field(3, struct.pack(">I", 1500) + bytes(64)))
    immutable = bytes([1, 3, 0]) + bytes(40) + struct.pack(">IH", 7200, 5) + field(2, b"hi") + bytes(64)
    lists = record(4, field(1, b"") + field(3, struct.pack(">I", 60000) + bytes(64)))
    bodies = {"store": b"\0" + key + token + b"\0" + mutable,
              "store_on_a_condition": b"\0" + key + token + b"\1" + bytes(8) + paged,
              "store_page": b"\1" + key + token + version + b"\0page", "get_page": b"\2" + key + version + b"\1",
              "listen": b"\3" + key + b"\0", "listen_from_a_cursor": b"\3" + key + b"\2" + 2 * version,
              "notify": b"\4" + key + mutable, "held": b"\5\0" + bytes(8) + struct.pack(">I", 7200) + bytes(64),
              "missing": b"\5\1" + bytes(8) + struct.pack(">Q", 5), "conflict": b"\5\2" + bytes(8),
              "list_pages_missing": b"\5\1" + bytes(16) + b"\3",
              "no_list_page_missing": b"\5\1" + bytes(8) + struct.pack(">Q", 5) + b"\0",
              "too_many_list_pages_missing": b"\5\1" + bytes(16) + b"\4",
              "get_list_page": b"\2" + key + version + b"\x41",
              "store_page_beyond": b"\1" + key + token + version + b"\x42page", "record_list_pages": b"\6" + lists,
              "record_list_pages_beyond": b"\6" + lists.replace(struct.pack(">I", 60000), struct.pack(">I", 65537)),
              "record_list_pages_few": b"\6" + lists.replace(struct.pack(">I", 60000), struct.pack(">I", 24576)),
              "record_mutable": b"\6" + mutable, "record_paged": b"\6" + paged, "record_immutable": b"\6" + immutable,
              "record_gone": b"\6" + record(4, field(1, b"note"), flags=1), "cursor": b"\7\1" + version}
    for name, body in bodies.items():
        save("value", name, body)


def items():
    key, proof = bytes(20), KEY + bytes(64)
    mail = record(5, field(1, bytes(8)) + field(2, bytes(114)))
    bodies = {"collect": b"\0" + key + proof + KEY, "items": b"\1\2\1" + struct.pack(">H", len(mail)) + mail,
              "no_items": b"\1\0\0", "remove": b"\2" + key + proof + b"\2" + KEY + KEY[::-1],
              "listen": b"\3" + key + b"\0" + proof, "mail": b"\4" + mail,
              "signal": b"\4" + record(6, field(1, bytes(8)) + field(2, bytes(900 - 133))),
              "signal_too_long": b"\4" + record(6, field(1, bytes(8)) + field(2, bytes(114)), ttl=121),
              "mail_gone": b"\4" + record(5, b"", flags=1)}
    for name, body in bodies.items():
        save("item", name, body)
    source = random.Random(5)
    for seed in range(8):
        save("item", f"played_{seed}", b"\5" + bytes(
            source.choice([0, 0, 0, 1, 2, 3, 4]) if at % 4 == 0 else source.randrange(8) * (9 if at % 4 == 1 else 1)
            for at in range(400)))
def post_quantum_values():
    save("post_quantum_value", "empty", b"")
    save("post_quantum_value", "one_byte_short", bytes(8 + 1952 + 3309 - 1))
    save("post_quantum_value", "of_zeros", bytes(8 + 1952 + 3309))
    save("post_quantum_value", "one_byte_long", bytes(8 + 1952 + 3309 + 1))


def bootstrap_lists():
    def made(keys, nodes, signatures, threshold=1):
        head = b"\1" + KEY + struct.pack(">QQB", 3, 1 << 40, threshold)
        return (head + bytes([len(keys)]) + b"".join(keys) + bytes([len(nodes)]) + b"".join(nodes)
                + bytes([len(signatures)]) + b"".join(signatures))

    node = KEY + b"\2" + V4 + V6
    save("bootstrap_list", "signed", made([KEY, KEY[::-1]], [node], [KEY + bytes(64), KEY[::-1] + bytes(64)], 2))
    save("bootstrap_list", "unsigned", made([KEY], [], []))
    save("bootstrap_list", "keys_out_of_order", made([KEY[::-1], KEY], [node], []))
    save("bootstrap_list", "node_twice", made([KEY], [node, node], []))
    save("bootstrap_list", "threshold_too_high", made([KEY], [node], [], 2))


def dns_answers():
    def answer(texts, answers=None, name=b"\xc0\x0c", kind=16):
        records = b"".join(name + struct.pack(">HHIH", kind, 1, 60, len(text)) + text for text in texts)
        count = len(texts) if answers is None else answers
        return (struct.pack(">HHHHHH", 7, 0x8180, 1, count, 0, 0) + b"\4list\4test\0" + struct.pack(">HH", 16, 1)
                + records)

    def strings(text):
        return b"".join(bytes([len(text[at:at + 255])]) + text[at:at + 255] for at in range(0, len(text), 255))

    made = b"\1" + KEY + struct.pack(">QQB", 3, 1 << 40, 1) + b"\1" + KEY + b"\0\0"
    text = b"sovereign-bootstrap-list-1 " + base64.urlsafe_b64encode(made).rstrip(b"=")
    save("dns_answer", "list", answer([strings(text)]))
    save("dns_answer", "long", answer([strings(text + b"A" * 600), strings(b"other")]))
    save("dns_answer", "twenty", answer([strings(b"x y")] * 20))
    save("dns_answer", "none", answer([]))
    save("dns_answer", "address", answer([bytes(4)], kind=1))
    save("dns_answer", "string_too_long", answer([b"\xc8x"]))
    save("dns_answer", "count_too_high", answer([strings(b"x")], answers=0xffff))
    save("dns_answer", "name_of_labels", answer([strings(b"x")], name=b"\1a\3bcd\0"))
    save("dns_answer", "name_at_itself", answer([strings(b"x")], name=b"\xc0\x1b"))
    save("dns_answer", "name_of_no_kind", answer([strings(b"x")], name=b"\x80\0"))
    save("dns_answer", "cut", answer([strings(b"hello")])[:-3])


def offers():
    token, key = bytes(range(8)), bytes(20)
    offer = record(7, field(1, KEY + b"\1" + V4) + field(2, b"") + field(3, bytes(2)) + field(4, b""))
    one = key + struct.pack(">H", len(offer)) + offer
    bodies = {"announce": b"\0" + key + token + b"\2" + one + one, "announce_nothing": b"\0" + key + token + b"\0",
              "announced": b"\1\2\0" + struct.pack(">I", 3600) + b"\x09" + bytes(4), "find": b"\2" + key + b"\3\x08",
              "type": b"\3printer/ipp", "region": b"\4eu-west"}
    for name, body in bodies.items():
        save("offer", name, body)


def texts():
    node = "sovn1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0svpz6fh"
    save("peer_name", "node", node)
    save("peer_name", "bootstrap", node + "@192.0.2.1:6881,[2001:db8::1]:7,boot.example.org:80")
    save("peer_name", "name", "Bob.the-builder_9")
    save("peer_name", "query", "bob#k7f3q2")
    for name, text in {"v4": "192.0.2.1:6881", "v6": "[2001:db8::1]:6881", "any": "[::]:0",
                       "mapped": "[::ffff:192.0.2.1]:80", "dotted": "[64:ff9b::192.0.2.33]:1",
                       "full": "[1:2:3:4:5:6:7:8]:65535"}.items():
        save("endpoint", name, text)


def messages():
    token, key = bytes(range(8)), bytes(20)
    bodies = [key + b"\7", key + b"\3\0", key + token + record(1, b""),
              key + token + KEY + b"\1" + struct.pack(">Q", 7) + bytes(64), key + token + b"gone",
              token + b"\4", token + b"\3" + KEY + V4[1:] + V6[1:], V6,
              b"\0\2" + CONTACTS, b"\1\1\0\3abc\0\2" + CONTACTS, struct.pack(">I", 1200), bytes(5)]
    for number, body in enumerate(bodies):
        save("message", f"body_{number:02}", bytes([number]) + body)
    save("message", "nodes_with_token", bytes([0x80]) + token + b"\0\2" + CONTACTS)
    save("datagram", "raw", bytes([0, 1]) + random.Random(1).randbytes(300))
    save("datagram", "cookie_sized", bytes([0, 1]) + random.Random(2).randbytes(40))
    for number, body in enumerate(bodies[:7]):
        save("datagram", f"sealed_{number:02}",
             bytes([0x7f, number]) + bytes([number + 1]) + b"\0\0\0\1" + body)
    save("datagram", "sealed_ping", bytes([1, 1, 1, 0, 0, 0, 1]))
    save("datagram", "sealed_unknown", bytes([1, 1, 0x3f, 0, 0, 0, 1]))


def adverts():
    rid = bytes(range(1, 9))
    save("advert", "one", b"\x31" + rid + b"\xc5")
    save("advert", "later_version", b"\x40" + rid + b"\0")
    # time and device, strength, Service Data: again and again, as the fuzzer reads them.
    for seed in range(4):
        source = random.Random(100 + seed)
        save("advert", f"heard_{seed}", b"".join(
            bytes([source.choice([0, 1, 3, 8, 120]), source.randrange(180, 256), 0x21]) +
            (rid if source.random() < .3 else source.randbytes(8)) + b"\xc5"
            for _ in range(10 << 2 * seed)))


def announcements():
    # Of network id 01 00 ...; the signature is nobody's.
    tag = "n=" + hashlib.sha256(b"sovereign lan" + bytes([1]) + bytes(31)).hexdigest()[:8]
    hidden = ["txtvers=1", "r=" + 16 * "A", "k=" + 46 * "A", "p=1", tag]
    shown = ["txtvers=1", "id=" + 32 * "a", "pk=" + 43 * "A", "nk=" + 43 * "A", "p=dht1", "c=0", tag,
             "u=6881", "e=2000000", "q=1", "sg=" + 86 * "A"]
    save("announcement", "private", "\n".join(hidden))
    save("announcement", "private_later_version", "\n".join(hidden[::-1] + ["x=1", "y"]))
    save("announcement", "public", "\n".join(shown))
    save("announcement", "fields", b"\5" + KEY + struct.pack(">IHQQ", 1, 6881, 2000000, 3) + b"\3\1\7")
    for seed in range(8):
        source = random.Random(200 + seed)
        save("announcement", f"heard_{seed}", b"".join(
            bytes([source.choice([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 6, 6, 7]), source.randrange(256),
                   source.choice([0, 1, 5, 20, 60, 255])]) for _ in range(20 << seed % 5)))


def gatt_frames():
    hello = random.Random(7).randbytes(48)
    parts = [hello[at:at + 18] for at in range(0, 48, 18)]
    frames = [bytes([9, at | (0x80 if at == 2 else 0)]) + part for at, part in enumerate(parts)]
    opened, spoken = bytes([0, 0]) + bytes(20), b"".join(bytes([1, 0]) + f for f in frames)
    rid = bytes(range(1, 9))
    advert = bytes([6, 1, 0x31]) + rid + bytes(11)
    info = b"\1\x11" + bytes(4) + rid + b"\0\xe0" + bytes(4)
    save("gatt_frames", "message", b"".join(frames))
    save("gatt_frames", "info", info)
    save("gatt_frames", "hello", opened + spoken)
    save("gatt_frames", "broken", opened + bytes([1, 0, 9, 5]) + bytes(18))
    save("gatt_frames", "signal_first", opened + bytes([2, 0, 9, 0x80]) + bytes(18))
    save("gatt_frames", "three_links", b"".join(bytes([0, n]) + bytes(20) for n in range(3)))
    save("gatt_frames", "called", advert + bytes([0, 0x81]) + bytes(20) + bytes([3, 0x80]) + info +
         bytes([3, 0x82]) + bytes(20))
    for seed in range(4):
        source = random.Random(200 + seed)
        save("gatt_frames", f"played_{seed}", b"".join(
            bytes([source.randrange(8) | source.choice([0, 0, 64, 248]), source.choice([0, 1, 0x81])])
            + source.choice(frames + [info, b"\0" * 20]).ljust(20, b"\0") for _ in range(8 << seed)))


def scripts():
    save("node", "quiet", bytes([2, 30]))
    # Steps and fates share one stream, so these are starting points rather than exact plots.
    for seed in range(12):
        save("node", f"script_{seed:02}", random.Random(seed).randbytes(40 + 30 * seed))


def uvarint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def delimited(message):
    return uvarint(len(message)) + message


def streams():
    peer = b"\x00\x24\x08\x01\x12\x20" + KEY
    quic = bytes([4, 192, 0, 2, 1, 0x91, 2, 0x0F, 0xA1, 0xCD, 3])
    six = bytes([41]) + bytes.fromhex("20010db8000000000000000000000001") + bytes([6, 1, 187, 0xDE, 3])
    relayed = quic + b"\xa5\x03" + delimited(peer) + b"\xa2\x02" + b"\xa5\x03\x22\x12\x20" + KEY
    for name, address in {"quic": quic, "wss": six, "relayed": relayed,
                          "dns": b"\x36" + delimited(b"example.com") + b"\x06\x01\xbb\xc0\x03"}.items():
        save("multiaddr", name, address)
    save("multiaddr", "text", "/ip4/192.0.2.1/udp/4001/quic-v1/p2p/"
         "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA/p2p-circuit")
    save("multiaddr", "text_cid", "/dns6/a_b.example/tcp/443/tls/ws/ipfs/"
         "bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6")

    def lines(*texts):
        return b"".join(delimited(text + b"\n") for text in texts)

    hello = b"/multistream/1.0.0"
    save("negotiation", "agreed", b"\x05" + lines(hello, b"/a/1") + b"first words")
    save("negotiation", "refused", b"\x05" + lines(hello, b"na", b"na"))
    save("negotiation", "second", b"\x00" + lines(hello, b"/c/1", b"ls", b"/b/1"))
    save("negotiation", "many", b"\x0f" + lines(hello, *[b"/c/1"] * 17))

    def text_field(number, value):
        return uvarint(number << 3 | 2) + delimited(value)

    said = (text_field(5, b"sovereign/1") + text_field(6, b"agent") + text_field(1, peer[2:]) + text_field(2, quic)
            + text_field(2, relayed) + text_field(4, quic) + text_field(3, b"/ipfs/ping/1.0.0") + text_field(8, bytes(9)))
    save("identify", "whole", delimited(said))
    save("identify", "two_parts", delimited(said) + delimited(text_field(3, b"/more/1")))
    save("identify", "foreign_fields", delimited(b"\x0d1234\x1112345678\x18\x96\x01" + text_field(99, b"x")))

    frames = {"request": b"\x01\0\0\0\1\0\0\x03\xe8\4namebody", "answer": b"\x02\0\0\0\1\1body",
              "part": b"\x02\0\0\0\2\0body", "refusal": b"\x03\0\0\0\3\0\x0a\0\0\0\x64\4busydetail",
              "cancel": b"\x04\0\0\0\1", "keep": b"\x05\0\0\0\1\0\0\xea\x60body"}
    for name, frame in frames.items():
        save("request_frame", name, b"\0" + frame)
    save("request_frame", "answers", b"\1" + b"".join(delimited(frames[n]) for n in ("part", "answer", "refusal")))
    save("request_frame", "requests", b"\1" + delimited(frames["request"]) + delimited(frames["cancel"]))

    files = {"offer": b"\x01" + struct.pack(">Q", 4) + b"../note.txt", "accept": b"\x02",
             "refuse": b"\x03\x02there", "digest": b"\x04" + bytes(32), "receipt": b"\x05"}
    for name, frame in files.items():
        save("file_frame", name, b"\0" + frame)
    save("file_frame", "name_tricky", b"\1" + b"a/..\\\xe2\x80\xae\xc2\x85\xf0\x9f\x98\x80\xff\x1b[2J.sh")

    save("tls_identity", "identity", b"\x30\x68\x04\x24" + peer[2:] + b"\x04\x40" + bytes(64))
    save("tls_identity", "certificate", b"\x30\x0b\x30\x02ab\x30\x00\x03\x03xyz")
    save("tls_identity", "long_lengths", b"\x30\x82\x01\x0d\x30\x81\xff" + bytes(255) + b"\x30\0\x03\x07" + bytes(7))


def message_frames():
    def frame(kind, sequence, payload):
        head = struct.pack(">IHHIII", 0x444E4120, 0x0100, kind, sequence, len(payload), zlib.crc32(payload))
        return head + bytes(12) + payload

    every = b"".join(frame(kind, 7, b"hello" * (kind % 2)) for kind in range(1, 6))
    save("message_frame", "every_type", every)
    save("message_frame", "cut", every[:-3])
    save("message_frame", "later_type", frame(1, 1, b"x") + frame(6, 2, b""))
    save("message_frame", "too_large", frame(1, 1, b"")[:12] + struct.pack(">I", (1 << 20) + 1) + bytes(16))
    save("message_frame", "wrong_sum", frame(1, 1, b"abc")[:-1] + b"d")


def letters():
    message = b"\1" + struct.pack(">QQQ", 7, 12, 1795000000000) + b"\4chatbody"
    save("letter", "message", b"\0" + message)
    save("letter", "cut", b"\0" + message[:20])
    save("letter", "receipts", b"\0\2\2" + struct.pack(">QQQQ", 7, 1, 7, 2))
    save("letter", "later_form", b"\0\3abc")
    save("letter", "presence", b"\1\2back at five")
    save("letter", "taken", b"\2" + struct.pack(">QQHQQ", 7, 3, 2, 5, 9) + struct.pack(">QQH", 8, 1, 0))
    save("letter", "taken_from_the_end", b"\2" + struct.pack(">QQHQ", 7, 2**64 - 1, 1, 2**64 - 1))


def signal_words():
    def words(kind, body, call=1, round_of_call=0):
        return bytes([1, kind]) + bytes([call]) + bytes(15) + struct.pack(">H", round_of_call) + body

    def candidate(kind, endpoint, foundation=b"1"):
        return bytes([kind]) + struct.pack(">I", 2130706431) + endpoint + bytes([len(foundation)]) + foundation

    description = b"\x04frag\x16" + b"0123456789012345678901"
    some = b"\0\3" + candidate(0, V4) + candidate(1, V6) + candidate(3, V4, b"relay+/9")
    sent = struct.pack(">Q", 1767225600000)
    every = {"offer": words(1, sent + description + some), "answer": words(2, description + b"\1\0"),
             "candidates": words(3, some), "bye": words(4, b"\1"), "restart": words(1, sent + description + some, 1, 1),
             "bogons": words(1, sent + description + b"\1\3" + candidate(0, b"\4\xe0\0\0\xfb\x14\xe9")
                             + candidate(0, b"\4\x7f\0\0\1\0\x16") + candidate(0, b"\4\x0a\0\0\1\0\1"))}
    for name, bytes_of in every.items():
        save("signalling", name, b"\0" + bytes([len(bytes_of) & 0xFF, len(bytes_of) >> 8]) + bytes_of)
    save("signalling", "conversation", b"".join(
        bytes([step, len(said) & 0xFF, len(said) >> 8]) + said for step, said in enumerate(every.values())))
    for seed in range(4):
        source = random.Random(300 + seed)
        plays = []
        for _ in range(4 << seed):
            said = bytearray(source.choice(list(every.values())))
            if source.random() < .3:
                said[source.randrange(len(said))] = source.randrange(256)
            plays.append(bytes([source.randrange(256), len(said) & 0xFF, len(said) >> 8]) + said)
        save("signalling", f"played_{seed}", b"".join(plays))


def stun_messages():
    def message(kind, *attributes):
        body = b"".join(struct.pack(">HH", number, len(value)) + value + bytes(-len(value) % 4)
                        for number, value in attributes)
        return struct.pack(">HHI", kind, len(body), 0x2112A442) + bytes(range(12)) + body
    four, six = bytes([0, 1]) + bytes(6), bytes([0, 2]) + bytes(18)
    save("stun_message", "question", message(1))
    save("stun_message", "question_changing", message(1, (3, bytes([0, 0, 0, 6]))))
    save("stun_message", "answer", message(0x101, (0x20, four), (0x802C, four), (0x8022, b"coturn")))
    save("stun_message", "answer_ipv6", message(0x101, (1, six), (0x20, six)))
    save("stun_message", "refusal", message(0x111, (9, bytes([0, 0, 4, 20]) + b"unknown")))
    save("stun_message", "cut", message(0x101, (0x20, four))[:-3])
    save("stun_message", "wrong_family", message(0x101, (0x20, bytes([0, 9]) + bytes(6))))


def turn_streams():
    """What a TURN server says to an Allocate; each message is one piece of 72 bytes. The fuzzer's digests are all zero."""
    piece = 72

    def message(kind, *attributes):
        body = b"".join(struct.pack(">HH", number, len(value)) + value + bytes(-len(value) % 4)
                        for number, value in attributes)
        filling = piece - 20 - len(body) - 4
        body += struct.pack(">HH", 0x8022, filling) + bytes(filling)
        return struct.pack(">HHI", kind, len(body), 0x2112A442) + bytes(range(12)) + body

    address = bytes([0, 1]) + bytes(6)
    who = message(0x113, (9, bytes([0, 0, 4, 1])), (0x14, b"lab"), (0x15, b"nonce"))
    lent = message(0x103, (0x16, address), (0x0D, struct.pack(">I", 600)), (8, bytes(20)))
    datagram = message(0x17, (0x12, address), (0x13, b"datagram"))
    begin = bytes([piece - 1])
    save("turn_client", "lent", begin + who + lent + datagram)
    save("turn_client", "unsigned", begin + who + message(0x103, (0x16, address)))
    save("turn_client", "refused", begin + who + who)
    save("turn_client", "no_nonce", begin + message(0x113, (9, bytes([0, 0, 4, 1])), (0x14, b"lab")))
    save("turn_client", "quota", begin + who + message(0x113, (9, bytes([0, 0, 4, 86]))))
    save("turn_client", "stale", begin + who + lent + message(0x118, (9, bytes([0, 0, 4, 38])), (0x15, b"other")))
    save("turn_client", "channel", begin + who + lent + bytes([0x40, 0, 0, 60]) + bytes(68))
    save("turn_client", "bytewise", b"\0" + who + lent + datagram)
    save("turn_client", "other_protocol", b"\xff" + b"HTTP/1.1 400 Bad Request\r\n\r\n")
    save("turn_client", "odd_length", begin + struct.pack(">HHI", 0x113, 3, 0x2112A442) + bytes(64))
    save("turn_client", "attribute_too_long", begin + who[:22] + b"\xff\xff" + who[24:])


def hand_overs():
    week = 7 * 24 * 3600
    body = field(1, KEY[::-1]) + field(2, bytes(64))

    def save_one(name, body, **how):
        save("hand_over", name, record(8, body, **{"ttl": week, "sequence": 1, **how}))

    save_one("whole", body)
    save_one("gone", b"", flags=1)
    save_one("to_itself", field(1, KEY) + field(2, bytes(64)))
    save_one("another_sequence", body, sequence=2)
    save_one("another_ttl", body, ttl=week - 1)
    save_one("more_fields", body + field(3, b"new"))
    save_one("fields_swapped", field(2, bytes(64)) + field(1, KEY[::-1]))
    save_one("half_consent", field(1, KEY[::-1]) + field(2, bytes(32)))
    save("hand_over", "cut", record(8, body, ttl=week, sequence=1)[:-1])
    save("hand_over", "peer", record(1, field(2, bytes(4))))


if __name__ == "__main__":
    records()
    hand_overs()
    values()
    items()
    bootstrap_lists()
    dns_answers()
    post_quantum_values()
    offers()
    texts()
    messages()
    adverts()
    gatt_frames()
    announcements()
    scripts()
    streams()
    message_frames()
    letters()
    signal_words()
    stun_messages()
    turn_streams()
