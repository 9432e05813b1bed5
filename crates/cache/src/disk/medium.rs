//! The two files, behind a seam at which tests can let them fail.

use crate::Error;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// How long an earlier user of the directory may take to leave; a restart need not wait for it by itself.
const LEAVING: Duration = Duration::from_secs(5);

/// One of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Data,
    Index,
}

/// Where slots and index are kept.
pub(crate) trait Medium: Send + Sync + 'static {
    /// Fills `bytes` from byte `at` on.
    fn read(&self, part: Part, bytes: &mut [u8], at: u64) -> io::Result<()>;
    /// Writes all of `bytes` at byte `at`.
    fn write(&self, part: Part, bytes: &[u8], at: u64) -> io::Result<()>;
    /// The file's length in bytes.
    fn length(&self, part: Part) -> io::Result<u64>;
    /// Shortens the file.
    fn cut(&self, part: Part, length: u64) -> io::Result<()>;
}

/// The real files.
pub(crate) struct Files {
    data: File,
    index: File,
    /// Locked for as long as this lives.
    _lock: File,
}

impl Files {
    /// Opens the files in `dir`, making what is not there. `None` if that is impossible; the log says why.
    ///
    /// # Errors
    /// [`Error::DirectoryInUse`] if another process has them and does not let go.
    pub(crate) async fn open(dir: &Path) -> Result<Option<Self>, Error> {
        let opened = match Self::lock(dir).await {
            Ok(Some(lock)) => Self::open_locked(dir, lock),
            Ok(None) => return Err(Error::DirectoryInUse { dir: dir.into() }),
            Err(error) => Err(error),
        };
        Ok(opened
            .inspect_err(|error| {
                tracing::warn!(dir = %dir.display(), %error, "no disk cache: the directory cannot be used");
            })
            .ok())
    }

    async fn lock(dir: &Path) -> io::Result<Option<File>> {
        std::fs::create_dir_all(dir)?;
        let lock = open(&dir.join("lock"))?;
        let deadline = Instant::now() + LEAVING;
        loop {
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(lock)),
                Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn open_locked(dir: &Path, lock: File) -> io::Result<Self> {
        Ok(Self { data: open(&dir.join("data"))?, index: open(&dir.join("index"))?, _lock: lock })
    }

    fn file(&self, part: Part) -> &File {
        match part {
            Part::Data => &self.data,
            Part::Index => &self.index,
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

impl Medium for Files {
    fn read(&self, part: Part, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.file(part).read_exact_at(bytes, at)
    }

    fn write(&self, part: Part, bytes: &[u8], at: u64) -> io::Result<()> {
        self.file(part).write_all_at(bytes, at)
    }

    fn length(&self, part: Part) -> io::Result<u64> {
        self.file(part).metadata().map(|metadata| metadata.len())
    }

    fn cut(&self, part: Part, length: u64) -> io::Result<()> {
        self.file(part).set_len(length)
    }
}
