//! One load on one server, and what it cost.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::client::get;
use super::peers::{Peer, Place};
use super::process::Process;
use crate::bench::server::on_core;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Small,
    Medium,
    Large,
    /// Parts of 1 MiB of an object of 1 GiB, in no order.
    Ranges,
    /// Another object each time, which only the origin has.
    Misses,
}

/// How it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Tls,
    Http2,
}

/// Both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) protocol: Protocol,
    pub(super) content: Content,
}

/// What it cost.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figures {
    pub(super) per_second: f64,
    pub(super) us_per_request: f64,
    pub(super) s_per_gib: f64,
    pub(super) memory_mib: u64,
    /// Requests that had no good answer.
    pub(super) failed: u64,
    /// CPU seconds of the origin meanwhile: next to none where a cache does its work.
    pub(super) origin_s: f64,
}

/// What a client counted.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Count {
    seconds: f64,
    requests: f64,
    bytes: f64,
    failed: u64,
}

impl Content {
    pub(super) const ALL: [Self; 5] = [Self::Small, Self::Medium, Self::Large, Self::Ranges, Self::Misses];

    /// Its name on the command line.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Small => "1k",
            Self::Medium => "100k",
            Self::Large => "10m",
            Self::Ranges => "ranges",
            Self::Misses => "misses",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Small | Self::Misses => "/1k",
            Self::Medium => "/100k",
            Self::Large => "/10m",
            Self::Ranges => "/1g",
        }
    }

    /// Whether it is bytes that cost, not requests.
    pub(super) const fn is_long(self) -> bool {
        matches!(self, Self::Large | Self::Ranges)
    }

    /// Connections of HTTP/1. Few where objects are long, since they are in flight all at once.
    const fn connections(self) -> u32 {
        match self {
            Self::Small | Self::Medium | Self::Misses => 64,
            Self::Large => 8,
            Self::Ranges => 16,
        }
    }

    /// What wrk asks each time, where that is not one and the same.
    const fn script(self) -> &'static str {
        match self {
            Self::Ranges => {
                "math.randomseed(7)\nrequest = function()\n  local at = math.random(0, 1023) * 1048576\n  \
                 return wrk.format(nil, nil, {Range = string.format('bytes=%d-%d', at, at + 1048575)})\nend\n"
            }
            Self::Misses => {
                "local run, number = os.time(), 0\nrequest = function()\n  number = number + 1\n  \
                 return wrk.format(nil, '/1k?' .. run .. '-' .. number)\nend\n"
            }
            Self::Small | Self::Medium | Self::Large => "",
        }
    }
}

impl Protocol {
    pub(super) const ALL: [Self; 3] = [Self::Http1, Self::Tls, Self::Http2];

    /// Its name on the command line.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Tls => "tls",
            Self::Http2 => "http2",
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = match self.content {
            Content::Small => "1 KiB",
            Content::Medium => "100 KiB",
            Content::Large => "10 MiB",
            Content::Ranges => "1 MiB of 1 GiB",
            Content::Misses => "1 KiB, misses",
        };
        let protocol = match self.protocol {
            Protocol::Http1 => "HTTP/1.1",
            Protocol::Tls => "TLS 1.3",
            Protocol::Http2 => "HTTP/2",
        };
        write!(f, "{content}, {protocol}")
    }
}

impl Load {
    /// All, in order. h2load asks the same of all streams, and misses cost what the way to the origin costs.
    pub(super) fn all() -> Vec<Self> {
        let pairs = Protocol::ALL
            .iter()
            .flat_map(|&protocol| Content::ALL.iter().map(move |&content| Self { protocol, content }));
        pairs.filter(Self::can_be_made).collect()
    }

    fn can_be_made(&self) -> bool {
        match self.content {
            Content::Small | Content::Medium | Content::Large => true,
            Content::Ranges => self.protocol != Protocol::Http2,
            Content::Misses => self.protocol == Protocol::Http1,
        }
    }

    /// Runs it; none where the server does not speak the protocol.
    pub(super) fn run(&self, place: &Place, peer: &Peer, seconds: u64) -> anyhow::Result<Option<Figures>> {
        let Some(port) = peer.port(self.protocol) else { return Ok(None) };
        warm(peer, self.content)?;
        let (cpu, origin) = (peer.process.cpu()?, place.origin.cpu()?);
        let count = match self.protocol {
            Protocol::Http1 => self.wrk(&place.folder, "http", port, seconds)?,
            Protocol::Tls => self.wrk(&place.folder, "https", port, seconds)?,
            Protocol::Http2 => self.h2load(port, seconds)?,
        };
        ensure!(count.requests > 0.0, "{self}: {} answered nothing", peer.name);
        Ok(Some(figures(count, peer.process.cpu()? - cpu, place.origin.cpu()? - origin, &peer.process)?))
    }

    fn wrk(&self, folder: &Path, scheme: &str, port: u16, seconds: u64) -> anyhow::Result<Count> {
        let mut command = on_core(1, Path::new("wrk"));
        command.args(["-t1", &format!("-c{}", self.content.connections()), &format!("-d{seconds}s")]);
        command.args(["--timeout", "30s", "-s"]).arg(script(folder, self.content)?);
        command.arg(format!("{scheme}://localhost:{port}{}", self.content.path()));
        let output = command.output().with_context(|| format!("{command:?}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Count::of_wrk(&text).with_context(|| format!("{self}: wrk said {text}"))
    }

    fn h2load(&self, port: u16, seconds: u64) -> anyhow::Result<Count> {
        let connections = (self.content.connections() / 8).max(2);
        let mut command = on_core(1, Path::new("h2load"));
        command.args([format!("-c{connections}"), "-m8".to_owned(), format!("-D{seconds}")]);
        // As browsers do: with windows of HTTP/2's default size the round trips are what is measured.
        command.args(["-w24", "-W26", "--npn-list=h2"]);
        command.arg(format!("https://localhost:{port}{}", self.content.path()));
        let output = command.output().with_context(|| format!("{command:?}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !text.contains("Application protocol: h2") {
            bail!("{self}: no HTTP/2: {text}");
        }
        Count::of_h2load(&text, seconds).with_context(|| format!("{self}: h2load said {text}"))
    }
}

/// Lets the cache have what is asked for, and sees to it that it gives what is meant.
fn warm(peer: &Peer, content: Content) -> anyhow::Result<()> {
    let length = match content {
        Content::Small | Content::Misses => 1 << 10,
        Content::Medium => 100 << 10,
        Content::Large => 10 << 20,
        Content::Ranges => 1 << 30,
    };
    for _ in 0..2 {
        let answer = get(peer.plain, content.path(), None)?;
        ensure!(
            (answer.status, answer.length) == (200, length),
            "{} answers {} with {} bytes for {}",
            peer.name,
            answer.status,
            answer.length,
            content.path()
        );
    }
    if content == Content::Ranges {
        let answer = get(peer.plain, content.path(), Some("1048576-2097151"))?;
        ensure!((answer.status, answer.length) == (206, 1 << 20), "{} gives no ranges", peer.name);
    }
    Ok(())
}

fn figures(count: Count, cpu: f64, origin_s: f64, process: &Process) -> anyhow::Result<Figures> {
    Ok(Figures {
        per_second: count.requests / count.seconds,
        us_per_request: cpu * 1e6 / count.requests,
        s_per_gib: cpu / (count.bytes / f64::from(1 << 30)).max(1e-9),
        memory_mib: process.memory_mib()?,
        failed: count.failed,
        origin_s,
    })
}

/// Writes what wrk is to ask, and in which form it reports.
fn script(folder: &Path, content: Content) -> anyhow::Result<PathBuf> {
    const REPORT: &str = "done = function(all)\n  local e = all.errors\n  io.write(string.format('counted %d %d %d %d\\n', \
                          all.duration, all.requests, all.bytes, e.connect + e.read + e.write + e.status + e.timeout))\n\
                          end\n";
    let path = folder.join(format!("{}.lua", content.word()));
    std::fs::write(&path, format!("{}{REPORT}", content.script()))?;
    Ok(path)
}

impl Count {
    /// Of the line that our script makes wrk print.
    fn of_wrk(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("counted "))?;
        let numbers: Vec<f64> = line.split_whitespace().flat_map(str::parse).collect();
        let [microseconds, requests, bytes, failed] = numbers[..] else { return None };
        Some(Self { seconds: microseconds / 1e6, requests, bytes, failed: failed as u64 })
    }

    /// Of what h2load prints.
    fn of_h2load(text: &str, seconds: u64) -> Option<Self> {
        let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let number = |part: &str| part.split_whitespace().next()?.parse::<f64>().ok();
        let of = |line: &str, what: &str| line.split(',').find(|part| part.ends_with(what)).and_then(number);
        let (requests, codes) = (line("requests: ")?, line("status codes: ")?);
        let data = line("traffic: ")?.rsplit(',').next()?;
        let bytes = data.split_once('(')?.1.split_once(')')?.0.parse().ok()?;
        let failed = of(requests, "failed")? + of(codes, "4xx")? + of(codes, "5xx")?;
        let requests = of(requests, "done")?;
        Some(Self { seconds: seconds as f64, requests, bytes, failed: failed as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_clients_are_read() {
        let wrk = "Running 5s test\n  9 requests in 5.00s\ncounted 5000000 1000 2048000 3\n";
        let count = Count { seconds: 5.0, requests: 1000.0, bytes: 2_048_000.0, failed: 3 };
        assert_eq!(Count::of_wrk(wrk), Some(count));
        assert_eq!(Count::of_wrk("counted 1 2"), None);
        let h2load = "finished in 5.00s, 200.00 req/s, 400KB/s\nrequests: 1008 total, 1008 started, 1000 done, 1000 \
                      succeeded, 2 failed, 0 errored, 0 timeout\nstatus codes: 999 2xx, 0 3xx, 1 4xx, 0 5xx\n\
                      traffic: 2.00MB (2100000) total, 3.00KB (3072) headers (space savings 90%), 1.95MB (2048000) data\n";
        assert_eq!(Count::of_h2load(h2load, 5), Some(count));
        assert_eq!(Count::of_h2load("nothing", 5), None);
    }

    #[test]
    fn ranges_and_misses_are_asked_only_where_the_client_can() {
        let words: Vec<String> = Load::all()
            .iter()
            .map(|load| format!("{} {}", load.protocol.word(), load.content.word()))
            .collect();
        assert!(words.contains(&"tls ranges".to_owned()) && words.contains(&"http1 misses".to_owned()));
        assert!(!words.contains(&"http2 ranges".to_owned()) && !words.contains(&"tls misses".to_owned()));
    }
}
