//! Compresses what origins send as it is, for viewers who take it compressed.
//!
//! CloudFront's conditions: a whole 200 of 1,000 to 10,000,000 bytes whose length is known, of a type that is worth it, and
//! not compressed yet.

use crate::Error;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY,
};
use http::{StatusCode, response};
use millrace_web::Coding;
use std::io::Write;

/// Lengths that are compressed, bytes.
const LENGTHS: std::ops::RangeInclusive<u64> = 1_000..=10_000_000;

/// gzip's level: what nginx's and Apache's operators choose most.
const GZIP: u32 = 6;
/// Brotli's: about as fast as gzip's 6, and smaller.
const BROTLI: u32 = 5;
/// The logarithm of Brotli's window: 4 MiB, which every decoder takes.
const BROTLI_WINDOW: u32 = 22;

/// Types that CloudFront compresses, besides all of `text/`.
const TYPES: [&str; 24] = [
    "application/dash+xml",
    "application/eot",
    "application/font",
    "application/font-sfnt",
    "application/javascript",
    "application/json",
    "application/opentype",
    "application/otf",
    "application/pdf",
    "application/pkcs7-mime",
    "application/protobuf",
    "application/rss+xml",
    "application/truetype",
    "application/ttf",
    "application/vnd.apple.mpegurl",
    "application/vnd.mapbox-vector-tile",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/xhtml+xml",
    "application/xml",
    "application/x-javascript",
    "font/otf",
    "font/ttf",
    "image/svg+xml",
];

/// Whether an answer is compressed.
pub(super) fn fits(parts: &response::Parts, length: Option<u64>) -> bool {
    let headers = &parts.headers;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = text(CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    parts.status == StatusCode::OK
        && length.is_some_and(|length| LENGTHS.contains(&length))
        && !headers.contains_key(CONTENT_ENCODING)
        && !text(CACHE_CONTROL).to_ascii_lowercase().contains("no-transform")
        && (kind.starts_with("text/") || TYPES.contains(&kind.as_str()))
}

/// What the head says of compressed bytes: they are others, so a strong tag becomes a weak one.
pub(super) fn change(headers: &mut HeaderMap, coding: Coding) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    headers.remove(ACCEPT_RANGES);
    let weak = headers.get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/"));
    if let Some(tag) = weak.and_then(|tag| HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()).ok()) {
        headers.insert(ETAG, tag);
    }
    let varies = headers
        .get_all(VARY)
        .iter()
        .any(|line| line.to_str().is_ok_and(|line| line.to_ascii_lowercase().contains("accept-encoding")));
    if !varies {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// Compresses one body, off the threads that serve viewers.
pub(super) struct Press(Encoder);

enum Encoder {
    Gzip(Box<flate2::write::GzEncoder<Vec<u8>>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
}

impl Press {
    pub(super) fn new(coding: Coding) -> Self {
        Self(match coding {
            Coding::Gzip => Encoder::Gzip(Box::new(flate2::write::GzEncoder::new(
                Vec::new(),
                flate2::Compression::new(GZIP),
            ))),
            Coding::Brotli => Encoder::Brotli(Box::new(brotli::CompressorWriter::new(
                Vec::new(),
                4096,
                BROTLI,
                BROTLI_WINDOW,
            ))),
        })
    }

    /// What these bytes become, as far as it is decided.
    pub(super) async fn press(mut self, piece: Bytes) -> Result<(Bytes, Self), Error> {
        off_thread(move || {
            let pressed = match &mut self.0 {
                Encoder::Gzip(encoder) => {
                    encoder.write_all(&piece).map(|()| std::mem::take(encoder.get_mut()))
                }
                Encoder::Brotli(encoder) => {
                    encoder.write_all(&piece).map(|()| std::mem::take(encoder.get_mut()))
                }
            };
            // A vector takes everything.
            (Bytes::from(pressed.unwrap_or_default()), self)
        })
        .await
    }

    /// The rest.
    pub(super) async fn finish(self) -> Result<Bytes, Error> {
        off_thread(move || match self.0 {
            Encoder::Gzip(encoder) => Bytes::from(encoder.finish().unwrap_or_default()),
            Encoder::Brotli(encoder) => Bytes::from(encoder.into_inner()),
        })
        .await
    }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Stopped { offset: 0 })
}
