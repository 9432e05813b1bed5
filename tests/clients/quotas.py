"""How many there may be of everything; the server is set to allow two."""

import configurations as some
from checks import client, fresh, refused, run, same

api = client()
ALIASES = [f"{letter}.example.org" for letter in "abc"]


def two(code, call, member, config):
    """Two can be made, a third can not."""
    made = [call(**{member: config()}) for _ in range(2)]
    refused(code, call, "quota", **{member: config()})
    return made


def check_streaming_distributions():
    call = api.create_streaming_distribution

    def no(code, words, **more):
        refused(code, call, words, StreamingDistributionConfig=some.streaming(**more))

    no("TooManyStreamingDistributionCNAMEs", "Aliases", Aliases=some.listed(*ALIASES))
    no(
        "TooManyTrustedSigners",
        "TrustedSigners",
        TrustedSigners={"Enabled": True, **some.listed("self", "210987654321", "321098765432")},
    )
    made = two("TooManyStreamingDistributions", call, "StreamingDistributionConfig", some.streaming)[0]
    # One that goes makes room for another.
    config = {**made["StreamingDistribution"]["StreamingDistributionConfig"], "Enabled": False}
    id = made["StreamingDistribution"]["Id"]
    api.update_streaming_distribution(Id=id, IfMatch=made["ETag"], StreamingDistributionConfig=config)
    etag = some.deployed(api.get_streaming_distribution, id)["ETag"]
    api.delete_streaming_distribution(Id=id, IfMatch=etag)
    arn = call(StreamingDistributionConfig=some.streaming())["StreamingDistribution"]["ARN"]
    no("TooManyStreamingDistributions", "quota")
    tags = [{"Key": letter, "Value": ""} for letter in "abc"]
    refused("InvalidTagging", api.tag_resource, "tags", Resource=arn, Tags={"Items": tags})
    api.tag_resource(Resource=arn, Tags={"Items": tags[:2]})
    refused("InvalidTagging", api.tag_resource, "tags", Resource=arn, Tags={"Items": tags[2:]})
    api.tag_resource(Resource=arn, Tags={"Items": tags[1:2]})


def check_web_distributions():
    call = api.create_distribution

    def no(code, words, **more):
        refused(code, call, words, DistributionConfig=some.web(**more))

    no("TooManyDistributionCNAMEs", "Aliases", Aliases=some.listed(*ALIASES))
    no("TooManyOrigins", "Origins", Origins=some.listed(*(some.origin(Id=alias) for alias in ALIASES)))
    no(
        "TooManyCacheBehaviors",
        "CacheBehaviors",
        CacheBehaviors=some.listed(*(some.behavior(PathPattern=alias) for alias in ALIASES)),
    )
    signers = {"Enabled": True, **some.listed("self", "210987654321", "321098765432")}
    no("TooManyTrustedSigners", "TrustedSigners", DefaultCacheBehavior=some.behavior(TrustedSigners=signers))
    no("InvalidArgument", "Comment", Comment="123456")
    made = two("TooManyDistributions", call, "DistributionConfig", some.web)[0]
    id = made["Distribution"]["Id"]
    refused(
        "BatchTooLarge",
        api.create_invalidation,
        "Paths",
        DistributionId=id,
        InvalidationBatch=some.batch("/a", "/b", "/c"),
    )
    same(api.list_invalidations(DistributionId=id)["InvalidationList"]["Quantity"], 0, "invalidations")


def check_everything_else():
    two(
        "TooManyCloudFrontOriginAccessIdentities",
        api.create_cloud_front_origin_access_identity,
        "CloudFrontOriginAccessIdentityConfig",
        some.identity,
    )
    two(
        "TooManyOriginAccessControls",
        api.create_origin_access_control,
        "OriginAccessControlConfig",
        some.control,
    )
    two("TooManyCachePolicies", api.create_cache_policy, "CachePolicyConfig", some.cache_policy)
    two(
        "TooManyOriginRequestPolicies",
        api.create_origin_request_policy,
        "OriginRequestPolicyConfig",
        some.origin_request_policy,
    )
    two(
        "TooManyResponseHeadersPolicies",
        api.create_response_headers_policy,
        "ResponseHeadersPolicyConfig",
        some.response_headers_policy,
    )
    keys = [
        made["PublicKey"]["Id"]
        for made in two("TooManyPublicKeys", api.create_public_key, "PublicKeyConfig", some.public_key)
    ]
    refused(
        "TooManyPublicKeysInKeyGroup",
        api.create_key_group,
        "Items",
        KeyGroupConfig={"Name": fresh("group"), "Items": keys * 2},
    )
    two(
        "TooManyKeyGroups",
        api.create_key_group,
        "KeyGroupConfig",
        lambda: {"Name": fresh("group"), "Items": keys},
    )


run(globals())
