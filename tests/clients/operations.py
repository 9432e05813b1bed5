"""Every operation succeeds, and answers what was sent, what Amazon puts beside it, and where it is."""

import datetime
import re

import configurations as some
from checks import client, contains, fresh, knows, run, same, status

api = client()


def snake(name):
    """How boto3 writes the name of an operation."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def call(operation, **arguments):
    return getattr(api, snake(operation))(**arguments)


def recent(moment):
    now = datetime.datetime.now(datetime.timezone.utc)
    assert abs(now - moment) < datetime.timedelta(minutes=10), f"{moment} is not now"


def located(answer, path):
    """Answers to Create say where the new resource is, and which version of it that is."""
    status(answer, 201)
    pattern = re.escape(api.meta.endpoint_url) + r"/\d{4}-\d\d-\d\d/" + re.escape(path) + "$"
    assert re.match(pattern, answer["Location"]), f"{answer['Location']} is not {path}"
    assert re.fullmatch("[A-Z0-9]+", answer["ETag"]), answer["ETag"]


def life(noun, plural, path, config, changed, may_delete=None):
    """Create, Get, GetConfig, Update, List, Delete; the answer is what Create answered."""
    member = noun + "Config"
    made = call("Create" + noun, **{member: config})
    entity = made[noun]
    id = entity["Id"]
    located(made, f"{path}/{id}")
    contains(entity[member], config, member)
    got = status(call("Get" + noun, Id=id), 200)
    same((got["ETag"], got[noun]), (made["ETag"], entity), "what Get answers")
    for moment in ("LastModifiedTime", "CreatedTime"):
        if moment in entity:
            recent(entity[moment])
    got = status(call(f"Get{noun}Config", Id=id), 200)
    same((got["ETag"], got[member]), (made["ETag"], entity[member]), "what GetConfig answers")
    new = {**config, **changed}
    updated = status(call("Update" + noun, Id=id, IfMatch=made["ETag"], **{member: new}), 200)
    assert updated["ETag"] != made["ETag"], "the ETag stays the same"
    contains(updated[noun][member], new, member)
    same(call("Get" + noun, Id=id)[noun], updated[noun], "what Get answers after Update")
    same(id in listed(noun, plural), True, "whether the list has it")
    etag = may_delete(id) if may_delete else updated["ETag"]
    status(call("Delete" + noun, Id=id, IfMatch=etag), 204)
    same(id in listed(noun, plural), False, "whether the list has it after Delete")
    return made


def listed(noun, plural):
    """The ids in a list, which may say them one level deeper."""
    answer = status(call("List" + plural), 200)[noun + "List"]
    items = answer.get("Items", [])
    same(answer["Quantity"], len(items), "Quantity")
    return [(item.get(noun) or item)["Id"] for item in items]


def disabled(noun):
    """Disables a distribution, waits until that is everywhere, and answers its ETag."""

    def disable(id):
        got = call(f"Get{noun}Config", Id=id)
        config = {**got[noun + "Config"], "Enabled": False}
        call("Update" + noun, Id=id, IfMatch=got["ETag"], **{noun + "Config": config})
        return some.deployed(getattr(api, snake("Get" + noun)), id)["ETag"]

    return disable


def check_streaming_distributions():
    config = some.streaming(
        Aliases=some.listed("films.example.com", "*.films.example.com"),
        Comment="what we show: <films> & „more“ ☺",
        Logging={"Enabled": True, "Bucket": "logs.s3.amazonaws.com", "Prefix": "a/b/"},
        TrustedSigners={"Enabled": True, **some.listed("self", "123456789012")},
        PriceClass="PriceClass_100",
    )
    made = life(
        "StreamingDistribution",
        "StreamingDistributions",
        "streaming-distribution",
        config,
        {"Comment": "", "Aliases": some.listed("other.example.com")},
        disabled("StreamingDistribution"),
    )["StreamingDistribution"]
    same(made["StreamingDistributionConfig"], config, "a full configuration")
    assert re.fullmatch(r"s[a-z0-9]{13}\..+", made["DomainName"]), made["DomainName"]
    assert re.fullmatch(r"E[A-Z0-9]{13}", made["Id"]), made["Id"]
    same(made["ARN"], f"arn:aws:cloudfront::123456789012:streaming-distribution/{made['Id']}", "the ARN")
    same(
        [signer["AwsAccountNumber"] for signer in made["ActiveTrustedSigners"]["Items"]],
        ["123456789012", "self"],
        "signers",
    )


def check_defaults_of_a_streaming_distribution():
    made = api.create_streaming_distribution(StreamingDistributionConfig=some.streaming())
    config = made["StreamingDistribution"]["StreamingDistributionConfig"]
    same(config["Logging"], {"Enabled": False, "Bucket": "", "Prefix": ""}, "Logging")
    same(config["PriceClass"], "PriceClass_All", "PriceClass")
    same(config["Aliases"], {"Quantity": 0}, "Aliases")
    same(made["StreamingDistribution"]["ActiveTrustedSigners"]["Enabled"], False, "whether anybody signs")


def check_tags_of_streaming_distributions():
    tags = {"Items": [{"Key": "project", "Value": "films"}, {"Key": "empty", "Value": ""}]}
    whole = {"StreamingDistributionConfig": some.streaming(), "Tags": tags}
    made = api.create_streaming_distribution_with_tags(StreamingDistributionConfigWithTags=whole)
    id = made["StreamingDistribution"]["Id"]
    located(made, f"streaming-distribution/{id}")
    tagging(made["StreamingDistribution"]["ARN"], tags)


def check_tags_of_web_distributions():
    tags = {"Items": [{"Key": "project", "Value": "films"}, {"Key": "empty", "Value": ""}]}
    made = api.create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": some.web(), "Tags": tags}
    )
    located(made, f"distribution/{made['Distribution']['Id']}")
    tagging(made["Distribution"]["ARN"], tags)


def tagging(arn, first):
    def tags():
        items = status(api.list_tags_for_resource(Resource=arn), 200)["Tags"]["Items"]
        return {tag["Key"]: tag.get("Value", "") for tag in items}

    same(tags(), {tag["Key"]: tag["Value"] for tag in first["Items"]}, "the tags it was made with")
    more = {"Items": [{"Key": "project", "Value": "more films"}, {"Key": "ä b+c=d@e", "Value": "x/y:z"}]}
    status(api.tag_resource(Resource=arn, Tags=more), 204)
    same(tags(), {"project": "more films", "ä b+c=d@e": "x/y:z", "empty": ""}, "tags after TagResource")
    status(api.untag_resource(Resource=arn, TagKeys={"Items": ["empty", "ä b+c=d@e", "never-there"]}), 204)
    same(tags(), {"project": "more films"}, "tags after UntagResource")
    status(api.untag_resource(Resource=arn, TagKeys={"Items": ["project"]}), 204)
    same(tags(), {}, "no tags")


def check_web_distributions():
    identity = api.create_cloud_front_origin_access_identity(
        CloudFrontOriginAccessIdentityConfig=some.identity()
    )
    reader = some.OAI + identity["CloudFrontOriginAccessIdentity"]["Id"]
    custom = {
        "Id": "site",
        "DomainName": "www.example.com",
        "OriginPath": "/below",
        "CustomHeaders": some.listed({"HeaderName": "x-from", "HeaderValue": "edge"}),
        "CustomOriginConfig": {
            "HTTPPort": 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": "match-viewer",
            "OriginSslProtocols": some.listed("TLSv1.2"),
            "OriginReadTimeout": 30,
            "OriginKeepaliveTimeout": 5,
        },
        "ConnectionAttempts": 2,
        "ConnectionTimeout": 7,
    }
    group = {
        "Id": "both",
        "FailoverCriteria": {"StatusCodes": some.listed(500, 503)},
        "Members": some.listed({"OriginId": "bucket"}, {"OriginId": "site"}),
    }
    pages = some.behavior(
        PathPattern="/pages/*", TargetOriginId="both", MinTTL=1, DefaultTTL=2, MaxTTL=3, Compress=True
    )
    config = some.web(
        Aliases=some.listed("www.films.example.com"),
        DefaultRootObject="index.html",
        Origins=some.listed(some.origin(S3OriginConfig={"OriginAccessIdentity": reader}), custom),
        OriginGroups=some.listed(group),
        CacheBehaviors=some.listed(pages),
        CustomErrorResponses=some.listed(
            {
                "ErrorCode": 404,
                "ResponsePagePath": "/404.html",
                "ResponseCode": "200",
                "ErrorCachingMinTTL": 7,
            }
        ),
        Comment="<player> & „more“",
        Logging={"Enabled": True, "IncludeCookies": True, "Bucket": "logs.s3.amazonaws.com", "Prefix": "web"},
        PriceClass="PriceClass_200",
        Restrictions={"GeoRestriction": {"RestrictionType": "blacklist", **some.listed("AQ", "BV")}},
        HttpVersion="http2",
        IsIPV6Enabled=True,
    )
    made = life(
        "Distribution", "Distributions", "distribution", config, {"Comment": ""}, disabled("Distribution")
    )
    made = made["Distribution"]
    assert re.fullmatch(r"d[a-z0-9]{13}\..+", made["DomainName"]), made["DomainName"]
    same(made["ARN"], f"arn:aws:cloudfront::123456789012:distribution/{made['Id']}", "the ARN")
    same(made["InProgressInvalidationBatches"], 0, "InProgressInvalidationBatches")


def check_key_groups_that_sign_for_a_web_distribution():
    key = api.create_public_key(PublicKeyConfig=some.public_key())["PublicKey"]["Id"]
    group = api.create_key_group(KeyGroupConfig={"Name": fresh("signers"), "Items": [key]})["KeyGroup"]["Id"]
    behavior = some.behavior(TrustedKeyGroups={"Enabled": True, **some.listed(group)})
    made = api.create_distribution(DistributionConfig=some.web(DefaultCacheBehavior=behavior))["Distribution"]
    expected = {"Enabled": True, **some.listed({"KeyGroupId": group, "KeyPairIds": some.listed(key)})}
    same(made["ActiveTrustedKeyGroups"], expected, "ActiveTrustedKeyGroups")
    without = api.create_distribution(DistributionConfig=some.web())["Distribution"]
    same(
        without["ActiveTrustedKeyGroups"], {"Enabled": False, "Quantity": 0}, "ActiveTrustedKeyGroups of none"
    )


def check_origin_access_identities():
    config = some.identity(Comment="reads films")
    made = life(
        "CloudFrontOriginAccessIdentity",
        "CloudFrontOriginAccessIdentities",
        "origin-access-identity/cloudfront",
        config,
        {"Comment": "reads more"},
    )["CloudFrontOriginAccessIdentity"]
    assert re.fullmatch("[0-9a-f]{96}", made["S3CanonicalUserId"]), made["S3CanonicalUserId"]


def check_origin_access_controls():
    config = some.control(Description="reads films")
    life(
        "OriginAccessControl",
        "OriginAccessControls",
        "origin-access-control",
        config,
        {"SigningBehavior": "never"},
    )


def check_public_keys():
    config = some.public_key(Comment="the first")
    made = life("PublicKey", "PublicKeys", "public-key", config, {"Comment": "the only one"})
    assert made["PublicKey"]["Id"].startswith("K"), made["PublicKey"]["Id"]


def check_key_groups():
    keys = [api.create_public_key(PublicKeyConfig=some.public_key())["PublicKey"]["Id"] for _ in range(2)]
    life(
        "KeyGroup",
        "KeyGroups",
        "key-group",
        {"Name": fresh("group"), "Items": keys},
        {"Items": keys[:1], "Comment": "x"},
    )


def check_cache_policies():
    config = some.cache_policy(Comment="short", DefaultTTL=5, MaxTTL=6)
    config["ParametersInCacheKeyAndForwardedToOrigin"] = {
        "EnableAcceptEncodingGzip": True,
        "EnableAcceptEncodingBrotli": True,
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": some.listed("accept", "x-device")},
        "CookiesConfig": {"CookieBehavior": "allExcept", "Cookies": some.listed("session")},
        "QueryStringsConfig": {"QueryStringBehavior": "whitelist", "QueryStrings": some.listed("size")},
    }
    life("CachePolicy", "CachePolicies", "cache-policy", config, {"MaxTTL": 7})


def check_origin_request_policies():
    config = some.origin_request_policy(HeadersConfig={"HeaderBehavior": "allViewer"}, Comment="all of them")
    changed = {"CookiesConfig": {"CookieBehavior": "all"}}
    life("OriginRequestPolicy", "OriginRequestPolicies", "origin-request-policy", config, changed)


def check_response_headers_policies():
    config = some.response_headers_policy(
        Comment="for browsers",
        CorsConfig={
            "AccessControlAllowOrigins": some.listed("https://films.example.com", "*"),
            "AccessControlAllowHeaders": some.listed("*"),
            "AccessControlAllowMethods": some.listed("GET", "HEAD"),
            "AccessControlAllowCredentials": False,
            "AccessControlExposeHeaders": some.listed("etag"),
            "AccessControlMaxAgeSec": 600,
            "OriginOverride": True,
        },
        SecurityHeadersConfig={
            "XSSProtection": {"Override": True, "Protection": True, "ModeBlock": True},
            "FrameOptions": {"Override": True, "FrameOption": "SAMEORIGIN"},
            "ReferrerPolicy": {"Override": False, "ReferrerPolicy": "same-origin"},
            "ContentSecurityPolicy": {"Override": True, "ContentSecurityPolicy": "default-src 'self'"},
            "ContentTypeOptions": {"Override": True},
            "StrictTransportSecurity": {
                "Override": True,
                "IncludeSubdomains": True,
                "Preload": False,
                "AccessControlMaxAgeSec": 31536000,
            },
        },
    )
    if knows(api, "CreateResponseHeadersPolicy", "ResponseHeadersPolicyConfig.RemoveHeadersConfig"):
        config["RemoveHeadersConfig"] = some.listed({"Header": "server"})
        config["ServerTimingHeadersConfig"] = {"Enabled": True, "SamplingRate": 12.5}
    life(
        "ResponseHeadersPolicy",
        "ResponseHeadersPolicies",
        "response-headers-policy",
        config,
        {"Comment": "for all"},
    )


def check_managed_policies():
    for noun, plural, name, count in (
        ("CachePolicy", "CachePolicies", "Managed-CachingOptimized", 1),
        ("OriginRequestPolicy", "OriginRequestPolicies", "Managed-AllViewer", 1),
        ("ResponseHeadersPolicy", "ResponseHeadersPolicies", "Managed-SimpleCORS", 1),
    ):
        items = call("List" + plural, Type="managed")[noun + "List"]["Items"]
        found = [item[noun] for item in items if item[noun][noun + "Config"]["Name"] == name]
        same(len(found), count, f"how many are called {name}")
        same({item["Type"] for item in items}, {"managed"}, "types")
        same(call("Get" + noun, Id=found[0]["Id"])[noun], found[0], "what Get answers")
        same("Managed" in str(call("List" + plural, Type="custom")), False, "whether a custom one is managed")


def check_invalidations():
    made = api.create_distribution(DistributionConfig=some.web())["Distribution"]
    batch = some.batch("/*", "/a%20b/c.html", "/films/*")
    first = api.create_invalidation(DistributionId=made["Id"], InvalidationBatch=batch)
    id = first["Invalidation"]["Id"]
    status(first, 201)
    assert first["Location"].endswith(f"/distribution/{made['Id']}/invalidation/{id}"), first["Location"]
    same(first["Invalidation"]["InvalidationBatch"], batch, "the batch")
    recent(first["Invalidation"]["CreateTime"])
    got = status(api.get_invalidation(DistributionId=made["Id"], Id=id), 200)["Invalidation"]
    same(got["InvalidationBatch"], batch, "the batch")
    again = api.create_invalidation(DistributionId=made["Id"], InvalidationBatch=batch)
    same(again["Invalidation"]["Id"], id, "the id for the same caller reference and paths")
    second = api.create_invalidation(DistributionId=made["Id"], InvalidationBatch=some.batch("/*"))
    items = status(api.list_invalidations(DistributionId=made["Id"]), 200)["InvalidationList"]["Items"]
    same(
        [item["Id"] for item in items], [second["Invalidation"]["Id"], id], "invalidations, the newest first"
    )


def check_a_caller_reference_makes_one_identity_however_often_it_is_sent():
    config = some.identity(Comment="once")
    made = [
        api.create_cloud_front_origin_access_identity(CloudFrontOriginAccessIdentityConfig=config)[
            "CloudFrontOriginAccessIdentity"
        ]["Id"]
        for _ in range(3)
    ]
    same(len(set(made)), 1, "identities")


run(globals())
