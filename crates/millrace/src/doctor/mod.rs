//! `millrace doctor`: walks the chain from the store to a playable file, and says at each step ok or what to do.
//!
//! ```text
//! configuration ▶ store ▶ snapshot ▶ ports ▶ distribution ▶ signature ▶ DNS ▶ origin ▶ object ▶ media ▶ how long it is cached
//! ```

mod media;
mod network;
mod object;

use clap::Args;
use millrace_control::Picture;
use millrace_edge::Site;
use millrace_model::StreamingDistribution;

use crate::config::Config;
use crate::control::{Place, shown};
use crate::findings::Findings;
use crate::sign::{Examination, Trust};
use crate::stream::Target;
use object::Reader;

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

/// Does what was asked for; the answer is whether everything was well.
pub(crate) fn run(command: &Doctor) -> anyhow::Result<bool> {
    let mut findings = Findings::default();
    crate::server::runtime()?.block_on(examine(command, &mut findings))?;
    Ok(findings.end("everything is well"))
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
    let Some(distribution) = distribution(&target.name, &config, &picture, &site, findings) else {
        return Ok(());
    };
    enabled(&distribution, findings);
    signers(&distribution, &site, &picture, findings);
    signature(&distribution, &site, &target, findings);
    network::names(&distribution, findings).await;
    match site.origins.get(&distribution.origin) {
        Some(origin) => {
            let reader = Reader::of(&distribution.id, &picture);
            object::examine(&config, origin, &reader, target.stream.as_ref(), findings).await;
        }
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

/// The distribution with that id or host name.
fn distribution(
    name: &str,
    config: &Config,
    picture: &Picture,
    site: &Site,
    findings: &mut Findings,
) -> Option<StreamingDistribution> {
    let found = distributions(config, picture).into_iter().find(|distribution| {
        distribution.id == name || site.snapshot.streaming(name).is_ok_and(|d| d.id == distribution.id)
    });
    let Some(distribution) = found else {
        let what = format!("nothing has the id or host name {name:?}, or it is disabled");
        let cure = "`millrace export` lists what there is; names count as viewers write them";
        findings.fault("distribution", &what, cure);
        return None;
    };
    let named = [&distribution.id, &distribution.domain_name].into_iter().any(|known| known == name);
    if !named && !distribution.aliases.iter().any(|alias| alias.matches(name)) {
        let what = format!("nothing is called {name:?}: the default distribution takes it");
        findings.note("distribution", &what);
    }
    Some(distribution)
}

/// Looks at the signature of a stream's name, or says that there should be one.
fn signature(distribution: &StreamingDistribution, site: &Site, target: &Target, findings: &mut Findings) {
    let Some((address, tc_url, name)) = &target.stream else { return };
    let trust = Trust::of(distribution);
    // What is wrong with a name itself is told where its object is looked for.
    let examination = Examination::of_stream(name, Some((address, tc_url)), &site.keys, trust);
    if let Some(examination) = examination.ok().filter(Examination::is_needed) {
        examination.tell(findings);
    }
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

/// Whose signatures a private distribution wants.
fn signers(distribution: &StreamingDistribution, site: &Site, picture: &Picture, findings: &mut Findings) {
    let Some(trusted) = &distribution.trusted_keys else {
        findings.ok("signers", "nobody needs a signature: there are no trusted signers");
        return;
    };
    let usable = |id: &&String| site.keys.get(*id).is_some_and(|key| key.active);
    let active: Vec<String> = trusted.iter().filter(usable).map(|id| of_whom(id, picture)).collect();
    if active.is_empty() {
        let what = match trusted.as_slice() {
            [] => "none of them has a key".to_owned(),
            ids => format!("none of their keys can be used: {}", ids.join(", ")),
        };
        let cure =
            "`millrace keys list` tells which there are; `millrace keys create` makes one for \"self\"";
        findings.fault("signers", &format!("only what trusted signers sign plays, and {what}"), cure);
        return;
    }
    let off = trusted.len() - active.len();
    let off = if off == 0 { String::new() } else { format!("; {off} more can't be used") };
    findings.ok("signers", &format!("private: what is signed with {} plays{off}", active.join(", ")));
}

/// A key with its signers.
fn of_whom(id: &str, picture: &Picture) -> String {
    let owners: Vec<&str> = picture.signers.with_key(id).collect();
    format!("{id} of {}", owners.join(" and "))
}
