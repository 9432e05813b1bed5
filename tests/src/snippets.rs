//! What a page of the documentation says to paste, and shows to come out of it.

use std::process::Command;

use crate::process::run;

/// Stands between the outputs of two steps, and around whether one failed.
const MARK: char = '\u{1e}';

/// A fenced block of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// What stands behind the fence: a language, perhaps with a word behind it.
    pub info: &'a str,
    /// What stands inside.
    pub text: &'a str,
}

/// A block of shell, and what the page shows below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is pasted.
    pub script: String,
    /// Whether a command of it fails, as the page means it: its fence says `sh refused`.
    pub is_refused: bool,
    /// What it prints, with `…` for whatever differs, also for many lines; nothing if the page does not show it.
    pub shown: Option<String>,
}

/// All fenced blocks of a page.
#[must_use]
pub fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, opened)) = rest.split_once("\n```") {
        let (info, inside) = opened.split_once('\n').expect("a fence has a line of its own");
        // An empty block ends where it begins.
        let (text, behind) = match inside.strip_prefix("```") {
            Some(behind) => ("", behind),
            None => inside.split_once("\n```").unwrap_or_else(|| panic!("no end of {inside:.200}")),
        };
        found.push(Block { info, text });
        rest = behind;
    }
    found
}

/// The text of the only block with this language.
///
/// # Panics
/// When there is none, or another.
#[must_use]
pub fn only<'a>(page: &'a str, language: &str) -> &'a str {
    let found: Vec<_> = blocks(page).into_iter().filter(|block| block.info == language).collect();
    assert_eq!(found.len(), 1, "blocks of {language}");
    found[0].text
}

/// All there is to paste.
#[must_use]
pub fn steps(page: &str) -> Vec<Step> {
    let blocks = blocks(page);
    let below = blocks.iter().skip(1).map(Some).chain([None]);
    let shell = blocks.iter().zip(below).filter(|(block, _)| block.info.split(' ').next() == Some("sh"));
    let step = |(block, below): (&Block<'_>, Option<&Block<'_>>)| Step {
        script: block.text.to_owned(),
        is_refused: block.info.ends_with(" refused"),
        shown: below.filter(|below| below.info == "text").map(|below| below.text.to_owned()),
    };
    shell.map(step).collect()
}

impl Step {
    /// The same with other ports, buckets, keys.
    #[must_use]
    pub fn with(&self, replaced: &[(&str, &str)]) -> Self {
        let with =
            |text: &str| replaced.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
        Self { script: with(&self.script), shown: self.shown.as_deref().map(with), ..self.clone() }
    }

    /// Compares with what came of it.
    fn assert_went(&self, out: &str, has_failed: bool) {
        let script = &self.script;
        assert_eq!(has_failed, self.is_refused, "whether this fails: {script}\n--- it printed:\n{out}");
        if let Some(shown) = &self.shown {
            assert!(is_shown(shown, out), "{script}\n--- should print:\n{shown}\n--- but printed:\n{out}");
        }
    }
}

/// Pastes steps into `bash`, one after the other; before each it is waited until `ready` succeeds.
///
/// # Panics
/// When one fails that should not, or the other way round, or prints something else than the page shows.
pub fn paste(bash: &mut Command, steps: &[Step], ready: &str) {
    let mut script = "exec 2>&1\nfailed_step=0\ntrap 'failed_step=1' ERR\n".to_owned();
    for step in steps {
        let wait = format!("until {ready}; do sleep 0.1; done\nfailed_step=0\n");
        let end = format!("\nprintf '{MARK}%s{MARK}' \"$failed_step\"\n");
        script += &[&wait, &step.script, &end[..]].concat();
    }
    let text = run(bash.args(["-c", &script])).text();
    let mut parts = text.split(MARK);
    for step in steps {
        let out = parts.next().unwrap_or_default();
        let failed =
            parts.next().unwrap_or_else(|| panic!("no end of {}\n--- it printed:\n{out}", step.script));
        step.assert_went(out, failed == "1");
    }
}

/// Whether `text` is what a page shows as `shown`, with `…` for anything. Blanks and line ends behind it don't count.
fn is_shown(shown: &str, text: &str) -> bool {
    let (shown, mut rest) = (shown.trim_end(), text.trim_end());
    let mut parts = shown.split('…');
    let Some(behind) = rest.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    rest = behind;
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A page\n\n```sh\necho one\n```\n```text\no…e\n```\n\nOr\n\n```sh refused\nfalse\n```\n\n```py\n1\n```\n";

    fn bash() -> Command {
        Command::new("bash")
    }

    fn echo(script: &str, shown: &str) -> Vec<Step> {
        vec![Step { script: script.to_owned(), is_refused: false, shown: Some(shown.to_owned()) }]
    }

    #[test]
    fn a_page_is_steps_and_what_they_show() {
        let steps = steps(PAGE);
        assert_eq!(steps.len(), 2);
        assert_eq!((steps[0].script.as_str(), steps[0].shown.as_deref()), ("echo one", Some("o…e")));
        assert_eq!((steps[1].is_refused, steps[1].shown.as_deref()), (true, None));
        assert_eq!(only(PAGE, "py"), "1");
        paste(&mut bash(), &steps, "true");
    }

    #[test]
    fn steps_share_a_shell_and_errors_are_seen_in_their_place() {
        let two = ["one=1; echo a >&2; echo b", "echo $one"];
        let steps: Vec<Step> =
            two.iter().zip(["a\nb", "1"]).flat_map(|(script, shown)| echo(script, shown)).collect();
        paste(&mut bash(), &steps, "true");
    }

    #[test]
    fn what_differs_is_left_out_of_the_comparison() {
        for (shown, text) in
            [("a", "a\n"), ("a…", "a\nb\n"), ("…c", "abc"), ("a…c…e", "abcde"), ("a … b", "a x b")]
        {
            assert!(is_shown(shown, text), "{shown} {text}");
        }
        for (shown, text) in [("a", "ab"), ("a", "ba"), ("a…d", "abc"), ("a…c…b", "abc"), ("", "a")] {
            assert!(!is_shown(shown, text), "{shown} {text}");
        }
    }

    #[test]
    #[should_panic(expected = "should print")]
    fn other_words_are_told() {
        paste(&mut bash(), &echo("echo two", "one"), "true");
    }

    #[test]
    #[should_panic(expected = "whether this fails")]
    fn a_command_that_fails_in_the_middle_is_told() {
        paste(&mut bash(), &echo("false\necho one", "one"), "true");
    }

    #[test]
    #[should_panic(expected = "no end of")]
    fn a_shell_that_ends_too_early_is_told() {
        paste(&mut bash(), &echo("echo one; exit 0", "one"), "true");
    }
}
