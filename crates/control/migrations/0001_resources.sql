-- Both dialects take this file as it is: text, 64-bit numbers, nothing else. Times are milliseconds since 1970, UTC.

-- One row. Every writer raises it first, so writers come one behind the other on either database.
CREATE TABLE head (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    revision BIGINT NOT NULL
);
INSERT INTO head (one, revision) VALUES (1, 0);

-- Who changed what, for ever.
CREATE TABLE revision (
    revision BIGINT NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL
);

-- Everything that has an id: distributions, identities, keys, policies, users.
CREATE TABLE resource (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    etag TEXT NOT NULL,
    -- What the customer wrote, as JSON.
    config TEXT NOT NULL,
    -- What we chose for it, as JSON: its host name and the like.
    facts TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    modified_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- What at most one resource may have: a host name, a caller reference, a name.
CREATE TABLE claim (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    PRIMARY KEY (kind, value)
);
CREATE INDEX claim_owner ON claim (owner_kind, owner_id);

-- Who can't do without whom.
CREATE TABLE reference (
    from_kind TEXT NOT NULL,
    from_id TEXT NOT NULL,
    to_kind TEXT NOT NULL,
    to_id TEXT NOT NULL,
    PRIMARY KEY (from_kind, from_id, to_kind, to_id)
);
CREATE INDEX reference_to ON reference (to_kind, to_id);

CREATE TABLE tag (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, id, name)
);

-- The edges that live, and how far each is.
CREATE TABLE edge (
    id TEXT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL
);
