"""Configurations that are as small as they can be, to be changed by those who use them."""

import subprocess
import time

from checks import fresh

OAI = "origin-access-identity/cloudfront/"


def streaming(**more):
    """A streaming distribution of a public bucket."""
    return {
        "CallerReference": fresh("streaming"),
        "S3Origin": {"DomainName": "films.s3.amazonaws.com", "OriginAccessIdentity": ""},
        "Comment": "",
        "TrustedSigners": {"Enabled": False, "Quantity": 0},
        "Enabled": True,
        **more,
    }


def origin(**more):
    """A bucket as an origin."""
    return {
        "Id": "bucket",
        "DomainName": "films.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        **more,
    }


def behavior(**more):
    """A behaviour in the old way, without policies."""
    return {
        "TargetOriginId": "bucket",
        "ViewerProtocolPolicy": "allow-all",
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        "MinTTL": 0,
        **more,
    }


def by_policy(**more):
    """A behaviour in the new way."""
    return {"TargetOriginId": "bucket", "ViewerProtocolPolicy": "allow-all", **more}


def web(**more):
    """A web distribution of a public bucket."""
    return {
        "CallerReference": fresh("web"),
        "Origins": listed(origin()),
        "DefaultCacheBehavior": behavior(),
        "Comment": "",
        "Enabled": True,
        **more,
    }


def listed(*items):
    """A list as CloudFront has them."""
    return {"Quantity": len(items), "Items": list(items)} if items else {"Quantity": 0}


def batch(*paths):
    """What is to be invalidated."""
    return {"CallerReference": fresh("batch"), "Paths": listed(*paths)}


def identity(**more):
    """An origin access identity."""
    return {"CallerReference": fresh("identity"), "Comment": "", **more}


def control(**more):
    """An origin access control."""
    return {
        "Name": fresh("control"),
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
        **more,
    }


def pem():
    """A new public key."""
    private = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        capture_output=True,
    )
    public = subprocess.run(
        ["openssl", "pkey", "-pubout"], input=private.stdout, capture_output=True, check=True
    )
    return public.stdout.decode()


def public_key(**more):
    """A public key."""
    return {"CallerReference": fresh("key"), "Name": fresh("key"), "EncodedKey": pem(), **more}


def cache_policy(**more):
    """A cache policy that keys by the path alone."""
    return {
        "Name": fresh("cache"),
        "MinTTL": 0,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": False,
            "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        },
        **more,
    }


def origin_request_policy(**more):
    """An origin request policy that forwards nothing."""
    return {
        "Name": fresh("forward"),
        "HeadersConfig": {"HeaderBehavior": "none"},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "none"},
        **more,
    }


def response_headers_policy(**more):
    """A response headers policy that adds one header."""
    custom = {"Header": "x-films", "Value": "yes", "Override": True}
    return {"Name": fresh("headers"), "CustomHeadersConfig": listed(custom), **more}


def deployed(get, id):
    """Waits until a distribution is deployed; `get` is the client's method."""
    for _ in range(600):
        answer = get(Id=id)
        entity = answer.get("StreamingDistribution") or answer["Distribution"]
        if entity["Status"] == "Deployed":
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{id} is not deployed")
