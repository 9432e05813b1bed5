//! Keeps blocks in memory and on disk, fetches each once, knows what is fresh.
