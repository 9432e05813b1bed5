//! `cargo xtask fixtures`: the sample media of the demo.

use std::process::Command;

use anyhow::ensure;

use crate::tools::{must, root};

/// All samples together stay below this: they are part of the program.
const MOST: u64 = 3 << 20;

/// Each file, and what makes it. What is made of the same ffmpeg is the same, bit by bit.
const SAMPLES: [(&str, &[&str]); 4] = [
    (
        // H.264 with B-frames and AAC, and the index at the end, where encoders leave it.
        "sample.mp4",
        &[
            "-f lavfi -i testsrc2=size=640x360:rate=25:duration=30",
            "-f lavfi -i sine=frequency=330:beep_factor=4:sample_rate=44100:duration=30",
            "-c:v libx264 -preset slow -bf 3 -crf 30 -g 50 -pix_fmt yuv420p -threads 1",
            "-c:a aac -b:a 64k -metadata title=Sample",
        ],
    ),
    (
        // The same for a slow line, with a key frame wherever the other has one.
        "sample-small.mp4",
        &[
            "-f lavfi -i testsrc2=size=640x360:rate=25:duration=30",
            "-f lavfi -i sine=frequency=330:beep_factor=4:sample_rate=44100:duration=30",
            "-vf scale=320:180 -c:v libx264 -preset slow -bf 3 -crf 36 -g 50 -pix_fmt yuv420p -threads 1",
            "-c:a aac -b:a 32k -metadata title=Sample",
        ],
    ),
    (
        // What Flash was before H.264, with the index of key frames that servers wrote.
        "sample.flv",
        &[
            "-f lavfi -i testsrc=size=320x240:rate=25:duration=30",
            "-f lavfi -i sine=frequency=440:beep_factor=4:sample_rate=44100:duration=30",
            "-c:v flv1 -b:v 200k -g 50 -threads 1 -c:a libmp3lame -b:a 64k -ac 1",
            "-flvflags add_keyframe_index",
        ],
    ),
    (
        // Variable bit rate and an ID3 tag.
        "sample.mp3",
        &[
            "-f lavfi -i sine=frequency=220:beep_factor=8:sample_rate=44100:duration=30",
            "-c:a libmp3lame -q:a 6 -metadata title=Sample",
        ],
    ),
];

/// Makes all samples.
pub(crate) fn make() -> anyhow::Result<()> {
    let folder = root().join("assets");
    std::fs::create_dir_all(&folder)?;
    let mut total = 0;
    for (name, arguments) in SAMPLES {
        let path = folder.join(name);
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]);
        ffmpeg.args(arguments.iter().flat_map(|part| part.split(' ')));
        ffmpeg.args(["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]);
        must(ffmpeg.arg(&path))?;
        let bytes = std::fs::metadata(&path)?.len();
        println!("{}: {bytes} bytes", path.display());
        total += bytes;
    }
    ensure!(total < MOST, "the samples have {total} bytes together; {MOST} are too many for a program");
    Ok(())
}
