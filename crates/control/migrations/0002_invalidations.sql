-- Edges are told the newest invalidations of all distributions with every change: they are found without looking at the
-- old ones, of which there may be many.
CREATE INDEX invalidation_revision ON resource (revision) WHERE substr(kind, 1, 13) = 'invalidation/';
