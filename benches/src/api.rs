//! `api-load URL WHAT CONNECTIONS SECONDS`: how long calls of CloudFront's API take, over connections that stay open.
//!
//! Prints `{"calls": …, "per_second": …, "p50_ms": …, "p90_ms": …, "p99_ms": …}`. The access key is in
//! `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, as SDKs have it. Each connection works on distributions of its
//! own, so that updates don't meet. `cargo xtask bench control` puts the figures beside their bars.

use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use millrace_sign::sigv4::{Key, Payload, sign};
use tokio::net::TcpStream;

/// The version of the API that calls name.
const VERSION: &str = "2020-05-31";
/// What every connection does before its times count.
const WARM_UP: Duration = Duration::from_millis(200);

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// One page of the list: a hundred distributions.
    Page,
    /// All pages.
    List,
    Get,
    GetConfig,
    Tags,
    /// Gets the configuration, which does not count, and puts it back with another comment.
    Update,
}

impl FromStr for What {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        Ok(match text {
            "page" => Self::Page,
            "list" => Self::List,
            "get" => Self::Get,
            "get-config" => Self::GetConfig,
            "list-tags" => Self::Tags,
            "update" => Self::Update,
            _ => bail!("{text}: page, list, get, get-config, list-tags and update can be called"),
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, what, connections, seconds] = arguments.as_slice() else {
        bail!("usage: api-load URL WHAT CONNECTIONS SECONDS");
    };
    let (what, connections): (What, usize) = (what.parse()?, connections.parse()?);
    let length = Duration::from_secs(seconds.parse()?);
    let targets = Client::connect(url).await?.distributions().await?;
    ensure!(targets.len() >= connections, "there are {} distributions", targets.len());
    let began = Instant::now() + WARM_UP;
    let workers: Vec<_> = (0..connections)
        .map(|own| {
            let targets = targets.iter().skip(own).step_by(connections).cloned().collect();
            tokio::spawn(work(url.clone(), what, targets, began, began + length))
        })
        .collect();
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await??);
    }
    report(times, began.elapsed());
    Ok(())
}

fn report(mut times: Vec<Duration>, wall: Duration) {
    times.sort_unstable();
    let ms = |percent: usize| {
        let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    let report = serde_json::json!({
        "calls": times.len(),
        "per_second": times.len() as f64 / wall.as_secs_f64(),
        "p50_ms": ms(50),
        "p90_ms": ms(90),
        "p99_ms": ms(99),
    });
    println!("{report}");
}

/// One connection: calls until the end; the answer is what those took that began when it counts.
async fn work(
    url: String,
    what: What,
    targets: Vec<String>,
    began: Instant,
    ends: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut client = Client::connect(&url).await?;
    let mut times = Vec::new();
    for target in targets.iter().cycle() {
        let now = Instant::now();
        if now >= ends {
            break;
        }
        let took = client.timed(what, target).await?;
        if now >= began {
            times.push(took);
        }
    }
    Ok(times)
}

/// An answer.
struct Answer {
    etag: String,
    body: String,
}

/// A connection, and who calls through it.
struct Client {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
    key: (String, String),
}

impl Client {
    async fn connect(url: &str) -> anyhow::Result<Self> {
        let uri: Uri = url.parse()?;
        let authority = uri.authority().context("the URL names no host")?.to_string();
        let stream = TcpStream::connect(&authority).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let variable = |name: &str| std::env::var(name).context(name.to_owned());
        let key = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
        Ok(Self { sender, authority, key })
    }

    async fn call(
        &mut self,
        method: Method,
        path: &str,
        matched: &str,
        body: &str,
    ) -> anyhow::Result<Answer> {
        let (key, body) = (self.key.clone(), Bytes::copy_from_slice(body.as_bytes()));
        let uri = format!("http://{}/{VERSION}/{path}", self.authority);
        let mut request = Request::builder().method(method).uri(uri);
        if !matched.is_empty() {
            request = request.header("if-match", matched);
        }
        let mut request = request.body(Full::new(body.clone()))?;
        let key = Key { id: &key.0, secret: &key.1, token: None };
        sign(&mut request, Payload::Bytes(&body), &key, "us-east-1", "cloudfront", SystemTime::now())?;
        // A server wants the path alone, as a browser sends it.
        let bare = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse()?;
        *request.uri_mut() = bare;
        self.sender.ready().await?;
        let (parts, body) = self.sender.send_request(request).await?.into_parts();
        let body = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        ensure!(parts.status == StatusCode::OK, "{path}: {} {body}", parts.status);
        let etag = parts.headers.get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default();
        Ok(Answer { etag: etag.to_owned(), body })
    }

    async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.call(Method::GET, path, "", "").await
    }

    /// The ids of all distributions.
    async fn distributions(&mut self) -> anyhow::Result<Vec<String>> {
        let (mut ids, mut marker) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("streaming-distribution?Marker={marker}")).await?.body;
            ids.extend(
                page.split("<Id>").skip(1).filter_map(|rest| Some(rest.split_once('<')?.0.to_owned())),
            );
            match next(&page) {
                Some(next) => marker = next,
                None => return Ok(ids),
            }
        }
    }

    /// Calls once; the answer is how long it took.
    async fn timed(&mut self, what: What, id: &str) -> anyhow::Result<Duration> {
        let began = Instant::now();
        match what {
            What::Page => drop(self.get("streaming-distribution").await?),
            What::List => drop(self.distributions().await?),
            What::Get => drop(self.get(&format!("streaming-distribution/{id}")).await?),
            What::GetConfig => drop(self.get(&format!("streaming-distribution/{id}/config")).await?),
            What::Tags => {
                let arn = format!("arn%3Aaws%3Acloudfront%3A%3A123456789012%3Astreaming-distribution%2F{id}");
                drop(self.get(&format!("tagging?Resource={arn}")).await?);
            }
            What::Update => return self.update(id).await,
        }
        Ok(began.elapsed())
    }

    async fn update(&mut self, id: &str) -> anyhow::Result<Duration> {
        let path = format!("streaming-distribution/{id}/config");
        let Answer { etag, body } = self.get(&path).await?;
        let (before, rest) = body.split_once("<Comment>").context("it has a comment")?;
        let (_, after) = rest.split_once("</Comment>").context("the comment ends")?;
        let changed = format!("{before}<Comment>behind {etag}</Comment>{after}");
        let began = Instant::now();
        self.call(Method::PUT, &path, &etag, &changed).await?;
        Ok(began.elapsed())
    }
}

/// The marker of the next page, if there is one.
fn next(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("<NextMarker>")?;
    Some(rest.split_once('<')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_called_has_a_name() {
        assert_eq!("list-tags".parse::<What>().expect("a call"), What::Tags);
        assert!("delete".parse::<What>().is_err());
        assert_eq!(next("<A><NextMarker>E1</NextMarker></A>").as_deref(), Some("E1"));
        assert_eq!(next("<A/>"), None);
    }
}
