//! Where a title is cut into runs.
//!
//! A run is packed once and shared by everybody who watches, so its borders must be the same whichever way a viewer
//! came. They therefore hang on nothing but the samples beside them: time is divided in cells, and a run begins
//!
//! * at the first sample that lies in a later cell than the run's first sample, and
//! * at the first video key frame of a cell.
//!
//! Whether a cell's first key frame has passed is the one thing a place inside a cell must remember; it is part of
//! [`crate::Position`] and is true at each key frame itself, however one came to it.

/// What a cell should hold on average, in bytes.
const CELL_BYTES: u64 = 512 * 1024;
/// The longest and the usual cell, in milliseconds.
const LONGEST: u64 = 1000;
/// The shortest cell: below, the headers of a run would cost more than the run is worth.
const SHORTEST: u64 = 100;

/// The cells of a title: a length in milliseconds that never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    cell_ms: u64,
}

impl Grid {
    /// Cells for `bytes` that last `duration_ms`.
    pub(crate) fn new(bytes: u64, duration_ms: u64) -> Self {
        let cell_ms = CELL_BYTES
            .saturating_mul(duration_ms)
            .checked_div(bytes)
            .unwrap_or(LONGEST)
            .clamp(SHORTEST, LONGEST);
        // A title without a known duration has no bit rate to go by.
        Self { cell_ms: if duration_ms == 0 { LONGEST } else { cell_ms } }
    }

    /// The cell in which a time lies.
    pub(crate) fn cell(self, ms: u32) -> u64 {
        u64::from(ms) / self.cell_ms
    }

    /// The first millisecond after the cell of `ms`.
    pub(crate) fn border(self, ms: u32) -> u64 {
        (self.cell(ms) + 1) * self.cell_ms
    }
}

/// Decides, sample by sample, whether a run ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cutter {
    grid: Grid,
    /// The cell of the first sample, once there was one.
    cell: Option<u64>,
    /// Whether the first key frame of that cell has passed.
    keyed: bool,
}

impl Cutter {
    /// A cutter for a run that starts at a place with the given memory (see the module).
    pub(crate) fn new(grid: Grid, keyed: bool) -> Self {
        Self { grid, cell: None, keyed }
    }

    /// Whether a sample at `ms` starts the next run. `key`: a video key frame stands at this place.
    /// Otherwise the sample is counted in.
    pub(crate) fn cuts(&mut self, ms: u32, key: bool) -> bool {
        let cell = self.grid.cell(ms);
        match self.cell {
            None => self.cell = Some(cell),
            Some(first) if cell > first => return true,
            Some(_) if key && !self.keyed => return true,
            Some(_) => {}
        }
        self.keyed |= key;
        false
    }

    /// What a place at `ms` in front of the sample that cuts has to remember.
    pub(crate) fn keyed_at(&self, ms: u32, key: bool) -> bool {
        key || (self.keyed && self.cell.is_some_and(|first| self.grid.cell(ms) <= first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_shrink_with_the_bit_rate_but_not_for_ever() {
        assert_eq!(Grid::new(1_000_000, 10_000).cell_ms, 1000);
        assert_eq!(Grid::new(CELL_BYTES * 40, 10_000).cell_ms, 250);
        assert_eq!(Grid::new(u64::MAX, 10_000).cell_ms, 100);
        assert_eq!(Grid::new(1000, 0).cell_ms, 1000);
        assert_eq!(Grid::new(0, 1000).cell_ms, 1000);
    }

    #[test]
    fn a_later_cell_and_the_first_key_frame_cut() {
        let mut cutter = Cutter::new(Grid::new(1, 1000), false);
        assert!(!cutter.cuts(10, false));
        assert!(cutter.cuts(20, true));
        let mut cutter = Cutter::new(Grid::new(1, 1000), true);
        assert!(!cutter.cuts(20, true));
        assert!(!cutter.cuts(30, true));
        assert!(!cutter.cuts(999, false));
        assert!(cutter.cuts(1000, false));
        assert!(!cutter.keyed_at(1000, false));
        assert!(cutter.keyed_at(1000, true));
        assert!(cutter.keyed_at(999, false));
    }
}
