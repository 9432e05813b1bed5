//! `cargo xtask test`.

use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};

use crate::player;
use crate::setup;
use crate::step::Run;
use crate::tools::{cargo, free_space, root, target};

/// The package of the end-to-end tests.
const END_TO_END: &str = "millrace-tests";

/// How much the cache's restart test writes.
const RESTART_MIB: u64 = 2048;

/// How much disk it needs: its 2 GiB, and room for what is built meanwhile.
const RESTART_ROOM: u64 = 6 << 30;

/// End-to-end tests at one time. More than cores, since paced players mostly wait.
const AT_ONE_TIME: &str = "4";

/// Everything.
pub(crate) fn whole() -> anyhow::Result<bool> {
    let mut run = Run::new();
    let ready = run.step("setup", "what the tests need from apt, pip and npm", setup::everything);
    style(&mut run);
    run.command("unit tests", &mut cargo(["test", "--workspace", "--exclude", END_TO_END, "--no-fail-fast"]));
    documentation(&mut run);
    player::test(&mut run);
    let built = run.command("build", &mut cargo(["build", "--release", "--package", "millrace"]));
    restart(&mut run);
    match (ready, built) {
        (true, true) => {
            end_to_end(&mut run, None);
            player::in_browsers(&mut run, &target().join("release/millrace"));
        }
        (false, _) => run.impossible("end to end", "the setup failed"),
        (_, false) => run.impossible("end to end", "there is no program to test"),
    }
    Ok(run.finish())
}

/// One suite of the end-to-end tests, by its name: `http-cache`.
pub(crate) fn suite(name: &str) -> anyhow::Result<bool> {
    let filter = match name {
        "http-cache" => "web::cache_tests",
        other => bail!("there is no suite {other:?}; there is http-cache"),
    };
    let mut run = Run::new();
    let ready = run.step("setup", "what the tests need from apt, pip and npm", setup::everything);
    let built = run.command("build", &mut cargo(["build", "--release", "--package", "millrace"]));
    if ready && built {
        end_to_end(&mut run, Some(filter));
    }
    Ok(run.finish())
}

/// What needs neither network nor players.
pub(crate) fn quick() -> anyhow::Result<bool> {
    let mut run = Run::new();
    style(&mut run);
    let with_players = tests_with_players()?;
    let packages = with_players.iter().map(|(package, _)| package.as_str()).chain([END_TO_END]);
    let exclude = packages.flat_map(|package| ["--exclude".to_owned(), package.to_owned()]);
    let arguments = ["test", "--workspace", "--no-fail-fast"].map(str::to_owned).into_iter().chain(exclude);
    run.command("unit tests", &mut cargo(arguments));
    for (package, tests) in &with_players {
        let mut command = cargo(["test", "--no-fail-fast", "--lib", "--package", package]);
        command.args(tests.iter().flat_map(|test| ["--test", test]));
        run.command(&format!("unit tests of {package}"), &mut command);
    }
    Ok(run.finish())
}

fn style(run: &mut Run) {
    run.command("format", &mut cargo(["fmt", "--all", "--check"]));
    let lints = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    run.command("lints", &mut cargo(lints));
}

fn documentation(run: &mut Run) {
    let mut command = cargo(["doc", "--workspace", "--no-deps", "--quiet"]);
    run.command("documentation", command.env("RUSTDOCFLAGS", "-D warnings"));
}

/// The cache must find after a restart what it wrote before, also when that is more than any buffer holds.
fn restart(run: &mut Run) {
    let room = || {
        let free = free_space(&target())?;
        ensure!(
            free >= RESTART_ROOM,
            "{} has {} MiB free; the cache's restart test needs {}",
            target().display(),
            free >> 20,
            RESTART_ROOM >> 20
        );
        Ok(())
    };
    if run.step("room on disk", "df", room) {
        let mut command =
            cargo(["test", "--release", "--package", "millrace-cache", "--test", "disk", "a_fill"]);
        run.command("restart with 2 GiB", command.env("MILLRACE_RESTART_MIB", RESTART_MIB.to_string()));
    }
}

/// The end-to-end tests, or those with `filter` in their names.
fn end_to_end(run: &mut Run, filter: Option<&str>) {
    let mut command =
        cargo(["test", "--package", END_TO_END, "--no-fail-fast", "--", "--test-threads", AT_ONE_TIME]);
    command.env("MILLRACE_BIN", target().join("release/millrace"));
    if let Some(filter) = filter {
        command.args([filter, "--nocapture"]);
    }
    let tools = || {
        Ok::<_, anyhow::Error>([
            ("MILLRACE_WEED", setup::s3_server()?),
            ("MILLRACE_AWS", setup::aws_clients()?),
            ("MILLRACE_SIGNERS", setup::js_signers()?),
            ("MILLRACE_CACHE_TESTS", setup::cache_tests()?),
            ("MILLRACE_WEB_TOOLS", setup::web_tools()?),
        ])
    };
    match tools() {
        Ok(tools) => {
            command.envs(tools);
            run.command("end to end", &mut command);
        }
        Err(error) => run.impossible("end to end", &format!("{error:#}")),
    }
}

/// Packages with test programs that call players, and their other test programs.
fn tests_with_players() -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut found = Vec::new();
    for folder in entries(&root().join("crates"))? {
        let (with, without): (Vec<_>, Vec<_>) = entries(&folder.join("tests"))?
            .into_iter()
            .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
            .partition(|path| calls_players(path));
        if !with.is_empty() {
            let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            let package = folder.file_name().unwrap_or_default().to_string_lossy();
            found.push((format!("millrace-{package}"), without.iter().filter_map(stem).collect()));
        }
    }
    Ok(found)
}

fn calls_players(file: &Path) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    ["ffmpeg", "ffprobe", "rtmpdump"]
        .iter()
        .any(|player| text.contains(&format!("Command::new(\"{player}\")")))
}

/// What a folder holds, sorted; nothing if it is not there.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
