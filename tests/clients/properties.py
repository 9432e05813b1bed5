"""Whatever botocore's model allows and CloudFront's rules do not forbid comes back as it was sent.

Arguments: how many of each kind, and seeds. One more seed is chosen by chance, and printed.
"""

import random
import re
import sys

import configurations as some
from chance import Maker
from checks import client, contains, fresh, run

COUNT = int(sys.argv[1])
SEEDS = [int(seed) for seed in sys.argv[2:]] + [random.SystemRandom().randrange(1 << 32)]
KINDS = (
    "StreamingDistribution",
    "Distribution",
    "CloudFrontOriginAccessIdentity",
    "OriginAccessControl",
    "PublicKey",
    "KeyGroup",
    "CachePolicy",
    "OriginRequestPolicy",
    "ResponseHeadersPolicy",
)
api = client()


def given():
    """Other resources that configurations name."""
    pem = some.pem()
    key = api.create_public_key(PublicKeyConfig=some.public_key(EncodedKey=pem))["PublicKey"]["Id"]
    group = api.create_key_group(KeyGroupConfig={"Name": fresh("group"), "Items": [key]})
    identity = api.create_cloud_front_origin_access_identity(
        CloudFrontOriginAccessIdentityConfig=some.identity()
    )
    control = api.create_origin_access_control(OriginAccessControlConfig=some.control())
    cache = api.create_cache_policy(CachePolicyConfig=some.cache_policy())
    forward = api.create_origin_request_policy(OriginRequestPolicyConfig=some.origin_request_policy())
    headers = api.create_response_headers_policy(ResponseHeadersPolicyConfig=some.response_headers_policy())
    return {
        "pem": pem,
        "key": key,
        "group": group["KeyGroup"]["Id"],
        "identity": identity["CloudFrontOriginAccessIdentity"]["Id"],
        "control": control["OriginAccessControl"]["Id"],
        "cache": cache["CachePolicy"]["Id"],
        "forward": forward["OriginRequestPolicy"]["Id"],
        "headers": headers["ResponseHeadersPolicy"]["Id"],
    }


def comes_back(maker, noun):
    """Create, Get, Update, Get: each answers what was sent last."""
    member = noun + "Config"
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", noun).lower()
    create, get, update = (getattr(api, f"{verb}_{snake}") for verb in ("create", "get", "update"))
    sent = maker.config(member)
    made = create(**{member: sent})
    contains(made[noun][member], sent, f"what Create answers for {sent}")
    id = made[noun]["Id"]
    contains(get(Id=id)[noun][member], sent, f"what Get answers for {sent}")
    sent = {**maker.config(member), **kept(noun, sent)}
    updated = update(Id=id, IfMatch=made["ETag"], **{member: sent})
    contains(updated[noun][member], sent, f"what Update answers for {sent}")
    contains(get(Id=id)[noun][member], sent, f"what Get answers after Update for {sent}")


def kept(noun, sent):
    """What an update must not change."""
    names = ["CallerReference", "Name", "EncodedKey"] if noun == "PublicKey" else ["CallerReference"]
    return {name: sent[name] for name in names if name in sent}


def check_that_everything_comes_back():
    others = given()
    for seed in SEEDS:
        print(f"seed {seed}")
        maker = Maker(api.meta.service_model, seed, others)
        for _ in range(COUNT):
            for noun in KINDS:
                comes_back(maker, noun)


run(globals())
