//! Which paths a cache behaviour is for.

use serde::{Deserialize, Serialize};

use super::Glob;

/// The pattern of a cache behaviour: `images/*.jpg`.
///
/// Case matters; `*` stands for any run of characters, slashes among them, and `?` for any one. A slash in front may be
/// left out. A query is never looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct PathPattern(Glob);

impl PathPattern {
    /// Takes it as it was written. An ampersand may be written as in XML.
    #[must_use]
    pub fn new(written: &str) -> Self {
        let written = written.replace("&amp;", "&");
        let slash = if written.starts_with('/') { "" } else { "/" };
        Self(Glob::new(&format!("{slash}{written}")))
    }

    /// Whether it is for a path, which begins with a slash and has no query.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.0.matches(path)
    }

    /// As text, with the slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<String> for PathPattern {
    fn from(written: String) -> Self {
        Self::new(&written)
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        PathPattern::new(pattern).matches(path)
    }

    #[test]
    fn a_star_is_any_run_also_across_slashes_and_also_an_empty_one() {
        assert!(matches("*.jpg", "/a.jpg") && matches("*.jpg", "/a/b/c.jpg") && matches("*.jpg", "/.jpg"));
        assert!(matches("images/*", "/images/") && matches("images/*", "/images/a/b"));
        assert!(!matches("images/*", "/images") && !matches("*.jpg", "/a.jpg.png"));
        assert!(matches("a*c*.gif", "/abcd/e.gif") && !matches("a*c*.gif", "/abd/e.gif"));
        assert!(matches("*", "/") && matches("*", "/anything/at/all"));
    }

    #[test]
    fn a_question_mark_is_one_character() {
        assert!(matches("a??.jpg", "/abc.jpg") && matches("images/?/*", "/images/1/x"));
        assert!(!matches("a??.jpg", "/ab.jpg") && !matches("a??.jpg", "/abcd.jpg"));
    }

    #[test]
    fn a_slash_in_front_makes_no_difference() {
        assert!(matches("/images/*.jpg", "/images/a.jpg") && matches("images/*.jpg", "/images/a.jpg"));
        assert!(!matches("images/*.jpg", "/other/images/a.jpg"));
        assert_eq!(PathPattern::new("a"), PathPattern::new("/a"));
    }

    #[test]
    fn case_makes_one() {
        assert!(!matches("*.jpg", "/a.JPG") && matches("*.JPG", "/a.JPG"));
    }

    #[test]
    fn an_ampersand_may_be_escaped_and_nothing_else_means_anything() {
        assert!(matches("a&amp;b", "/a&b") && matches("a&b", "/a&b"));
        assert!(matches("a.b+c$d[e]", "/a.b+c$d[e]") && !matches("a.b", "/axb"));
    }

    #[test]
    fn it_is_kept_as_text() {
        let kept = serde_json::to_string(&PathPattern::new("a/*")).expect("JSON");
        assert_eq!(kept, r#""/a/*""#);
        assert_eq!(serde_json::from_str::<PathPattern>(r#""a/*""#).expect("JSON"), PathPattern::new("/a/*"));
    }
}
