//! A copy of an answer: its head, how long it may be used, and where its bytes are.

use super::content::{Content, ContentBody};
use http::header::{AGE, CONTENT_LENGTH, CONTENT_RANGE, HeaderMap};
use http::{HeaderName, StatusCode};
use millrace_web::{Freshness, Ranges, Validators, Variant};
use std::ops::Range;
use std::time::{Duration, SystemTime};

/// An answer of an origin, as it is kept for others, or was made for one.
pub struct Copy {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) validators: Validators,
    pub(crate) variant: Variant,
    pub(crate) freshness: Freshness,
    /// When its head came, or was confirmed last.
    pub(crate) answered: SystemTime,
    /// It may be used until then though it is stale: the origin failed.
    pub(crate) excused: Option<SystemTime>,
    /// Which part of how much it is, where it is not the whole.
    pub(crate) part: Option<Part>,
    pub(crate) content: Content,
}

/// A part of something longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its first byte, and the one behind its last.
    pub range: Range<u64>,
    /// Bytes in the whole.
    pub of: u64,
}

impl Part {
    /// Reads `bytes <first>-<last>/<length>`.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
        let (range, length) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last, of): (u64, u64, u64) =
            (first.parse().ok()?, last.parse().ok()?, length.parse().ok()?);
        (first <= last && last < of).then(|| Self { range: first..last + 1, of })
    }
}

/// Fields that are about one transfer, and are written anew for each.
const TRANSFER: [HeaderName; 2] = [AGE, CONTENT_LENGTH];

/// Takes off what is not a copy's own.
pub(crate) fn strip(headers: &mut HeaderMap) {
    millrace_web::remove_hop_by_hop(headers);
    for name in TRANSFER {
        headers.remove(name);
    }
}

impl Copy {
    /// The status that the origin answered; 200 for a part, too.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the origin said of it, without what is about the transfer: its length, its age.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How it is told from other versions.
    #[must_use]
    pub fn validators(&self) -> &Validators {
        &self.validators
    }

    /// Bytes in the whole, if that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.part.as_ref().map(|part| part.of).or_else(|| self.content.length())
    }

    /// Which part of the whole it is; none: all of it.
    #[must_use]
    pub fn part(&self) -> Option<&Part> {
        self.part.as_ref()
    }

    /// All bytes that are here. None if they were for others, and the first are gone.
    #[must_use]
    pub fn all(&self) -> Option<ContentBody> {
        self.content.all()
    }

    /// A range of the whole, which has to be here. None if it is not.
    #[must_use]
    pub fn range(&self, range: Range<u64>) -> Option<ContentBody> {
        match &self.part {
            Some(part) if part.range.start <= range.start && range.end <= part.range.end => {
                self.content.part(range.start - part.range.start..range.end - part.range.start)
            }
            Some(_) => None,
            None => self.content.part(range),
        }
    }

    /// How old it is.
    pub(crate) fn age(&self, now: SystemTime) -> Duration {
        self.freshness.age(self.since(now))
    }

    pub(crate) fn since(&self, now: SystemTime) -> Duration {
        now.duration_since(self.answered).unwrap_or_default()
    }

    /// Whether it may be used without asking.
    pub(crate) fn is_fresh(&self, now: SystemTime) -> bool {
        self.freshness.is_fresh(self.since(now)) || self.excused.is_some_and(|until| now < until)
    }

    /// Whether what is asked for lies in it.
    pub(crate) fn has(&self, range: Option<&str>) -> bool {
        if !self.content.is_open() {
            return false;
        }
        let Some(part) = &self.part else { return true };
        match range.map(|range| Ranges::parse(range, part.of)) {
            Some(Ranges::One(wanted)) => self.holds(part, &wanted),
            Some(Ranges::Several(wanted)) => wanted.iter().all(|wanted| self.holds(part, wanted)),
            Some(Ranges::Unsatisfiable) => true,
            Some(Ranges::Whole) | None => false,
        }
    }

    fn holds(&self, part: &Part, wanted: &Range<u64>) -> bool {
        part.range.start <= wanted.start && wanted.end <= part.range.end
    }

    /// Bytes of memory that it takes, about.
    pub(crate) fn weight(&self) -> u64 {
        let fields: usize =
            self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 64).sum();
        512 + fields as u64 + self.content.weight()
    }

    /// The same bytes, for which the origin has spoken again.
    pub(crate) fn again(&self, headers: HeaderMap, freshness: Freshness, answered: SystemTime) -> Self {
        Self {
            status: self.status,
            validators: Validators::of(&headers),
            headers,
            variant: self.variant.clone(),
            freshness,
            answered,
            excused: None,
            part: self.part.clone(),
            content: self.content.clone(),
        }
    }

    /// The same for a while, though it is stale.
    pub(crate) fn excused(&self, until: SystemTime) -> Self {
        let same = self.again(self.headers.clone(), self.freshness, self.answered);
        Self { excused: Some(until), ..same }
    }

    /// The same with its bytes elsewhere.
    pub(crate) fn with(&self, content: Content) -> Self {
        let same = self.again(self.headers.clone(), self.freshness, self.answered);
        Self { content, excused: self.excused, ..same }
    }
}
