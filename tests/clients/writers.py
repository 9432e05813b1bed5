"""Sixteen writers with the same ETag: one wins, the others are told that they came too late."""

import threading

import botocore.exceptions
import configurations as some
from checks import client, run, same

WRITERS = 16
api = client()


def at_once(call):
    """What became of a call in each of many threads: its answer, or the code of its fault."""
    start, answers = threading.Barrier(WRITERS), [None] * WRITERS

    def write(number):
        start.wait()
        try:
            answers[number] = call(number)
        except botocore.exceptions.ClientError as error:
            answers[number] = error.response["Error"]["Code"]

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def winners(answers, code):
    """Those who were not told this code; anything else is a fault."""
    won = [answer for answer in answers if answer != code]
    strange = [answer for answer in won if isinstance(answer, str)]
    same(strange, [], "other faults")
    return won


def check_updates():
    config = some.streaming()
    answer = api.create_streaming_distribution(StreamingDistributionConfig=config)
    id = answer["StreamingDistribution"]["Id"]
    for turn in range(5):

        def update(number):
            changed = {**config, "Comment": f"{turn} {number}"}
            return api.update_streaming_distribution(
                Id=id, IfMatch=answer["ETag"], StreamingDistributionConfig=changed
            )

        won = winners(at_once(update), "PreconditionFailed")
        same(len(won), 1, f"winners of turn {turn}")
        answer = api.get_streaming_distribution(Id=id)
        same(answer["ETag"], won[0]["ETag"], "the ETag afterwards")
        comment = won[0]["StreamingDistribution"]["StreamingDistributionConfig"]["Comment"]
        same(
            answer["StreamingDistribution"]["StreamingDistributionConfig"]["Comment"],
            comment,
            "the comment afterwards",
        )


def check_updates_of_web_distributions():
    config = some.web()
    made = api.create_distribution(DistributionConfig=config)

    def update(number):
        changed = {**config, "Comment": str(number)}
        return api.update_distribution(
            Id=made["Distribution"]["Id"], IfMatch=made["ETag"], DistributionConfig=changed
        )

    same(len(winners(at_once(update), "PreconditionFailed")), 1, "winners")


def check_deletions():
    made = api.create_cloud_front_origin_access_identity(CloudFrontOriginAccessIdentityConfig=some.identity())
    id = made["CloudFrontOriginAccessIdentity"]["Id"]

    def delete(_):
        return api.delete_cloud_front_origin_access_identity(Id=id, IfMatch=made["ETag"])

    same(len(winners(at_once(delete), "NoSuchCloudFrontOriginAccessIdentity")), 1, "winners")


def check_one_caller_reference():
    config = some.streaming()
    won = winners(
        at_once(lambda _: api.create_streaming_distribution(StreamingDistributionConfig=config)),
        "StreamingDistributionAlreadyExists",
    )
    same(len(won), 1, "winners")
    identity = some.identity()
    made = at_once(
        lambda _: api.create_cloud_front_origin_access_identity(CloudFrontOriginAccessIdentityConfig=identity)
    )
    same(len({answer["CloudFrontOriginAccessIdentity"]["Id"] for answer in made}), 1, "identities")


def check_one_alias():
    def create(_):
        config = some.streaming(Aliases=some.listed("one.example.org"))
        return api.create_streaming_distribution(StreamingDistributionConfig=config)

    same(len(winners(at_once(create), "CNAMEAlreadyExists")), 1, "winners")


def check_all_of_them_when_nobody_is_in_anothers_way():
    made = at_once(lambda _: api.create_distribution(DistributionConfig=some.web()))
    same(len({answer["Distribution"]["Id"] for answer in made}), WRITERS, "distributions")
    distribution = made[0]["Distribution"]["Id"]
    at_once(
        lambda number: api.create_invalidation(
            DistributionId=distribution, InvalidationBatch=some.batch(f"/{number}")
        )
    )
    items = api.list_invalidations(DistributionId=distribution)["InvalidationList"]["Items"]
    same(len({item["Id"] for item in items}), WRITERS, "invalidations")


run(globals())
