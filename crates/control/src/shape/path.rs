//! Where in a value something is: `DistributionConfig.Origins.Items[1].Id`.

use std::fmt;

/// A place in a value. Lives on the stack beside the walk, and is only written out when something is wrong there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Self>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Member(&'p str),
    Item(usize),
}

impl<'p> Path<'p> {
    pub(super) const fn root(name: &'p str) -> Self {
        Self { parent: None, step: Step::Member(name) }
    }

    pub(super) const fn member(&'p self, name: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Member(name) }
    }

    pub(super) const fn item(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Item(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Member(name) if self.parent.is_some() => write!(f, ".{name}"),
            Step::Member(name) => f.write_str(name),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}

/// What a client wrote, as it may stand in a message: quoted, without control characters, and not all of a long one.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// The beginning of a long text.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 100;
    let mut shown: String = text.chars().take(MOST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_sdks_would_go_it() {
        let root = Path::root("DistributionConfig");
        let items = root.member("Origins");
        let item = items.item(1);
        assert_eq!(item.member("Id").to_string(), "DistributionConfig.Origins[1].Id");
    }

    #[test]
    fn what_clients_wrote_is_shown_in_one_line() {
        assert_eq!(quoted("a\nb\u{1}"), r#""a\nb\u{1}""#);
        assert_eq!(quoted(&"é".repeat(1000)).chars().count(), 103);
    }
}
