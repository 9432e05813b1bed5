"""What RFC 9113 forbids, sent by a client that does it all the same: each is answered by the error that the RFC names,
and the next connection is served. As arguments: the port, the host, and for TLS a certificate to trust.

A case is a name, what is sent, and what may come of it: the error of the connection (GOAWAY), of stream 1 (RST_STREAM),
or its status. Where a part of the RFC lets servers choose, more is right than one thing.
"""

import sys
import traceback
from functools import partial

from http2 import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY, PUSH_PROMISE,
    RST_STREAM, SETTINGS, WINDOW_UPDATE, Connection, block, frame,
)  # fmt: skip

PORT, HOST, *CERTIFICATE = sys.argv[1:]
GET = [(":method", "GET"), (":scheme", "http"), (":path", "/page.txt"), (":authority", HOST)]
POST = [(":method", "POST"), (":scheme", "http"), (":path", "/api/x"), (":authority", HOST)]


def connection(*codes):
    return {("connection", code) for code in codes}


def stream(*codes):
    """An error of the stream, which may be taken for one of the connection (section 5.4.2)."""
    return {("stream", code) for code in codes} | connection(*codes)


def status(code):
    return {("status", str(code))}


PROTOCOL = connection("PROTOCOL_ERROR")
SIZE = connection("FRAME_SIZE_ERROR")
COMPRESSION = connection("COMPRESSION_ERROR")
CLOSED = stream("STREAM_CLOSED")
# A request that is none (section 8.1.1): the stream ends, or there is an answer that says so.
MALFORMED = stream("PROTOCOL_ERROR") | status(400)


def head(fields, stream=1, flags=END_HEADERS | END_STREAM):
    return frame(HEADERS, flags, stream, block(fields))


def body(data, stream=1, flags=END_STREAM):
    return frame(DATA, flags, stream, data)


def setting(number, value):
    return frame(SETTINGS, 0, 0, number.to_bytes(2, "big") + value.to_bytes(4, "big"))


def more(fields, *changed):
    """A request with fields behind its own; None as a value takes one of its own away."""
    gone = {name for name, value in changed if value is None}
    return [field for field in fields if field[0] not in gone] + [field for field in changed if field[1] is not None]


def posted(*changed):
    return head(more(POST, *changed), flags=END_HEADERS)


def pieces(stream, parts):
    """A request without a body, in a frame for each part of its block."""
    kinds = [(HEADERS, END_STREAM)] + [(CONTINUATION, 0)] * (len(parts) - 2) + [(CONTINUATION, END_HEADERS)]
    return b"".join(frame(kind, flags, stream, part) for (kind, flags), part in zip(kinds, parts))


OPEN = head(POST, flags=END_HEADERS)
ZERO, MOST = bytes(4), (2**31 - 1).to_bytes(4, "big")
RESET = frame(RST_STREAM, 0, 1, ZERO)

FRAMES = [
    # Frames that belong to a stream, on none; and those of the connection, on one (section 6).
    ("DATA on stream 0", body(b"x", 0), PROTOCOL),
    ("HEADERS on stream 0", head(GET, 0), PROTOCOL),
    ("PRIORITY on stream 0", frame(PRIORITY, 0, 0, bytes(5)), PROTOCOL),
    ("RST_STREAM on stream 0", frame(RST_STREAM, 0, 0, ZERO), PROTOCOL),
    ("CONTINUATION on stream 0", frame(CONTINUATION, END_HEADERS, 0, block(GET)), PROTOCOL),
    ("SETTINGS on a stream", frame(SETTINGS, 0, 1), PROTOCOL),
    ("PING on a stream", frame(PING, 0, 1, bytes(8)), PROTOCOL),
    ("GOAWAY on a stream", frame(GOAWAY, 0, 1, bytes(8)), PROTOCOL),
    ("PUSH_PROMISE of a client", OPEN + frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + block(GET)), PROTOCOL),
    # Streams that nobody began, that have ended, or that can't be (section 5.1).
    ("an even stream", head(GET, 2), PROTOCOL),
    ("a stream below another", head(POST, 5, END_HEADERS) + head(GET, 3), PROTOCOL | CLOSED),
    ("DATA on an idle stream", body(b"x"), PROTOCOL),
    ("RST_STREAM on an idle stream", frame(RST_STREAM, 0, 1, ZERO), PROTOCOL),
    ("WINDOW_UPDATE on an idle stream", frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1"), PROTOCOL),
    ("CONTINUATION on an idle stream", frame(CONTINUATION, END_HEADERS, 1, block(GET)), PROTOCOL),
    ("DATA behind the end", head(POST) + body(b"x"), CLOSED),
    ("HEADERS behind the end", head(POST) + head(POST), CLOSED | PROTOCOL),
    ("DATA behind RST_STREAM", OPEN + RESET + body(b"x"), CLOSED),
    ("HEADERS behind RST_STREAM", OPEN + RESET + head(POST), CLOSED | PROTOCOL),
    # Lengths (sections 4.2 and 6).
    ("SETTINGS of 5 bytes", frame(SETTINGS, 0, 0, bytes(5)), SIZE),
    ("SETTINGS that acknowledge with content", frame(SETTINGS, ACK, 0, bytes(6)), SIZE),
    ("PING of 6 bytes", frame(PING, 0, 0, bytes(6)), SIZE),
    ("PRIORITY of 4 bytes", OPEN + frame(PRIORITY, 0, 1, bytes(4)), stream("FRAME_SIZE_ERROR")),
    ("RST_STREAM of 3 bytes", OPEN + frame(RST_STREAM, 0, 1, bytes(3)), SIZE),
    ("WINDOW_UPDATE of 3 bytes", frame(WINDOW_UPDATE, 0, 0, bytes(3)), SIZE),
    ("DATA longer than a frame may be", OPEN + body(bytes(16385)), stream("FRAME_SIZE_ERROR")),
    ("HEADERS longer than a frame may be", head(more(GET, ("x-long", "~" * 16384))), SIZE),
    ("DATA with more padding than content", OPEN + body(b"\x06hello", flags=PADDED), PROTOCOL),
    ("HEADERS with more padding than content", frame(HEADERS, PADDED | 5, 1, b"\xff" + block(GET)), PROTOCOL),
    # Windows (section 6.9), and values of settings (section 6.5.2).
    ("a window that grows by nothing", frame(WINDOW_UPDATE, 0, 0, ZERO), PROTOCOL),
    ("a stream's window that grows by nothing", OPEN + frame(WINDOW_UPDATE, 0, 1, ZERO), stream("PROTOCOL_ERROR")),
    ("a window that grows too far", frame(WINDOW_UPDATE, 0, 0, MOST) * 2, connection("FLOW_CONTROL_ERROR")),
    ("a stream's window that grows too far", OPEN + frame(WINDOW_UPDATE, 0, 1, MOST) * 2, stream("FLOW_CONTROL_ERROR")),
    ("a window too large", setting(4, 2**31), connection("FLOW_CONTROL_ERROR")),
    ("frames too small", setting(5, 16383), PROTOCOL),
    ("frames too large", setting(5, 2**24), PROTOCOL),
    ("a push that is neither on nor off", setting(2, 2), PROTOCOL),
    # Header blocks (sections 4.3 and 6.10).
    ("a block that another stream interrupts", frame(HEADERS, 0, 1, block(GET)[:9]) + head(GET, 3), PROTOCOL),
    ("a block that PING interrupts", frame(HEADERS, 0, 1, block(GET)[:9]) + frame(PING, 0, 0, bytes(8)), PROTOCOL),
    ("a block that an unknown frame interrupts", frame(HEADERS, 0, 1, block(GET)[:9]) + frame(200, 0, 1), PROTOCOL),
    ("CONTINUATION without an end before it", head(POST) + frame(CONTINUATION, END_HEADERS, 1, b""), PROTOCOL),
    ("an index that nothing has", frame(HEADERS, 5, 1, b"\xff\x20"), COMPRESSION),
    ("a table larger than it may be", frame(HEADERS, 5, 1, b"\x3f\xe1\xff\x03" + block(GET)), COMPRESSION),
    ("a table that changes behind a field", frame(HEADERS, 5, 1, block(GET) + b"\x20"), COMPRESSION),
    ("a text that is no Huffman code", frame(HEADERS, 5, 1, block(GET) + b"\0\x84\xff\xff\xff\xff\0"), COMPRESSION),
    ("a field that ends early", frame(HEADERS, 5, 1, block(GET) + b"\0\x05a"), COMPRESSION),
]

REQUESTS = [
    # Fields (sections 8.2 and 8.3).
    ("an uppercase name", head(more(GET, ("X-Upper", "1"))), MALFORMED),
    ("a name with a blank", head(more(GET, ("x blank", "1"))), MALFORMED),
    ("a name with a colon in it", head(more(GET, ("x:y", "1"))), MALFORMED),
    ("an empty name", head(more(GET, ("", "1"))), MALFORMED),
    ("a value with a line end", head(more(GET, ("x-a", "1\r\nx-b: 2"))), MALFORMED),
    ("a value with a zero", head(more(GET, ("x-a", "1\0"))), MALFORMED),
    ("a pseudo field that nobody knows", head([*GET, (":test", "1")]), MALFORMED),
    ("a pseudo field of answers", head([*GET, (":status", "200")]), MALFORMED),
    ("a pseudo field behind another field", head([*GET[:3], ("x-a", "1"), GET[3]]), MALFORMED),
    ("no :method", head(more(GET, (":method", None))), MALFORMED),
    ("no :scheme", head(more(GET, (":scheme", None))), MALFORMED),
    ("no :path", head(more(GET, (":path", None))), MALFORMED),
    ("an empty :path", head([*more(GET, (":path", None)), (":path", "")]), MALFORMED),
    ("two :method", head([*GET, GET[0]]), MALFORMED),
    ("two :scheme", head([*GET, GET[1]]), MALFORMED),
    ("two :path", head([*GET, GET[2]]), MALFORMED),
    ("two :authority", head([*GET, GET[3]]), MALFORMED),
    ("neither :authority nor host", head(GET[:3]), MALFORMED),
    ("a host that is not :authority", head(more(GET, ("host", "other.example.net"))), MALFORMED),
    ("connection", head(more(GET, ("connection", "keep-alive"))), MALFORMED),
    ("keep-alive", head(more(GET, ("keep-alive", "timeout=5"))), MALFORMED),
    ("proxy-connection", head(more(GET, ("proxy-connection", "keep-alive"))), MALFORMED),
    ("transfer-encoding", posted(("transfer-encoding", "chunked")) + body(b"0\r\n\r\n"), MALFORMED),
    ("upgrade", head(more(GET, ("upgrade", "websocket"))), MALFORMED),
    ("te that is not trailers", head(more(GET, ("te", "gzip"))), MALFORMED),
    ("CONNECT with a path", head([(":method", "CONNECT"), *GET[1:]]), MALFORMED),
    # Bodies and trailers (section 8.1).
    ("a body longer than said", posted(("content-length", "1")) + body(b"four"), MALFORMED),
    ("a body shorter than said", posted(("content-length", "9")) + body(b"four"), MALFORMED),
    ("a longer one in pieces", posted(("content-length", "5")) + body(b"four", flags=0) + body(b"four"), MALFORMED),
    ("no body where one is said to be", head(more(POST, ("content-length", "9"))), MALFORMED),
    ("a length that is none", posted(("content-length", "+4")) + body(b"four"), MALFORMED),
    ("two lengths", posted(("content-length", "4"), ("content-length", "5")) + body(b"four"), MALFORMED),
    ("trailers that do not end", OPEN + head([("x-sum", "1")], flags=END_HEADERS) + body(b"x"), stream("PROTOCOL_ERROR")),
    ("trailers with a pseudo field", OPEN + body(b"x", flags=0) + head([(":path", "/")]), MALFORMED),
]

# What is only unusual changes nothing for what comes behind it.
ODD = [
    ("a frame of a type that nobody knows", frame(200, 0xFF, 0, b"x") + frame(201, 0, 9, b"x")),
    ("a setting that nobody knows", setting(0x4D4D, 1)),
    ("flags that nobody knows", frame(PING, 0xFE, 0, bytes(8)) + frame(SETTINGS, 0xFE, 0)),
    ("a bit in front of the stream that means nothing", frame(WINDOW_UPDATE, 0, 1 << 31, b"\x80\0\0\1")),
    ("PRIORITY of streams that nobody began", frame(PRIORITY, 0, 1, bytes(5)) + frame(PRIORITY, 0, 2, bytes(5))),
    ("WINDOW_UPDATE behind the end", head(GET) + RESET + frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1")),
    ("RST_STREAM twice", head(GET) + RESET * 2),
    ("a window of nothing that grows later", setting(4, 0) + head(GET, 5) + setting(4, 65535)),
    ("a block in pieces", pieces(5, [b"", block(GET[:2]), b"", block(GET[2:])])),
    ("the smallest table", setting(1, 0) + frame(HEADERS, 5, 5, b"\x20" + block(GET))),
]

# Heads that are too long, or do not end (section 10.5.1).
LINE, PIECE = (block([("x-long", "~" * length)]) for length in (4000, 16370))
LONG_HEAD = frame(HEADERS, END_STREAM, 1, block(GET)) + frame(CONTINUATION, 0, 1, PIECE) * 3
TOO_MUCH = connection("ENHANCE_YOUR_CALM", "PROTOCOL_ERROR")
HEADS = [
    ("a head longer than is taken", LONG_HEAD + frame(CONTINUATION, END_HEADERS, 1), status(431)),
    ("a head that does not end", frame(HEADERS, 0, 1, block(GET)) + frame(CONTINUATION, 0, 1, LINE) * 1000, TOO_MUCH),
    ("a head of nothing that does not end", frame(HEADERS, 0, 1) + frame(CONTINUATION, 0, 1) * 20_000, TOO_MUCH),
]

# Where the server says something else than the RFC, and what. It ends the connection all the same: the library that reads
# its frames has only this one name for what it can't read.
GENERAL = [
    "DATA behind the end", "SETTINGS of 5 bytes", "SETTINGS that acknowledge with content", "PING of 6 bytes",
    "PRIORITY of 4 bytes", "RST_STREAM of 3 bytes", "WINDOW_UPDATE of 3 bytes", "a window too large",
    "an index that nothing has", "a table larger than it may be", "a table that changes behind a field",
    "a text that is no Huffman code", "a field that ends early",
]  # fmt: skip
OTHERWISE = dict.fromkeys(GENERAL, PROTOCOL)
# It leaves such fields out; trailers go no further than the edge, so nobody is misled.
OTHERWISE["trailers with a pseudo field"] = status(200)


def came(made):
    """What has come of a case."""
    outcome = {("connection", made.goaway)} if made.goaway else set()
    if 1 in made.resets:
        outcome.add(("stream", made.resets[1]))
    if 1 in made.statuses:
        outcome.add(("status", made.statuses[1]))
    return outcome


def connect():
    return Connection(int(PORT), HOST, *CERTIFICATE)


def served(made, number):
    """A request of which nobody can complain."""
    made.send(head(GET, number))
    made.read_until(lambda: number in made.bodies)
    assert made.statuses.get(number) == "200", f"stream {number}: {made.statuses} {made.resets} {made.goaway}"


def check(sent, expected):
    with connect() as made:
        made.send(sent)
        made.read_until(lambda: came(made))
        # What comes of it for the stream may come behind what comes of the frame.
        lives = made.alive()
        assert came(made) & expected, f"{came(made) or 'the end'}, not one of {expected}"
        if lives:
            assert not made.goaway, f"the connection goes on behind {made.goaway}"
            served(made, 7)
    with connect() as made:
        served(made, 1)


def check_odd(sent):
    with connect() as made:
        made.send(sent)
        assert made.alive(), f"the connection ended: {made.goaway}"
        served(made, 7)
        if 5 in made.statuses:
            made.read_until(lambda: 5 in made.bodies)
            assert made.statuses[5] == "200", made.statuses


def check_streams():
    """More streams than are allowed at one time: the first one too many is refused, and those before go on."""
    with connect() as made:
        limit = made.settings[3]
        made.send(*(head(POST, 2 * number + 1, END_HEADERS) for number in range(limit + 1)))
        made.read_until(lambda: made.resets)
        same(made.resets, {2 * limit + 1: "REFUSED_STREAM"})
        made.send(body(b"x", 1))
        made.read_until(lambda: 1 in made.bodies)
        same(made.statuses.get(1), "200")


def check_ping():
    """PING comes back with what was in it, and SETTINGS are acknowledged."""
    with connect() as made:
        assert made.alive() and made.alive(), "no PING came back"
        made.read_until(lambda: made.acknowledged)
        assert made.acknowledged, "SETTINGS were not acknowledged"


def same(got, expected):
    assert got == expected, f"{got}, not {expected}"


def main():
    wrong = FRAMES + REQUESTS + HEADS
    assert OTHERWISE.keys() <= {name for name, *_ in wrong}
    cases = [(name, partial(check, sent, OTHERWISE.get(name, expected))) for name, sent, expected in wrong]
    cases += [(name, partial(check_odd, sent)) for name, sent in ODD]
    cases += [("too many streams", check_streams), ("PING and SETTINGS", check_ping)]
    failed = []
    for name, case in cases:
        try:
            case()
        except Exception as error:
            failed.append(name)
            print(f"{name}: {error}")
            if not isinstance(error, AssertionError):
                traceback.print_exc()
    print(f"{len(cases)} cases, {len(failed)} wrong")
    sys.exit(1 if failed else 0)


main()
