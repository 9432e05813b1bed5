//! All copies, by what they are copies of.

use super::copy::Copy;
use http::HeaderMap;
use millrace_web::Variant;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Copies of one name that differ by `Vary`; the oldest makes room for one more.
const VARIANTS: usize = 32;

/// What a copy is a copy of. Two requests with one name get one copy, unless the origin says that its answers vary.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CopyName {
    /// The distribution.
    pub distribution: Arc<str>,
    /// The path, and the part of the query that counts: what invalidations speak of.
    pub resource: Arc<str>,
    /// What else tells copies apart: headers, cookies, codings.
    pub rest: Arc<str>,
}

/// A [`CopyName`] as it is looked for: nothing has to be allocated for a copy that is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CopyKey<'n> {
    /// The distribution.
    pub distribution: &'n str,
    /// The path, and the part of the query that counts.
    pub resource: &'n str,
    /// What else tells copies apart.
    pub rest: &'n str,
}

impl CopyKey<'_> {
    /// The name to keep.
    #[must_use]
    pub fn name(&self) -> CopyName {
        CopyName {
            distribution: self.distribution.into(),
            resource: self.resource.into(),
            rest: self.rest.into(),
        }
    }
}

impl Equivalent<CopyName> for CopyKey<'_> {
    fn equivalent(&self, name: &CopyName) -> bool {
        let CopyName { distribution, resource, rest } = name;
        *self == CopyKey { distribution, resource, rest }
    }
}

/// The copies of one name. Never changed: another shelf takes its place.
#[derive(Clone, Default)]
struct Shelf(Vec<Arc<Copy>>);

#[derive(Clone)]
struct Weights;

impl Weighter<CopyName, Arc<Shelf>> for Weights {
    fn weight(&self, name: &CopyName, shelf: &Arc<Shelf>) -> u64 {
        let copies: u64 = shelf.0.iter().map(|copy| copy.weight()).sum();
        (name.resource.len() + name.rest.len()) as u64 + copies
    }
}

/// All copies.
pub(crate) struct Store {
    shelves: Cache<CopyName, Arc<Shelf>, Weights>,
    /// Writers of shelves; readers need no lock.
    writing: Mutex<()>,
    /// Names whose answers were nobody else's: nobody waits for another's answer then.
    own: Cache<CopyName, ()>,
    /// Counts what was purged: an answer that was asked for before is not kept.
    purges: AtomicU64,
    purged: Mutex<Purged>,
}

/// What was purged lately.
#[derive(Default)]
struct Purged {
    /// By distribution: the number of its last purge.
    last: HashMap<Arc<str>, u64>,
    /// The number of the last one of everything.
    all: u64,
}

impl Store {
    pub(crate) fn new(bytes: u64, names: usize) -> Self {
        Self {
            shelves: Cache::with_weighter(names.max(1), bytes, Weights),
            writing: Mutex::default(),
            own: Cache::new((names / 8).max(16)),
            purges: AtomicU64::new(0),
            purged: Mutex::default(),
        }
    }

    /// The newest copy of a variant that answers a request.
    pub(crate) fn find<N>(&self, name: &N, answers: impl Fn(&Variant) -> bool) -> Option<Arc<Copy>>
    where
        N: Hash + Equivalent<CopyName>,
    {
        let shelf = self.shelves.get(name)?;
        shelf.0.iter().rev().find(|copy| answers(&copy.variant)).cloned()
    }

    /// Keeps a copy in place of those that answer the same request, unless its name was purged since `asked`.
    pub(crate) fn put(&self, name: &CopyName, copy: &Arc<Copy>, request: &HeaderMap, asked: u64) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.was_purged(name, asked) {
            return;
        }
        let mut shelf = self.shelves.peek(name).map(|shelf| (*shelf).clone()).unwrap_or_default();
        shelf.0.retain(|other| !other.variant.matches(request));
        if shelf.0.len() >= VARIANTS {
            shelf.0.remove(0);
        }
        shelf.0.push(Arc::clone(copy));
        self.own.remove(name);
        self.shelves.insert(name.clone(), Arc::new(shelf));
    }

    /// Puts a copy where another one stands, if that still does.
    pub(crate) fn replace(&self, name: &CopyName, old: &Weak<Copy>, new: Option<&Arc<Copy>>) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(shelf) = self.shelves.peek(name) else { return };
        let Some(place) = shelf.0.iter().position(|copy| std::ptr::eq(Arc::as_ptr(copy), old.as_ptr()))
        else {
            return;
        };
        let mut shelf = (*shelf).clone();
        match new {
            Some(new) => shelf.0[place] = Arc::clone(new),
            None => drop(shelf.0.remove(place)),
        }
        if shelf.0.is_empty() {
            self.shelves.remove(name);
        } else {
            self.shelves.insert(name.clone(), Arc::new(shelf));
        }
    }

    /// Remembers that an answer was nobody else's.
    pub(crate) fn is_own(&self, name: &CopyName) -> bool {
        self.own.get(name).is_some()
    }

    pub(crate) fn note_own(&self, name: &CopyName) {
        self.own.insert(name.clone(), ());
    }

    /// Forgets the copies of a distribution whose resource is meant. What is being fetched is not kept either.
    pub(crate) fn purge(&self, distribution: &str, meant: impl Fn(&str) -> bool) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.purges.fetch_add(1, Relaxed) + 1;
        self.purged.lock().unwrap_or_else(PoisonError::into_inner).last.insert(distribution.into(), number);
        self.shelves.retain(|name, _| *name.distribution != *distribution || !meant(&name.resource));
    }

    /// Forgets everything.
    pub(crate) fn purge_all(&self) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.purges.fetch_add(1, Relaxed) + 1;
        self.purged.lock().unwrap_or_else(PoisonError::into_inner).all = number;
        self.shelves.clear();
    }

    /// Forgets the copies of one name.
    pub(crate) fn forget(&self, name: &CopyName) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.shelves.remove(name);
    }

    /// Forgets the copies of distributions that are gone.
    pub(crate) fn keep_distributions(&self, is_there: impl Fn(&str) -> bool) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.shelves.retain(|name, _| is_there(&name.distribution));
        self.purged.lock().unwrap_or_else(PoisonError::into_inner).last.retain(|id, _| is_there(id));
    }

    /// A number for what is asked now, for [`put`](Self::put).
    pub(crate) fn now(&self) -> u64 {
        self.purges.load(Relaxed)
    }

    /// Whether anything of the distribution was purged since. A few answers too many are not kept then.
    fn was_purged(&self, name: &CopyName, asked: u64) -> bool {
        let purged = self.purged.lock().unwrap_or_else(PoisonError::into_inner);
        purged.all > asked || purged.last.get(&name.distribution).is_some_and(|last| *last > asked)
    }
}
