//! Bytes that are kept, where those who come for them need them: in our memory or in the kernel's.

use crate::pages::{Pages, Stretch};
use bytes::Bytes;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The shortest bytes that are worth the kernel's trouble.
const WORTH_IT: u64 = 16 << 10;

/// So many in a row who need them elsewhere move them there. One alone pays less for a copy of his own.
const MOVERS: u8 = 2;

/// Bytes that are kept. They are in one place only: who packs or encrypts them needs them in our memory, and who sends
/// them as they are leaves that to the kernel.
pub(crate) struct Stored {
    length: u64,
    state: Mutex<State>,
    /// None where the kernel keeps nothing for us.
    pages: Option<Arc<Pages>>,
}

struct State {
    place: Place,
    /// Who came lately, one after the other, and needed them elsewhere.
    movers: u8,
}

/// Where bytes are.
#[derive(Clone)]
pub(crate) enum Place {
    Ours(Bytes),
    Kernels(Arc<Stretch>),
}

impl Stored {
    pub(crate) fn new(bytes: Bytes, pages: Option<&Arc<Pages>>) -> Self {
        let length = bytes.len() as u64;
        let pages = pages.filter(|_| length >= WORTH_IT).cloned();
        Self { length, state: Mutex::new(State { place: Place::Ours(bytes), movers: 0 }), pages }
    }

    /// How many there are.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The bytes. None if the kernel has lost them.
    pub(crate) fn bytes(&self) -> Option<Bytes> {
        let mut state = self.lock();
        let stretch = match &state.place {
            Place::Ours(bytes) => {
                let bytes = bytes.clone();
                state.movers = 0;
                return Some(bytes);
            }
            Place::Kernels(stretch) => Arc::clone(stretch),
        };
        let read = stretch.bytes();
        let bytes =
            read.inspect_err(|error| tracing::error!(%error, "kept bytes can't be read again")).ok()?;
        if state.is_moved() {
            state.place = Place::Ours(bytes.clone());
        }
        Some(bytes)
    }

    /// Where the bytes lie that somebody sends as they are. `run` is what he sends behind them: it is moved with them, so
    /// that the kernel can send all of it at once.
    pub(crate) fn to_send(&self, run: &[(Arc<Self>, Range<u64>)]) -> Place {
        let mut state = self.lock();
        if matches!(state.place, Place::Kernels(_)) {
            state.movers = 0;
            return state.place.clone();
        }
        let Some(pages) = self.pages.as_ref().filter(|_| state.is_moved()) else {
            return state.place.clone();
        };
        drop(state);
        let run: Vec<&Self> = std::iter::once(self).chain(run.iter().map(|(stored, _)| &**stored)).collect();
        let ours: Vec<Bytes> = run.iter().map_while(|stored| stored.ours()).collect();
        match pages.put(&ours) {
            Ok(put) => put.into_iter().zip(run).for_each(|(stretch, stored)| {
                stored.lock().place = Place::Kernels(stretch);
            }),
            Err(error) => tracing::debug!(%error, "the kernel keeps no more"),
        }
        self.lock().place.clone()
    }

    /// Where the bytes lie; who asks does not matter.
    pub(crate) fn place(&self) -> Place {
        self.lock().place.clone()
    }

    fn ours(&self) -> Option<Bytes> {
        match &self.lock().place {
            Place::Ours(bytes) => Some(bytes.clone()),
            Place::Kernels(_) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Counts one more who needs them elsewhere; whether they are moved for that.
    fn is_moved(&mut self) -> bool {
        self.movers += 1;
        let moved = self.movers >= MOVERS;
        self.movers %= MOVERS;
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ours(stored: &Stored) -> bool {
        matches!(stored.state.lock().expect("no panic").place, Place::Ours(_))
    }

    fn is_sent_by_us(stored: &Stored) -> bool {
        matches!(stored.to_send(&[]), Place::Ours(_))
    }

    #[test]
    fn bytes_lie_where_they_were_needed_lately() {
        let pages = Pages::new().expect("the system has such files");
        let bytes = Bytes::from(vec![7; 20_000]);
        let stored = Stored::new(bytes.clone(), Some(&pages));
        assert!(is_sent_by_us(&stored), "one alone moves nothing");
        assert_eq!(stored.bytes(), Some(bytes.clone()));
        assert!(is_sent_by_us(&stored) && !is_sent_by_us(&stored) && !is_ours(&stored));
        assert_eq!(stored.bytes(), Some(bytes.clone()));
        assert!(!is_sent_by_us(&stored) && !is_ours(&stored));
        assert_eq!((stored.bytes(), stored.bytes()), (Some(bytes.clone()), Some(bytes)));
        assert!(is_ours(&stored));
    }

    #[test]
    fn what_is_sent_behind_them_moves_with_them() {
        let pages = Pages::new().expect("the system has such files");
        let [first, second, third] =
            [20_000; 3].map(|length| Arc::new(Stored::new(vec![7; length].into(), Some(&pages))));
        let run = [(Arc::clone(&second), 0..20_000), (Arc::clone(&third), 0..20_000)];
        let _ = third.to_send(&[]);
        let _ = third.to_send(&[]);
        let _ = first.to_send(&run);
        assert!(is_ours(&first) && is_ours(&second) && !is_ours(&third));
        assert!(matches!(first.to_send(&run), Place::Kernels(_)) && !is_ours(&second));
        assert_eq!(second.bytes(), Some(vec![7; 20_000].into()));
    }

    #[test]
    fn what_is_short_stays() {
        let pages = Pages::new().expect("the system has such files");
        let stored = Stored::new(Bytes::from(vec![7; 1000]), Some(&pages));
        assert!((0..9).all(|_| is_sent_by_us(&stored)) && stored.length() == 1000);
    }
}
