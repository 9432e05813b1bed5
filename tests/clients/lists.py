"""Lists come in pages of any size, each item once; and waiters see that something is done."""

import configurations as some
from checks import client, fresh, run, same, status

api = client()
COUNT = 5


def pages(operation, member, size, **arguments):
    """All items by boto3's paginator, and how many pages there were."""
    found = [
        page[member]
        for page in api.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **arguments)
    ]
    for page in found[:-1]:
        same(page["Quantity"], size, "items of a page that is not the last")
    return [item for page in found for item in page.get("Items", [])], len(found)


def by_hand(call, member, size, **arguments):
    """The same where boto3 has no paginator."""
    items, marker = [], {}
    while True:
        page = status(call(MaxItems=str(size), **marker, **arguments), 200)[member]
        same(page["MaxItems"], size, "MaxItems")
        assert page["Quantity"] <= size, f"{page['Quantity']} items on a page of {size}"
        items += page.get("Items", [])
        if not page.get("NextMarker"):
            return items
        marker = {"Marker": page["NextMarker"]}


def once(items, made, noun=None):
    """Everything that was made is there once, and nothing is there twice."""
    ids = [(item.get(noun) if noun in item else item)["Id"] for item in items]
    same(len(ids), len(set(ids)), "different ids")
    same(sorted(id for id in ids if id in made), sorted(made), "those that were made")
    same(ids, sorted(ids), "ids in their order")


def check_streaming_distributions():
    made = [
        api.create_streaming_distribution(StreamingDistributionConfig=some.streaming())[
            "StreamingDistribution"
        ]["Id"]
        for _ in range(COUNT)
    ]
    for size in (1, 2, 100):
        items, count = pages("list_streaming_distributions", "StreamingDistributionList", size)
        once(items, made)
        same(count, -(-len(items) // size), "pages")
    for item in items:
        same(item["Comment"], "", "a summary's comment")
        same(item["S3Origin"]["DomainName"], "films.s3.amazonaws.com", "a summary's origin")
        same(item["PriceClass"], "PriceClass_All", "a summary's price class")


def check_web_distributions():
    made = [
        api.create_distribution(DistributionConfig=some.web())["Distribution"]["Id"] for _ in range(COUNT)
    ]
    for size in (1, 2, 100):
        items, _ = pages("list_distributions", "DistributionList", size)
        once(items, made)
    same({item["HttpVersion"].lower() for item in items}, {"http1.1"}, "a summary's HTTP version")


def check_invalidations():
    distribution = api.create_distribution(DistributionConfig=some.web())["Distribution"]["Id"]
    made = [
        api.create_invalidation(DistributionId=distribution, InvalidationBatch=some.batch(f"/{number}"))[
            "Invalidation"
        ]["Id"]
        for number in range(COUNT)
    ]
    for size in (1, 2, 100):
        items, _ = pages("list_invalidations", "InvalidationList", size, DistributionId=distribution)
        same([item["Id"] for item in items], made[::-1], "invalidations, the newest first")


def check_origin_access_identities():
    made = [
        api.create_cloud_front_origin_access_identity(CloudFrontOriginAccessIdentityConfig=some.identity())[
            "CloudFrontOriginAccessIdentity"
        ]["Id"]
        for _ in range(COUNT)
    ]
    for size in (1, 2, 100):
        items, _ = pages(
            "list_cloud_front_origin_access_identities", "CloudFrontOriginAccessIdentityList", size
        )
        once(items, made)


def check_origin_access_controls():
    made = [
        api.create_origin_access_control(OriginAccessControlConfig=some.control())["OriginAccessControl"][
            "Id"
        ]
        for _ in range(COUNT)
    ]
    once(by_hand(api.list_origin_access_controls, "OriginAccessControlList", 2), made)


def check_public_keys_and_key_groups():
    keys = [api.create_public_key(PublicKeyConfig=some.public_key())["PublicKey"]["Id"] for _ in range(COUNT)]
    for size in (1, 2, 100):
        once(by_hand(api.list_public_keys, "PublicKeyList", size), keys)
    if api.can_paginate("list_public_keys"):
        for size in (1, 2, 100):
            items, _ = pages("list_public_keys", "PublicKeyList", size)
            once(items, keys)
    groups = [
        api.create_key_group(KeyGroupConfig={"Name": fresh("group"), "Items": [key]})["KeyGroup"]["Id"]
        for key in keys
    ]
    once(by_hand(api.list_key_groups, "KeyGroupList", 2), groups, "KeyGroup")


def policies(create, get, list, noun, config):
    """The customer's policies, Amazon's, and all together."""
    made = [create(**{noun + "Config": config()})[noun]["Id"] for _ in range(COUNT)]
    custom = by_hand(list, noun + "List", 2, Type="custom")
    same(sorted(item[noun]["Id"] for item in custom), sorted(made), "custom policies")
    managed = by_hand(list, noun + "List", 2, Type="managed")
    assert len(managed) >= 5, f"only {len(managed)} managed policies"
    for size in (1, 2, 100):
        items = by_hand(list, noun + "List", size)
        once(items, made + [item[noun]["Id"] for item in managed], noun)
        same(len(items), len(managed) + len(made), "policies")


def check_cache_policies():
    policies(
        api.create_cache_policy,
        api.get_cache_policy,
        api.list_cache_policies,
        "CachePolicy",
        some.cache_policy,
    )


def check_origin_request_policies():
    create, get, list = (
        api.create_origin_request_policy,
        api.get_origin_request_policy,
        api.list_origin_request_policies,
    )
    policies(create, get, list, "OriginRequestPolicy", some.origin_request_policy)


def check_response_headers_policies():
    create, get = api.create_response_headers_policy, api.get_response_headers_policy
    list = api.list_response_headers_policies
    policies(create, get, list, "ResponseHeadersPolicy", some.response_headers_policy)


def check_more_than_a_hundred():
    distribution = api.create_distribution(DistributionConfig=some.web())["Distribution"]["Id"]
    for number in range(101):
        api.create_invalidation(DistributionId=distribution, InvalidationBatch=some.batch(f"/{number}"))
    first = api.list_invalidations(DistributionId=distribution)["InvalidationList"]
    same((first["MaxItems"], first["IsTruncated"], len(first["Items"])), (100, True, 100), "the first page")
    rest = api.list_invalidations(DistributionId=distribution, Marker=first["NextMarker"])["InvalidationList"]
    same((rest["IsTruncated"], len(rest["Items"])), (False, 1), "the second page")


def check_markers_that_are_no_ids_and_lists_that_are_empty():
    for marker in ("a/b c+d", "%2F", "ZZZZZZZZ", "ü"):
        answer = api.list_streaming_distributions(Marker=marker)["StreamingDistributionList"]
        same(answer["Marker"], marker, "the marker")
    same(answer["Quantity"], 0, "items behind everything")
    same(answer["IsTruncated"], False, "whether there are more")


def check_waiters():
    config = {"Delay": 1, "MaxAttempts": 60}
    streaming = api.create_streaming_distribution(StreamingDistributionConfig=some.streaming())
    id = streaming["StreamingDistribution"]["Id"]
    api.get_waiter("streaming_distribution_deployed").wait(Id=id, WaiterConfig=config)
    web = api.create_distribution(DistributionConfig=some.web())["Distribution"]["Id"]
    api.get_waiter("distribution_deployed").wait(Id=web, WaiterConfig=config)
    made = api.create_invalidation(DistributionId=web, InvalidationBatch=some.batch("/*"))["Invalidation"][
        "Id"
    ]
    api.get_waiter("invalidation_completed").wait(DistributionId=web, Id=made, WaiterConfig=config)


run(globals())
