//! H.264's configuration record (ISO/IEC 14496-15, 5.3.3.1) and what of the sequence parameter set matters here.

use bytes::{BufMut, Bytes, BytesMut};

use crate::input::{Bits, Fields};

/// NAL unit types (H.264 table 7-1).
const SPS: u8 = 7;
const PPS: u8 = 8;

/// The configuration record's fixed part.
///
/// ```text
/// 01 | profile | compatibility | level | 111111 length size - 1 | 111 count of SPS | {u16, SPS}* | count of PPS | {u16, PPS}*
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) profile: u8,
    pub(crate) level: u8,
    /// How many bytes the length in front of each NAL unit has: 1, 2 or 4.
    pub(crate) length_size: usize,
    /// The first sequence parameter set; empty if they come in band (`avc3`).
    pub(crate) sps: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads a record as far as the first SPS.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        fields.u8()?;
        let profile = fields.u8()?;
        fields.u8()?;
        let level = fields.u8()?;
        let length_size = usize::from(fields.u8()? & 3) + 1;
        let sps = if fields.u8()? & 31 == 0 {
            &[][..]
        } else {
            let length = usize::from(fields.u16()?);
            fields.take(length)?
        };
        Some(Self { profile, level, length_size, sps })
    }
}

/// Makes a record from the parameter sets inside a sample whose NAL units have lengths of `length_size` bytes.
pub(crate) fn record_from_sample(sample: &[u8], length_size: usize) -> Option<Bytes> {
    let (mut sps, mut pps) = (Vec::new(), Vec::new());
    let mut fields = Fields::new(sample);
    while let Some(length) = fields.uint(length_size) {
        let Some(unit) = fields.take(length as usize) else { break };
        match unit.first().map(|b| b & 31) {
            Some(SPS) if unit.len() >= 4 && sps.len() < 31 => sps.push(unit),
            Some(PPS) if pps.len() < 255 => pps.push(unit),
            _ => {}
        }
    }
    let first = *sps.first()?;
    if pps.is_empty() {
        return None;
    }
    let mut record = BytesMut::new();
    record.put_slice(&[
        1,
        first[1],
        first[2],
        first[3],
        0xfc | (length_size as u8 - 1),
        0xe0 | sps.len() as u8,
    ]);
    put_sets(&mut record, &sps)?;
    record.put_u8(pps.len() as u8);
    put_sets(&mut record, &pps)?;
    Some(record.freeze())
}

fn put_sets(record: &mut BytesMut, sets: &[&[u8]]) -> Option<()> {
    for set in sets {
        record.put_u16(u16::try_from(set.len()).ok()?);
        record.put_slice(set);
    }
    Some(())
}

/// Profiles whose SPS says the chroma format (H.264 7.3.2.1.1).
const WITH_CHROMA: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// Width and height in pixels by a sequence parameter set, cropping applied.
pub(crate) fn dimensions(sps: &[u8]) -> Option<(u32, u32)> {
    let bytes = without_emulation(sps.get(1..)?);
    let mut bits = Bits::new(&bytes);
    let profile = bits.take(8)?;
    bits.take(16)?;
    bits.ue()?; // id
    let (mut chroma, mut separate) = (1, 0);
    if WITH_CHROMA.contains(&profile) {
        chroma = bits.ue()?;
        separate = if chroma == 3 { bits.bit()? } else { 0 };
        bits.ue()?;
        bits.ue()?;
        bits.bit()?;
        if bits.bit()? == 1 {
            skip_scaling_lists(&mut bits, if chroma == 3 { 12 } else { 8 })?;
        }
    }
    bits.ue()?;
    skip_order_count(&mut bits)?;
    bits.ue()?;
    bits.bit()?;
    size(&mut bits, if separate == 1 { 0 } else { chroma })
}

/// `pic_width_in_mbs_minus1` to the cropping rectangle.
fn size(bits: &mut Bits<'_>, chroma: u32) -> Option<(u32, u32)> {
    let width = (bits.ue()?.checked_add(1)?).checked_mul(16)?;
    let map_units = bits.ue()?.checked_add(1)?;
    let fields = 2 - bits.bit()?;
    let height = map_units.checked_mul(16 * fields)?;
    if fields == 2 {
        bits.bit()?;
    }
    bits.bit()?;
    if bits.bit()? == 0 {
        return Some((width, height));
    }
    let (unit_x, unit_y) = match chroma {
        1 => (2, 2 * fields),
        2 => (2, fields),
        _ => (1, fields),
    };
    let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
    let cut_x = left.checked_add(right)?.checked_mul(unit_x)?;
    let cut_y = top.checked_add(bottom)?.checked_mul(unit_y)?;
    Some((width.checked_sub(cut_x)?, height.checked_sub(cut_y)?))
}

fn skip_scaling_lists(bits: &mut Bits<'_>, count: usize) -> Option<()> {
    for list in 0..count {
        if bits.bit()? == 0 {
            continue;
        }
        let (mut last, mut next) = (8i32, 8i32);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.se()?).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

fn skip_order_count(bits: &mut Bits<'_>) -> Option<()> {
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.bit()?;
            bits.se()?;
            bits.se()?;
            for _ in 0..bits.ue()?.min(255) {
                bits.se()?;
            }
        }
        _ => {}
    }
    Some(())
}

/// Drops the 03 of each 00 00 03 (H.264 7.4.1).
fn without_emulation(unit: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What x264 writes for 320x180 high profile (crop of 12 lines).
    const SPS_320X180: [u8; 25] = [
        0x67, 0x64, 0x00, 0x0c, 0xac, 0xd9, 0x41, 0x41, 0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
        0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0x99,
    ];

    #[test]
    fn dimensions_with_cropping() {
        assert_eq!(dimensions(&SPS_320X180), Some((320, 180)));
        assert_eq!(dimensions(&SPS_320X180[..6]), None);
    }

    #[test]
    fn a_record_from_parameter_sets_in_band() {
        let mut sample = vec![0, 0, 0, 25];
        sample.extend_from_slice(&SPS_320X180);
        sample.extend_from_slice(&[0, 0, 0, 2, 0x68, 0xeb, 0, 0, 0, 1, 0x65]);
        let record = record_from_sample(&sample, 4).unwrap();
        let parsed = Record::parse(&record).unwrap();
        assert_eq!((parsed.profile, parsed.level, parsed.length_size), (100, 12, 4));
        assert_eq!(parsed.sps, SPS_320X180);
        assert_eq!(record[record.len() - 5..], [1, 0, 2, 0x68, 0xeb]);
        assert_eq!(record_from_sample(&[0, 0, 0, 1, 0x65], 4), None);
    }
}
