"""What is refused because of what is there, or is not: by boto3's exceptions, and words that name who is in the way."""

import configurations as some
from checks import fresh, refused, run
from refusals import NEVER, api, no_streaming, no_web, streaming, web


def check_what_is_not_there():
    for noun, code in (
        ("streaming_distribution", "NoSuchStreamingDistribution"),
        ("distribution", "NoSuchDistribution"),
        ("cloud_front_origin_access_identity", "NoSuchCloudFrontOriginAccessIdentity"),
        ("origin_access_control", "NoSuchOriginAccessControl"),
        ("public_key", "NoSuchPublicKey"),
        ("key_group", "NoSuchResource"),
        ("cache_policy", "NoSuchCachePolicy"),
        ("origin_request_policy", "NoSuchOriginRequestPolicy"),
        ("response_headers_policy", "NoSuchResponseHeadersPolicy"),
    ):
        refused(code, getattr(api, f"get_{noun}"), NEVER, Id=NEVER)
        refused(code, getattr(api, f"get_{noun}_config"), NEVER, Id=NEVER)
        refused(code, getattr(api, f"delete_{noun}"), NEVER, Id=NEVER, IfMatch="E1")
    refused(
        "NoSuchStreamingDistribution",
        api.update_streaming_distribution,
        NEVER,
        Id=NEVER,
        IfMatch="E1",
        StreamingDistributionConfig=some.streaming(),
    )
    refused(
        "NoSuchDistribution",
        api.update_distribution,
        NEVER,
        Id=NEVER,
        IfMatch="E1",
        DistributionConfig=some.web(),
    )
    refused("NoSuchDistribution", api.list_invalidations, NEVER, DistributionId=NEVER)
    refused(
        "NoSuchDistribution",
        api.create_invalidation,
        NEVER,
        DistributionId=NEVER,
        InvalidationBatch=some.batch("/*"),
    )
    distribution = web()["Distribution"]["Id"]
    refused("NoSuchInvalidation", api.get_invalidation, NEVER, DistributionId=distribution, Id=NEVER)
    # One kind is not the other.
    refused("NoSuchStreamingDistribution", api.get_streaming_distribution, distribution, Id=distribution)


def check_etags_of_every_kind():
    key = api.create_public_key(PublicKeyConfig=some.public_key())["PublicKey"]["Id"]
    for noun, member, config in (
        ("streaming_distribution", "StreamingDistribution", some.streaming()),
        ("distribution", "Distribution", some.web()),
        ("cloud_front_origin_access_identity", "CloudFrontOriginAccessIdentity", some.identity()),
        ("origin_access_control", "OriginAccessControl", some.control()),
        ("public_key", "PublicKey", some.public_key()),
        ("key_group", "KeyGroup", {"Name": fresh("group"), "Items": [key]}),
        ("cache_policy", "CachePolicy", some.cache_policy()),
        ("origin_request_policy", "OriginRequestPolicy", some.origin_request_policy()),
        ("response_headers_policy", "ResponseHeadersPolicy", some.response_headers_policy()),
    ):
        config = {member + "Config": config}
        made = getattr(api, f"create_{noun}")(**config)
        update, delete = getattr(api, f"update_{noun}"), getattr(api, f"delete_{noun}")
        id = made[member]["Id"]
        new = update(Id=id, IfMatch=made["ETag"], **config)
        for call, rest in ((update, config), (delete, {})):
            refused("InvalidIfMatchVersion", call, "If-Match", Id=id, **rest)
            refused("InvalidIfMatchVersion", call, "If-Match", Id=id, IfMatch="no etag!", **rest)
            refused("PreconditionFailed", call, "If-Match", Id=id, IfMatch=made["ETag"], **rest)
        # Some send it in the quotes that HTTP wants.
        update(Id=id, IfMatch=f'"{new["ETag"]}"', **config)


def check_caller_references_and_names():
    first = some.streaming()
    made = api.create_streaming_distribution(StreamingDistributionConfig=first)
    refused(
        "StreamingDistributionAlreadyExists",
        api.create_streaming_distribution,
        first["CallerReference"],
        StreamingDistributionConfig=first,
    )
    changed = {**first, "CallerReference": fresh("another")}
    refused(
        "IllegalUpdate",
        api.update_streaming_distribution,
        "CallerReference",
        Id=made["StreamingDistribution"]["Id"],
        IfMatch=made["ETag"],
        StreamingDistributionConfig=changed,
    )
    first = some.web()
    made = api.create_distribution(DistributionConfig=first)
    refused(
        "DistributionAlreadyExists",
        api.create_distribution,
        first["CallerReference"],
        DistributionConfig=first,
    )
    changed = {**first, "CallerReference": fresh("another")}
    refused(
        "IllegalUpdate",
        api.update_distribution,
        "CallerReference",
        Id=made["Distribution"]["Id"],
        IfMatch=made["ETag"],
        DistributionConfig=changed,
    )
    first = some.identity()
    api.create_cloud_front_origin_access_identity(CloudFrontOriginAccessIdentityConfig=first)
    refused(
        "CloudFrontOriginAccessIdentityAlreadyExists",
        api.create_cloud_front_origin_access_identity,
        first["CallerReference"],
        CloudFrontOriginAccessIdentityConfig={**first, "Comment": "other"},
    )
    key = some.public_key()
    api.create_public_key(PublicKeyConfig=key)
    refused(
        "PublicKeyAlreadyExists",
        api.create_public_key,
        "",
        PublicKeyConfig={**key, "CallerReference": fresh("key")},
    )
    for call, code, member, config in (
        (
            api.create_origin_access_control,
            "OriginAccessControlAlreadyExists",
            "OriginAccessControl",
            some.control(),
        ),
        (api.create_cache_policy, "CachePolicyAlreadyExists", "CachePolicy", some.cache_policy()),
        (
            api.create_origin_request_policy,
            "OriginRequestPolicyAlreadyExists",
            "OriginRequestPolicy",
            some.origin_request_policy(),
        ),
        (
            api.create_response_headers_policy,
            "ResponseHeadersPolicyAlreadyExists",
            "ResponseHeadersPolicy",
            some.response_headers_policy(),
        ),
    ):
        call(**{member + "Config": config})
        refused(code, call, config["Name"], **{member + "Config": config})
    group = {
        "Name": fresh("group"),
        "Items": [api.create_public_key(PublicKeyConfig=some.public_key())["PublicKey"]["Id"]],
    }
    api.create_key_group(KeyGroupConfig=group)
    refused("KeyGroupAlreadyExists", api.create_key_group, group["Name"], KeyGroupConfig=group)
    distribution, batch = web()["Distribution"]["Id"], some.batch("/a")
    api.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)
    other = {**batch, "Paths": some.listed("/b")}
    refused(
        "InvalidationBatchAlreadyExists",
        api.create_invalidation,
        batch["CallerReference"],
        DistributionId=distribution,
        InvalidationBatch=other,
    )
    no_streaming("InvalidArgument", "CallerReference", CallerReference="")


def check_aliases_belong_to_one_distribution_of_either_kind():
    streaming(Aliases=some.listed("one.example.org"))
    for alias in ("one.example.org", "ONE.example.ORG"):
        no_streaming("CNAMEAlreadyExists", "one.example.org", Aliases=some.listed("free.example.org", alias))
        no_web("CNAMEAlreadyExists", "one.example.org", Aliases=some.listed(alias))
    # What was refused holds nothing.
    other = web(Aliases=some.listed("free.example.org"))
    changed = {**other["Distribution"]["DistributionConfig"], "Aliases": some.listed("one.example.org")}
    refused(
        "CNAMEAlreadyExists",
        api.update_distribution,
        "one.example.org",
        Id=other["Distribution"]["Id"],
        IfMatch=other["ETag"],
        DistributionConfig=changed,
    )
    for alias in (
        "nodots",
        "a b.example.org",
        "*.*.example.org",
        "https://example.org",
        "d1.millrace.localhost",
        "a..org",
        "x" * 64 + ".org",
    ):
        no_streaming("InvalidArgument", "Aliases", Aliases=some.listed(alias))
    no_streaming("InvalidArgument", "Aliases", Aliases=some.listed("two.example.org", "TWO.example.org"))


def check_what_is_in_use():
    identity = api.create_cloud_front_origin_access_identity(
        CloudFrontOriginAccessIdentityConfig=some.identity()
    )
    id = identity["CloudFrontOriginAccessIdentity"]["Id"]
    streaming(S3Origin={"DomainName": "films.s3.amazonaws.com", "OriginAccessIdentity": some.OAI + id})
    refused(
        "CloudFrontOriginAccessIdentityInUse",
        api.delete_cloud_front_origin_access_identity,
        id,
        Id=id,
        IfMatch=identity["ETag"],
    )
    control = api.create_origin_access_control(OriginAccessControlConfig=some.control())
    id = control["OriginAccessControl"]["Id"]
    web(Origins=some.listed(some.origin(OriginAccessControlId=id)))
    refused("OriginAccessControlInUse", api.delete_origin_access_control, id, Id=id, IfMatch=control["ETag"])
    key = api.create_public_key(PublicKeyConfig=some.public_key())
    id = key["PublicKey"]["Id"]
    group = api.create_key_group(KeyGroupConfig={"Name": fresh("group"), "Items": [id]})
    refused("PublicKeyInUse", api.delete_public_key, id, Id=id, IfMatch=key["ETag"])
    id = group["KeyGroup"]["Id"]
    web(DefaultCacheBehavior=some.behavior(TrustedKeyGroups={"Enabled": True, **some.listed(id)}))
    refused("ResourceInUse", api.delete_key_group, id, Id=id, IfMatch=group["ETag"])
    cache = api.create_cache_policy(CachePolicyConfig=some.cache_policy())
    forward = api.create_origin_request_policy(OriginRequestPolicyConfig=some.origin_request_policy())
    headers = api.create_response_headers_policy(ResponseHeadersPolicyConfig=some.response_headers_policy())
    ids = {
        "CachePolicyId": cache["CachePolicy"]["Id"],
        "OriginRequestPolicyId": forward["OriginRequestPolicy"]["Id"],
        "ResponseHeadersPolicyId": headers["ResponseHeadersPolicy"]["Id"],
    }
    web(DefaultCacheBehavior=some.by_policy(**ids))
    refused("CachePolicyInUse", api.delete_cache_policy, Id=ids["CachePolicyId"], IfMatch=cache["ETag"])
    refused(
        "OriginRequestPolicyInUse",
        api.delete_origin_request_policy,
        Id=ids["OriginRequestPolicyId"],
        IfMatch=forward["ETag"],
    )
    refused(
        "ResponseHeadersPolicyInUse",
        api.delete_response_headers_policy,
        Id=ids["ResponseHeadersPolicyId"],
        IfMatch=headers["ETag"],
    )


def check_distributions_that_are_enabled_stay():
    made = streaming()
    refused(
        "StreamingDistributionNotDisabled",
        api.delete_streaming_distribution,
        "Enabled",
        Id=made["StreamingDistribution"]["Id"],
        IfMatch=made["ETag"],
    )
    made = web()
    refused(
        "DistributionNotDisabled",
        api.delete_distribution,
        "Enabled",
        Id=made["Distribution"]["Id"],
        IfMatch=made["ETag"],
    )


def check_what_cannot_be_changed():
    config = some.public_key()
    key = api.create_public_key(PublicKeyConfig=config)
    for member in ("Name", "EncodedKey", "CallerReference"):
        changed = {**config, member: some.pem() if member == "EncodedKey" else fresh("other")}
        refused(
            "CannotChangeImmutablePublicKeyFields",
            api.update_public_key,
            member,
            Id=key["PublicKey"]["Id"],
            IfMatch=key["ETag"],
            PublicKeyConfig=changed,
        )
    for noun, list, config in (
        ("CachePolicy", api.list_cache_policies, some.cache_policy()),
        ("OriginRequestPolicy", api.list_origin_request_policies, some.origin_request_policy()),
        ("ResponseHeadersPolicy", api.list_response_headers_policies, some.response_headers_policy()),
    ):
        id = list(Type="managed")[noun + "List"]["Items"][0][noun]["Id"]
        snake = {
            "CachePolicy": "cache_policy",
            "OriginRequestPolicy": "origin_request_policy",
            "ResponseHeadersPolicy": "response_headers_policy",
        }[noun]
        etag = getattr(api, f"get_{snake}")(Id=id)["ETag"]
        refused(
            "IllegalUpdate",
            getattr(api, f"update_{snake}"),
            "managed",
            Id=id,
            IfMatch=etag,
            **{noun + "Config": config},
        )
        refused("IllegalDelete", getattr(api, f"delete_{snake}"), "managed", Id=id, IfMatch=etag)


run(globals())
