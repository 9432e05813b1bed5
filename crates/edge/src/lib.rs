//! Accepts viewers, decides by the snapshot, pulls through the cache, paces out.
