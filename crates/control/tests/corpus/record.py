"""What botocore sends and reads, as data for the tests of the shapes; `cargo xtask shapes` runs this.

    record.py record   writes requests.jsonl: each operation's request with all members and with as few as can be, as
                       botocore's own client sends it; and answers.jsonl, with outputs that have no body yet.
                       The tests fill those in.
    record.py verify   sees that botocore's client reads each answer as the output it was made from.
"""

import datetime
import json
import pathlib
import re
import sys
import urllib.parse

import botocore
import botocore.session
from botocore.awsrequest import AWSResponse

HERE = pathlib.Path(__file__).parent
SHAPES = HERE.parent.parent / "src/shape/shapes.txt"
OPERATIONS = re.findall(r"^operation (\w+)", SHAPES.read_text(), re.M)
KEY = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\nabc+/==\n-----END PUBLIC KEY-----\n"
TEXTS = ["a <b> & 'c' \"d\"", " \t\u00e9\n\u65e5\u672c ", "", "\U0001f600]]>", "x/y?z=%20+"]


class Maker:
    """Values of shapes: all of their members, or only those that have to be there."""

    def __init__(self, whole, texts):
        self.whole = whole
        self.texts = texts
        self.count = 0

    def next(self, values):
        self.count += 1
        return values[self.count % len(values)]

    def make(self, shape, name="", plain=False):
        return getattr(self, shape.type_name)(shape, name, plain)

    def structure(self, shape, name, _):
        value = {}
        for member, of in shape.members.items():
            if self.whole or member in shape.required_members:
                plain = "location" in of.serialization
                value[member] = self.make(of, member, plain)
        if "Quantity" in value:
            value["Quantity"] = len(value.get("Items", []))
        return value

    def list(self, shape, name, _):
        least = shape.metadata.get("min", 0)
        return [self.make(shape.member, name) for _ in range(max(least, 2) if self.whole else least)]

    def string(self, shape, name, plain):
        if shape.enum:
            return self.next(shape.enum)
        if shape.name == "ResourceARN":
            return "arn:aws:cloudfront::123456789012:distribution/E1"
        if name == "MaxItems":
            return "100"
        if name == "EncodedKey":
            return KEY
        if plain:
            return "E1 /+%\u00e9" if shape.serialization.get("location") != "header" else "E2QWRUHEXAMPLE"
        text = self.next(self.texts)
        text += "x" * (shape.metadata.get("min", 0) - len(text))
        return text[: shape.metadata.get("max")]

    def integer(self, shape, name, _):
        return self.next([0, 1, -5, 2**31 - 1])

    def long(self, shape, name, _):
        return self.next([86400, 2**40, -1])

    def double(self, shape, name, _):
        return self.next([0.0, 12.5, 100.0])

    def boolean(self, shape, name, _):
        return self.next([True, False])

    def timestamp(self, shape, name, _):
        return self.next(["2012-05-19T19:37:58.000Z", "2024-02-29T23:59:59.123Z"])


def client():
    session = botocore.session.Session()
    session.set_credentials("AKIDEXAMPLE", "secret")
    return session.create_client("cloudfront", region_name="us-east-1", endpoint_url="http://millrace.test")


class Wire:
    """Stands where the network would be: keeps the request, and answers."""

    def __init__(self):
        self.client = client()
        self.client.meta.events.register("before-send.cloudfront", self.send)
        self.answer = (200, {}, b"")

    def send(self, request, **_):
        self.request = request
        status, headers, body = self.answer
        return AWSResponse(request.url, status, headers, Raw(body))

    def call(self, operation, given):
        return self.client._make_api_call(operation, given)


class Raw:
    def __init__(self, body):
        self.body = body

    def stream(self, *_, **__):
        yield self.body


def lines(name):
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


def write(name, rows):
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    (HERE / name).write_text(text)
    print(f"{name}: {len(rows)} lines, {len(text)} bytes")


def makers(texts):
    return [Maker(True, texts), Maker(False, texts)]


def record():
    wire, requests, answers = Wire(), [], []
    for operation in OPERATIONS:
        model = wire.client.meta.service_model.operation_model(operation)
        for maker in makers(TEXTS):
            given = maker.make(model.input_shape)
            wire.call(operation, given)
            url = urllib.parse.urlsplit(wire.request.url)
            body = wire.request.body or b""
            headers = {k: v.decode() if isinstance(v, bytes) else v for k, v in wire.request.headers.items()}
            row = {"operation": operation, "method": wire.request.method, "path": url.path, "query": url.query}
            row["headers"] = {k: v for k, v in headers.items() if k == "If-Match"}
            requests.append(row | {"body": body.decode(), "input": given})
        # botocore reads line ends that it would not write.
        for maker in makers(TEXTS + ["a\r\nb\rc\n"]) if model.output_shape else []:
            # No answer comes without its body, whatever the model says of it.
            shape = model.output_shape
            payload = shape.serialization["payload"]
            output = {payload: maker.make(shape.members[payload])} | maker.make(shape)
            answers.append({"operation": operation, "output": output})
    write("requests.jsonl", requests)
    write("answers.jsonl", answers)


def plain(value):
    """A result as JSON has it."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"
    return value


def verify():
    wire, rows = Wire(), lines("answers.jsonl")
    for row in rows:
        operation = row["operation"]
        model = wire.client.meta.service_model.operation_model(operation)
        wire.answer = (row["status"], dict(row["headers"]), row["body"].encode())
        result = plain(wire.call(operation, Maker(False, TEXTS).make(model.input_shape)))
        metadata = result.pop("ResponseMetadata")
        assert metadata["HTTPStatusCode"] == row["status"] == model.http["responseCode"], operation
        assert result == row["output"], f"{operation}\n{result}\n{row['output']}"
    print(f"botocore {botocore.__version__} reads {len(rows)} answers as they were meant")


{"record": record, "verify": verify}[sys.argv[1]]()
