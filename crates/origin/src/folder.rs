//! A folder that stands for a bucket: keys are the paths of the files below it.

use crate::object::{Answer, Body, Freshness, ObjectInfo, Origin, OriginId, Read, Version};
use crate::{Error, Kind, key};
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

/// Bytes per blocking read: large enough that the hop to a blocking thread does not matter.
const PIECE: u64 = 256 * 1024;

/// Reads the files below a folder. People drop files there and play them at once, so nothing about them is
/// believed for longer than one question ([`Freshness::AskEachTime`]).
///
/// Only regular files are objects; a folder is [`Kind::Missing`]. A symbolic link is followed while it stays
/// below the folder. Whoever can write below the folder is trusted not to swap links while a file is opened.
#[derive(Debug)]
pub struct FolderOrigin {
    id: OriginId,
    root: PathBuf,
}

impl FolderOrigin {
    /// Uses the folder at `path`.
    ///
    /// # Errors
    /// [`Kind::Misconfigured`] if there is no folder.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let id = |path: &Path| OriginId::new(format!("folder://{}", path.display()));
        let wrong = |detail: String| Error::new(Kind::Misconfigured, &id(path), "").with_detail(detail);
        let root = path.canonicalize().map_err(|error| wrong(error.to_string()))?;
        if !root.is_dir() {
            return Err(wrong("not a folder".into()));
        }
        Ok(Self { id: id(&root), root })
    }
}

#[async_trait]
impl Origin for FolderOrigin {
    fn id(&self) -> &OriginId {
        &self.id
    }

    fn freshness(&self) -> Freshness {
        Freshness::AskEachTime
    }

    async fn read(&self, key: &str, request: Read) -> Result<Answer, Error> {
        let question = Question { id: self.id.clone(), key: key.into() };
        let path = question.path(&self.root)?;
        let root = self.root.clone();
        blocking(question, move |question| question.answer(&root, &path, request)).await
    }
}

/// Who asks for what, to name it in errors; travels with the work to the blocking threads.
#[derive(Clone)]
struct Question {
    id: OriginId,
    key: Arc<str>,
}

impl Question {
    fn error(&self, kind: Kind) -> Error {
        Error::new(kind, &self.id, &self.key)
    }

    fn io(&self, error: &io::Error) -> Error {
        use io::ErrorKind as Io;
        let kind = match error.kind() {
            Io::NotFound | Io::NotADirectory | Io::InvalidFilename => Kind::Missing,
            Io::PermissionDenied => Kind::Forbidden,
            _ => Kind::Unavailable,
        };
        self.error(kind).with_detail(error)
    }

    fn path(&self, root: &Path) -> Result<PathBuf, Error> {
        if let Some(fault) = key::fault(&self.key) {
            return Err(self.error(Kind::BadKey).with_detail(fault));
        }
        if self.key.starts_with('/') {
            return Err(self.error(Kind::BadKey).with_detail("the key starts with a slash"));
        }
        if self.key.split('/').any(str::is_empty) {
            // The file system would drop the empty part and answer for another key.
            return Err(self.error(Kind::Missing).with_detail("a folder holds no key with an empty part"));
        }
        Ok(root.join(&*self.key))
    }

    fn answer(self, root: &Path, path: &Path, request: Read) -> Result<Answer, Error> {
        let path = path.canonicalize().map_err(|error| self.io(&error))?;
        if !path.starts_with(root) {
            return Err(self.error(Kind::Forbidden).with_detail("the link leads out of the folder"));
        }
        // Looked at before it is opened: opening a named pipe would wait for its writer.
        if !path.metadata().map_err(|error| self.io(&error))?.is_file() {
            return Err(self.error(Kind::Missing).with_detail("not a file"));
        }
        let file = File::open(&path).map_err(|error| self.io(&error))?;
        let object = describe(&file.metadata().map_err(|error| self.io(&error))?);
        if request.pinned.is_some_and(|pinned| pinned != object.version) {
            return Err(self.error(Kind::Changed).with_offset(request.range.start));
        }
        if request.range.start >= object.length && request.range.start > 0 {
            return Err(self.error(Kind::PastEnd).with_offset(request.range.start));
        }
        let range = request.range.start..request.range.end.min(object.length);
        let body = self.body(file, object.version.clone(), range.clone());
        Ok(Answer { object, range, body })
    }

    fn body(self, file: File, version: Version, range: Range<u64>) -> Body {
        let state = (self, Arc::new(file), version, range);
        stream::try_unfold(state, |(question, file, version, range)| async move {
            if range.is_empty() {
                return Ok(None);
            }
            let end = range.end.min(range.start + PIECE);
            let (part, from, expected) = (range.start..end, file.clone(), version.clone());
            let piece = blocking(question.clone(), move |q| q.piece(&from, &expected, part)).await?;
            Ok(Some((piece, (question, file, version, end..range.end))))
        })
        .boxed()
    }

    /// Reads one piece and then looks whether the file is still the one that was promised; a writer that
    /// overwrites it in place cannot slip between the two.
    fn piece(self, file: &File, version: &Version, range: Range<u64>) -> Result<Bytes, Error> {
        let mut piece = vec![0; usize::try_from(range.end - range.start).unwrap_or(0)];
        let read = file.read_exact_at(&mut piece, range.start);
        let now = describe(&file.metadata().map_err(|error| self.io(&error))?);
        if now.version != *version {
            return Err(self.error(Kind::Changed).with_offset(range.start));
        }
        read.map_err(|error| self.io(&error).with_offset(range.start))?;
        Ok(piece.into())
    }
}

fn describe(metadata: &Metadata) -> ObjectInfo {
    let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
    let version = format!("{seconds}.{nanos:09}-{}-{}", metadata.len(), metadata.ino());
    let mut object = ObjectInfo::new(Version::new(version), metadata.len());
    object.last_modified =
        u64::try_from(seconds).ok().map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    object
}

/// Runs `work` where it may block.
async fn blocking<T, W>(question: Question, work: W) -> Result<T, Error>
where
    T: Send + 'static,
    W: FnOnce(Question) -> Result<T, Error> + Send + 'static,
{
    let stopped = question.error(Kind::Internal);
    tokio::task::spawn_blocking(move || work(question))
        .await
        .unwrap_or_else(|error| Err(stopped.with_detail(error)))
}
