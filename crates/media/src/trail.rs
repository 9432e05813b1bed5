//! Places that scans came by, remembered so that the next one starts nearby. Bounded: when there are too many, every
//! other one is forgotten.

use crate::Position;

/// The shortest distance of two places at first, in milliseconds.
const SPACING: u32 = 1000;

/// Places in rising order of time.
#[derive(Debug)]
pub(crate) struct Trail {
    places: Vec<Position>,
    spacing: u32,
    most: usize,
}

impl Trail {
    /// A trail of at most `most` places.
    pub(crate) fn new(most: usize) -> Self {
        Self { places: Vec::new(), spacing: SPACING, most: most.max(2) }
    }

    /// Bytes of memory.
    pub(crate) fn weight(&self) -> usize {
        self.places.capacity() * size_of::<Position>()
    }

    /// The last place at or before `ms`.
    pub(crate) fn before(&self, ms: u32) -> Option<Position> {
        self.places.get(self.places.partition_point(|place| place.ms <= ms).checked_sub(1)?).copied()
    }

    /// Remembers a place, unless one is near.
    pub(crate) fn remember(&mut self, place: Position) {
        let at = self.places.partition_point(|other| other.ms < place.ms);
        let near = |other: &Position| other.ms.abs_diff(place.ms) < self.spacing;
        if self.places[at.saturating_sub(1)..].iter().take(2).any(near) {
            return;
        }
        self.places.insert(at, place);
        if self.places.len() > self.most {
            let mut keep = false;
            self.places.retain(|_| {
                keep = !keep;
                keep
            });
            self.spacing = self.spacing.saturating_mul(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::Place;

    fn place(ms: u32) -> Position {
        Position { ms, keyed: false, place: Place::Frame { index: 0, offset: 0 } }
    }

    #[test]
    fn it_stays_bounded_and_sorted() {
        let mut trail = Trail::new(16);
        for ms in (0..100_000).rev().step_by(500) {
            trail.remember(place(ms));
        }
        assert!(trail.places.len() <= 16 && trail.places.len() > 4);
        assert!(trail.places.is_sorted_by_key(|place| place.ms));
        let found = trail.before(50_000).unwrap().ms;
        assert!(found <= 50_000 && found > 30_000);
        assert_eq!(trail.before(0).map(|place| place.ms), None);
    }
}
