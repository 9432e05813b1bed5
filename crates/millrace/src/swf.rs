//! Players as SWF verification knows them, and `millrace swf`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use flate2::read::ZlibDecoder;
use millrace_model::Swf;
use millrace_rtmp::handshake::digest::swf_hash;

use crate::out::say;

/// The largest player, as a file and uncompressed.
const LARGEST: u64 = 64 << 20;
/// What stands in front of the part that may be compressed.
const HEAD: usize = 8;

/// Prints hash and size of players (SWF files), as SWF verification wants them.
///
/// A distribution with `swf = ["FILE"]` plays in these players only. Others can be told to pass for one with the
/// options that this prints.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  millrace swf player.swf
  rtmpdump -r rtmp://127.0.0.1/cfx/st/mp4:sample.mp4 --swfhash HEX --swfsize N -o sample.flv
  millrace play rtmp://127.0.0.1/cfx/st/mp4:sample.mp4 --swf-hash HEX --swf-size N")]
pub(crate) struct Files {
    /// The files.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Prints what is asked for.
pub(crate) fn run(options: &Files) -> anyhow::Result<()> {
    for file in &options.files {
        let Swf { hash, size } = read(file)?;
        let hash = hex(&hash);
        say(&format!(
            "{}: {size} bytes uncompressed\n  rtmpdump       --swfhash {hash} --swfsize {size}\n  \
             millrace play  --swf-hash {hash} --swf-size {size}\n",
            file.display()
        ));
    }
    Ok(())
}

/// Hash and size of a player's file.
pub(crate) fn read(file: &Path) -> anyhow::Result<Swf> {
    let name = || file.display().to_string();
    let mut bytes = Vec::new();
    let opened = File::open(file).with_context(|| format!("{} can't be read", file.display()))?;
    opened.take(LARGEST + 1).read_to_end(&mut bytes).with_context(name)?;
    let uncompressed = uncompressed(bytes).with_context(name)?;
    Ok(Swf { hash: swf_hash(&uncompressed), size: uncompressed.len() as u32 })
}

/// The file as it was before it was compressed: that is what players hash.
fn uncompressed(bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    ensure!(bytes.len() as u64 <= LARGEST, "larger than {} MiB, the most for a player", LARGEST >> 20);
    match bytes.first_chunk::<3>() {
        _ if bytes.len() < HEAD => bail!("no SWF file: it has only {} bytes", bytes.len()),
        Some(b"FWS") => Ok(bytes),
        Some(b"CWS") => inflate(&bytes),
        Some(b"ZWS") => bail!(
            "compressed with LZMA (ZWS), which RTMP clients can't hash; publish it again with zlib (CWS) or without"
        ),
        _ => bail!("no SWF file: that begins with FWS or CWS"),
    }
}

fn inflate(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut out = b"F".to_vec();
    out.extend_from_slice(&bytes[1..HEAD]);
    let most = LARGEST + 1 - HEAD as u64;
    let inflated = ZlibDecoder::new(&bytes[HEAD..]).take(most).read_to_end(&mut out);
    inflated.context("damaged: its compressed part can't be read")?;
    ensure!(
        out.len() as u64 <= LARGEST,
        "more than {} MiB uncompressed, the most for a player",
        LARGEST >> 20
    );
    Ok(out)
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn compressed(head: &[u8], body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(head.to_vec(), Compression::default());
        encoder.write_all(body).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    #[test]
    fn a_compressed_player_is_the_same_as_before_it_was_compressed() {
        let plain = b"FWS\x08\x0e\0\0\0a film".to_vec();
        assert_eq!(uncompressed(compressed(b"CWS\x08\x0e\0\0\0", b"a film")).expect("sound"), plain);
        assert_eq!(uncompressed(plain.clone()).expect("sound"), plain);
    }

    #[test]
    fn what_is_no_player_is_told() {
        let says = |bytes: &[u8]| format!("{:#}", uncompressed(bytes.to_vec()).expect_err("no player"));
        assert!(says(b"ZWS\x0d\0\0\0\0lzma").contains("LZMA"));
        assert!(says(b"<html></html>").contains("no SWF"));
        assert!(says(b"FWS").contains("only 3 bytes"));
        let whole = compressed(b"CWS\x08\x0e\0\0\0", b"a film");
        assert!(says(&whole[..whole.len() - 6]).contains("damaged"));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let mut encoder = ZlibEncoder::new(b"CWS\x08\0\0\0\0".to_vec(), Compression::best());
        for _ in 0..65 {
            encoder.write_all(&vec![0; 1 << 20]).expect("memory takes it");
        }
        let bomb = encoder.finish().expect("memory takes it");
        assert!(format!("{:#}", uncompressed(bomb).expect_err("too large")).contains("64 MiB"));
    }
}
