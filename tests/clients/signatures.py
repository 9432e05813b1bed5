"""Who calls: wrong keys, no keys, wrong clocks, other signatures; and every version of the API in its own namespace."""

import datetime
import os
import unittest.mock

import botocore
import botocore.auth
import botocore.config
import botocore.exceptions
import boto3
import configurations as some
import wire
from checks import ENDPOINT, client, refused, run, same, status

ID, SECRET = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
PATH = "/2020-05-31/streaming-distribution"


def check_wrong_secrets():
    for secret in (SECRET[:-1], SECRET + "x", SECRET.upper(), "x"):
        refused("SignatureDoesNotMatch", client(ID, secret).list_streaming_distributions)


def check_unknown_keys():
    for key in ("AKIANEVERWASHERE2345", ID.lower(), ID + "X"):
        refused("InvalidClientTokenId", client(key, SECRET).list_streaming_distributions, key)


def check_no_credentials():
    config = botocore.config.Config(signature_version=botocore.UNSIGNED)
    anybody = boto3.client("cloudfront", endpoint_url=ENDPOINT, region_name="us-east-1", config=config)
    refused("MissingAuthenticationToken", anybody.list_streaming_distributions)
    answer = wire.send_as_it_is("GET", PATH)
    same((answer.status, answer.code), (403, "MissingAuthenticationToken"), "a request without signature")


def check_signatures_that_are_none():
    for header in (
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b",
        "Bearer x",
        "AWS " + ID + ":x",
        "Basic YTpi",
    ):
        answer = wire.send_as_it_is("GET", PATH, headers={"Authorization": header})
        same(answer.status in (400, 403), True, f"whether {header} is refused with {answer.status}")
        assert answer.code, answer.text


def check_other_services_and_regions():
    class Other(botocore.auth.SigV4Auth):
        def __init__(self, credentials, service, region):
            super().__init__(credentials, "s3", region)

    answer = wire.send("GET", PATH, auth=Other)
    same(answer.status, 403, "a signature for another service")
    # CloudFront is global: clients that believe in some region are served.
    for region in ("us-east-1", "eu-central-1", "aws-global"):
        session = boto3.session.Session(region_name=region)
        status(session.client("cloudfront", endpoint_url=ENDPOINT).list_streaming_distributions(), 200)


def check_clocks():
    # What AWS answers, too: the code is that of a wrong signature, the words are about the clock.
    for minutes, words in (
        (-20, "Signature expired"),
        (-10, None),
        (10, None),
        (20, "Signature not yet current"),
    ):
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        api = client()
        # botocore reads its clock in one place, which moved between releases.
        with shifted(moment):
            if words:
                refused("SignatureDoesNotMatch", api.list_streaming_distributions, words)
            else:
                status(api.list_streaming_distributions(), 200)


def shifted(moment):
    """Lets botocore believe that it is another time."""
    if hasattr(botocore.auth, "get_current_datetime"):
        naive = moment.replace(tzinfo=None)
        return unittest.mock.patch.object(botocore.auth, "get_current_datetime", lambda **_: naive)
    clock = unittest.mock.Mock(wraps=datetime.datetime)
    clock.utcnow.return_value = moment.replace(tzinfo=None)
    return unittest.mock.patch.object(botocore.auth.datetime, "datetime", clock)


def check_bodies_that_were_changed_on_the_way():
    class Tampering(botocore.auth.SigV4Auth):
        def payload(self, request):
            return super().payload(request)[::-1]

    answer = wire.send("POST", PATH, b"<StreamingDistributionConfig/>", auth=Tampering)
    same((answer.status, answer.code), (403, "SignatureDoesNotMatch"), "another body than was signed")


def check_nothing_was_made_by_all_this():
    same(client().list_streaming_distributions()["StreamingDistributionList"]["Quantity"], 0, "distributions")


def check_any_version_of_the_api():
    api = client()
    made = api.create_streaming_distribution(StreamingDistributionConfig=some.streaming())[
        "StreamingDistribution"
    ]
    for version in ("2010-11-01", "2012-05-05", "2014-05-31", "2016-01-28", "2019-03-26", "2020-05-31"):
        namespace = f"http://cloudfront.amazonaws.com/doc/{version}/"
        answer = wire.send("GET", f"/{version}/streaming-distribution/{made['Id']}")
        same((answer.status, answer.namespace), (200, namespace), "status and namespace")
        same(answer.at("DomainName"), made["DomainName"], "the domain name")
        answer = wire.send("GET", f"/{version}/streaming-distribution/E0NEVER")
        same(
            (answer.status, answer.namespace, answer.code),
            (404, namespace, "NoSuchStreamingDistribution"),
            "a fault",
        )
        body = f"""<?xml version="1.0" encoding="UTF-8"?>
            <StreamingDistributionConfig xmlns="{namespace}">
              <S3Origin><DomainName>old.s3.amazonaws.com</DomainName><OriginAccessIdentity/></S3Origin>
              <CallerReference>by version {version}</CallerReference>
              <Aliases><Quantity>1</Quantity><Items><CNAME>v{version}.example.org</CNAME></Items></Aliases>
              <TrustedSigners><Enabled>false</Enabled><Quantity>0</Quantity></TrustedSigners>
              <Comment>by hand</Comment><Enabled>true</Enabled>
            </StreamingDistributionConfig>"""
        answer = wire.send("POST", f"/{version}/streaming-distribution", body, {"Content-Type": "text/xml"})
        same((answer.status, answer.namespace), (201, namespace), f"the answer to a Create: {answer.text}")
        id = answer.at("Id")
        assert answer.headers["Location"].endswith(f"/{version}/streaming-distribution/{id}"), answer.headers[
            "Location"
        ]
        # The newest version sees what the oldest made.
        config = api.get_streaming_distribution_config(Id=id)["StreamingDistributionConfig"]
        same(config["S3Origin"]["DomainName"], "old.s3.amazonaws.com", "the origin")


def check_answers_on_the_wire():
    answer = wire.send("GET", PATH)
    same(answer.headers["Content-Type"].split(";")[0], "text/xml", "Content-Type")
    assert answer.headers["x-amzn-RequestId"], "there is no request id"
    assert answer.text.startswith("<?xml "), answer.text[:40]


run(globals())
