//! Where log lines go: standard error, one line each.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Begins to log. `filter` is a level or a list of `target=level`; the variable `MILLRACE_LOG` overrides it.
pub(crate) fn start(format: Format, filter: &str) {
    let filter = std::env::var("MILLRACE_LOG").unwrap_or_else(|_| filter.to_owned());
    // What PostgreSQL remarks on the way is of no interest unless somebody asks for it.
    let filter = format!("sqlx=warn,{filter}");
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let started = match format {
        Format::Text => lines.with_target(false).try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        eprintln!("millrace: logging can't be set up: {error}");
    }
}
