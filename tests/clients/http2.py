"""A connection of HTTP/2 on which anything can be sent. What comes back is read by hyperframe and hpack."""

import contextlib
import socket
import ssl

import hpack
from hyperframe import frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8

# The numbers of RFC 9113, section 7.
ERRORS = [
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
]  # fmt: skip

# How long a server may say nothing before it counts as hung.
DEADLINE = 60


def frame(kind, flags, stream, payload=b""):
    """A frame as it is on the wire, whether that makes sense or not."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def block(fields):
    """Fields as literals that no table remembers, so that every case stands for itself."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)


def _text(text):
    raw = text.encode("latin-1")
    length = bytes([len(raw)]) if len(raw) < 127 else b"\x7f" + _rest(len(raw) - 127)
    return length + raw


def _rest(number):
    return bytes([number]) if number < 128 else bytes([number % 128 + 128]) + _rest(number // 128)


class Connection:
    """One connection, with its settings exchanged."""

    def __init__(self, port, host, certificate=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        # What is small goes at once, not when what went before was taken.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if certificate:
            context = ssl.create_default_context(cafile=certificate)
            context.check_hostname = False
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname=host)
            assert self.socket.selected_alpn_protocol() == "h2", self.socket.selected_alpn_protocol()
        self.decoder = hpack.Decoder()
        self.ended = False
        # What came for each stream, the reason of its end, and that of the connection.
        self.statuses, self.bodies, self.resets, self.goaway, self.pongs = {}, {}, {}, None, []
        self.send(PREFACE + frame(SETTINGS, 0, 0))
        self.settings, self.acknowledged = None, False
        self.read_until(lambda: self.settings is not None)
        self.send(frame(SETTINGS, ACK, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *parts):
        """Sends; a server that has gone already has said why."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.socket.sendall(b"".join(parts))

    def read_until(self, enough):
        """Reads frames until it is enough, or the end."""
        while not self.ended and not enough():
            self._read()

    def alive(self):
        """Whether a PING comes back."""
        asked = len(self.pongs).to_bytes(8, "big")
        self.send(frame(PING, 0, 0, asked))
        self.read_until(lambda: asked in self.pongs)
        return asked in self.pongs

    def _exactly(self, length):
        got = b""
        while len(got) < length:
            try:
                part = self.socket.recv(length - len(got))
            except (ConnectionResetError, ssl.SSLError):
                part = b""
            if not part:
                self.ended = True
                return None
            got += part
        return memoryview(got)

    def _read(self):
        head = self._exactly(9)
        if head is None:
            return
        came, length = frames.Frame.parse_frame_header(head)
        body = self._exactly(length)
        if body is None:
            return
        came.parse_body(body)
        self._take(came)

    def _take(self, came):
        stream = came.stream_id
        match came:
            case frames.SettingsFrame() if "ACK" not in came.flags:
                self.settings = came.settings
            case frames.SettingsFrame():
                self.acknowledged = True
            case frames.PingFrame() if "ACK" in came.flags:
                self.pongs.append(came.opaque_data)
            case frames.GoAwayFrame():
                self.goaway = ERRORS[came.error_code]
            case frames.RstStreamFrame():
                self.resets[stream] = ERRORS[came.error_code]
            case frames.HeadersFrame():
                assert "END_HEADERS" in came.flags, "an answer's head is short"
                fields = dict(self.decoder.decode(came.data))
                self.statuses.setdefault(stream, fields.get(":status"))
            case frames.DataFrame():
                self.bodies[stream] = self.bodies.get(stream, b"") + came.data
            case frames.PushPromiseFrame():
                raise AssertionError("a server that pushes")
