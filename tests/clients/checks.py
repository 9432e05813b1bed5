"""What the scripts here share: a client, checks that say what was wrong, and a count of what was done.

A script is a list of functions called check_…; `run` calls one after the other, in the order in which they
are written, tells which failed, and ends with status 1 if one did. The server and the key are in the environment.
"""

import itertools
import os
import sys
import traceback

import boto3
import botocore.config
import botocore.exceptions

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]

# What was answered: operations that succeeded, and codes of those that did not.
operations, codes = set(), set()

_numbers = itertools.count(1)


def client(key=None, secret=None, retries=0):
    """A client of the server under test: with the key of the environment, or with another one."""
    config = botocore.config.Config(
        retries={"max_attempts": retries}, max_pool_connections=32, read_timeout=60, region_name="us-east-1"
    )
    session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret)
    made = session.client("cloudfront", endpoint_url=ENDPOINT, config=config)
    made.meta.events.register("after-call.cloudfront.*", _count)
    return made


def _count(http_response, parsed, model, **_):
    if http_response.status_code < 300:
        operations.add(model.name)
    else:
        codes.add(parsed.get("Error", {}).get("Code"))


def fresh(what):
    """A name that nothing had before."""
    return f"{what}-{os.getpid()}-{next(_numbers)}"


def same(got, expected, what):
    """Compares, and tells where two things differ."""
    if got != expected:
        raise AssertionError(f"{what}: {_difference(got, expected, '')}")


def _difference(got, expected, path):
    if isinstance(got, dict) and isinstance(expected, dict):
        for name in sorted(got.keys() | expected.keys()):
            if got.get(name) != expected.get(name):
                return _difference(got.get(name), expected.get(name), f"{path}.{name}")
    if isinstance(got, list) and isinstance(expected, list) and len(got) == len(expected):
        for place, (one, other) in enumerate(zip(got, expected)):
            if one != other:
                return _difference(one, other, f"{path}[{place}]")
    return f"{path or 'it'} is {got!r}, not {expected!r}"


def contains(got, sent, what):
    """Whatever was sent comes back; Amazon adds what was left out."""
    if isinstance(sent, dict):
        assert isinstance(got, dict), f"{what} is {got!r}, not {sent!r}"
        for name, value in sent.items():
            contains(got.get(name), value, f"{what}.{name}")
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        for place, value in enumerate(sent):
            contains(got[place], value, f"{what}[{place}]")
    else:
        same(got, sent, what)


def status(answer, expected):
    """The HTTP status of an answer."""
    same(answer["ResponseMetadata"]["HTTPStatusCode"], expected, "the status")
    return answer


def refused(code, call, words="", **arguments):
    """A call that must be refused with this code, by the exception that boto3 has for it, in words that help."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        fault = error.response["Error"]
        same(fault["Code"], code, f"the code of {fault['Message']!r}")
        typed = getattr(call.__self__.exceptions, code, None) if _is_modelled(call, code) else error.__class__
        assert isinstance(error, typed), f"{code} came as {type(error)}"
        assert words in fault["Message"], f"{words!r} is not in {fault['Message']!r}"
        assert fault["Message"], "there is no message"
        assert error.response["ResponseMetadata"].get("RequestId"), "there is no request id"
        same(
            fault.get("Type"),
            "Sender" if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 else "Receiver",
            "the type",
        )
        codes.add(code)
        return error
    raise AssertionError(f"{code} was expected, but it was done")


def _is_modelled(call, code):
    return any(shape.name == code for shape in call.__self__.meta.service_model.error_shapes)


def knows(client, operation, *members):
    """Whether this release of botocore knows an operation, and members of its input; a dot leads into one."""
    model = client.meta.service_model
    if operation not in model.operation_names:
        return False
    return all(_has(model.operation_model(operation).input_shape, member.split(".")) for member in members)


def _has(shape, path):
    for name in path:
        while shape.type_name == "list":
            shape = shape.member
        if name not in shape.members:
            return False
        shape = shape.members[name]
    return True


def run(names):
    """Runs the checks among some globals."""
    failed = 0
    for name, check in list(names.items()):
        if name.startswith("check_"):
            try:
                check()
                print(f"ok      {name}")
            except Exception:
                failed += 1
                print(f"FAILED  {name}\n{traceback.format_exc()}")
    print(f"operations: {' '.join(sorted(operations))}")
    print(f"codes: {' '.join(sorted(filter(None, codes)))}")
    sys.exit(1 if failed else 0)
