"""An origin that tells what it was asked: an answer's body is the request, as JSON. It prints its port first.

/api/trailers answers in chunks, with trailers behind them; /api/held prints `held` and answers when /release was asked
for. The answer to HEAD says that there would be two bytes.
"""

import hashlib
import http.server
import json
import threading

RELEASED = threading.Event()


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/api/held"):
            print("held", flush=True)
            RELEASED.wait(120)
        if self.path == "/release":
            RELEASED.set()
        self.answer(self.content())

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def content(self):
        """The body of the request."""
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        # A body that is cut off ends like one that ends.
        while length := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            parts.append(self.rfile.read(length))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def answer(self, content):
        fields = {name.lower(): value for name, value in self.headers.items()}
        digest = hashlib.sha256(content).hexdigest()
        told = {"method": self.command, "path": self.path, "fields": fields, "length": len(content), "sha256": digest}
        body = json.dumps(told).encode()
        self.send_response(200)
        if self.path == "/api/trailers":
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Trailer", "X-Sum")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\nX-Sum: 42\r\n\r\n" % (len(body), body))
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    # Connections that wait to be taken: tests open many at one time.
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Origin)
print(f"port {server.server_port}", flush=True)
server.serve_forever()
