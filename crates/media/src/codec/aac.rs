//! AAC's AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).

use crate::input::Bits;

/// What players and metadata want to know of an AudioSpecificConfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct AudioConfig {
    /// The audio object type that the decoder ends up with: 2 LC, 5 SBR (HE-AAC), 29 PS (HE-AAC v2) …
    pub(crate) object: u8,
    /// Samples per second after SBR, if the configuration says that there is SBR.
    pub(crate) rate: u32,
    /// Channels, 0 if a program config element gives them.
    pub(crate) channels: u32,
}

/// Table 1.18: sampling frequency index.
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Audio object types that stand for "an extension, the core follows".
const SBR: u32 = 5;
const PS: u32 = 29;

/// Reads the head of an AudioSpecificConfig.
///
/// ```text
/// object type 5 (31: + 6) | frequency index 4 (15: + 24) | channels 4 | [SBR, PS: extension frequency, core object type]
/// … | 0x2b7 11, extension type 5, SBR present 1, frequency 4    (backward compatible signalling, at the end)
/// ```
pub(crate) fn parse(config: &[u8]) -> Option<AudioConfig> {
    let mut bits = Bits::new(config);
    let object = object_type(&mut bits)?;
    let mut rate = frequency(&mut bits)?;
    let channels = match bits.take(4)? {
        7 => 8,
        n @ 0..=6 => n,
        _ => 0,
    };
    if object == SBR || object == PS {
        rate = frequency(&mut bits)?;
    }
    let channels = if object == PS { 2 } else { channels };
    let plain = AudioConfig { object: object as u8, rate, channels };
    Some(if object == 2 { compatible_extension(bits, plain) } else { plain })
}

/// Looks for the backward compatible announcement of SBR behind an AAC-LC configuration.
fn compatible_extension(mut bits: Bits<'_>, plain: AudioConfig) -> AudioConfig {
    let mut read = || {
        bits.take(3)?; // frame length, core coder, extension: all 0 for plain LC
        if bits.take(11)? != 0x2b7 || object_type(&mut bits)? != SBR || bits.bit()? == 0 {
            return None;
        }
        let rate = frequency(&mut bits)?;
        let stereo = bits.take(11) == Some(0x548) && bits.bit() == Some(1);
        Some((rate, stereo))
    };
    match read() {
        Some((rate, true)) => AudioConfig { object: PS as u8, rate, channels: 2 },
        Some((rate, false)) => AudioConfig { object: SBR as u8, rate, ..plain },
        None => plain,
    }
}

fn object_type(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(5)? {
        31 => Some(32 + bits.take(6)?),
        object => Some(object),
    }
}

fn frequency(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(4)? {
        15 => bits.take(24),
        index => RATES.get(index as usize).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_complexity() {
        let config = AudioConfig { object: 2, rate: 44_100, channels: 2 };
        assert_eq!(parse(&[0x12, 0x10]), Some(config));
        assert_eq!(parse(&[0x12, 0x10, 0x56, 0xe5, 0x00]), Some(config));
        assert_eq!(parse(&[0x12]), None);
    }

    #[test]
    fn spectral_band_replication_in_each_signalling() {
        // Explicit: object 5, core 22.05 kHz, mono, extension 44.1 kHz, core object 2.
        assert_eq!(parse(&[0x2b, 0x8a, 0x08]), Some(AudioConfig { object: 5, rate: 44_100, channels: 1 }));
        // Backward compatible: LC 24 kHz stereo, then 0x2b7, 5, present, 48 kHz.
        assert_eq!(
            parse(&[0x13, 0x10, 0x56, 0xe5, 0x98]),
            Some(AudioConfig { object: 5, rate: 48_000, channels: 2 })
        );
    }
}
