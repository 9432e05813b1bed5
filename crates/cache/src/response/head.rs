//! What is known of an answer before its bytes are there, and what becomes of it: whom it is for, and where its bytes go.

use super::content::Content;
use super::copy::{Copy, Part, strip};
use super::fetch::{Answered, FIRST, Fetched, bounds, is_kept};
use super::pour::{self, Pour};
use super::spool::Spool;
use super::{Ask, How, compress};
use crate::cache::Inner;
use crate::fetch::Pinned;
use crate::{BLOCK, Object, ObjectId};
use futures::StreamExt;
use futures::stream;
use http::header::{self, HeaderMap};
use http::{Method, StatusCode, response};
use http_body_util::BodyExt;
use millrace_origin::{Answer, Body, ObjectInfo, Origin, RangedOrigin, ResponseBody, Version};
use millrace_web::{Coding, Directives, Fields, Freshness, Validators, Variant};
use std::ops::Range;
use std::sync::{Arc, Weak};
use std::time::SystemTime;

/// What is known of an answer before its bytes are there.
pub(super) struct Head {
    method: Method,
    status: StatusCode,
    headers: HeaderMap,
    validators: Validators,
    directives: Directives,
    /// None: it is nobody else's.
    variant: Option<Variant>,
    freshness: Freshness,
    answered: SystemTime,
    purges: u64,
    /// Whether others may use it.
    kept: bool,
    /// Bytes that were promised.
    length: Option<u64>,
    part: Option<Part>,
    /// Whether the origin sends parts.
    ranges: bool,
    /// How it is compressed here.
    press: Option<Coding>,
}

impl Head {
    pub(super) fn of(ask: &Ask, answered: Answered) -> (Self, ResponseBody) {
        let Answered { mut parts, body, moment, purges } = answered;
        let directives = Directives::of(&parts.headers);
        let variant = Variant::of(&parts.headers, ask.request.headers());
        let length = content_length(&parts.headers);
        let part = part(&parts, length);
        // A part that is not what it says is passed on, and nothing more.
        let sound = part.is_some() || parts.status != StatusCode::PARTIAL_CONTENT;
        let kept = sound && variant.is_some() && is_kept(ask, &parts, &directives);
        let freshness = Freshness::of(&parts.headers, &directives, bounds(ask, parts.status), moment);
        let pressed = ask.rules.coding.filter(|_| compress::fits(&parts, length));
        let press = pressed.filter(|_| ask.request.method() == Method::GET);
        // Who asks for the bytes that HEAD speaks of gets as many as there are when they are compressed.
        let length = length.filter(|_| ask.request.method() != Method::HEAD || pressed.is_none());
        let ranges = parts.headers.get(header::ACCEPT_RANGES).is_some_and(|unit| unit.as_bytes() == b"bytes");
        clean(&mut parts.headers, ask, part.is_some(), press);
        let head = Self {
            method: ask.request.method().clone(),
            status: if part.is_some() { StatusCode::OK } else { parts.status },
            validators: Validators::of(&parts.headers),
            headers: parts.headers,
            directives,
            variant,
            freshness,
            answered: moment.answered,
            purges,
            kept,
            length,
            part,
            ranges,
            press,
        };
        (head, body)
    }

    pub(super) fn has_body(&self) -> bool {
        self.method != Method::HEAD
            && self.status != StatusCode::NO_CONTENT
            && self.status != StatusCode::NOT_MODIFIED
    }

    /// The tag by which the bytes can be read in blocks, and how many there are in all; none if that can't be or is not
    /// worth it.
    pub(super) fn tag(&self) -> Option<(String, u64)> {
        let total = self.part.as_ref().map(|part| part.of).or(self.length).filter(|total| *total > BLOCK)?;
        let reads = self.kept && self.method == Method::GET && self.status == StatusCode::OK;
        let in_parts = self.press.is_none() && (self.ranges || self.part.is_some());
        let tag = self.validators.strong_etag().filter(|_| reads && in_parts)?;
        Some((tag.to_owned(), total))
    }

    fn copy(&self, content: Content, part: Option<Part>) -> Arc<Copy> {
        Arc::new(Copy {
            status: self.status,
            headers: self.headers.clone(),
            validators: self.validators.clone(),
            variant: self.variant.clone().unwrap_or_default(),
            freshness: self.freshness,
            answered: self.answered,
            excused: None,
            part,
            content,
        })
    }

    /// An answer without bytes.
    pub(super) fn alone(self, inner: &Inner, ask: &Ask) -> Fetched {
        let told = self.length.filter(|_| self.method == Method::HEAD);
        let copy = self.copy(Content::Nothing(told), None);
        let kept = self.kept && self.method != Method::HEAD;
        if kept {
            self.keep(inner, ask, &copy);
        }
        Fetched { copy, how: How::Missed, kept }
    }

    /// An answer whose bytes are read in blocks from now on; those that come with it are the first of them.
    pub(super) fn in_blocks(
        self,
        inner: &Arc<Inner>,
        ask: &Ask,
        version: Version,
        total: u64,
        body: ResponseBody,
    ) -> Fetched {
        let range = self.part.as_ref().map_or(0..total, |part| part.range.clone());
        let copy = self.copy(Content::Blocks(blocks(inner, ask, version, total, range, body)), None);
        self.keep(inner, ask, &copy);
        Fetched { copy, how: How::Missed, kept: true }
    }

    /// An answer that is read while it comes, and kept whole if it may be and is not too long.
    pub(super) fn spooled(mut self, inner: &Arc<Inner>, ask: &Ask, body: ResponseBody) -> Fetched {
        let promised = self.length.filter(|_| self.press.is_none());
        let longest = inner.config.longest_copy;
        let kept = self.kept && promised.is_none_or(|length| length <= longest);
        let (spool, door) = Spool::new(kept, longest, &inner.filling);
        let part = self.part.take().filter(|part| part.range != (0..part.of));
        let copy = self.copy(Content::Coming(Arc::new(door), promised), part);
        let kept_copy = if kept { self.keep(inner, ask, &copy) } else { Arc::downgrade(&copy) };
        if !kept && ask.rules.keeps {
            inner.copies.note_own(&ask.name);
        }
        let pour = Pour {
            inner: Arc::clone(inner),
            source: inner.sources.get(ask.upstream.id()),
            name: ask.name.clone(),
            copy: kept_copy,
            spool,
            press: self.press,
        };
        tokio::spawn(pour::pour(pour, body));
        Fetched { copy, how: How::Missed, kept }
    }

    /// Puts a copy where others find it, without the fields that the origin meant for one only. The result is what others
    /// find.
    fn keep(&self, inner: &Inner, ask: &Ask, copy: &Arc<Copy>) -> Weak<Copy> {
        let named =
            [&self.directives.no_cache, &self.directives.private].into_iter().flat_map(
                |fields| match fields {
                    Fields::Named(names) => names.as_slice(),
                    Fields::None | Fields::All => &[],
                },
            );
        let mut headers = self.headers.clone();
        let removed = named.filter(|name| headers.remove(*name).is_some()).count();
        let others = match removed {
            0 => Arc::clone(copy),
            _ => Arc::new(copy.again(headers, copy.freshness, copy.answered)),
        };
        inner.copies.put(&ask.name, &others, ask.request.headers(), self.purges);
        Arc::downgrade(&others)
    }
}

/// Takes off an answer's head what is not a copy's own, and says of the bytes what they will be.
fn clean(headers: &mut HeaderMap, ask: &Ask, is_part: bool, press: Option<Coding>) {
    strip(headers);
    if is_part {
        headers.remove(header::CONTENT_RANGE);
    }
    if ask.rules.without_cookies {
        headers.remove(header::SET_COOKIE);
    }
    if let Some(coding) = press {
        compress::change(headers, coding);
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Which part a 206 is, if it is as long as it says.
fn part(parts: &response::Parts, length: Option<u64>) -> Option<Part> {
    let part = (parts.status == StatusCode::PARTIAL_CONTENT).then(|| Part::of(&parts.headers)).flatten()?;
    length.is_none_or(|length| length == part.range.end - part.range.start).then_some(part)
}

/// An object in blocks, of which `range` comes with the answer that told of it.
fn blocks(
    inner: &Arc<Inner>,
    ask: &Ask,
    version: Version,
    length: u64,
    range: Range<u64>,
    body: ResponseBody,
) -> Object {
    let origin: Arc<dyn Origin> = Arc::new(RangedOrigin::new(Arc::clone(&ask.upstream), ask.request.clone()));
    let name = &ask.name;
    let key: Arc<str> = format!("{}\n{}\n{}", name.resource, name.distribution, name.rest).into();
    let id = ObjectId::new(origin.id(), &key, &version);
    let info = Arc::new(ObjectInfo::new(version, length));
    let source = inner.sources.get(origin.id());
    let pinned = Arc::new(Pinned { origin, key, info: Arc::clone(&info), id, source });
    // Only whole blocks can be kept, from the first that begins in it.
    if range.start.is_multiple_of(BLOCK) {
        let first = range.start / BLOCK;
        let end = if range.end == length { length.div_ceil(BLOCK) } else { range.end / BLOCK };
        let blocks = first..end.min(first + FIRST);
        if !blocks.is_empty() {
            let bytes = blocks.start * BLOCK..(blocks.end * BLOCK).min(length);
            let body = first_bytes(body, bytes.end - bytes.start);
            let answer = Answer { object: (*info).clone(), range: bytes, body };
            inner.adopt_run(&pinned, answer, blocks);
        }
    }
    Object::new(Arc::clone(inner), pinned)
}

/// So many bytes of a body, if there are as many: then it ends, and the transfer with it.
fn first_bytes(body: ResponseBody, bytes: u64) -> Body {
    let pieces = stream::try_unfold((body.into_data_stream(), bytes), |(mut pieces, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let Some(mut piece) = pieces.next().await.transpose()? else { return Ok(None) };
        piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - piece.len() as u64;
        Ok(Some((piece, (pieces, left))))
    });
    pieces.boxed()
}
