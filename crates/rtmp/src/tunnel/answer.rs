//! How an answer is made: its first byte, and how much goes into it.

use std::time::Duration;

/// The interval byte that tells a client that the session is over.
pub const CLOSED: u8 = 0;

/// Empty answers in a row before the interval grows by a step.
const PATIENCE: u32 = 10;
/// The steps that Flash Media Server takes: 1, and 1 + 2, 4, 8, 16, 32.
const STEPS: [u8; 6] = [0x01, 0x03, 0x05, 0x09, 0x11, 0x21];

/// The interval byte: how lazily a client may ask.
#[derive(Debug, Default)]
pub struct Interval {
    /// Answers without content in a row.
    empty: u32,
}

impl Interval {
    /// The first byte of an answer.
    pub fn next(&mut self, has_content: bool) -> u8 {
        self.empty = if has_content { 0 } else { self.empty.saturating_add(1) };
        let step = (self.empty / PATIENCE) as usize;
        STEPS[step.min(STEPS.len() - 1)]
    }
}

/// The least size of an answer, and the one that a session begins with. Below it the HTTP around weighs more than what
/// is in it.
///
/// librtmp reads into 16,383 bytes, and takes the connection for closed when the head of an answer begins in them and
/// ends behind them. That can only be when it has asked twice: at the beginning, where it says how much it buffers
/// while it reads the first answer. So this one leaves room for the heads of two.
const LEAST: usize = 15 << 10;
/// A client that has taken a full answer in less is given larger ones.
const FAST: Duration = Duration::from_millis(250);
/// One that took longer is given smaller ones: what is in an answer can't be taken back by a seek.
const SLOW: Duration = Duration::from_millis(1000);

/// How many bytes of the stream go into one answer: what the client takes in about half a second.
#[derive(Debug)]
pub struct AnswerSize {
    size: usize,
    most: usize,
    /// When an answer went out that was as large as could be; none if the last was smaller.
    full_at: Option<Duration>,
}

impl AnswerSize {
    /// With `most` bytes at the most.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { size: LEAST.min(most), most, full_at: None }
    }

    /// The size for the next answer, bytes.
    #[must_use]
    pub fn get(&self) -> usize {
        self.size
    }

    /// An answer with so many bytes goes out.
    pub fn answered(&mut self, bytes: usize, now: Duration) {
        self.full_at = (bytes >= self.size).then_some(now);
    }

    /// The client asks for more.
    pub fn asked(&mut self, now: Duration) {
        let Some(at) = self.full_at.take() else { return };
        let took = now.saturating_sub(at);
        if took < FAST {
            self.size = (self.size * 2).min(self.most);
        } else if took > SLOW {
            self.size = (self.size / 2).max(LEAST.min(self.most));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_grows_while_there_is_nothing_and_falls_back_with_content() {
        let mut interval = Interval::default();
        let bytes: Vec<u8> = (0..70).map(|_| interval.next(false)).collect();
        assert_eq!((bytes[0], bytes[8], bytes[9], bytes[19], bytes[69]), (1, 1, 3, 5, 0x21));
        assert!(bytes.is_sorted());
        assert_eq!(interval.next(true), 1);
        assert_eq!(interval.next(false), 1);
    }

    #[test]
    fn a_fast_client_gets_large_answers_and_a_slow_one_small_ones() {
        let ms = Duration::from_millis;
        let mut size = AnswerSize::new(1 << 20);
        for _ in 0..9 {
            size.answered(size.get(), ms(0));
            size.asked(ms(20));
        }
        assert_eq!(size.get(), 1 << 20);
        for _ in 0..9 {
            size.answered(size.get(), ms(0));
            size.asked(ms(3000));
        }
        assert_eq!(size.get(), LEAST);
    }

    #[test]
    fn answers_that_had_room_left_tell_nothing_about_the_client() {
        let mut size = AnswerSize::new(1 << 20);
        size.answered(100, Duration::ZERO);
        size.asked(Duration::from_secs(9));
        assert_eq!(size.get(), LEAST);
    }
}
