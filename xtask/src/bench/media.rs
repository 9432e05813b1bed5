//! The film that is played: ten minutes of 720p at 2.5 Mbit/s with AAC, a key frame every two seconds.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::must;

/// Makes it in `folder`/media, unless it is there.
pub(super) fn make(folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = folder.join("media");
    std::fs::create_dir_all(&folder)?;
    let (minute, film) = (folder.join("minute.mp4"), folder.join("film.mp4"));
    if film.exists() {
        return Ok(film);
    }
    let source = "-f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 -t 60 \
        -vf noise=alls=12:allf=t,format=yuv420p -c:v libx264 -preset ultrafast -b:v 2500k -minrate 2500k \
        -maxrate 2500k -bufsize 2500k -g 60 -keyint_min 60 -sc_threshold 0 -c:a aac -b:a 128k -ac 2";
    must(ffmpeg().args(source.split_whitespace()).arg(&minute))?;
    let part = folder.join("part.mp4");
    let copy = "-c copy -movflags +faststart";
    must(ffmpeg().args(["-stream_loop", "9", "-i"]).arg(&minute).args(copy.split(' ')).arg(&part))?;
    std::fs::rename(&part, &film)?;
    Ok(film)
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]);
    command
}
