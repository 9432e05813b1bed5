"""What users may do who may not do everything.

Arguments: the id of one streaming distribution and of another one; then three keys, each as ID=SECRET: of somebody
who only reads, of somebody who has the first distribution, and of somebody with a policy that allows lists but
no web distributions, and forbids the second distribution.
"""

import sys

import configurations as some
from checks import client, refused, run, same, status

MINE, OTHER = sys.argv[1:3]
reader, owner, policy = (client(*key.split("=", 1)) for key in sys.argv[3:6])
admin = client()


def config(id):
    return admin.get_streaming_distribution_config(Id=id)


def update(api, id):
    """The arguments of an update that changes nothing."""
    got = config(id)
    return {
        "Id": id,
        "IfMatch": got["ETag"],
        "StreamingDistributionConfig": got["StreamingDistributionConfig"],
    }


def check_reading():
    for api in (reader, owner):
        ids = {
            item["Id"] for item in api.list_streaming_distributions()["StreamingDistributionList"]["Items"]
        }
        same(ids, {MINE, OTHER}, "what can be seen")
        for id in (MINE, OTHER):
            status(api.get_streaming_distribution(Id=id), 200)
        api.list_distributions()
        api.list_tags_for_resource(
            Resource=admin.get_streaming_distribution(Id=MINE)["StreamingDistribution"]["ARN"]
        )


def check_that_readers_change_nothing():
    before = config(MINE)["ETag"]
    refused(
        "AccessDenied",
        reader.update_streaming_distribution,
        "UpdateStreamingDistribution",
        **update(reader, MINE)
    )
    refused("AccessDenied", reader.delete_streaming_distribution, MINE, Id=MINE, IfMatch=before)
    refused(
        "AccessDenied",
        reader.create_streaming_distribution,
        "CreateStreamingDistribution",
        StreamingDistributionConfig=some.streaming(),
    )
    refused("AccessDenied", reader.create_distribution, DistributionConfig=some.web())
    refused(
        "AccessDenied",
        reader.create_cloud_front_origin_access_identity,
        CloudFrontOriginAccessIdentityConfig=some.identity(),
    )
    arn = admin.get_streaming_distribution(Id=MINE)["StreamingDistribution"]["ARN"]
    refused(
        "AccessDenied",
        reader.tag_resource,
        "TagResource",
        Resource=arn,
        Tags={"Items": [{"Key": "a", "Value": "b"}]},
    )
    # Whether something exists is nothing that a refusal tells.
    refused("AccessDenied", reader.delete_streaming_distribution, "E0NEVER", Id="E0NEVER", IfMatch=before)
    same(config(MINE)["ETag"], before, "the ETag afterwards")


def check_that_owners_change_what_is_theirs():
    status(owner.update_streaming_distribution(**update(owner, MINE)), 200)
    refused("AccessDenied", owner.update_streaming_distribution, OTHER, **update(owner, OTHER))
    refused(
        "AccessDenied", owner.delete_streaming_distribution, OTHER, Id=OTHER, IfMatch=config(OTHER)["ETag"]
    )
    refused("AccessDenied", owner.create_streaming_distribution, StreamingDistributionConfig=some.streaming())
    for id, may in ((MINE, True), (OTHER, False)):
        arn = admin.get_streaming_distribution(Id=id)["StreamingDistribution"]["ARN"]
        tags = {"Resource": arn, "Tags": {"Items": [{"Key": "a", "Value": "b"}]}}
        if may:
            status(owner.tag_resource(**tags), 204)
        else:
            refused("AccessDenied", owner.tag_resource, id, **tags)


def check_policies_of_ones_own():
    policy.list_streaming_distributions()
    status(policy.get_streaming_distribution(Id=MINE), 200)
    refused("AccessDenied", policy.get_streaming_distribution, OTHER, Id=OTHER)
    refused("AccessDenied", policy.list_distributions)
    refused("AccessDenied", policy.create_distribution, DistributionConfig=some.web())
    made = policy.create_streaming_distribution(StreamingDistributionConfig=some.streaming(Enabled=False))
    tags = {"Items": [{"Key": "a", "Value": "b"}]}
    whole = {"StreamingDistributionConfig": some.streaming(), "Tags": tags}
    # Tags at birth need the right to tag.
    refused(
        "AccessDenied",
        policy.create_streaming_distribution_with_tags,
        "TagResource",
        StreamingDistributionConfigWithTags=whole,
    )
    id = made["StreamingDistribution"]["Id"]
    policy.delete_streaming_distribution(
        Id=id, IfMatch=some.deployed(policy.get_streaming_distribution, id)["ETag"]
    )


run(globals())
