//! Media, made by ffmpeg when a test needs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::run;

/// Twelve seconds of moving picture at 25 frames a second with a key frame each second, and a beeping tone: two
/// inputs for ffmpeg. Anything shorter leaves no room for seeks.
pub const BOTH: &str = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=12 \
    -f lavfi -i sine=frequency=440:beep_factor=3:sample_rate=44100:duration=12 \
    -pix_fmt yuv420p -g 25 -keyint_min 25 -sc_threshold 0 -preset ultrafast -threads 1";

/// Frames from one key frame of [`BOTH`] to the next.
pub const GROUP: usize = 25;

/// Only the picture of it.
pub const PICTURE: &str = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=12 \
    -pix_fmt yuv420p -g 25 -keyint_min 25 -sc_threshold 0 -preset ultrafast -threads 1";

/// Only the tone.
pub const TONE: &str = "-f lavfi -i sine=frequency=440:beep_factor=3:sample_rate=44100:duration=12";

/// A media file in a folder of its own.
pub struct Media {
    folder: TempDir,
    path: PathBuf,
}

impl Media {
    /// Lets ffmpeg make a file of this name. `arguments` are split at spaces; the first is usually one of the
    /// constants here.
    ///
    /// # Panics
    /// When ffmpeg is not there or does not like the arguments.
    pub fn make(name: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for media");
        let path = folder.path().join(name);
        ffmpeg(arguments, &path);
        Self { folder, path }
    }

    /// Another file, made from this one, which stands for `@` in `arguments`.
    #[must_use]
    pub fn remake(&self, name: &str, arguments: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for media");
        let path = folder.path().join(name);
        let own = self.path.to_string_lossy();
        ffmpeg(&[&arguments.replace('@', &own)], &path);
        Self { folder, path }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).expect("names here are text")
    }

    /// A place beside it, for what a client saves.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its content.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).expect("it was just made")
    }
}

fn ffmpeg(arguments: &[&str], path: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]);
    command.args(arguments.iter().flat_map(|part| part.split_whitespace()));
    let _ = run(command.arg(path)).ok();
}

/// A sample that ships with the program.
pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests lie in the workspace")
        .join("assets")
        .join(name)
}

/// The samples and their stream names.
pub const SAMPLES: [(&str, &str); 3] =
    [("sample.mp4", "mp4:sample.mp4"), ("sample.flv", "flv:sample"), ("sample.mp3", "mp3:sample")];
