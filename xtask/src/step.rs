//! Steps of a long run: each says what it runs and how long it took, and one that fails does not stop the others.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::tools;

/// A run in steps, and what came of them.
pub(crate) struct Run {
    began: Instant,
    done: Vec<Done>,
}

struct Done {
    name: String,
    took: Duration,
    fault: Option<String>,
    counts: Counts,
}

/// What test programs said of themselves.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    programs: usize,
    passed: usize,
    failed: usize,
    ignored: usize,
    /// The names of tests that failed.
    names: Vec<String>,
}

impl Counts {
    /// Takes a line of a test program's output.
    fn line(&mut self, line: &str) {
        if let Some((what, Ok(number))) =
            line.strip_prefix("# ").and_then(|rest| rest.split_once(' ')).map(|(what, n)| (what, n.parse()))
        {
            self.of_node(what, number);
        } else if let Some(rest) = line.strip_prefix("test result: ") {
            let number = |what: &str| {
                let words: Vec<&str> = rest.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
                let at = words.iter().position(|word| *word == what)?;
                words.get(at.checked_sub(1)?)?.parse::<usize>().ok()
            };
            self.programs += 1;
            self.passed += number("passed").unwrap_or(0);
            self.failed += number("failed").unwrap_or(0);
            self.ignored += number("ignored").unwrap_or(0);
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.names.push(name.to_owned());
        } else if let Some((_, name)) =
            line.trim_start().strip_prefix("not ok ").and_then(|rest| rest.split_once(" - "))
        {
            self.names.push(name.to_owned());
        }
    }

    /// What Node's test runner says at the end of a program.
    fn of_node(&mut self, what: &str, number: usize) {
        match what {
            "pass" => {
                self.programs += 1;
                self.passed += number;
            }
            "fail" | "cancelled" => self.failed += number,
            "skipped" | "todo" => self.ignored += number,
            _ => {}
        }
    }

    fn add(&mut self, other: &Self) {
        self.programs += other.programs;
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.names.extend(other.names.iter().cloned());
    }
}

impl Run {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), done: Vec::new() }
    }

    /// Runs a command as a step. The answer is whether it went well.
    pub(crate) fn command(&mut self, name: &str, command: &mut Command) -> bool {
        println!("\n==> {name}: {}", tools::shown(command));
        let began = Instant::now();
        let mut counts = Counts::default();
        let fault = watch(command, &mut counts);
        self.end(name, began, fault, counts)
    }

    /// Does something else as a step.
    pub(crate) fn step(&mut self, name: &str, what: &str, act: impl FnOnce() -> anyhow::Result<()>) -> bool {
        println!("\n==> {name}: {what}");
        let began = Instant::now();
        let fault = act().err().map(|error| format!("{error:#}"));
        self.end(name, began, fault, Counts::default())
    }

    /// Notes a step that can't be done, so that nobody takes it for done.
    pub(crate) fn impossible(&mut self, name: &str, why: &str) {
        self.end(name, Instant::now(), Some(why.to_owned()), Counts::default());
    }

    fn end(&mut self, name: &str, began: Instant, fault: Option<String>, counts: Counts) -> bool {
        let took = began.elapsed();
        let good = fault.is_none();
        match &fault {
            None => println!("==> {name}: done in {}", clock(took)),
            Some(fault) => println!("==> {name}: FAILED after {}: {fault}", clock(took)),
        }
        self.done.push(Done { name: name.to_owned(), took, fault, counts });
        good
    }

    /// Prints what came of it all. The answer is whether everything went well.
    pub(crate) fn finish(self) -> bool {
        println!("\nSteps:");
        let mut all = Counts::default();
        for done in &self.done {
            let tests = match done.counts.programs {
                0 => String::new(),
                _ => format!("  {} passed, {} failed", done.counts.passed, done.counts.failed),
            };
            let verdict = if done.fault.is_none() { "ok    " } else { "FAILED" };
            println!("  {verdict} {:>11}  {}{tests}", clock(done.took), done.name);
            all.add(&done.counts);
        }
        let failed: Vec<&Done> = self.done.iter().filter(|done| done.fault.is_some()).collect();
        for done in &failed {
            println!("failed: {}: {}", done.name, done.fault.as_deref().unwrap_or_default());
        }
        all.names.iter().for_each(|name| println!("failed test: {name}"));
        let Counts { programs, passed, failed: tests_failed, ignored, .. } = all;
        let took = clock(self.began.elapsed());
        println!(
            "Tests: {passed} passed, {tests_failed} failed, {ignored} ignored, in {programs} programs; \
             steps: {} done, {} failed; {took}",
            self.done.len() - failed.len(),
            failed.len()
        );
        failed.is_empty() && tests_failed == 0
    }
}

/// Runs a command, passes its output through and counts. A fault, if there was one.
fn watch(command: &mut Command, counts: &mut Counts) -> Option<String> {
    let mut child = match command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return Some(format!("it can't be run: {error}")),
    };
    if let Some(output) = child.stdout.take() {
        // By bytes: a test may print what is no text.
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            counts.line(line.trim_end());
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }
    match child.wait() {
        Ok(status) if status.success() => None,
        Ok(status) if counts.failed > 0 => Some(format!("{} tests failed, {status}", counts.failed)),
        Ok(status) => Some(status.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_what_test_programs_print() {
        let mut counts = Counts::default();
        let output = "running 3 tests\ntest a::b ... ok\ntest c - should panic ... FAILED\n\
            test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: ok. 40 passed; 0 failed; 2 ignored; 0 measured; 7 filtered out; finished in 1.20s";
        output.lines().for_each(|line| counts.line(line));
        let output = "TAP version 13\n# Subtest: a player\n    not ok 2 - plays\nnot ok 1 - a player\n# tests 34\n# suites 1\n\
            # pass 33\n# fail 1\n# cancelled 0\n# skipped 0\n# todo 0\n# duration_ms 422.97";
        output.lines().for_each(|line| counts.line(line));
        let names = ["c - should panic", "plays", "a player"].map(str::to_owned).to_vec();
        assert_eq!(counts, Counts { programs: 3, passed: 75, failed: 2, ignored: 2, names });
    }

    #[test]
    fn a_step_that_fails_is_counted_and_does_not_stop_the_others() {
        let mut run = Run::new();
        assert!(!run.command("one", &mut Command::new("false")));
        assert!(!run.command("two", &mut Command::new("/there/is/no/such/program")));
        assert!(run.step("three", "nothing", || Ok(())));
        assert_eq!(run.done.iter().filter(|done| done.fault.is_some()).count(), 2);
        assert!(!run.finish());
    }
}
