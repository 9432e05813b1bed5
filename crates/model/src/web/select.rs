//! Which of a viewer's headers, cookies or parameters count.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Glob;

/// Decides for each name. Names of headers are in lower case; those of cookies and parameters are as they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// No name.
    #[default]
    None,
    /// These names.
    These(BTreeSet<String>),
    /// Names that match one of these. Only whitelists of cookies in `ForwardedValues` have stars in them.
    Like(Vec<Glob>),
    /// Every name but these.
    AllBut(BTreeSet<String>),
    /// Every name.
    All,
}

impl Select {
    /// Exactly these.
    pub fn these<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self::These(names.into_iter().map(str::to_owned).collect())
    }

    /// All but these.
    pub fn all_but<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self::AllBut(names.into_iter().map(str::to_owned).collect())
    }

    /// These, where `*` and `?` stand for others.
    pub fn like<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self::Like(names.into_iter().map(Glob::new).collect())
    }

    /// Whether it counts.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::These(names) => names.contains(name),
            Self::Like(globs) => globs.iter().any(|glob| glob.matches(name)),
            Self::AllBut(names) => !names.contains(name),
            Self::All => true,
        }
    }

    /// Whether some name counts.
    #[must_use]
    pub fn takes_any(&self) -> bool {
        match self {
            Self::None => false,
            Self::These(names) => !names.is_empty(),
            Self::Like(globs) => !globs.is_empty(),
            Self::AllBut(_) | Self::All => true,
        }
    }

    /// Whether a name that begins so is on a list of names that count.
    #[must_use]
    pub fn names_some(&self, beginning: &str) -> bool {
        matches!(self, Self::These(names) if names.iter().any(|name| name.starts_with(beginning)))
    }

    /// Whether this very name is on a list of names that count. What a viewer did not send can only be asked for so.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        matches!(self, Self::These(names) if names.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_tells_whether_a_name_on_it_begins_so() {
        let list = Select::these(["cloudfront-viewer-country", "a", "z"]);
        assert!(list.names_some("cloudfront-") && list.names_some("z") && !list.names_some("b"));
        assert!(!Select::All.names_some("cloudfront-"));
    }

    #[test]
    fn each_way_decides_for_a_name() {
        let names = ["a", "b"];
        for (select, a, other) in [
            (Select::None, false, false),
            (Select::these(names), true, false),
            (Select::all_but(names), false, true),
            (Select::All, true, true),
        ] {
            assert_eq!((select.takes("a"), select.takes("c")), (a, other), "{select:?}");
        }
        assert!(!Select::these(names).takes("A"), "case matters");
    }

    #[test]
    fn stars_and_question_marks_stand_for_others_in_whitelists_only() {
        let like = Select::like(["session*", "id?"]);
        assert!(
            like.takes("session_1") && like.takes("id2") && !like.takes("id") && !like.takes("my_session")
        );
        assert!(!Select::these(["session*"]).takes("session_1"), "a star may be part of a name");
    }

    #[test]
    fn only_a_list_names() {
        assert!(Select::these(["a"]).names("a") && !Select::these(["a"]).names("b"));
        assert!(!Select::All.names("a") && !Select::all_but(["b"]).names("a"));
    }

    #[test]
    fn it_is_kept_as_json() {
        for select in
            [Select::None, Select::All, Select::these(["a"]), Select::like(["a*"]), Select::all_but(["b"])]
        {
            let kept = serde_json::to_string(&select).expect("JSON");
            assert_eq!(serde_json::from_str::<Select>(&kept).expect("JSON"), select, "{kept}");
        }
    }
}
