//! The shapes of the API: which members a structure has, in which order, under which names.
