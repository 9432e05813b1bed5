//! `millrace sign check`: says step by step whether a signed name or URL would be let in, and if not, why.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use millrace_control::{Picture, Service};
use millrace_edge::Site;
use millrace_model::Address;
use millrace_sign::PublicKey;
use serde_json::Value;

use super::examination::{Examination, Trust};
use super::now;
use super::when::When;
use crate::control::{Place, all_of, shown};
use crate::findings::Findings;
use crate::stream::Target;

/// Explains a signed stream name or URL: what is in it, who signed it, how long it is good, and whether it would be let
/// in.
///
/// It is looked at as a server does, with the keys and the distributions of the store, or of the server's last snapshot
/// while the store is away. The exit status is 0 when it would be let in.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  millrace sign check 'rtmp://media.example.com/cfx/st/mp4:films/summer.mp4?Expires=1893456000&Signature=...'
  millrace sign check 'mp4:films/summer.mp4?Policy=...' --public-key public.pem --ip 192.0.2.7
  millrace sign check 'https://d111111abcdef8.example.net/a.html?Expires=...' --at 2030-01-31T18:00:00Z")]
pub(super) struct Check {
    /// The signed URL, or the signed name of a stream.
    #[arg(value_name = "URL|NAME")]
    target: String,
    /// When, instead of now.
    #[arg(long, value_name = "WHEN")]
    at: Option<When>,
    /// Where the viewer is.
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// Verify with this public key (PEM), whatever key the id means.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// What is known of keys and distributions.
#[derive(Default)]
struct Known {
    site: Site,
    picture: Picture,
    web: Vec<Value>,
}

/// Looks at it; the answer is whether it would be let in.
pub(super) fn run(check: &Check) -> anyhow::Result<bool> {
    let key = check.public_key.as_deref().map(public_key).transpose()?;
    let mut findings = Findings::default();
    let known = crate::server::runtime()?.block_on(known(check, key.is_some(), &mut findings));
    let (text, keys) = (&check.target, &known.site.keys);
    let target = Target::parse(text);
    let examination = match (&target.stream, text.split_once("://").map(|(scheme, _)| scheme)) {
        (Some((address, tc_url, name)), _) => {
            let trust = known.trust_of_stream(address, &mut findings);
            Examination::of_stream(name, Some((address, tc_url)), keys, trust)
                .map_err(|error| error.to_string())
        }
        (None, None) => {
            let why = "give the whole rtmp:// URL to see whether its distribution trusts the key";
            let trust = Trust::Unknown(why.to_owned());
            Examination::of_stream(text, None, keys, trust).map_err(|error| error.to_string())
        }
        (None, Some("http" | "https")) => Ok(Examination::of_url(text, keys, known.trust_of_web(text))),
        (None, Some(scheme)) => Err(format!("no {scheme}:// URL of this form can be signed")),
    };
    match examination {
        Ok(mut examination) => {
            examination.now = check.at.map_or_else(now, |at| at.seconds(now()));
            examination.address = check.ip;
            examination.key = key.as_ref();
            examination.tell(&mut findings);
        }
        Err(error) => {
            findings.fault(
                "name",
                &error,
                "write mp4:folder/film.mp4?..., rtmp://HOST/cfx/st/NAME?... or https://...",
            );
        }
    }
    let good = match (&target.stream, text.starts_with("http")) {
        (_, true) => "it would be let in",
        (Some(_), _) => "it would play",
        (None, _) => "it is good; whether a distribution trusts its key is not known",
    };
    Ok(findings.end(good))
}

fn public_key(file: &Path) -> anyhow::Result<PublicKey> {
    let text = std::fs::read_to_string(file).with_context(|| format!("--public-key {}", file.display()))?;
    PublicKey::parse(&text).with_context(|| format!("--public-key {}", file.display()))
}

/// The store's picture, or the last one that a server kept.
async fn known(check: &Check, has_key: bool, findings: &mut Findings) -> Known {
    let config = match check.place.load() {
        Ok(config) => config,
        Err(_) if has_key => {
            findings.note("store", "there is none: only what the given key tells");
            return Known::default();
        }
        Err(error) => {
            let cure = "name the server's configuration by --config, or the key by --public-key";
            findings.fault("store", &format!("{error:#}"), cure);
            return Known::default();
        }
    };
    let opened = async {
        let service = check.place.open().await?;
        let picture = service.picture().await?;
        let web = distributions(&service).await?;
        findings.ok("store", &format!("{}, revision {}", service.store().name(), picture.revision));
        service.store().close().await;
        Ok::<_, anyhow::Error>((picture, web))
    };
    let (picture, web) = match opened.await {
        Ok(opened) => opened,
        Err(error) => {
            findings.note("store", &format!("the last snapshot counts, since the store is away: {error:#}"));
            (check.place.last_picture().unwrap_or_default(), Vec::new())
        }
    };
    let site = check.place.seal().and_then(|seal| shown(&config, &picture, &seal));
    match site {
        Ok(site) => Known { site, picture, web },
        Err(error) => {
            findings.fault("configuration", &format!("{error:#}"), "`millrace doctor` tells more");
            Known { picture, web, ..Known::default() }
        }
    }
}

async fn distributions(service: &Service) -> anyhow::Result<Vec<Value>> {
    all_of(service, "Distributions").await
}

impl Known {
    /// Whom the distribution trusts that a viewer comes to at this address.
    fn trust_of_stream(&self, address: &Address, findings: &mut Findings) -> Trust {
        let host = &address.host;
        match self.site.snapshot.streaming(host) {
            Ok(found) => Trust::of(found),
            Err(_) if self.picture == Picture::default() => {
                Trust::Unknown(format!("nothing is known here of {host:?}"))
            }
            Err(error) => {
                let cure = "`millrace export` lists what there is; names count as viewers write them";
                findings.fault("distribution", &format!("{host:?}: {error}"), cure);
                Trust::Unknown(format!("nobody knows whom {host:?} trusts"))
            }
        }
    }

    /// Whom the web distribution trusts that has this URL's host. Nothing is delivered by these yet, so nothing is said
    /// beyond that.
    fn trust_of_web(&self, url: &str) -> Trust {
        let authority = url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let Some(found) = self.web.iter().find(|distribution| has_host(distribution, &host)) else {
            return Trust::Unknown(format!("no web distribution here is called {host:?}"));
        };
        let id = found["Id"].as_str().unwrap_or_default();
        let others = found["CacheBehaviors"]["Items"].as_array().into_iter().flatten();
        let behaviors = others.chain([&found["DefaultCacheBehavior"]]);
        let said: Vec<String> = behaviors.map(|behavior| self.trusted_by(behavior)).collect();
        Trust::Unknown(format!("{id} trusts for {}", said.join("; for ")))
    }

    /// The path of a behaviour with the keys that it trusts.
    fn trusted_by(&self, behavior: &Value) -> String {
        let path = behavior["PathPattern"].as_str().unwrap_or("all else");
        let on = ["TrustedSigners", "TrustedKeyGroups"].map(|list| &behavior[list]);
        let on: Vec<&Value> = on.into_iter().filter(|list| list["Enabled"] == true).collect();
        let signers = on.iter().flat_map(|list| list["Items"].as_array().into_iter().flatten());
        let keys = self.picture.signers.keys_of(signers.filter_map(Value::as_str));
        match (on.is_empty(), keys.is_empty()) {
            (true, _) => format!("{path} everybody"),
            (false, true) => format!("{path} nobody"),
            (false, false) => format!("{path} {}", keys.join(", ")),
        }
    }
}

fn has_host(distribution: &Value, host: &str) -> bool {
    let aliases = distribution["Aliases"]["Items"].as_array().into_iter().flatten();
    let mut names = aliases.chain([&distribution["DomainName"]]).filter_map(Value::as_str);
    names.any(|name| millrace_model::HostPattern::new(name).matches(host))
}
