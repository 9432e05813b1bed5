//! The demo's two distributions and its two buckets: the player over HTTP, the media over RTMP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

use super::pages::{self, PAGE};
use super::{SAMPLES, SMALLER, host};
use crate::config::{DEMO_BUCKET, DEMO_PLAYER};
use crate::control::Plane;

/// What the page reads: what is where.
const FACTS: &str = "demo.json";

/// What was made through the API.
pub(super) struct Distributions {
    /// Id and host of the one for the player.
    pub(super) web: (String, String),
    /// Host of the one for the media.
    pub(super) streaming: String,
}

/// The buckets, as folders.
pub(super) struct Buckets {
    pub(super) media: PathBuf,
    pub(super) player: PathBuf,
}

impl Buckets {
    pub(super) fn below(data: &Path) -> Self {
        Self { media: data.join(DEMO_BUCKET), player: data.join(DEMO_PLAYER) }
    }

    /// Puts there what is not there yet.
    pub(super) fn seed(&self) -> anyhow::Result<()> {
        let media = SAMPLES.iter().map(|(file, _, _, bytes)| (self.media.join(file), *bytes));
        let rest = [(self.media.join(SMALLER.0), SMALLER.2), (self.player.join(PAGE.0), PAGE.1.as_bytes())];
        for (path, bytes) in media.chain(rest) {
            if !path.exists() {
                write(&path, bytes)?;
            }
        }
        Ok(())
    }

    /// Tells the pages where things are this time.
    pub(super) fn tell(
        &self,
        made: &Distributions,
        rtmp: SocketAddr,
        http: SocketAddr,
    ) -> anyhow::Result<()> {
        let samples: Vec<Value> = SAMPLES
            .iter()
            .map(|(file, name, what, _)| json!({ "file": file, "name": name, "what": what }))
            .collect();
        let facts = json!({
            "rtmp": format!("rtmp://{}/cfx/st", host(rtmp)),
            "streaming": format!("rtmp://{}:{}/cfx/st", made.streaming, rtmp.port()),
            "page": format!("rtmp://{}:{}/cfx/st", made.streaming, http.port()),
            "player": format!("http://{}:{}/.millrace/player/latest/millrace-player.js", made.streaming, http.port()),
            "distribution": made.web.0,
            "folder": std::path::absolute(&self.player)?,
            "samples": samples,
            "smaller": { SAMPLES[0].1: SMALLER.1 },
        });
        write(&self.player.join(FACTS), serde_json::to_string_pretty(&facts)?.as_bytes())?;
        let streaming = format!("{}:{}", made.streaming, http.port());
        pages::old(&streaming).try_for_each(|(name, bytes)| write(&self.player.join(name), &bytes))
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    }
    std::fs::write(path, bytes).with_context(|| format!("{} can't be written", path.display()))
}

/// Makes the distributions at the first start; what somebody has changed since stays changed.
pub(super) async fn furnish(plane: &Plane) -> anyhow::Result<Distributions> {
    let documents = [("the demo's player".to_owned(), player()), ("the demo's media".to_owned(), media())];
    let (ids, picture) = plane.furnish(&documents).await?;
    let [web, streaming] = ids.as_slice() else { anyhow::bail!("the demo's distributions were not made") };
    let web =
        picture.web.iter().find(|one| one.id == *web).context("the player's distribution is not there")?;
    let streaming = picture.streaming.iter().find(|one| one.id == *streaming);
    let streaming = streaming.context("the media's distribution is not there")?;
    Ok(Distributions {
        web: (web.id.clone(), web.domain_name.clone()),
        streaming: streaming.domain_name.clone(),
    })
}

fn player() -> Value {
    json!({ "DistributionConfig": {
        "CallerReference": "millrace-demo-player",
        "Comment": "The demo's player",
        "Enabled": true,
        "DefaultRootObject": PAGE.0,
        "Origins": { "Quantity": 1, "Items": [{
            "Id": "player",
            "DomainName": "player.s3.amazonaws.com",
            "S3OriginConfig": { "OriginAccessIdentity": "" },
        }] },
        "DefaultCacheBehavior": {
            "TargetOriginId": "player",
            "ViewerProtocolPolicy": "allow-all",
            "ForwardedValues": { "QueryString": false, "Cookies": { "Forward": "none" } },
            "TrustedSigners": { "Enabled": false, "Quantity": 0 },
            "MinTTL": 0,
            "Compress": true,
        },
    } })
}

fn media() -> Value {
    json!({ "StreamingDistributionConfig": {
        "CallerReference": "millrace-demo-media",
        "Comment": "The demo's media",
        "Enabled": true,
        "S3Origin": { "DomainName": "media.s3.amazonaws.com", "OriginAccessIdentity": "" },
        "TrustedSigners": { "Enabled": false, "Quantity": 0 },
    } })
}
