"""The AWS CLI as people type it: every operation, its short cuts, pages, waiters, and how it ends when it is refused.

The argument is the `aws` to run; this Python is the one that it runs with.
"""

import contextlib
import io
import json
import subprocess
import sys
import tempfile

import awscli.clidriver
import botocore
import configurations as some
from checks import ENDPOINT, contains, fresh, operations, run, same

AWS = sys.argv[1]
# Commands for which it is started as a program; for the others that takes too long.
AS_PROGRAMS = {
    "create-streaming-distribution",
    "delete-streaming-distribution",
    "get-streaming-distribution",
    "create-invalidation",
    "wait",
}
FOLDER = tempfile.TemporaryDirectory()
# What it ends with when the server refuses, which the second major version changed.
VERSION = subprocess.run([AWS, "--version"], capture_output=True, text=True, check=True)
REFUSED = 255 if (VERSION.stdout + VERSION.stderr).startswith("aws-cli/1.") else 254


def typed(command, *words):
    """Types a command; words behind it are taken as they are. Answers status, output and complaints."""
    line = ["--endpoint-url", ENDPOINT, "--output", "json", "cloudfront", *command.split(), *words]
    return (in_a_shell if command.split()[0] in AS_PROGRAMS else right_here)(line)


def in_a_shell(line):
    finished = subprocess.run([AWS, *line], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return finished.returncode, finished.stdout, finished.stderr


def right_here(line):
    """What the program does once Python has loaded it, which takes three times as long as all the rest."""
    out, complaints = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaints):
        status = awscli.clidriver.create_clidriver().main(line)
    return status, out.getvalue(), complaints.getvalue()


def aws(command, *words):
    """The same for a command that must succeed; answers what it says."""
    status, out, complaints = typed(command, *words)
    assert status == 0, f"aws {command} {words} ended with {status}: {complaints}"
    operations.add(command.split()[0])
    return json.loads(out) if out.strip() else None


def refused(code, operation, command, *words):
    """The same for one that must be refused: with status and words that scripts look for."""
    status, _, complaints = typed(command, *words)
    same(status, REFUSED, f"the status of aws {command}: {complaints}")
    expected = f"An error occurred ({code}) when calling the {operation} operation"
    assert expected in complaints, complaints


def file(value):
    """A file with JSON, as the CLI wants to have it."""
    path = f"{FOLDER.name}/{fresh('file')}.json"
    with open(path, "w") as to:
        json.dump(value, to)
    return "file://" + path


def option(name):
    return "--" + botocore.xform_name(name, "-")


def life(noun, plural, config, changed):
    """All the commands for one kind."""
    command, member = botocore.xform_name(noun, "-"), noun + "Config"
    made = aws(f"create-{command}", option(member), file(config))
    contains(made[noun][member], config, member)
    id = made[noun]["Id"]
    same(aws(f"get-{command} --id {id}")["ETag"], made["ETag"], "the ETag")
    got = aws(f"get-{command}-config --id {id}")
    same(got[member], made[noun][member], f"what get-{command}-config answers")
    # What everybody does: get the configuration, edit it, send it back.
    new = {**got[member], **changed}
    updated = aws(f"update-{command} --id {id} --if-match {got['ETag']}", option(member), file(new))
    contains(updated[noun][member], new, member)
    refused("PreconditionFailed", "Delete" + noun, f"delete-{command} --id {id} --if-match {got['ETag']}")
    listed = aws(f"list-{botocore.xform_name(plural, '-')}")
    assert id in json.dumps(listed), f"{id} is not in the list"
    if noun.endswith("Distribution"):
        deployed(noun, id)
    same(aws(f"delete-{command} --id {id} --if-match {updated['ETag']}"), None, "what a deletion says")


def deployed(noun, id):
    """Waits as people do; but not for the CLI's minute, should it come too early."""
    command = botocore.xform_name(noun, "-")

    def get(Id):
        return aws(f"get-{command} --id {Id}")

    some.deployed(get, id)
    aws(f"wait {command}-deployed --id {id}")


def check_distributions():
    life("StreamingDistribution", "StreamingDistributions", some.streaming(), {"Enabled": False})
    life("Distribution", "Distributions", some.web(), {"Enabled": False})


def check_identities_and_keys():
    identity = "CloudFrontOriginAccessIdentity", "CloudFrontOriginAccessIdentities"
    life(*identity, some.identity(), {"Comment": "x"})
    life("OriginAccessControl", "OriginAccessControls", some.control(), {"Description": "x"})
    life("PublicKey", "PublicKeys", some.public_key(), {"Comment": "x"})
    key = aws("create-public-key", "--public-key-config", file(some.public_key()))["PublicKey"]["Id"]
    life("KeyGroup", "KeyGroups", {"Name": fresh("group"), "Items": [key]}, {"Comment": "x"})


def check_policies():
    life("CachePolicy", "CachePolicies", some.cache_policy(), {"Comment": "x"})
    life("OriginRequestPolicy", "OriginRequestPolicies", some.origin_request_policy(), {"Comment": "x"})
    life("ResponseHeadersPolicy", "ResponseHeadersPolicies", some.response_headers_policy(), {"Comment": "x"})


def check_short_cuts_of_create_distribution():
    made = aws(
        "create-distribution --origin-domain-name films.s3.amazonaws.com --default-root-object index.html"
    )
    config = made["Distribution"]["DistributionConfig"]
    origin = config["Origins"]["Items"][0]
    same(config["DefaultRootObject"], "index.html", "DefaultRootObject")
    same(origin["DomainName"], "films.s3.amazonaws.com", "the origin")
    same(origin["S3OriginConfig"]["OriginAccessIdentity"], "", "its reader")
    id = made["Distribution"]["Id"]
    updated = aws(f"update-distribution --id {id} --default-root-object start.html")
    same(
        updated["Distribution"]["DistributionConfig"]["DefaultRootObject"],
        "start.html",
        "DefaultRootObject after update",
    )
    deployed("Distribution", id)
    custom = aws("create-distribution --origin-domain-name www.example.com")["Distribution"][
        "DistributionConfig"
    ]
    same(
        custom["Origins"]["Items"][0]["CustomOriginConfig"]["OriginProtocolPolicy"],
        "http-only",
        "the other origin",
    )


def check_invalidations():
    id = aws("create-distribution --origin-domain-name films.s3.amazonaws.com")["Distribution"]["Id"]
    made = aws(f"create-invalidation --distribution-id {id} --paths /index.html /films/*")["Invalidation"]
    same(made["InvalidationBatch"]["Paths"], some.listed("/index.html", "/films/*"), "Paths")
    aws(f"wait invalidation-completed --distribution-id {id} --id {made['Id']}")
    same(
        aws(f"get-invalidation --distribution-id {id} --id {made['Id']}")["Invalidation"]["Status"],
        "Completed",
        "Status",
    )
    same(
        aws(f"list-invalidations --distribution-id {id}")["InvalidationList"]["Items"][0]["Id"],
        made["Id"],
        "the list",
    )


def check_tags():
    tags = {"Items": [{"Key": "project", "Value": "films"}]}
    whole = {"StreamingDistributionConfig": some.streaming(), "Tags": tags}
    made = aws(
        "create-streaming-distribution-with-tags", "--streaming-distribution-config-with-tags", file(whole)
    )
    arn = made["StreamingDistribution"]["ARN"]
    same(aws(f"list-tags-for-resource --resource {arn}")["Tags"], tags, "the tags")
    aws(
        f"tag-resource --resource {arn} --tags",
        "Items=[{Key=team,Value=video},{Key=project,Value=more films}]",
    )
    got = aws(f"list-tags-for-resource --resource {arn}")["Tags"]["Items"]
    same({tag["Key"]: tag["Value"] for tag in got}, {"team": "video", "project": "more films"}, "the tags")
    aws(f"untag-resource --resource {arn} --tag-keys Items=team")
    same(len(aws(f"list-tags-for-resource --resource {arn}")["Tags"]["Items"]), 1, "how many tags")
    whole = {"DistributionConfig": some.web(), "Tags": tags}
    made = aws("create-distribution-with-tags", "--distribution-config-with-tags", file(whole))
    same(aws(f"list-tags-for-resource --resource {made['Distribution']['ARN']}")["Tags"], tags, "the tags")


def check_pages():
    made = {
        aws(
            "create-cloud-front-origin-access-identity --cloud-front-origin-access-identity-config",
            f"CallerReference={reference},Comment=",
        )["CloudFrontOriginAccessIdentity"]["Id"]
        for reference in "abc"
    }
    listing = "list-cloud-front-origin-access-identities"
    for pages in ("--page-size 1", "--page-size 2", ""):
        items = aws(f"{listing} {pages}")["CloudFrontOriginAccessIdentityList"]["Items"]
        assert made <= {item["Id"] for item in items}, f"{pages}: {items}"
    items, token = [], ""
    while token is not None:
        page = aws(f"{listing} --max-items 1 {token}")
        items += page["CloudFrontOriginAccessIdentityList"]["Items"]
        token = "--starting-token " + page["NextToken"] if page.get("NextToken") else None
    assert made <= {item["Id"] for item in items}, items
    same(len({item["Id"] for item in items}), len(items), "different items")
    query = ["--query", "length(CloudFrontOriginAccessIdentityList.Items)"]
    same(aws(listing, *query), len(items), "what a query counts")


def check_how_it_ends():
    refused(
        "NoSuchStreamingDistribution", "GetStreamingDistribution", "get-streaming-distribution --id E0NEVER"
    )
    short = file(some.streaming(S3Origin={"DomainName": "nowhere.example.com", "OriginAccessIdentity": ""}))
    command = f"create-streaming-distribution --streaming-distribution-config {short}"
    refused("InvalidOrigin", "CreateStreamingDistribution", command)
    refused(
        "InvalidIfMatchVersion", "DeleteStreamingDistribution", f"delete-streaming-distribution --id {made()}"
    )
    refused("StreamingDistributionNotDisabled", "DeleteStreamingDistribution", enabled())


def made():
    return aws("create-streaming-distribution", "--streaming-distribution-config", file(some.streaming()))[
        "StreamingDistribution"
    ]["Id"]


def enabled():
    id = made()
    etag = aws(f"get-streaming-distribution --id {id} --query ETag")
    return f"delete-streaming-distribution --id {id} --if-match {etag}"


run(globals())
