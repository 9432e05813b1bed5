//! Origins of web distributions.

use std::collections::HashMap;
use std::time::Duration;

use millrace_model::web::{Bucket, Custom, Origin, OriginHeader, OriginKind, OriginProtocol, Signing};
use serde_json::Value;

use crate::value::{at, items, number, seconds, text};

/// An origin; `controls` are the origin access controls by their ids.
pub(super) fn origin(config: &Value, controls: &HashMap<&str, &Value>) -> Origin {
    let custom = at(config, "CustomOriginConfig");
    let kind = match custom {
        Value::Null => OriginKind::S3(bucket(config, controls)),
        custom => OriginKind::Custom(Custom {
            http_port: port(custom, "HTTPPort"),
            https_port: port(custom, "HTTPSPort"),
            protocol: match text(custom, "OriginProtocolPolicy") {
                "http-only" => OriginProtocol::HttpOnly,
                "match-viewer" => OriginProtocol::MatchViewer,
                _ => OriginProtocol::HttpsOnly,
            },
            keepalive: seconds(custom, "OriginKeepaliveTimeout").unwrap_or(Duration::from_secs(5)),
        }),
    };
    let spoken = if custom.is_null() { at(config, "S3OriginConfig") } else { custom };
    Origin {
        id: text(config, "Id").to_owned(),
        domain_name: text(config, "DomainName").to_owned(),
        path: text(config, "OriginPath").to_owned(),
        headers: items(config, "CustomHeaders").iter().map(header).collect(),
        attempts: number(config, "ConnectionAttempts").and_then(|n| u32::try_from(n).ok()).unwrap_or(3),
        connect_timeout: seconds(config, "ConnectionTimeout").unwrap_or(Duration::from_secs(10)),
        read_timeout: seconds(spoken, "OriginReadTimeout").unwrap_or(Duration::from_secs(30)),
        // Zero stands for none, as it does at Amazon.
        completion_timeout: seconds(config, "ResponseCompletionTimeout").filter(|time| !time.is_zero()),
        kind,
    }
}

fn header(header: &Value) -> OriginHeader {
    let get = |name: &str| text(header, name).to_owned();
    OriginHeader { name: get("HeaderName"), value: get("HeaderValue") }
}

/// A port that is none is 0, to which nobody can connect.
fn port(custom: &Value, member: &str) -> u16 {
    number(custom, member).and_then(|port| u16::try_from(port).ok()).unwrap_or_default()
}

/// An access control counts before an identity: whoever has both is on the way from one to the other.
fn bucket(config: &Value, controls: &HashMap<&str, &Value>) -> Bucket {
    let control = text(config, "OriginAccessControlId");
    if !control.is_empty() {
        let behavior = controls.get(control).map_or("", |control| text(control, "SigningBehavior"));
        let signing = match behavior {
            "never" => Signing::Never,
            "no-override" => Signing::UnlessAuthorized,
            _ => Signing::Always,
        };
        return Bucket { reader: Some(control.to_owned()), signing };
    }
    match text(config, "S3OriginConfig.OriginAccessIdentity").rsplit('/').next() {
        Some(identity) if !identity.is_empty() => {
            Bucket { reader: Some(identity.to_owned()), signing: Signing::Always }
        }
        _ => Bucket::default(),
    }
}
