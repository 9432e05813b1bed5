//! How much of a file this crate is willing to hold.

/// Bounds on what one file may cost. The defaults fit films of many hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest `moov` or `moof` box that is read, in bytes (64 MiB).
    pub moov: u64,
    /// The most samples in one track, or in one fragment of it (8,388,608).
    pub samples: u32,
    /// The most tracks of one file (64).
    pub tracks: usize,
    /// The most bytes of samples in one run (64 MiB): more than that within one cell is no film.
    pub run_bytes: u64,
    /// The largest `onMetaData` tag of an FLV file that is read, in bytes (4 MiB).
    pub metadata: u64,
    /// The most places of the file that are remembered to seek to (16,384). Beyond, every other one is forgotten.
    pub checkpoints: usize,
    /// The most bytes that tags in front of an MP3 stream may take (64 MiB, covers included).
    pub id3: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            moov: 64 << 20,
            samples: 8 << 20,
            tracks: 64,
            run_bytes: 64 << 20,
            metadata: 4 << 20,
            checkpoints: 16 << 10,
            id3: 64 << 20,
        }
    }
}
