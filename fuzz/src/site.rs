//! What an edge serves while it is fuzzed: one streaming distribution, and nothing in its bucket.

use std::sync::Arc;

use millrace_edge::Site;
use millrace_model::{Snapshot, StreamingDistribution, Variants};
use millrace_origin::{MemoryOrigin, Origin};

/// The site, whose distribution takes everybody, whatever host name they say.
#[must_use]
pub fn site() -> Site {
    let distribution = StreamingDistribution {
        id: "E".to_owned(),
        domain_name: "films.example.net".to_owned(),
        aliases: Vec::new(),
        origin: "films".to_owned(),
        enabled: true,
        variants: Variants::ALL,
        swf: Vec::new(),
        pages: Vec::new(),
        trusted_keys: None,
    };
    let films: Arc<dyn Origin> = Arc::new(MemoryOrigin::new("films"));
    Site {
        snapshot: Snapshot::new(vec![distribution], Some("E")),
        origins: [("films".to_owned(), films)].into(),
        ..Site::default()
    }
}
