"""Writes until the server is gone, and sees afterwards that everything acknowledged is there, and nothing by half.

journal.py write FILE COUNT   writes, with a line in the file before and behind each call; says "enough" after so many
journal.py verify FILE        compares the server with the file
"""

import json
import sys
import threading

import botocore.exceptions
import configurations as some
from checks import client, refused, same

WRITERS = 4
api = client()


def alias(writer, number):
    return f"{number}.writer{writer}.example.org"


class Journal:
    """What was tried and what was acknowledged, in the order of each writer."""

    def __init__(self, path):
        self.file, self.lock, self.done = open(path, "a"), threading.Lock(), 0

    def note(self, **line):
        with self.lock:
            print(json.dumps(line), file=self.file, flush=True)
            self.done += "id" in line
            if "id" in line and self.done == int(sys.argv[3]):
                print("enough", flush=True)


def write(journal, writer):
    """One distribution after the other, each changed twice in all its parts."""
    number = 0
    try:
        while True:
            reference, id, etag = f"{writer} {number}", None, None
            for _ in range(3):
                number += 1
                config = some.streaming(
                    CallerReference=reference,
                    Comment=f"change {number}",
                    Aliases=some.listed(alias(writer, number)),
                    Enabled=False,
                )
                journal.note(writer=writer, tried=config)
                if id:
                    answer = api.update_streaming_distribution(
                        Id=id, IfMatch=etag, StreamingDistributionConfig=config
                    )
                else:
                    answer = api.create_streaming_distribution(StreamingDistributionConfig=config)
                id, etag = answer["StreamingDistribution"]["Id"], answer["ETag"]
                journal.note(writer=writer, id=id, etag=etag)
    except (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError):
        # The server is gone, as it should be.
        pass


def begin():
    """Lets the writers write until the server is gone."""
    journal = Journal(sys.argv[2])
    threads = [threading.Thread(target=write, args=(journal, writer)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def expected():
    """By caller reference: id, ETag and configuration that were acknowledged last, and what was under way."""
    known, under_way = {}, {}
    for line in map(json.loads, open(sys.argv[2])):
        if "tried" in line:
            under_way[line["writer"]] = known.setdefault(line["tried"]["CallerReference"], {})
            under_way[line["writer"]]["tried"] = line["tried"]
        else:
            want = under_way[line["writer"]]
            want.update(id=line["id"], etag=line["etag"], config=want.pop("tried"))
    return known


def verify():
    pages = api.get_paginator("list_streaming_distributions").paginate()
    ids = [item["Id"] for page in pages for item in page["StreamingDistributionList"].get("Items", [])]
    found = {}
    for id in ids:
        answer = api.get_streaming_distribution(Id=id)
        config = answer["StreamingDistribution"]["StreamingDistributionConfig"]
        found[config["CallerReference"]] = (id, answer["ETag"], config)
    same(len(found), len(ids), "caller references")
    for reference, want in expected().items():
        compare(reference, want, found.pop(reference, None))
    same(found, {}, "distributions that nobody asked for")


def compare(reference, want, found):
    """One distribution: as acknowledged, or as it was to be when the server died; and so are its claims."""
    tried, config = want.get("tried"), want.get("config")
    if found is None:
        assert config is None, f"{reference} was acknowledged, but is gone"
    else:
        id, etag, now = found
        is_new = tried is not None and now["Comment"] == tried["Comment"]
        expected = tried if is_new else config
        assert expected, f"{reference} is there, but was never so: {now}"
        same({name: now[name] for name in expected}, expected, f"the configuration of {reference}")
        if not is_new:
            same((id, etag), (want["id"], want["etag"]), f"id and ETag of {reference}")
    if tried:
        # Of the old alias and the new one, the one is taken and the other free.
        for other in filter(None, (tried, config)):
            held = found is not None and found[2]["Aliases"] == other["Aliases"]
            claim = some.streaming(
                CallerReference=f"claims {other['Comment']} of {reference}",
                Aliases=other["Aliases"],
                Enabled=False,
            )
            if held:
                refused(
                    "CNAMEAlreadyExists", api.create_streaming_distribution, StreamingDistributionConfig=claim
                )
            else:
                api.create_streaming_distribution(StreamingDistributionConfig=claim)


{"write": begin, "verify": verify}[sys.argv[1]]()
