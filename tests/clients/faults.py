"""What is refused: each documented code that can be provoked, as boto3's exception, with words that name the member."""

import configurations as some
import wire
from checks import fresh, knows, refused, run, same
from refusals import NEVER, api, no_streaming, no_web, streaming, web


def no_behavior(code, words, **more):
    no_web(code, words, DefaultCacheBehavior=some.behavior(**more))


def check_quantities():
    for list in (
        {"Quantity": 2, "Items": ["a.example.org"]},
        {"Quantity": 1},
        {"Quantity": 0, "Items": ["a.example.org"]},
    ):
        no_streaming("InconsistentQuantities", "Aliases", Aliases=list)
        no_web("InconsistentQuantities", "Aliases", Aliases=list)
    no_streaming(
        "InconsistentQuantities",
        "TrustedSigners",
        TrustedSigners={"Enabled": True, "Quantity": 2, "Items": ["self"]},
    )
    no_web("InconsistentQuantities", "Origins", Origins={"Quantity": 2, "Items": [some.origin()]})


def check_arguments():
    for name, more in (
        ("Comment", {"Comment": "x" * 129}),
        ("PriceClass", {"PriceClass": "PriceClass_7"}),
        ("TrustedSigners", {"TrustedSigners": {"Enabled": True, **some.listed("12345")}}),
        ("Logging.Bucket", {"Logging": {"Enabled": True, "Bucket": "no bucket", "Prefix": ""}}),
    ):
        no_streaming("InvalidArgument", name, **more)
    for size in ("0", "-1", "many"):
        refused("InvalidArgument", api.list_streaming_distributions, "MaxItems", MaxItems=size)
        refused("InvalidArgument", api.list_distributions, "MaxItems", MaxItems=size)
    refused(
        "InvalidArgument",
        api.create_public_key,
        "EncodedKey",
        PublicKeyConfig=some.public_key(EncodedKey="no key"),
    )
    refused(
        "InvalidArgument",
        api.create_key_group,
        NEVER,
        KeyGroupConfig={"Name": fresh("group"), "Items": [NEVER]},
    )
    refused(
        "InvalidArgument",
        api.create_cache_policy,
        "MinTTL",
        CachePolicyConfig=some.cache_policy(MinTTL=9, MaxTTL=3),
    )
    distribution = web()["Distribution"]["Id"]
    for path in ("no/slash", "/a*b", "/a b", "/ü", ""):
        refused(
            "InvalidArgument",
            api.create_invalidation,
            "Paths",
            DistributionId=distribution,
            InvalidationBatch=some.batch(path),
        )
    refused(
        "InvalidArgument",
        api.create_invalidation,
        "Paths",
        DistributionId=distribution,
        InvalidationBatch=some.batch(),
    )


def check_origins():
    for domain in (
        "films.example.com",
        "s3.amazonaws.com",
        "films.s3-website-us-east-1.amazonaws.com",
        "films.s3-accelerate.amazonaws.com",
        "",
    ):
        no_streaming(
            "InvalidOrigin",
            "S3Origin.DomainName",
            S3Origin={"DomainName": domain, "OriginAccessIdentity": ""},
        )
        no_web("InvalidOrigin", "DomainName", Origins=some.listed(some.origin(DomainName=domain)))
    for identity in (some.OAI + NEVER, NEVER, some.OAI):
        no_streaming(
            "InvalidOriginAccessIdentity",
            "origin access identity",
            S3Origin={"DomainName": "films.s3.amazonaws.com", "OriginAccessIdentity": identity},
        )
        no_web(
            "InvalidOriginAccessIdentity",
            "origin access identity",
            Origins=some.listed(some.origin(S3OriginConfig={"OriginAccessIdentity": identity})),
        )
    no_web("InvalidOriginAccessControl", NEVER, Origins=some.listed(some.origin(OriginAccessControlId=NEVER)))
    bare = some.origin()
    del bare["S3OriginConfig"]
    no_web("InvalidOrigin", "S3OriginConfig", Origins=some.listed(bare))
    no_web("InvalidArgument", "OriginPath", Origins=some.listed(some.origin(OriginPath="below/")))
    no_web("InvalidArgument", "bucket", Origins=some.listed(some.origin(), some.origin()))


def check_behaviors():
    no_behavior("NoSuchOrigin", "elsewhere", TargetOriginId="elsewhere")
    no_behavior("InvalidTTLOrder", "MinTTL", MinTTL=9, DefaultTTL=8)
    no_behavior("InvalidTTLOrder", "MaxTTL", DefaultTTL=9, MaxTTL=8)
    no_behavior("InvalidArgument", "either", CachePolicyId="658327ea-f89d-4fab-a63d-7e88639e58f6")
    no_web("InvalidArgument", "either", DefaultCacheBehavior=some.by_policy())
    never = "00000000-0000-4000-8000-000000000000"
    for member, code in (
        ("CachePolicyId", "NoSuchCachePolicy"),
        ("OriginRequestPolicyId", "NoSuchOriginRequestPolicy"),
        ("ResponseHeadersPolicyId", "NoSuchResponseHeadersPolicy"),
    ):
        behavior = some.by_policy(**{"CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6", member: never})
        no_web(code, never, DefaultCacheBehavior=behavior)
    no_behavior(
        "TrustedKeyGroupDoesNotExist", never, TrustedKeyGroups={"Enabled": True, **some.listed(never)}
    )
    no_web("InvalidDefaultRootObject", "DefaultRootObject", DefaultRootObject="/index.html")


def check_what_is_not_done_here_is_said_and_not_pretended():
    no_web("InvalidWebACLId", "WebACLId", WebACLId="arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b")
    association = {
        "LambdaFunctionARN": "arn:aws:lambda:us-east-1:123456789012:function:f:1",
        "EventType": "viewer-request",
    }
    no_behavior(
        "InvalidLambdaFunctionAssociation", "Lambda", LambdaFunctionAssociations=some.listed(association)
    )
    association = {
        "FunctionARN": "arn:aws:cloudfront::123456789012:function/f",
        "EventType": "viewer-request",
    }
    no_behavior("InvalidFunctionAssociation", "Function", FunctionAssociations=some.listed(association))
    no_behavior("InvalidArgument", "FieldLevelEncryptionId", FieldLevelEncryptionId="x")
    if knows(api, "CreateDistribution", "DistributionConfig.Staging"):
        no_web("InvalidArgument", "Staging", Staging=True)


def check_tags():
    arn = streaming()["StreamingDistribution"]["ARN"]

    def no(words, *tags):
        items = {"Items": [{"Key": key, "Value": value} for key, value in tags]}
        refused("InvalidTagging", api.tag_resource, words, Resource=arn, Tags=items)

    no("aws:", ("aws:mine", ""))
    no("twice", ("a", "1"), ("a", "2"))
    no("a!", ("a!", ""))
    no("value", ("a", "\t"))
    never = arn.replace(arn.split("/")[1], NEVER)
    for call, rest in (
        (api.tag_resource, {"Tags": {"Items": [{"Key": "a", "Value": "b"}]}}),
        (api.untag_resource, {"TagKeys": {"Items": ["a"]}}),
        (api.list_tags_for_resource, {}),
    ):
        refused("NoSuchResource", call, NEVER, Resource=never, **rest)
        refused(
            "InvalidArgument", call, "Resource", Resource=arn.replace("123456789012", "210987654321"), **rest
        )
        refused(
            "InvalidArgument",
            call,
            "Resource",
            Resource=arn.replace("streaming-distribution", "function"),
            **rest,
        )
    same(api.list_tags_for_resource(Resource=arn)["Tags"]["Items"], [], "tags after all that was refused")
    tags = {"Items": [{"Key": "aws:mine", "Value": ""}]}
    whole = {"StreamingDistributionConfig": some.streaming(), "Tags": tags}
    refused(
        "InvalidTagging",
        api.create_streaming_distribution_with_tags,
        "aws:",
        StreamingDistributionConfigWithTags=whole,
    )


def check_what_boto3_would_not_send():
    def no(status, code, words, *request, **more):
        answer = wire.send(*request, **more)
        same((answer.status, answer.code), (status, code), f"the answer to {request[:2]}")
        assert words in answer.at("Error/Message"), answer.at("Error/Message")
        same(answer.at("Error/Type"), "Sender", "the type")
        same(answer.at("RequestId"), answer.headers["x-amzn-RequestId"], "the request id")

    streaming = "/2020-05-31/streaming-distribution"
    start = '<StreamingDistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
    no(400, "MissingBody", "StreamingDistributionConfig", "POST", streaming)
    no(400, "MalformedXML", "", "POST", streaming, start)
    no(400, "MalformedXML", "", "POST", streaming, "no xml at all")
    no(400, "MalformedXML", "DistributionConfig", "POST", streaming, "<DistributionConfig/>")
    no(400, "MalformedXML", "CallerReference", "POST", streaming, start + "</StreamingDistributionConfig>")
    no(404, "UnknownOperation", "", "GET", "/2020-05-31/streaming-distributions")
    no(404, "UnknownOperation", "", "GET", "/")
    no(405, "MethodNotAllowed", "", "PATCH", streaming)


run(globals())
