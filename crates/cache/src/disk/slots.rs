//! Which block is in which slot, and which slot is the next to be used.

use crate::key::BlockKey;
use std::collections::HashMap;

/// What a slot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) key: BlockKey,
    /// Bytes of the block.
    pub(super) length: u32,
    /// CRC-32 of the block.
    pub(super) sum: u32,
    /// Grows with every write; tells the newer of two records for one block.
    pub(super) generation: u64,
}

#[derive(Default)]
struct Slot {
    stored: Option<Stored>,
    /// Read since the hand last passed.
    used: bool,
}

/// The slots, and the clock hand that goes round them: a slot that was read since the last round is spared once.
pub(super) struct Slots {
    by_key: HashMap<BlockKey, u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    hand: u32,
    capacity: u32,
    generation: u64,
}

impl Slots {
    pub(super) fn new(capacity: u32) -> Self {
        Self { by_key: HashMap::new(), slots: Vec::new(), free: Vec::new(), hand: 0, capacity, generation: 1 }
    }

    pub(super) fn capacity(&self) -> u32 {
        self.capacity
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn contains(&self, key: &BlockKey) -> bool {
        self.by_key.contains_key(key)
    }

    /// Where a block is; marks it as used.
    pub(super) fn find(&mut self, key: &BlockKey) -> Option<(u32, Stored)> {
        let number = *self.by_key.get(key)?;
        let slot = self.slots.get_mut(number as usize)?;
        slot.used = true;
        slot.stored.map(|stored| (number, stored))
    }

    /// Takes a slot out of use to be written: a free one, a new one, or the one the hand finds, whose block is
    /// forgotten. The flag says whether a block was forgotten.
    pub(super) fn take(&mut self) -> Option<(u32, bool)> {
        if let Some(number) = self.free.pop() {
            return Some((number, false));
        }
        if self.slots.len() < self.capacity as usize {
            self.slots.push(Slot::default());
            return u32::try_from(self.slots.len() - 1).ok().map(|number| (number, false));
        }
        // Two rounds suffice: the first clears every mark. Slots being written hold nothing and are passed.
        for _ in 0..2 * u64::from(self.capacity) {
            let number = self.hand;
            self.hand = (self.hand + 1) % self.capacity;
            let slot = &mut self.slots[number as usize];
            if !std::mem::take(&mut slot.used)
                && let Some(stored) = slot.stored.take()
            {
                self.by_key.remove(&stored.key);
                return Some((number, true));
            }
        }
        None
    }

    /// What the record of a block about to be written says.
    pub(super) fn stamp(&mut self, key: BlockKey, length: u32, sum: u32) -> Stored {
        self.generation += 1;
        Stored { key, length, sum, generation: self.generation }
    }

    /// Puts a block into a slot that was [taken](Self::take).
    pub(super) fn put(&mut self, number: u32, stored: Stored) {
        if let Some(old) = self.by_key.insert(stored.key, number)
            && old != number
        {
            self.slots[old as usize] = Slot::default();
            self.free.push(old);
        }
        self.slots[number as usize] = Slot { stored: Some(stored), used: false };
    }

    /// Gives back a slot that was taken and not filled.
    pub(super) fn give_back(&mut self, number: u32) {
        self.free.push(number);
    }

    /// Frees a slot if it still holds the block of that generation.
    pub(super) fn free(&mut self, number: u32, generation: u64) -> bool {
        let Some(slot) = self.slots.get_mut(number as usize) else { return false };
        let Some(stored) = slot.stored.filter(|stored| stored.generation == generation) else { return false };
        *slot = Slot::default();
        self.by_key.remove(&stored.key);
        self.free.push(number);
        true
    }

    /// Takes over the next slot's record from the index of an earlier run.
    pub(super) fn restore(&mut self, stored: Option<Stored>) {
        let Ok(number) = u32::try_from(self.slots.len()) else { return };
        self.slots.push(Slot::default());
        let older = stored.is_some_and(|stored| {
            let other = self.by_key.get(&stored.key).and_then(|&other| self.slots[other as usize].stored);
            other.is_some_and(|other| other.generation > stored.generation)
        });
        match stored {
            Some(stored) if !older => {
                self.generation = self.generation.max(stored.generation);
                self.put(number, stored);
            }
            _ => self.free.push(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;

    fn key(index: u64) -> BlockKey {
        BlockKey { object: ObjectId::from_bytes([9; 16]), index }
    }

    fn write(slots: &mut Slots, index: u64) -> u32 {
        let (number, _) = slots.take().unwrap();
        let stored = slots.stamp(key(index), 1, 2);
        slots.put(number, stored);
        number
    }

    #[test]
    fn a_block_that_was_read_is_spared_once() {
        let mut slots = Slots::new(3);
        for index in 0..3 {
            write(&mut slots, index);
        }
        slots.find(&key(0)).unwrap();
        write(&mut slots, 3);
        assert!(slots.contains(&key(0)) && !slots.contains(&key(1)));
        write(&mut slots, 4);
        write(&mut slots, 5);
        assert!(!slots.contains(&key(0)), "spared twice");
        assert_eq!(slots.len(), 3);
    }

    #[test]
    fn slots_being_written_are_not_given_out_again() {
        let mut slots = Slots::new(2);
        let (first, second) = (slots.take().unwrap().0, slots.take().unwrap().0);
        assert_ne!(first, second);
        assert_eq!(slots.take(), None);
        slots.give_back(first);
        assert_eq!(slots.take(), Some((first, false)));
    }

    #[test]
    fn a_slot_is_freed_only_by_who_knows_its_generation() {
        let mut slots = Slots::new(2);
        let number = write(&mut slots, 0);
        let (_, stored) = slots.find(&key(0)).unwrap();
        assert!(!slots.free(number, stored.generation + 1));
        assert!(slots.free(number, stored.generation));
        assert!(!slots.contains(&key(0)) && !slots.free(number, stored.generation));
    }

    #[test]
    fn of_two_records_for_one_block_the_newer_counts() {
        for generations in [[5, 9], [9, 5]] {
            let mut slots = Slots::new(4);
            for generation in generations {
                slots.restore(Some(Stored { key: key(0), length: 1, sum: generation as u32, generation }));
            }
            assert_eq!(slots.find(&key(0)).unwrap().1.sum, 9);
            assert_eq!(slots.free.len(), 1);
            assert!(slots.stamp(key(1), 1, 1).generation > 9);
        }
    }
}
