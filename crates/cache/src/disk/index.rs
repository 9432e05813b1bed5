//! The index file: what each slot holds, in fixed-size records.
//!
//! ```text
//! header  0 magic "MILLRACE" | 8 format u32 | 12 slot size u32 | zeros
//! record  0 object 16 | 16 block u64 | 24 length u32 | 28 sum u32 | 32 generation u64 | zeros | 60 CRC-32 of 0..60
//! ```
//! All numbers are little-endian. A record whose own sum does not fit (never written, torn) is an empty slot.

use super::medium::{Medium, Part};
use super::slots::{Slots, Stored};
use crate::key::BlockKey;
use crate::{BLOCK, ObjectId};
use std::io;

const RECORD: usize = 64;
const MAGIC: &[u8; 8] = b"MILLRACE";

/// Another number here means that an older program's files are not read but begun anew.
const FORMAT: u32 = 1;

/// Bytes of the index read at once.
const CHUNK: usize = 16_384 * RECORD;

/// Reads the index, or begins a new one if there is none that fits.
pub(super) fn load(medium: &dyn Medium, capacity: u32) -> Slots {
    let mut slots = Slots::new(capacity);
    let mut header = [0; RECORD];
    let fits = medium.read(Part::Index, &mut header, 0).is_ok() && header == self::header();
    let done = if fits { records(medium, &mut slots) } else { begin(medium) };
    if let Err(error) = done {
        tracing::warn!(%error, "the index of the disk cache could not be read in full; the rest starts empty");
    }
    slots
}

fn begin(medium: &dyn Medium) -> io::Result<()> {
    medium.cut(Part::Data, 0)?;
    medium.cut(Part::Index, 0)?;
    medium.write(Part::Index, &header(), 0)
}

fn records(medium: &dyn Medium, slots: &mut Slots) -> io::Result<()> {
    let data = medium.length(Part::Data)?;
    // What lies beyond the configured size is given back to the file system.
    let most = u64::from(slots.capacity()).min(data.div_ceil(BLOCK));
    if data > most * BLOCK {
        medium.cut(Part::Data, most * BLOCK)?;
    }
    let end = medium.length(Part::Index)?.min((most + 1) * RECORD as u64);
    let mut chunk = vec![0; CHUNK];
    let mut at = RECORD as u64;
    let mut slot = 0;
    while at + RECORD as u64 <= end {
        let length = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK) / RECORD * RECORD;
        medium.read(Part::Index, &mut chunk[..length], at)?;
        for record in chunk[..length].chunks_exact(RECORD) {
            slots.restore(decode(record).filter(|stored| slot * BLOCK + u64::from(stored.length) <= data));
            slot += 1;
        }
        at += length as u64;
    }
    Ok(())
}

/// Writes the record of a slot.
pub(super) fn write(medium: &dyn Medium, slot: u32, stored: &Stored) -> io::Result<()> {
    medium.write(Part::Index, &encode(stored), place(slot))
}

/// Makes the record of a slot say that it is empty.
pub(super) fn erase(medium: &dyn Medium, slot: u32) -> io::Result<()> {
    medium.write(Part::Index, &[0; RECORD], place(slot))
}

fn place(slot: u32) -> u64 {
    (u64::from(slot) + 1) * RECORD as u64
}

fn header() -> [u8; RECORD] {
    let mut header = [0; RECORD];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    header[12..16].copy_from_slice(&(BLOCK as u32).to_le_bytes());
    header
}

fn encode(stored: &Stored) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..16].copy_from_slice(&stored.key.object.to_bytes());
    record[16..24].copy_from_slice(&stored.key.index.to_le_bytes());
    record[24..28].copy_from_slice(&stored.length.to_le_bytes());
    record[28..32].copy_from_slice(&stored.sum.to_le_bytes());
    record[32..40].copy_from_slice(&stored.generation.to_le_bytes());
    let sum = crc32fast::hash(&record[..60]);
    record[60..].copy_from_slice(&sum.to_le_bytes());
    record
}

fn decode(record: &[u8]) -> Option<Stored> {
    let sum = u32::from_le_bytes(bytes(record, 60)?);
    let stored = Stored {
        key: BlockKey {
            object: ObjectId::from_bytes(bytes(record, 0)?),
            index: u64::from_le_bytes(bytes(record, 16)?),
        },
        length: u32::from_le_bytes(bytes(record, 24)?),
        sum: u32::from_le_bytes(bytes(record, 28)?),
        generation: u64::from_le_bytes(bytes(record, 32)?),
    };
    let sound = sum == crc32fast::hash(&record[..60]);
    (sound && stored.length > 0 && u64::from(stored.length) <= BLOCK).then_some(stored)
}

fn bytes<const N: usize>(record: &[u8], at: usize) -> Option<[u8; N]> {
    record.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_and_any_flipped_bit_empties_it() {
        let key = BlockKey { object: ObjectId::from_bytes([7; 16]), index: 12 };
        let stored = Stored { key, length: 262_144, sum: 0xDEAD_BEEF, generation: 99 };
        let record = encode(&stored);
        assert_eq!(decode(&record), Some(stored));
        for bit in 0..RECORD * 8 {
            let mut broken = record;
            broken[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&broken), None, "bit {bit}");
        }
        assert_eq!(decode(&[0; RECORD]), None);
    }

    #[test]
    fn impossible_lengths_are_empty_slots() {
        let key = BlockKey { object: ObjectId::from_bytes([7; 16]), index: 12 };
        for length in [0, 262_145, u32::MAX] {
            assert_eq!(decode(&encode(&Stored { key, length, sum: 1, generation: 1 })), None);
        }
    }
}
