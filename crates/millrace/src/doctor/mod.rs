//! `millrace doctor`: walks the chain from the store to a playable file, and says at each step ok or what to do.
//!
//! ```text
//! configuration ▶ store ▶ snapshot ▶ distribution ▶ ports ▶ DNS ▶ origin ▶ object ▶ media ▶ how long it is cached
//! ```

mod media;
mod network;
mod object;

use clap::Args;
use millrace_control::Picture;
use millrace_model::{Address, StreamingDistribution};

use crate::config::Config;
use crate::control::{Place, shown};
use crate::out::say;

/// Finds out why something does not play: walks from the store to the file, and says at each step ok or what to do.
///
/// Reads what the server would read, by itself: it can be run beside a server or without one, on the same machine.
/// The exit status is 0 when every step was well.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  millrace doctor
  millrace doctor EDFDVBD6EXAMPLE
  millrace doctor rtmp://media.example.com/cfx/st/mp4:films/summer.mp4")]
pub(crate) struct Doctor {
    /// A distribution's id or host name, or the URL of a stream; without it, only what all have in common.
    #[arg(value_name = "ID|HOST|URL")]
    target: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// What was found up to now.
#[derive(Debug, Default)]
struct Findings {
    faults: usize,
}

impl Findings {
    fn ok(&self, step: &str, what: &str) {
        say(&format!("ok    {step:<13} {what}\n"));
    }

    /// Nothing wrong, but not what everybody expects.
    fn note(&self, step: &str, what: &str) {
        say(&format!("note  {step:<13} {what}\n"));
    }

    fn fault(&mut self, step: &str, what: &str, cure: &str) {
        self.faults += 1;
        say(&format!("FAULT {step:<13} {what}\n      {:<13} → {cure}\n", ""));
    }
}

/// What is asked about.
struct Target {
    /// Id or host.
    name: String,
    /// The stream's name, if it was a URL.
    stream: Option<(Address, String)>,
}

impl Target {
    fn parse(text: &str) -> Self {
        let plain = || Self { name: text.to_owned(), stream: None };
        let Some((scheme, rest)) = text.split_once("://") else { return plain() };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let app =
            if path.starts_with("cfx/st") { "cfx/st" } else { path.split('/').next().unwrap_or_default() };
        let name = path.strip_prefix(app).unwrap_or_default().trim_start_matches('/');
        match Address::parse(&format!("{scheme}://{host}/{app}"), app) {
            Ok(address) => Self { name: address.host.clone(), stream: Some((address, name.to_owned())) },
            Err(_) => plain(),
        }
    }
}

/// Does what was asked for; the answer is whether everything was well.
pub(crate) fn run(command: &Doctor) -> anyhow::Result<bool> {
    let mut findings = Findings::default();
    crate::server::runtime()?.block_on(examine(command, &mut findings))?;
    let faults = findings.faults;
    say(&if faults == 0 { "everything is well\n".to_owned() } else { format!("{faults} to mend\n") });
    Ok(faults == 0)
}

async fn examine(command: &Doctor, findings: &mut Findings) -> anyhow::Result<()> {
    let config = match command.place.load() {
        Ok(config) => config,
        Err(error) => {
            findings.fault("configuration", &format!("{error:#}"), "mend the file at that place");
            return Ok(());
        }
    };
    findings.ok("configuration", &config.summary());
    let picture = store(command, &config, findings).await;
    network::ports(&config, findings).await;
    let Some(target) = command.target.as_deref().map(Target::parse) else { return Ok(()) };
    let seal = command.place.seal()?;
    let site = shown(&config, &picture, &seal)?;
    let found = distributions(&config, &picture).into_iter().find(|distribution| {
        distribution.id == target.name
            || site.snapshot.streaming(&target.name).is_ok_and(|d| d.id == distribution.id)
    });
    let Some(distribution) = found else {
        let what = format!("nothing has the id or host name {:?}, or it is disabled", target.name);
        findings.fault(
            "distribution",
            &what,
            "`millrace export` lists what there is; names count as viewers write them",
        );
        return Ok(());
    };
    let named = [&distribution.id, &distribution.domain_name].into_iter().any(|name| *name == target.name);
    if !named && !distribution.aliases.iter().any(|alias| alias.matches(&target.name)) {
        let what = format!("nothing is called {:?}: the default distribution takes it", target.name);
        findings.note("distribution", &what);
    }
    enabled(&distribution, findings);
    network::names(&distribution, findings).await;
    match site.origins.get(&distribution.origin) {
        Some(origin) => object::examine(&config, origin, target.stream.as_ref(), findings).await,
        None => {
            let what = format!("the distribution {} has none that works", distribution.id);
            findings.fault(
                "origin",
                &what,
                "the server's log says why at its start; look at S3Origin.DomainName",
            );
        }
    }
    Ok(())
}

/// The store, or what is known without it.
async fn store(command: &Doctor, config: &Config, findings: &mut Findings) -> Picture {
    let kept = command.place.last_picture();
    match command.place.open().await {
        Ok(service) => match service.picture().await {
            Ok(picture) => {
                let name = service.store().name();
                findings.ok("store", &format!("{name}, revision {}", picture.revision));
                match kept {
                    Ok(kept) if kept.revision < picture.revision => {
                        let what =
                            format!("it is of revision {}, the store at {}", kept.revision, picture.revision);
                        findings
                            .note("snapshot", &format!("{what}: no server runs here, or it can't follow"));
                    }
                    Ok(kept) => findings.ok("snapshot", &format!("of revision {}", kept.revision)),
                    Err(_) => findings.note("snapshot", "there is none yet: no server has run here"),
                }
                return picture;
            }
            Err(error) => findings.fault("store", &error.to_string(), "look at the database"),
        },
        Err(error) => {
            let cure =
                format!("look at control.store; servers go on with their snapshot ({})", config.store());
            findings.fault("store", &format!("{error:#}"), &cure);
        }
    }
    kept.unwrap_or_default()
}

/// The file's distributions and the store's.
fn distributions(config: &Config, picture: &Picture) -> Vec<StreamingDistribution> {
    crate::control::all_distributions(config, picture)
}

fn enabled(distribution: &StreamingDistribution, findings: &mut Findings) {
    let what = format!("{} at {}", distribution.id, distribution.domain_name);
    match distribution.enabled {
        true => findings.ok("distribution", &what),
        false => findings.fault(
            "distribution",
            &format!("{what} is disabled"),
            "set Enabled to true with an update",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_id_a_host_or_a_stream() {
        let target = |text| {
            let target = Target::parse(text);
            (target.name, target.stream.map(|(_, name)| name))
        };
        assert_eq!(target("E1"), ("E1".to_owned(), None));
        assert_eq!(target("s1.example.net"), ("s1.example.net".to_owned(), None));
        let stream = target("rtmpe://S1.example.net:1935/cfx/st/mp4:a/b.mp4?x=1");
        assert_eq!(stream, ("s1.example.net".to_owned(), Some("mp4:a/b.mp4?x=1".to_owned())));
    }
}
