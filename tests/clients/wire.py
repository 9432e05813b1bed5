"""Requests that no client would send, signed by botocore all the same, and answers as they are on the wire."""

import http.client
import os
import urllib.parse
import xml.etree.ElementTree as xml

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from checks import ENDPOINT


class Answer:
    """What came back."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()
        self.root = xml.fromstring(self.text) if self.text else None

    @property
    def namespace(self):
        return self.root.tag[1:].split("}")[0]

    def at(self, path):
        """The text of an element; all are in the namespace of the root."""
        names = (f"{{{self.namespace}}}{name}" for name in path.split("/"))
        return self.root.findtext("/".join(names))

    @property
    def code(self):
        return self.at("Error/Code")


def send(method, path, body=b"", headers=None, key=None, auth=botocore.auth.SigV4Auth):
    """Signs a request and sends it."""
    body = body.encode() if isinstance(body, str) else body
    request = botocore.awsrequest.AWSRequest(
        method=method, url=ENDPOINT + path, data=body, headers=headers or {}
    )
    key = key or (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    auth(botocore.credentials.Credentials(*key), "cloudfront", "us-east-1").add_auth(request)
    return send_as_it_is(method, path, body, dict(request.headers.items()))


def send_as_it_is(method, path, body=b"", headers=None):
    """Sends a request without a signature, unless there is one in the headers."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(ENDPOINT).netloc, timeout=60)
    connection.request(method, path, body=body, headers=headers or {})
    return Answer(connection.getresponse())
