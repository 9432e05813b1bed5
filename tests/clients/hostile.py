"""Requests that mean no good: each is refused in Amazon's shape or cut off, and the server goes on answering others."""

import contextlib
import http.client
import socket
import urllib.parse

import wire
from checks import ENDPOINT, client, run, same, status

ADDRESS = urllib.parse.urlsplit(ENDPOINT).hostname, urllib.parse.urlsplit(ENDPOINT).port
PATH = "/2020-05-31/streaming-distribution"
CONFIG = "StreamingDistributionConfig"
api = client()


def refused(codes, body, headers=None, path=PATH):
    """A signed request with such a body; a connection that is cut off will do for what is far too large."""
    try:
        answer = wire.send("POST", path, body, headers)
    except (OSError, http.client.HTTPException):
        assert None in codes, "the connection was cut off"
    else:
        assert answer.code in codes, f"{answer.status} {answer.text[:300]}"
        assert 400 <= answer.status < 500, answer.status
        assert answer.at("Error/Message"), answer.text
        assert len(answer.text) < 4000, f"an answer of {len(answer.text)} bytes"
    alive()


def alive():
    status(api.list_streaming_distributions(), 200)


@contextlib.contextmanager
def connection(head):
    """A connection on which something was sent."""
    with socket.create_connection(ADDRESS, timeout=60) as made:
        made.sendall(head)
        yield made


def rest(made):
    """What the server sends until it ends the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := made.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def check_entities_that_grow():
    levels = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><{CONFIG}><Comment>&l11;</Comment></{CONFIG}>'
    refused(["MalformedXML"], bomb)


def check_entities_from_elsewhere():
    for where in ("file:///etc/passwd", ENDPOINT):
        doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{where}">]>'
        refused(["MalformedXML"], f"{doctype}<{CONFIG}><Comment>&e;</Comment></{CONFIG}>")
    refused(["MalformedXML"], f"<{CONFIG}><Comment>&nothing;</Comment></{CONFIG}>")


def check_depth():
    for name in ("Comment", "S3Origin", "x"):
        refused(
            ["MalformedXML"], f"<{CONFIG}>" + f"<{name}>" * 30_000 + f"</{name}>" * 30_000 + f"</{CONFIG}>"
        )
        refused(["MalformedXML"], f"<{CONFIG}>" + f"<{name}>" * 100_000)


def check_width():
    refused(["MalformedXML"], f"<{CONFIG}>" + "<x/>" * 200_000 + f"</{CONFIG}>")
    attributes = " ".join(f'a{number}="x"' for number in range(50_000))
    refused(["MalformedXML"], f"<{CONFIG} {attributes}><Comment/></{CONFIG}>")
    refused(["MalformedXML"], f"<{CONFIG}><{'x' * 500_000}/></{CONFIG}>")


def check_size():
    refused(["RequestEntityTooLarge", None], f"<{CONFIG}><Comment>{'x' * 10_000_000}</Comment></{CONFIG}>")


def check_other_encodings():
    body = f'<?xml version="1.0" encoding="UTF-16"?><{CONFIG}><Comment>x</Comment></{CONFIG}>'
    refused(["MalformedXML"], body.encode("utf-16"))
    refused(["MalformedXML"], body.encode("utf-8"))
    refused(
        ["MalformedXML"],
        f"<{CONFIG}><Comment>".encode() + b"\xff\xfe\x80" + f"</Comment></{CONFIG}>".encode(),
    )
    refused(["MalformedXML"], f"<{CONFIG}><Comment>\0\x01</Comment></{CONFIG}>")


def check_quantities_that_are_no_numbers():
    for quantity in ("-1", "99999999999999999999", "1e9", "", "٣"):
        body = f"<{CONFIG}><Aliases><Quantity>{quantity}</Quantity></Aliases></{CONFIG}>"
        refused(["MalformedXML", "InvalidArgument", "InconsistentQuantities"], body)


def check_headers():
    # Some are refused in words, far too many are cut off or refused by HTTP itself.
    for size, words in ((20_000, b"<Code>RequestHeaderSectionTooLarge</Code>"), (1_000_000, b"")):
        head = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Much: {'x' * size}\r\n\r\n".encode()
        with socket.create_connection(ADDRESS, timeout=60) as made:
            with contextlib.suppress(ConnectionError):
                made.sendall(head)
            answer = rest(made)
        assert not answer or answer.startswith(b"HTTP/1.1 431 "), answer[:200]
        assert words in answer, answer[:2000]
        alive()
    many = "".join(f"X-{number}: x\r\n" for number in range(5_000))
    with connection(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n{many}\r\n".encode()) as made:
        answer = rest(made)
    assert answer.startswith(b"HTTP/1.1 431 ") or answer == b"", answer[:200]
    alive()


def check_what_is_no_http():
    for nonsense in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"\0" * 100,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x03" + b"x" * 1536,
    ):
        with connection(nonsense) as made:
            made.shutdown(socket.SHUT_WR)
            answer = rest(made)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 "), answer[:200]
        alive()


def check_smuggling():
    for lines in (
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: -1",
    ):
        with connection(
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{lines}\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        ) as made:
            made.shutdown(socket.SHUT_WR)
            answer = rest(made)
        assert answer.count(b"HTTP/1.1 ") <= 1, answer
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:200]
        alive()


def check_paths():
    for path in (
        "/%00",
        "/2020-05-31/streaming-distribution/%2e%2e%2fx",
        "/2020-05-31/streaming-distribution/" + "x" * 8_000,
        "//",
        "/2020-05-31//",
        "/%ff%fe",
        "/2020-05-31/distribution/..",
        "/millrace/../x",
    ):
        answer = wire.send("GET", path)
        assert answer.status in (400, 403, 404), f"{path[:80]}: {answer.status}"
        assert answer.code, answer.text
        alive()


def check_bodies_that_never_end():
    lines = f"Host: x\r\n{known()}Content-Length: 1000000\r\n"
    head = f"POST {PATH} HTTP/1.1\r\n{lines}\r\n<".encode()
    with contextlib.ExitStack() as all:
        for _ in range(100):
            all.enter_context(connection(head))
        alive()
        for _ in range(100):
            all.enter_context(connection(head[:50]))
        alive()
    alive()


def known():
    """Headers that look as if they were from somebody the server knows, so that it waits for the body."""
    sent = []

    class Kept(wire.botocore.auth.SigV4Auth):
        def add_auth(self, request):
            super().add_auth(request)
            sent.extend(f"{name}: {request.headers[name]}\r\n" for name in ("Authorization", "X-Amz-Date"))

    wire.send("GET", PATH, auth=Kept)
    return "".join(sent)


def check_strangers_are_not_read():
    """Nobody who has no key can make the server read a body."""
    with connection(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n".encode()) as made:
        answer = made.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 403 "), answer[:200]
    assert b"MissingAuthenticationToken" in answer, answer
    alive()


def check_nothing_was_made():
    same(api.list_streaming_distributions()["StreamingDistributionList"]["Quantity"], 0, "distributions")


run(globals())
