//! `millrace import`, `apply`, `diff`, `export`: resources as documents, YAML or JSON.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use millrace_control::auth::Principal;
use millrace_control::service::{Change, Outcome};
use serde_json::Value;

use super::Place;
use crate::out::say;

/// Brings back what `aws cloudfront get-...` once printed: with the same ids, host names and caller references.
///
/// Takes the output of get-streaming-distribution, get-distribution, get-cloud-front-origin-access-identity,
/// get-origin-access-control, get-public-key, get-key-group and the get-...-policy commands. All documents are checked
/// before anything is written; what is there already is left as it is.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  millrace import streaming-*.json identity.json
  millrace import --dry-run saved/")]
pub(crate) struct Import {
    /// Files (JSON or YAML), or folders of such.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

/// Makes things as documents say.
///
/// A document has the shape of the API: `StreamingDistributionConfig: {…}` (or any other kind's), or
/// `StreamingDistribution: {Id: …, DomainName: …, StreamingDistributionConfig: {…}}` where the names matter, and `Tags`
/// beside it. Without an id, CallerReference (or Name) says which one is meant. What is so already is left alone; what
/// no document names is left alone as well.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  millrace apply -f site.yaml --dry-run
  millrace apply -f cloudfront/
  millrace export > all.yaml")]
pub(crate) struct Apply {
    /// A file with one or several documents (YAML or JSON), or a folder of such.
    #[arg(short, long = "file", value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

/// Says what `apply` would change; the exit status is 0 if that is nothing, and 1 otherwise.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// A file with one or several documents (YAML or JSON), or a folder of such.
    #[arg(short, long = "file", value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// Prints everything as documents that `apply` takes. Users, key pairs and credentials are in `millrace backup`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// How.
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    format: Format,
    #[command(flatten)]
    place: Place,
}

/// How documents are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

/// The documents of files and folders, with their places.
fn read(files: &[PathBuf]) -> anyhow::Result<Vec<(String, Value)>> {
    let mut documents = Vec::new();
    for file in files {
        if file.is_dir() {
            let entries = std::fs::read_dir(file).with_context(|| file.display().to_string())?;
            let mut inside: Vec<PathBuf> =
                entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
            inside.retain(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json"));
            inside.sort();
            anyhow::ensure!(!inside.is_empty(), "{}: there is no .yaml, .yml or .json in it", file.display());
            documents.extend(read(&inside)?);
        } else {
            documents.extend(read_file(file)?);
        }
    }
    Ok(documents)
}

fn read_file(file: &Path) -> anyhow::Result<Vec<(String, Value)>> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| name.to_string())?;
    let json = file.extension().is_some_and(|extension| extension == "json");
    let documents: Vec<Value> = if json {
        vec![serde_json::from_str(&text).with_context(|| name.to_string())?]
    } else {
        // As YAML 1.2 has it: only true and false are no texts, and a key may be called N.
        let strict = serde_saphyr::options! { strict_booleans: true };
        serde_saphyr::from_multiple_with_options(&text, strict)
            .map_err(|error| anyhow::anyhow!("{name}: {error}"))?
    };
    let several = documents.len() > 1;
    let place = |at: usize| if several { format!("{name}, document {}", at + 1) } else { name.to_string() };
    Ok(documents.into_iter().enumerate().map(|(at, document)| (place(at), document)).collect())
}

/// A value in a line.
fn short(value: &Value) -> String {
    let text = if value.is_null() { "nothing".to_owned() } else { value.to_string() };
    if text.chars().count() <= 100 { text } else { text.chars().take(99).chain(['…']).collect() }
}

fn tell(outcome: &Outcome) {
    let (kind, id) = (outcome.kind, outcome.id.as_deref().unwrap_or("(a new id)"));
    let label = &outcome.label;
    match outcome.change {
        Change::Create => say(&format!("+ {kind} {id}  {label}\n")),
        Change::Nothing => say(&format!("= {kind} {id}  {label}\n")),
        Change::Update => {
            say(&format!("~ {kind} {id}  {label}\n"));
            for (path, old, new) in &outcome.differences {
                say(&format!("    {path}: {} → {}\n", short(old), short(new)));
            }
        }
    }
}

fn sum(outcomes: &[Outcome], done: bool) -> String {
    let count = |change| outcomes.iter().filter(|outcome| outcome.change == change).count();
    let (made, changed, left) = (count(Change::Create), count(Change::Update), count(Change::Nothing));
    match done {
        true => format!("{made} made, {changed} changed, {left} left as they are\n"),
        false => format!("{made} to make, {changed} to change, {left} as they should be\n"),
    }
}

fn bring_about(files: &[PathBuf], dry_run: bool, place: &Place) -> anyhow::Result<()> {
    let documents = read(files)?;
    place.with(async |service| {
        if dry_run {
            let outcomes = service.plan(&documents).await?;
            outcomes.iter().for_each(tell);
            say(&sum(&outcomes, false));
            return Ok(());
        }
        let mut outcomes = Vec::new();
        let done = |outcome: &Outcome| {
            tell(outcome);
            outcomes.push(outcome.clone());
        };
        let applied = service.apply(&Principal::operator(), &documents, done).await;
        if applied.is_ok() || !outcomes.is_empty() {
            say(&sum(&outcomes, true));
        }
        Ok(applied?)
    })
}

/// Brings back what was saved.
pub(crate) fn import(command: &Import) -> anyhow::Result<()> {
    bring_about(&command.files, command.dry_run, &command.place)
}

/// Makes things as documents say.
pub(crate) fn apply(command: &Apply) -> anyhow::Result<()> {
    bring_about(&command.files, command.dry_run, &command.place)
}

/// Says what would change, and whether anything would.
pub(crate) fn diff(command: &Diff) -> anyhow::Result<bool> {
    let documents = read(&command.files)?;
    command.place.with(async |service| {
        let mut outcomes = service.plan(&documents).await?;
        outcomes.retain(|outcome| outcome.change != Change::Nothing);
        outcomes.iter().for_each(tell);
        Ok(!outcomes.is_empty())
    })
}

/// Prints everything.
pub(crate) fn export(command: &Export) -> anyhow::Result<()> {
    let documents = command.place.with(async |service| Ok(service.export().await?))?;
    match command.format {
        Format::Json => say(&format!("{}\n", serde_json::to_string_pretty(&documents)?)),
        Format::Yaml => {
            let text = serde_saphyr::to_string_multiple(&documents);
            say(&text.or_else(|error| bail!("the documents can't be written: {error}"))?);
        }
    }
    Ok(())
}
