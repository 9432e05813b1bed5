//! The player for browsers, as `cargo xtask player` builds it from `player/`, in the binary itself. A checkout in which
//! that was not done has none; the server says so where the player would be.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use millrace_edge::{PlayerFile, PlayerFiles};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../player/dist/"]
#[include = "*.js"]
#[include = "*.mjs"]
#[include = "*.map"]
#[allow_missing = true]
struct Built;

/// The files, each also compressed. Their version is this server's, and what tells two builds of it apart.
pub(crate) fn files() -> Arc<PlayerFiles> {
    let mut contents = 0_u32;
    let mut files = PlayerFiles::default();
    for name in Built::iter() {
        let Some(file) = Built::get(&name) else { continue };
        let [a, b, c, d, ..] = file.metadata.sha256_hash();
        contents ^= u32::from_be_bytes([a, b, c, d]);
        let plain = Bytes::from(file.data.into_owned());
        let gzip = compressed(&plain);
        files.files.insert(name.into_owned(), PlayerFile { plain, gzip });
    }
    files.version = format!("{}-{contents:08x}", env!("CARGO_PKG_VERSION"));
    Arc::new(files)
}

fn compressed(plain: &Bytes) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing into memory does not fail.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default().into()
}
