"""Distributions that are made, or refused with a code and in words."""

import configurations as some
from checks import client, refused

api = client()
NEVER = "E0NEVERWASTHERE"


def streaming(**more):
    return api.create_streaming_distribution(StreamingDistributionConfig=some.streaming(**more))


def web(**more):
    return api.create_distribution(DistributionConfig=some.web(**more))


def no_streaming(code, words, **more):
    refused(
        code, api.create_streaming_distribution, words, StreamingDistributionConfig=some.streaming(**more)
    )


def no_web(code, words, **more):
    refused(code, api.create_distribution, words, DistributionConfig=some.web(**more))
