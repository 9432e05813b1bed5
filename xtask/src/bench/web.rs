//! `cargo xtask bench web`: Millrace's web distributions beside Debian's nginx, Varnish and Traffic Server, in one run.
//!
//! The caches have core 0 and one worker each, their clients and their origin core 1. Wall time on a shared machine says
//! little, so what is compared is CPU seconds, as ratios within the run; requests a second are shown beside them.

mod client;
mod load;
mod peers;
mod process;

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::verdict;
use crate::tools::{cargo, must, target};
use client::{Answer, get};
use load::{Content, Figures, Load, Protocol};
use peers::{Peer, Place};

/// CPU of the origin above which a cache has asked it for what it should have had, as a share of the run.
const ASKED: f64 = 0.02;
/// How often cold objects are asked for; the median counts.
const COLD: usize = 3;

/// What the command line asks for.
struct Options {
    loads: Vec<Load>,
    cold: bool,
    /// How long each load lasts.
    seconds: u64,
}

/// Runs the bench and prints the table; the answer is whether all bars were held.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<bool> {
    let options = parse(arguments)?;
    peers::check()?;
    let cores = std::thread::available_parallelism()?.get();
    ensure!(cores >= 2, "the bench needs two cores, one for the caches and one for clients and origin");
    must(&mut cargo(["build", "--release", "--package", "millrace"]))?;
    let program = target().join("release/millrace");
    let place = Place::make(&target().join("bench-web"), &program)?;
    let peers = Peer::all(&place, &program)?;
    println!(
        "\nCaches on core 0, clients and the origin on core 1; {} s for each load.\n\n{HEAD}",
        options.seconds
    );
    let mut good = true;
    for &load in &options.loads {
        let mut costs = Vec::new();
        for peer in &peers {
            costs.push((peer.name, load.run(&place, peer, options.seconds)?));
        }
        let (text, held) = rows(load, &costs, options.seconds);
        println!("{text}");
        good &= held;
    }
    if options.cold {
        println!("{}", cold(&place, &peers)?);
    }
    drop(peers);
    place.clear();
    Ok(good)
}

fn parse(arguments: &[&str]) -> anyhow::Result<Options> {
    let mut options = Options { loads: Load::all(), cold: true, seconds: 5 };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().copied().with_context(|| format!("{argument} needs a value"));
        match *argument {
            "--seconds" => options.seconds = value()?.parse().context("--seconds wants a number")?,
            "--only" => options.only(value()?)?,
            other => bail!("bench web has no option {other}"),
        }
    }
    Ok(options)
}

impl Options {
    /// Leaves out what is not in the list. One without contents means all contents, and likewise with protocols.
    fn only(&mut self, list: &str) -> anyhow::Result<()> {
        let words: Vec<&str> = list.split(',').collect();
        let (contents, protocols) = (Content::ALL.map(Content::word), Protocol::ALL.map(Protocol::word));
        for word in &words {
            let known = contents.contains(word) || protocols.contains(word) || *word == "cold";
            ensure!(known, "--only knows {}, {} and cold", contents.join(", "), protocols.join(", "));
        }
        self.cold = words.contains(&"cold");
        let named = |names: &[&str]| words.iter().any(|word| names.contains(word));
        let (by_content, by_protocol) = (named(&contents), named(&protocols));
        self.loads.retain(|load| {
            (by_content || by_protocol)
                && (!by_content || words.contains(&load.content.word()))
                && (!by_protocol || words.contains(&load.protocol.word()))
        });
        Ok(())
    }
}

const HEAD: &str =
    "                               requests/s  CPU µs/request  CPU s/GiB   MiB  of the best  of nginx   bar";

/// The rows of a load; and whether its bar was held. The first one is ours.
fn rows(load: Load, costs: &[(&str, Option<Figures>)], seconds: u64) -> (String, bool) {
    let cost = |figures: &Figures| {
        if load.content.is_long() { figures.s_per_gib } else { figures.us_per_request }
    };
    let of = |name: &str| costs.iter().find(|(other, _)| *other == name)?.1.as_ref().map(cost);
    let others = costs.iter().skip(1).filter_map(|(_, figures)| figures.as_ref().map(cost));
    let (best, nginx) = (others.min_by(f64::total_cmp), of("nginx"));
    let mut text = format!("{load}\n");
    for (name, figures) in costs {
        let Some(figures) = figures else {
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {name:<27}{:>12}", "-");
            continue;
        };
        let ratio =
            |to: Option<f64>| to.map_or_else(|| "-".to_owned(), |to| format!("{:.2}", cost(figures) / to));
        let _ = write!(
            text,
            "  {name:<27}{:>12.0}{:>16.1}{:>11.3}{:>6}{:>13}{:>10}",
            figures.per_second,
            figures.us_per_request,
            figures.s_per_gib,
            figures.memory_mib,
            ratio(best),
            ratio(nginx)
        );
        text += &remarks(load, figures, seconds);
        text.push('\n');
    }
    let bar = bar(load.content).and_then(|bar| Some((bar, bar.of(best, nginx)?)));
    let (Some((bar, to)), Some((name, Some(ours)))) = (bar, costs.first()) else { return (text, true) };
    let figure = cost(ours) / to;
    let _ = writeln!(text, "  {name:<27}{figure:.2}, {}: {}", bar.words(), verdict(figure, bar.most()));
    (text, figure <= bar.most() && ours.failed == 0)
}

/// What makes a row worth little.
fn remarks(load: Load, figures: &Figures, seconds: u64) -> String {
    let mut text = String::new();
    if figures.failed > 0 {
        text += &format!("   {} FAILED", figures.failed);
    }
    if load.content != Content::Misses && figures.origin_s > ASKED * seconds as f64 {
        text += &format!("   asked the origin, for {:.2} CPU s of its", figures.origin_s);
    }
    text
}

/// What Millrace has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bar {
    /// No more CPU for a request than the best of the others.
    Best,
    /// A fifth more for a byte than nginx, which lets the kernel move them.
    Nginx,
}

fn bar(content: Content) -> Option<Bar> {
    match content {
        Content::Small | Content::Medium => Some(Bar::Best),
        Content::Large | Content::Ranges => Some(Bar::Nginx),
        Content::Misses => None,
    }
}

impl Bar {
    fn of(self, best: Option<f64>, nginx: Option<f64>) -> Option<f64> {
        if self == Self::Best { best } else { nginx }
    }

    const fn most(self) -> f64 {
        match self {
            Self::Best => 1.0,
            Self::Nginx => 1.2,
        }
    }

    fn words(self) -> String {
        let whose =
            if self == Self::Best { "the best one's CPU for a request" } else { "nginx's CPU for a GiB" };
        format!("at most {:.1} of {whose}", self.most())
    }
}

/// How long it takes until something of a long object comes that nobody has asked for before, beside what a block costs.
fn cold(place: &Place, peers: &[Peer]) -> anyhow::Result<String> {
    let direct = median(|_| Ok(checked(place.origin_port, "/block", 256 << 10)?.whole))?;
    let mut text = format!(
        "Nobody has asked before, ms           1 GiB: first byte   all of it   256 KiB: all of it   (the origin itself: {})\n",
        ms(direct)
    );
    for peer in peers {
        let long = |number: usize| checked(peer.plain, &format!("/1g?cold={number}"), 1 << 30);
        let mut firsts = Vec::new();
        let whole = median(|number| {
            let answer = long(number).context(peer.name)?;
            firsts.push(answer.first);
            Ok(answer.whole)
        })?;
        firsts.sort_unstable();
        let block =
            median(|number| Ok(checked(peer.plain, &format!("/block?cold={number}"), 256 << 10)?.whole))?;
        text +=
            &format!("  {:<36}{:>18}{:>12}{:>21}\n", peer.name, ms(firsts[COLD / 2]), ms(whole), ms(block));
    }
    Ok(text)
}

/// An answer that is whole.
fn checked(port: u16, path: &str, length: u64) -> anyhow::Result<Answer> {
    let answer = get(port, path, None)?;
    ensure!(
        answer.status == 200 && answer.length == length,
        "{path}: {} with {} bytes",
        answer.status,
        answer.length
    );
    Ok(answer)
}

/// The median of some tries, which get their number.
fn median(mut measure: impl FnMut(usize) -> anyhow::Result<Duration>) -> anyhow::Result<Duration> {
    let mut times = (0..COLD).map(&mut measure).collect::<anyhow::Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times[COLD / 2])
}

fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(us_per_request: f64, failed: u64) -> Figures {
        let s_per_gib = us_per_request / 100.0;
        Figures { per_second: 1.0, us_per_request, s_per_gib, memory_mib: 1, failed, origin_s: 0.0 }
    }

    fn held(content: Content, ours: Figures, others: [Option<f64>; 2]) -> bool {
        let load = Load { protocol: Protocol::Http1, content };
        let [nginx, varnish] = others.map(|cost| cost.map(|cost| figures(cost, 0)));
        rows(load, &[("millrace", Some(ours)), ("nginx", nginx), ("varnish", varnish)], 5).1
    }

    #[test]
    fn options_are_read() {
        let options = parse(&["--only", "1k,http1,http2,cold", "--seconds", "3"]).expect("sound options");
        let words: Vec<_> = options.loads.iter().map(|load| (load.protocol, load.content)).collect();
        assert_eq!(words, [(Protocol::Http1, Content::Small), (Protocol::Http2, Content::Small)]);
        assert!(options.cold && options.seconds == 3);
        let only = |list| parse(&["--only", list]).map(|options| (options.loads.len(), options.cold));
        assert_eq!(only("tls").expect("a protocol"), (4, false));
        assert_eq!(only("cold").expect("no load"), (0, true));
        assert!(only("1k,fast").is_err() && parse(&["--fast"]).is_err());
    }

    #[test]
    fn short_objects_are_held_to_the_best_and_long_ones_to_nginx() {
        assert!(held(Content::Small, figures(20.0, 0), [Some(30.0), Some(20.0)]));
        assert!(!held(Content::Small, figures(21.0, 0), [Some(30.0), Some(20.0)]));
        assert!(held(Content::Large, figures(35.0, 0), [Some(30.0), Some(20.0)]));
        assert!(!held(Content::Ranges, figures(37.0, 0), [Some(30.0), Some(60.0)]));
        assert!(held(Content::Misses, figures(99.0, 0), [Some(30.0), Some(60.0)]));
    }

    #[test]
    fn who_does_not_speak_a_protocol_is_no_measure_and_failed_requests_hold_no_bar() {
        assert!(held(Content::Small, figures(25.0, 0), [Some(30.0), None]));
        assert!(!held(Content::Small, figures(25.0, 1), [Some(30.0), None]));
    }
}
