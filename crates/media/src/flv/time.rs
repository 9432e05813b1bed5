//! Stamps as they stand in files become times that start near 0 and do not fall.

use crate::sample::Kind;

/// How far a stamp may fall before it is taken for the start of another recording, in milliseconds.
const SPLICE: i64 = 1000;

/// The state of the repair; part of a position, so that reading on from there gives the same times.
///
/// Sound and picture have a difference each, because their tags are not sorted: where two recordings were joined,
/// the last sounds of the first may stand behind the first pictures of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Times {
    /// What is added to stamps of sound and picture.
    delta: [i64; 2],
    /// The last times of sound, picture and data; 0 if there were none.
    last: [u32; 3],
}

fn index(kind: Kind) -> usize {
    match kind {
        Kind::Audio => 0,
        Kind::Video => 1,
        Kind::Data => 2,
    }
}

impl Times {
    /// For a file whose earliest frame has the stamp `first`.
    pub(crate) fn starting_at(first: i32) -> Self {
        Self { delta: [-i64::from(first); 2], last: [0; 3] }
    }

    /// The time of the next tag of a kind.
    pub(crate) fn next(&mut self, kind: Kind, stamp: i32) -> u32 {
        let i = index(kind);
        let last = i64::from(self.last[i]);
        let mut time = i64::from(stamp) + self.delta[i.min(1)];
        if i < 2 && time + SPLICE < last {
            self.splice(i, stamp);
            time = i64::from(stamp) + self.delta[i];
        }
        let time = time.max(last).clamp(0, i64::from(u32::MAX)) as u32;
        self.last[i] = time;
        time
    }

    /// The time that a kind has reached.
    pub(crate) fn now(&self, kind: Kind) -> u32 {
        self.last[index(kind)]
    }

    /// Goes on from where the time was: with the difference of the other kind if that one was here before.
    fn splice(&mut self, i: usize, stamp: i32) {
        let other = self.delta[1 - i];
        let taken = i64::from(stamp) + other;
        let reached = i64::from(self.last[0].max(self.last[1]));
        let fits = other != self.delta[i] && (taken - reached).abs() <= 10 * SPLICE;
        self.delta[i] = if fits { other } else { reached - i64::from(stamp) };
    }

    /// The state to go on with at a cut at `ms`. Script data comes too rarely for its last time to be the same
    /// whichever way one came to a cut, so only what matters of it is kept.
    pub(crate) fn at_cut(mut self, ms: u32) -> Self {
        if self.last[2] <= ms {
            self.last[2] = 0;
        }
        self
    }

    /// The state in which a run that begins at `ms` starts to read.
    pub(crate) fn begin(mut self, ms: u32) -> Self {
        self.last[2] = self.last[2].max(ms);
        self
    }

    /// Remembers the stamp of an earlier tag of a kind, unless one is known.
    pub(crate) fn recall(&mut self, kind: Kind, stamp: i32) {
        let i = index(kind);
        let time = (i64::from(stamp) + self.delta[i.min(1)]).clamp(0, i64::from(u32::MAX)) as u32;
        self.last[i] = self.last[i].max(time);
    }

    /// The time a stamp would have if the file were sound.
    pub(crate) fn plain(&self, kind: Kind, stamp: i32) -> i64 {
        i64::from(stamp) + self.delta[index(kind).min(1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_falls_are_levelled() {
        let mut times = Times::starting_at(500);
        let stamps = [500, 540, 530, 580];
        assert_eq!(stamps.map(|stamp| times.next(Kind::Video, stamp)), [0, 40, 40, 80]);
        assert_eq!(times.next(Kind::Audio, 400), 0);
    }

    #[test]
    fn a_splice_goes_on_and_keeps_both_kinds_in_step() {
        let mut times = Times::starting_at(0);
        assert_eq!(times.next(Kind::Video, 10_000), 10_000);
        assert_eq!(times.next(Kind::Audio, 9_900), 9_900);
        assert_eq!(times.next(Kind::Video, 0), 10_000);
        assert_eq!(times.next(Kind::Audio, 9_990), 9_990);
        assert_eq!(times.next(Kind::Audio, 5), 10_005);
        assert_eq!(times.next(Kind::Video, 40), 10_040);
    }

    #[test]
    fn nothing_overflows() {
        let mut times = Times::starting_at(i32::MIN);
        assert_eq!(times.next(Kind::Video, i32::MAX), u32::MAX);
        assert_eq!(times.next(Kind::Video, i32::MIN), u32::MAX);
        assert_eq!(times.next(Kind::Video, i32::MAX), u32::MAX);
    }
}
