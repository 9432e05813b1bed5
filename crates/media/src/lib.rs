//! Finds the samples of MP4, FLV and MP3 files by asking for byte ranges; no IO.
