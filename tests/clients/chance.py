"""Values of the shapes in botocore's model, by chance: what the model allows and CloudFront's rules do not forbid.

Members without an entry in `RULES` are made from the model alone, so a newer botocore brings its new members along.
"""

import random

import configurations as some
from checks import fresh

# What a server without Lambda, web ACLs, VPCs and the like refuses; see faults.py.
REFUSED = {
    "AnycastIpListId",
    "CacheTagConfig",
    "ConnectionFunctionAssociation",
    "ConnectionMode",
    "ContinuousDeploymentPolicyId",
    "FieldLevelEncryptionId",
    "FunctionAssociations",
    "GrpcConfig",
    "LambdaFunctionAssociations",
    "OriginMtlsConfig",
    "RealtimeLogConfigArn",
    "Staging",
    "TenantConfig",
    "ViewerMtlsConfig",
    "VpcOriginConfig",
    "WebACLId",
}
# Members of a distribution that depend on each other are made together.
TOGETHER = {"Origins", "OriginGroups", "DefaultCacheBehavior", "CacheBehaviors"}
# What can be in any text, and what XML has to write in another way.
LETTERS = "abcXYZ019 -_./&<>\"'äß☺"


class Maker:
    """Makes values. `given` has the ids of other resources, by what they are."""

    def __init__(self, model, seed, given):
        self.model, self.random, self.given = model, random.Random(seed), given
        self.origins, self.groups = [], []

    def config(self, name):
        """A configuration."""
        return self.distribution() if name == "DistributionConfig" else self.shape(name)

    def shape(self, name):
        return self.make(self.model.shape_for(name), name)

    def make(self, shape, path):
        """A value of a shape; `path` says of which member."""
        rule = RULES.get(path) or RULES.get(path.split(".")[-1]) or RULES.get(shape.name)
        if rule:
            return rule(self)
        by_type = {
            "structure": self.structure,
            "list": self.list,
            "string": lambda shape, _: self.random.choice(shape.enum) if shape.enum else self.text(),
            "boolean": lambda *_: self.coin(),
            "integer": lambda *_: self.random.randint(0, 1000),
            "long": lambda *_: self.random.randint(0, 1 << 40),
            "double": lambda *_: self.random.randint(0, 200) / 2,
        }
        return by_type[shape.type_name](shape, path)

    def structure(self, shape, _, without=frozenset()):
        made = {}
        for name, member in shape.members.items():
            if name in REFUSED or name in without or name == "Quantity":
                continue
            if name in shape.required_members or self.coin():
                made[name] = self.make(member, f"{shape.name}.{name}")
        if "Quantity" in shape.members:
            made["Quantity"] = len(made.get("Items", []))
        # A dict's order is the order on the wire, which must not matter.
        names = list(made)
        self.random.shuffle(names)
        return {name: made[name] for name in names}

    def list(self, shape, path):
        items = []
        for _ in range(self.random.randint(1, 3)):
            item = self.make(shape.member, path + ".item")
            if item not in items:
                items.append(item)
        return items

    def coin(self):
        return self.random.random() < 0.5

    def one_of(self, *choices):
        return self.random.choice(choices)

    def text(self, most=20, letters=LETTERS):
        return "".join(self.random.choice(letters) for _ in range(self.random.randint(1, most)))

    def several(self, make, least=0, most=3):
        return some.listed(*(make() for _ in range(self.random.randint(least, most))))

    def subset(self, *items, least=0):
        return some.listed(*self.random.sample(items, self.random.randint(least, len(items))))

    def trusted(self, *items):
        chosen = self.subset(*items)
        return {"Enabled": chosen["Quantity"] > 0, **chosen}

    def host(self):
        return f"{self.text(8, 'abcDEF')}-{self.random.getrandbits(60):x}.example.org"

    def path(self):
        return "/" + self.text(20, "abc/-_.*?")

    def bucket(self):
        return f"films-{self.text(10, 'abcdef0123456789')}.s3.{self.one_of('', 'eu-west-1.')}amazonaws.com"

    def reader(self):
        return self.one_of("", some.OAI + self.given["identity"])

    def logging(self, **more):
        # Where there are no logs, CloudFront forgets the rest.
        if self.coin():
            return {"Enabled": False, "Bucket": "", "Prefix": "", **{name: False for name in more}}
        return {"Enabled": True, "Bucket": self.bucket(), "Prefix": self.one_of("", "a", "b/c/"), **more}

    def methods(self):
        every = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
        count = self.one_of(2, 3, 7)
        return {
            **some.listed(*every[:count]),
            "CachedMethods": some.listed(*every[: min(count, self.one_of(2, 3))]),
        }

    def geography(self):
        kind = self.one_of("none", "blacklist", "whitelist")
        countries = self.subset("AQ", "BV", "DE", "NO", least=1) if kind != "none" else some.listed()
        return {"GeoRestriction": {"RestrictionType": kind, **countries}}

    def error_page(self):
        page = {"ErrorCode": self.one_of(400, 403, 404, 500)}
        if self.coin():
            page |= {"ResponsePagePath": self.path(), "ResponseCode": self.one_of("200", "404")}
        if self.coin():
            page["ErrorCachingMinTTL"] = self.random.randint(0, 1 << 31)
        return page

    def header(self):
        return self.text(20, "abcXYZ-019")

    def cookies(self):
        forward = self.one_of("none", "all", "whitelist")
        names = (
            {"WhitelistedNames": self.several(lambda: self.text(8, "abc*"), least=1)}
            if forward == "whitelist"
            else {}
        )
        return {"Forward": forward, **names}

    def lifetimes(self):
        """Least, default and most, in this order; the latter two may be missing."""
        least, default, most = sorted(self.random.randint(0, 1 << 31) for _ in range(3))
        return {"MinTTL": least, **self.one_of({}, {"DefaultTTL": default, "MaxTTL": most})}

    def cache_policy(self):
        without = {"MinTTL", "DefaultTTL", "MaxTTL"}
        return {**self.structure(self.model.shape_for("CachePolicyConfig"), "", without), **self.lifetimes()}

    def distribution(self):
        self.origins, self.groups = [], []
        made = self.structure(self.model.shape_for("DistributionConfig"), "", TOGETHER)
        made["Origins"] = self.several(self.origin, least=1)
        made["OriginGroups"] = self.several(self.group, most=2)
        made["DefaultCacheBehavior"] = self.behavior("DefaultCacheBehavior")
        made["CacheBehaviors"] = self.several(lambda: self.behavior("CacheBehavior"))
        return made

    def origin(self):
        made = self.structure(
            self.model.shape_for("Origin"), "", {"Id", "DomainName", "S3OriginConfig", "CustomOriginConfig"}
        )
        made["Id"] = f"origin {len(self.origins)}"
        self.origins.append(made["Id"])
        if self.coin():
            return {
                **made,
                "DomainName": self.bucket(),
                "S3OriginConfig": {"OriginAccessIdentity": self.reader()},
            }
        return {**made, "DomainName": self.host(), "CustomOriginConfig": self.shape("CustomOriginConfig")}

    def group(self):
        self.groups.append(f"group {len(self.groups)}")
        return {
            "Id": self.groups[-1],
            "FailoverCriteria": {"StatusCodes": self.subset(403, 404, 500, 502, 503, 504, least=1)},
            "Members": some.listed(*({"OriginId": self.one_of(*self.origins)} for _ in range(2))),
        }

    def behavior(self, name):
        without = {"TargetOriginId", "CachePolicyId", "ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"}
        made = self.structure(self.model.shape_for(name), "", without)
        made["TargetOriginId"] = self.one_of(*self.origins, *self.groups)
        if self.coin():
            return {**made, "CachePolicyId": self.given["cache"]}
        made.pop("OriginRequestPolicyId", None)
        return {**made, "ForwardedValues": self.shape("ForwardedValues"), **self.lifetimes()}


# What the model does not say: by structure and member, by member, or by shape.
RULES = {
    "CallerReference": lambda _: fresh("by chance"),
    "Comment": lambda maker: maker.text(128, LETTERS + "\n\t"),
    "Aliases": lambda maker: maker.several(maker.host),
    "AllowedMethods": lambda maker: maker.methods(),
    "CookiePreference": lambda maker: maker.cookies(),
    "LoggingConfig": lambda maker: maker.logging(IncludeCookies=maker.coin()),
    "Restrictions": lambda maker: maker.geography(),
    "S3Origin": lambda maker: {"DomainName": maker.bucket(), "OriginAccessIdentity": maker.reader()},
    "StreamingLoggingConfig": lambda maker: maker.logging(),
    "TrustedKeyGroups": lambda maker: maker.trusted(maker.given["group"]),
    "TrustedSigners": lambda maker: maker.trusted("self", "123456789012"),
    "ViewerCertificate": lambda _: {"CloudFrontDefaultCertificate": True},
    "CachePolicyConfig": lambda maker: maker.cache_policy(),
    "CachePolicyConfig.Name": lambda _: fresh("by chance"),
    "OriginRequestPolicyConfig.Name": lambda _: fresh("by chance"),
    "ResponseHeadersPolicyConfig.Name": lambda _: fresh("by chance"),
    "OriginAccessControlConfig.Name": lambda _: fresh("by chance"),
    "KeyGroupConfig.Name": lambda _: fresh("by chance"),
    "KeyGroupConfig.Items": lambda maker: [maker.given["key"]],
    "PublicKeyConfig.Name": lambda _: fresh("by chance"),
    "PublicKeyConfig.EncodedKey": lambda maker: maker.given["pem"],
    "DefaultRootObject": lambda maker: maker.one_of("", "index.html"),
    "PathPattern": lambda maker: maker.path(),
    "OriginRequestPolicyId": lambda maker: maker.given["forward"],
    "ResponseHeadersPolicyId": lambda maker: maker.given["headers"],
    "OriginAccessControlId": lambda maker: maker.one_of("", maker.given["control"]),
    "OriginAccessControlOriginType": lambda _: "s3",
    "OriginPath": lambda maker: maker.one_of("", "/below", "/a/b"),
    "OriginShieldRegion": lambda _: "eu-central-1",
    "ConnectionAttempts": lambda maker: maker.random.randint(1, 3),
    "ConnectionTimeout": lambda maker: maker.random.randint(1, 10),
    "OriginReadTimeout": lambda maker: maker.random.randint(1, 60),
    "OriginKeepaliveTimeout": lambda maker: maker.random.randint(1, 60),
    "HTTPPort": lambda maker: maker.one_of(80, 443, 8080),
    "HTTPSPort": lambda maker: maker.one_of(80, 443, 8443),
    "CustomErrorResponse": lambda maker: maker.error_page(),
    "HeaderName": lambda maker: maker.header(),
    "Header": lambda maker: maker.header(),
    "ResponseHeadersPolicyAccessControlAllowHeaders": lambda maker: maker.several(maker.header, least=1),
    "ResponseHeadersPolicyAccessControlExposeHeaders": lambda maker: maker.several(maker.header),
    "SigningBehavior": lambda maker: maker.one_of("never", "always", "no-override"),
    "SigningProtocol": lambda _: "sigv4",
}
