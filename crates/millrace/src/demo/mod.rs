//! `millrace demo`: everything on one machine, with something to play and a page about it.

mod pages;
mod site;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millrace_cache::Cache;
use millrace_edge::{CertificateFiles, Certificates, Edge, Entrance, Event};
use millrace_model::Variant;

use self::site::{Buckets, Distributions};
use crate::cli::Demo;
use crate::config::Config;
use crate::control::Plane;
use crate::out::say;
use crate::server::{Asked, Server, Signals, raise_descriptor_limit, runtime};
use crate::{cert, logging, player};

/// The sample media: name of the file, its stream name, what it is, its bytes.
const SAMPLES: [(&str, &str, &str, &[u8]); 3] = [
    (
        "sample.mp4",
        "mp4:sample.mp4",
        "H.264 with B-frames and AAC, index at the end",
        include_bytes!("../../../../assets/sample.mp4"),
    ),
    ("sample.flv", "flv:sample", "Sorenson video and MP3", include_bytes!("../../../../assets/sample.flv")),
    (
        "sample.mp3",
        "mp3:sample",
        "MP3 with variable bit rate",
        include_bytes!("../../../../assets/sample.mp3"),
    ),
];

/// The first of them again for slow lines: its file, its stream name, its bytes.
const SMALLER: (&str, &str, &[u8]) =
    ("sample-small.mp4", "mp4:sample-small.mp4", include_bytes!("../../../../assets/sample-small.mp4"));

/// The other variants, and which of the ports they are for: RTMP, HTTP, TLS.
const OTHERS: [(Variant, usize); 5] = [
    (Variant::Rtmpe, 0),
    (Variant::Rtmpt, 1),
    (Variant::Rtmpte, 1),
    (Variant::Rtmps, 2),
    (Variant::Rtmpts, 2),
];

/// How long viewers may play on after Ctrl-C.
const DRAIN: Duration = Duration::from_secs(2);

/// Runs the demo until a signal ends it.
pub(crate) fn run(options: &Demo) -> anyhow::Result<()> {
    logging::start(logging::Format::Text, "warn");
    raise_descriptor_limit();
    runtime()?.block_on(serve(options))
}

async fn serve(options: &Demo) -> anyhow::Result<()> {
    let buckets = Buckets::below(&options.data_dir);
    buckets.seed()?;
    let mut signals = Signals::new()?;
    let disk = millrace_cache::Disk::new(options.data_dir.join("cache"), 1 << 30);
    let cache = Cache::open(millrace_cache::Config { disk: Some(disk), ..Default::default() }).await?;
    let entrance = Entrance {
        certificates: Some(certificates(options)?),
        player: player::files(),
        ..Entrance::default()
    };
    let config = Config::of_demo(&options.data_dir)?;
    let limits = config.limits();
    let plane = Plane::start(config, Path::new("the demo")).await?;
    let made = site::furnish(&plane).await?;
    let edge = Edge::new(plane.site().await?, cache.clone(), limits, entrance, Arc::new(print_event))?;
    let at = |port| SocketAddr::new(options.bind, port);
    let ports = [
        (at(options.rtmp_port), "--rtmp-port PORT"),
        (at(options.http_port), "--http-port PORT"),
        (at(options.tls_port), "--tls-port PORT"),
    ];
    let server = Server::start(edge.clone(), cache, &ports).await?;
    plane.follow(edge);
    let api = plane.listen(&[at(options.api_port)], None, "--api-port PORT").await?;
    if let [rtmp, http, ..] = server.addresses[..] {
        buckets.tell(&made, rtmp, http)?;
    }
    say(&greeting(&buckets.media, &server.addresses));
    say(&page_greeting(&buckets.player, &made, &server.addresses));
    say(&api_greeting(&api, &options.data_dir));
    say("Ctrl-C ends it. Viewers:\n");
    while !matches!(signals.next().await, Asked::Stop) {}
    say("stopping\n");
    server.drain(DRAIN, &mut signals, |progress| say(&format!("{progress}\n"))).await;
    plane.end().await;
    Ok(())
}

/// The certificate of earlier starts, or a new one.
fn certificates(options: &Demo) -> anyhow::Result<Certificates> {
    let file = |name: &str| options.data_dir.join("tls").join(name);
    let (certificate, key) = (file("cert.pem"), file("key.pem"));
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    cert::keep_self_signed(&names, &certificate, &key)?;
    Ok(Certificates::load(vec![CertificateFiles { certificate, key }])?)
}

/// What to try, with the addresses for RTMP, HTTP and TLS.
fn greeting(folder: &Path, addresses: &[SocketAddr]) -> String {
    let hosts: Vec<String> = addresses.iter().map(|address| host(*address)).collect();
    let [rtmp, http, tls] = hosts.as_slice() else { return String::new() };
    let mut text = format!("Millrace plays at rtmp://{rtmp}/cfx/st\n");
    for (file, name, what, _) in SAMPLES {
        let url = format!("rtmp://{rtmp}/cfx/st/{name}");
        let saved = format!("{}.flv", file.replace('.', "-"));
        text += &format!(
            "\n{file}: {what}\n  ffplay {url}\n  rtmpdump -r {url} -o {saved}\n  vlc {url}\n  mpv {url}\n"
        );
    }
    text += "\nThe same encrypted (e), in HTTP (t), in TLS (s):\n";
    let url = |variant: Variant, host: &str| format!("{variant}://{host}/cfx/st/{}", SAMPLES[0].1);
    for (variant, host) in OTHERS.map(|(variant, port)| (variant, [rtmp, http, tls][port])) {
        text += &format!("  rtmpdump -r {} -o sample-{variant}.flv\n", url(variant, host));
    }
    // FFmpeg as Debian builds it has no RTMPE.
    for (variant, host) in [(Variant::Rtmpt, http), (Variant::Rtmps, tls), (Variant::Rtmpts, tls)] {
        text += &format!("  ffplay {}\n", url(variant, host));
    }
    text += &format!("\nFiles that you put into {} play at once, under their names.\n", folder.display());
    text
}

/// Where the page is.
fn page_greeting(folder: &Path, made: &Distributions, addresses: &[SocketAddr]) -> String {
    let Some(http) = addresses.get(1) else { return String::new() };
    let (id, host) = &made.web;
    format!(
        "\nIn a browser: http://{host}:{}/\nThat page lies in {}. After a change:\n  \
         aws cloudfront create-invalidation --distribution-id {id} --paths '/*'\n",
        http.port(),
        folder.display()
    )
}

/// How the API is used.
fn api_greeting(addresses: &[SocketAddr], data: &Path) -> String {
    let Some(address) = addresses.first().map(|address| host(*address)) else { return String::new() };
    format!(
        "\nCloudFront's API, with the key of the first start (`millrace user add-key admin --data-dir {data}` makes another):\n  \
         export AWS_ENDPOINT_URL_CLOUDFRONT=http://{address} AWS_DEFAULT_REGION=us-east-1\n  \
         aws cloudfront list-streaming-distributions\n  \
         python3 -c 'import boto3; print(boto3.client(\"cloudfront\").list_streaming_distributions())'\n\n",
        data = data.display()
    )
}

/// What a player on this machine connects to.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("127.0.0.1:{}", v4.port()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("127.0.0.1:{}", v6.port()),
        other => other.to_string(),
    }
}

fn print_event(event: &Event) {
    say(&format!("{event}\n"));
}
