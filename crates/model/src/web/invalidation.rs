//! What customers said is not to be served from caches any more.

use serde::{Deserialize, Serialize};

/// One invalidation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalidation {
    /// Its id.
    pub id: String,
    /// The distribution whose copies are meant.
    pub distribution: String,
    /// The revision that it came with: numbers rise with time.
    pub revision: i64,
    /// When it was made, ms since 1970. Copies whose fetch began later are not meant.
    pub created_ms: i64,
    /// Paths, percent-encoded; with a query where queries tell copies apart; a `*` at the end stands for anything.
    pub paths: Vec<String>,
}

impl Invalidation {
    /// Whether copies of a path (with the query that tells them apart, if any) are meant, whatever cookies and headers
    /// they are for.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        self.paths.iter().any(|meant| match meant.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => path == meant,
        })
    }
}

/// The invalidations that an edge may not have obeyed yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Invalidations {
    /// All that came after this revision are in the list; of those before, none is.
    pub since: i64,
    /// In the order of their revisions.
    pub list: Vec<Invalidation>,
}

impl Invalidations {
    /// Those that an edge has to obey which has obeyed all up to `revision`. None: some of them are not kept any more,
    /// so nothing that it has from before may be served.
    #[must_use]
    pub fn after(&self, revision: i64) -> Option<&[Invalidation]> {
        let known = self.list.partition_point(|one| one.revision <= revision);
        (revision >= self.since).then(|| &self.list[known..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(revision: i64, paths: &[&str]) -> Invalidation {
        Invalidation {
            id: format!("I{revision}"),
            distribution: "E1".to_owned(),
            revision,
            created_ms: 0,
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        }
    }

    #[test]
    fn a_path_means_itself_and_one_with_a_star_everything_below() {
        let paths = one(1, &["/a.jpg", "/images/*", "/b.jpg?size=1", "/c*"]);
        for path in ["/a.jpg", "/images/", "/images/x/y?z", "/b.jpg?size=1", "/c", "/cat?x"] {
            assert!(paths.covers(path), "{path}");
        }
        for path in ["/A.jpg", "/a.jpg?size=1", "/images", "/b.jpg", "/b.jpg?size=10", "/"] {
            assert!(!paths.covers(path), "{path}");
        }
        assert!(one(1, &["/*"]).covers("/") && one(1, &["/*"]).covers("/x?y"));
    }

    #[test]
    fn an_edge_gets_what_came_since_it_looked_last() {
        let known = Invalidations { since: 4, list: vec![one(5, &[]), one(9, &[])] };
        let after =
            |revision| known.after(revision).map(|list| list.iter().map(|one| one.revision).collect());
        assert_eq!(after(4), Some(vec![5, 9]));
        assert_eq!(after(5), Some(vec![9]));
        assert_eq!(after(9), Some(Vec::new()));
        assert_eq!(after(100), Some(Vec::new()));
    }

    #[test]
    fn one_that_was_away_for_too_long_can_not_know_what_it_missed() {
        let known = Invalidations { since: 4, list: vec![one(5, &[])] };
        assert_eq!(known.after(3), None);
    }
}
