//! From ticks of a track to milliseconds of the title.

/// The time base of one track.
///
/// Each time is rounded from its absolute ticks, never added up from rounded steps, so errors do not grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    scale: u32,
    /// The edit list: added to all times, in ticks.
    offset: i64,
    /// Added to all times of all tracks of a title alike, in milliseconds, so that none is negative on the wire,
    /// where a stamp is unsigned. FFmpeg's FLV muxer keeps sound and picture in step the same way.
    shift: i64,
}

impl Clock {
    pub(crate) fn new(scale: u32, offset: i64) -> Self {
        Self { scale, offset, shift: 0 }
    }

    /// The same clock with another shift, in milliseconds.
    pub(crate) fn shifted(self, shift: i64) -> Self {
        Self { shift, ..self }
    }

    /// Milliseconds from the start of the title; negative only for what precedes the first sample.
    pub(crate) fn signed_ms(&self, ticks: i64) -> i64 {
        let ms = to_ms(i128::from(ticks) + i128::from(self.offset), self.scale);
        (ms + i128::from(self.shift)).clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
    }

    /// The stamp of a sample that decodes at `ticks`.
    pub(crate) fn ms(&self, ticks: u64) -> u32 {
        self.signed_ms(i64::try_from(ticks).unwrap_or(i64::MAX)).clamp(0, i64::from(u32::MAX)) as u32
    }

    /// The composition offset in milliseconds of a sample that decodes at `ticks`: the difference of two rounded
    /// times, so that decoder and clock agree on the presentation time.
    pub(crate) fn cts(&self, ticks: u64, offset: i32) -> i32 {
        let ticks = i64::try_from(ticks).unwrap_or(i64::MAX);
        let difference = self.signed_ms(ticks.saturating_add(i64::from(offset))) - self.signed_ms(ticks);
        // Signed 24 bits on the wire.
        difference.clamp(-0x80_0000, 0x7f_ffff) as i32
    }
}

/// `ticks` of a second with `scale` ticks in milliseconds, rounded to the nearest, halves up.
pub(crate) fn to_ms(ticks: i128, scale: u32) -> i128 {
    (ticks * 2000 + i128::from(scale)).div_euclid(2 * i128::from(scale.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_does_not_add_up() {
        let clock = Clock::new(30_000, 0);
        // 29.97 fps: three hours later still within half a millisecond.
        assert_eq!(clock.ms(1001), 33);
        assert_eq!(clock.ms(1001 * 323_676), 10_799_989);
        assert_eq!(clock.cts(1001, 2002), 67);
        assert_eq!(clock.cts(1001, -1001), -33);
    }

    #[test]
    fn edits_and_shift() {
        let clock = Clock::new(1000, -80);
        assert_eq!((clock.signed_ms(0), clock.ms(0)), (-80, 0));
        let clock = clock.shifted(80);
        assert_eq!((clock.ms(0), clock.ms(40)), (0, 40));
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        let clock = Clock::new(1, i64::MAX);
        assert_eq!(clock.ms(u64::MAX), u32::MAX);
        assert_eq!(clock.cts(u64::MAX, i32::MAX), 0);
        assert_eq!(Clock::new(1, 0).cts(0, i32::MAX), 0x7f_ffff);
    }
}
