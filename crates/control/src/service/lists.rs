//! Lists that are asked for over and over: read and understood once for each revision.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::Value;

use crate::Error;
use crate::store::{Reader, Resource};

/// By kind: the revision that was the newest before they were read, and all of them in the order of their ids.
type Kept = HashMap<&'static str, (i64, Arc<Vec<Resource>>)>;

/// What was read of each kind.
#[derive(Default)]
pub(super) struct Lists(ArcSwap<Kept>);

impl std::fmt::Debug for Lists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lists")
    }
}

impl Lists {
    /// All of a kind, with their configurations filled in. The revision has to be read before, by the same reader:
    /// then what is kept may be newer than it says, which costs another reading, but it is never older.
    pub(super) async fn all(
        &self,
        reader: &mut Reader,
        revision: i64,
        kind: &'static str,
        fill: impl Fn(&mut Value),
    ) -> Result<Arc<Vec<Resource>>, Error> {
        if let Some((_, all)) = self.0.load().get(kind).filter(|(of, _)| *of == revision) {
            return Ok(Arc::clone(all));
        }
        let mut all = reader.rows().all(kind).await?;
        all.iter_mut().for_each(|resource| fill(&mut resource.config));
        let all = Arc::new(all);
        self.0.rcu(|kept| {
            let mut kept = Kept::clone(kept);
            kept.insert(kind, (revision, Arc::clone(&all)));
            kept
        });
        Ok(all)
    }
}
