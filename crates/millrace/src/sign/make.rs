//! Signing: what the command line says becomes an offer, and the offer a name, a URL or cookies.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::{ArgGroup, Args, ValueEnum};
use ipnet::IpNet;
use millrace_model::StreamName;
use millrace_sign::{Hash, Mistake, Offer, Parted, Policy, PrivateKey, Request, Signer, Spelling, of_name};

use super::key_id;
use super::when::{When, length, now, shown};
use crate::control::Place;
use crate::out::say;

/// What to sign, and on which conditions.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").args(["stream", "url"]).required(true))]
pub(super) struct Make {
    /// The private key (PEM): RSA or ECDSA on P-256. It never leaves this process.
    #[arg(long, value_name = "FILE", required_unless_present = "print_policy")]
    key: Option<PathBuf>,
    /// The id under which the server knows the key; otherwise the file's name tells it (pk-APKA....pem, private-K....pem),
    /// or the server's store, which has the public half.
    #[arg(long, value_name = "ID")]
    key_pair_id: Option<String>,
    /// The name of a stream, as players send it: mp4:films/summer.mp4.
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// A URL: http(s)://..., which is signed as it is, or rtmp://HOST/cfx/st/NAME (any variant), of which NAME is signed.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// When the right ends.
    #[arg(long, value_name = "WHEN", required_unless_present = "policy")]
    expires: Option<When>,
    /// When it begins; at once without this.
    #[arg(long, value_name = "WHEN")]
    not_before: Option<When>,
    /// Only for viewers at this address, or in this network.
    #[arg(long, value_name = "CIDR", value_parser = network)]
    ip: Option<IpNet>,
    /// A policy of your own (JSON); its very bytes are signed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["expires", "not_before", "ip", "resource"])]
    policy: Option<PathBuf>,
    /// What the right is for, with * for any characters and ? for one, instead of exactly what is signed: 'films/*'.
    #[arg(long, value_name = "PATTERN")]
    resource: Option<String>,
    /// The digest that is signed. CloudFront's RTMP distributions knew SHA-1 only.
    #[arg(long, value_name = "HASH", default_value = "sha1")]
    algorithm: Algorithm,
    /// Cookies instead of a signed URL, one in a line. A * in the URL stands for any characters then.
    #[arg(long, requires = "url")]
    cookie: bool,
    /// The name as it is written in a web page's variables: %3F, %3D and %26 for ?, = and &.
    #[arg(long, requires = "stream")]
    escape: bool,
    /// The policy that would be signed, and nothing else. For those who sign elsewhere; it needs no key.
    #[arg(long, conflicts_with_all = ["cookie", "escape"])]
    print_policy: bool,
    #[command(flatten)]
    place: Place,
}

/// Digests.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Algorithm {
    Sha1,
    Sha256,
}

/// An address or a network.
fn network(text: &str) -> Result<IpNet, String> {
    let one = text.parse().map(|address: IpAddr| IpNet::from(address));
    let parsed = one.or_else(|_| text.parse());
    parsed.map_err(|_| format!("{text:?} is no network; write 192.0.2.0/24, 2001:db8::/32 or one address"))
}

/// Signs, and prints what came of it.
pub(super) fn run(make: &Make) -> anyhow::Result<()> {
    let offer = offer(make)?;
    if make.print_policy {
        say(&format!("{}\n", policy(make, &offer)?));
        return Ok(());
    }
    let signer = signer(make)?;
    let signed = match (&make.stream, &make.url) {
        (Some(name), _) => {
            let spelling = if make.escape { Spelling::Page } else { Spelling::Plain };
            let signed = signer.stream_name(name, &offer, spelling)?;
            prove(&signed, &signer, &offer)?;
            signed
        }
        (None, Some(url)) if make.cookie => {
            anyhow::ensure!(
                url.starts_with("http"),
                "--cookie: players of {url} take no cookies; sign the URL"
            );
            let cookies = signer.cookies(url, &offer)?;
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
        }
        (None, Some(url)) => {
            let signed = signer.url(url, &offer)?;
            if let Some(name) = name_in(&signed) {
                prove(name, &signer, &offer)?;
            }
            signed
        }
        (None, None) => bail!("--stream NAME or --url URL says what to sign"),
    };
    say(&format!("{signed}\n"));
    Ok(())
}

fn offer(make: &Make) -> anyhow::Result<Offer> {
    if let Some(file) = &make.policy {
        let bytes = std::fs::read(file).with_context(|| format!("--policy {}", file.display()))?;
        Policy::parse(&bytes).with_context(|| format!("--policy {}", file.display()))?;
        return Ok(Offer::File(bytes));
    }
    let now = now();
    let expires = make.expires.context("--expires WHEN says when the right ends")?.seconds(now);
    if expires <= now {
        let (at, ago) = (shown(expires), length(now - expires));
        eprintln!("millrace: --expires {at} was {ago} ago: nobody can use what is signed");
    }
    let not_before = make.not_before.map(|when| when.seconds(now));
    anyhow::ensure!(
        not_before.is_none_or(|from| from < expires),
        "--not-before: the right would begin when it has ended; --expires has to be later"
    );
    // The canned policy has no wildcards, and cookies are for many files mostly.
    let pattern = make.url.clone().filter(|url| make.cookie && url.contains('*'));
    let resource = make.resource.clone().or(pattern);
    Ok(Offer::Policy(Policy { resource, expires, not_before, network: make.ip }))
}

fn signer(make: &Make) -> anyhow::Result<Signer> {
    let file = make.key.as_deref().context("--key FILE names the private key")?;
    let key = read_key(file)?;
    let key_id = match &make.key_pair_id {
        Some(id) => id.clone(),
        None => key_id::find(file, key.public(), &make.place)?,
    };
    let hash = match make.algorithm {
        Algorithm::Sha1 => Hash::Sha1,
        Algorithm::Sha256 => Hash::Sha256,
    };
    Ok(Signer { key_id, key, hash })
}

fn read_key(file: &Path) -> anyhow::Result<PrivateKey> {
    let text = std::fs::read_to_string(file).with_context(|| format!("--key {}", file.display()))?;
    PrivateKey::parse(&text).with_context(|| format!("--key {}", file.display()))
}

/// The stream's name in an RTMP URL.
fn name_in(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    rest.split_once("/cfx/st/").map(|(_, name)| name).filter(|_| scheme.starts_with("rtmp"))
}

/// The text of the policy.
fn policy(make: &Make, offer: &Offer) -> anyhow::Result<String> {
    let policy = match offer {
        Offer::File(bytes) => return Ok(String::from_utf8_lossy(bytes).trim_end().to_owned()),
        Offer::Policy(policy) => policy,
    };
    let url = make.url.as_deref().unwrap_or_default();
    let asked = match make.stream.as_deref().or_else(|| name_in(url)) {
        Some(name) => {
            let Parted { bare, signed } = of_name(name);
            ensure!(
                signed?.is_none(),
                "{name:?} is signed already: a policy is for the name without its signature"
            );
            let stream = StreamName::parse("", &bare).with_context(|| format!("{name:?}"))?;
            match &stream.query {
                Some(query) => format!("{}?{query}", stream.path),
                None => stream.path,
            }
        }
        None => {
            let bare = url.split('#').next().unwrap_or_default();
            bare.strip_suffix('?').unwrap_or(bare).to_owned()
        }
    };
    let resource = policy.resource.clone().unwrap_or(asked);
    Ok(Policy { resource: Some(resource), ..policy.clone() }.to_json())
}

/// Verifies as a server does: what would be refused is better refused here.
fn prove(name: &str, signer: &Signer, offer: &Offer) -> anyhow::Result<()> {
    let policy = match offer {
        Offer::File(bytes) => Policy::parse(bytes)?,
        Offer::Policy(policy) => policy.clone(),
    };
    let Parted { bare, signed } = of_name(name);
    let signed = signed?.context("the name came out without a signature")?;
    let stream = StreamName::parse("", &bare).with_context(|| format!("{bare:?}"))?;
    let objects: Vec<_> = stream.keys().iter().map(|key| stream.resources(key)).collect();
    let mistakes: Vec<_> = stream.mistakes("").into_iter().map(Mistake::from).collect();
    let request = Request {
        now: policy.expires.saturating_sub(1),
        address: policy.network.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |network| network.addr()),
        objects: &objects,
        mistakes: &mistakes,
    };
    let case = signed.examine(signer.key.public(), &request);
    let proved = case.and_then(|case| case.verify(signer.key.public()));
    proved.map(drop).with_context(|| format!("a server would refuse what {bare:?} was signed with"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_a_url_of_any_variant_is_found() {
        assert_eq!(name_in("rtmpte://h:80/cfx/st/mp4:a/b.mp4?c=d"), Some("mp4:a/b.mp4?c=d"));
        for url in ["https://h/cfx/st/x", "rtmp://h/vod/x", "mp4:a.mp4"] {
            assert_eq!(name_in(url), None, "{url}");
        }
    }

    #[test]
    fn one_address_is_a_network_too() {
        assert_eq!(network("192.0.2.7").map(|network| network.to_string()).as_deref(), Ok("192.0.2.7/32"));
        assert_eq!(
            network("2001:db8::/32").map(|network| network.to_string()).as_deref(),
            Ok("2001:db8::/32")
        );
        assert!(network("192.0.2.0/33").is_err_and(|error| error.contains("is no network")));
    }
}
