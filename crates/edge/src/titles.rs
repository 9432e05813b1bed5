//! Titles: from the names that a viewer may have meant to an open, indexed media file.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use millrace_amf::Value;
use millrace_cache::{Cache, Object, ObjectId};
use millrace_media::{Limits, Selection, Source, SourceError, Title};
use millrace_model::NameError;
use millrace_origin::{Kind, Origin};
use millrace_rtmp::status::code;

use crate::signatures::Denied;

/// An open title: one version of one object, and its index.
pub(crate) struct OpenTitle {
    pub(crate) key: String,
    pub(crate) object: Object,
    pub(crate) title: Title,
    /// What onMetaData says to viewers of each selection. Finding the times of all key frames costs more than the
    /// rest of a play, and is the same for everybody.
    descriptions: Mutex<Vec<(Selection, Description)>>,
}

/// The values of an onMetaData message.
type Description = Arc<[Value; 2]>;

impl OpenTitle {
    fn new(key: &str, object: Object, title: Title) -> Self {
        Self { key: key.to_owned(), object, title, descriptions: Mutex::default() }
    }

    /// What onMetaData says of a selection.
    pub(crate) fn description(&self, selection: Selection) -> Description {
        let mut known = self.descriptions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, description)) = known.iter().find(|(of, _)| *of == selection) {
            return Arc::clone(description);
        }
        let description = Arc::new(["onMetaData".into(), self.title.metadata(&selection)]);
        // There are as many selections as players with different lists of codecs: a few.
        known.push((selection, Arc::clone(&description)));
        description
    }
}

impl Source for OpenTitle {
    fn len(&self) -> u64 {
        self.object.length()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        self.object.read_contiguous(range).await.map_err(SourceError::new)
    }
}

/// An object that is not indexed yet.
struct Unopened<'a>(&'a Object);

impl Source for Unopened<'_> {
    fn len(&self) -> u64 {
        self.0.length()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, SourceError> {
        self.0.read_contiguous(range).await.map_err(SourceError::new)
    }
}

/// Why something can't be played, or not any further.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum PlayError {
    /// The name can't mean an object.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The cache could not get the bytes.
    #[error(transparent)]
    Cache(#[from] millrace_cache::Error),
    /// The object is no media, or none that can be sent.
    #[error("{key:?}: {error}")]
    Media {
        /// The object.
        key: String,
        /// What is wrong with it.
        error: millrace_media::Error,
    },
    /// The viewer has no right to it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The distribution names an origin that is not there.
    #[error("origin {0:?} is not configured")]
    NoOrigin(String),
    /// A second of the title takes more memory than allowed.
    #[error("{bytes} bytes of media within a second at {at_ms} ms, more than {limit}")]
    SegmentTooLarge {
        /// Where, ms.
        at_ms: u64,
        /// How much.
        bytes: u64,
        /// How much is allowed.
        limit: u64,
    },
}

impl From<millrace_media::Error> for PlayError {
    fn from(error: millrace_media::Error) -> Self {
        match cache_error(&error) {
            Some(cause) => Self::Cache(cause.clone()),
            None => Self::Media { key: String::new(), error },
        }
    }
}

/// The cache's own error inside one of the media crate.
fn cache_error(error: &millrace_media::Error) -> Option<&millrace_cache::Error> {
    match error {
        millrace_media::Error::Source(source) => source.get_ref().downcast_ref(),
        _ => None,
    }
}

impl PlayError {
    /// What the viewer is told: the code, and words without anything about origins and keys.
    pub(crate) fn for_viewer(&self) -> (&'static str, String) {
        match self {
            Self::Name(error) => (code::PLAY_STREAM_NOT_FOUND, error.to_string()),
            Self::Cache(error) => match error.kind() {
                // A wrong key or bucket is the operator's affair; the log has S3's own words.
                Kind::Missing | Kind::Forbidden | Kind::BadKey | Kind::Misconfigured => {
                    (code::PLAY_STREAM_NOT_FOUND, "there is no stream of that name".to_owned())
                }
                Kind::Changed => {
                    (code::PLAY_FAILED, "the file was replaced while it played; play it again".to_owned())
                }
                _ => (code::PLAY_FAILED, "the origin of this stream does not answer".to_owned()),
            },
            Self::Media { error, .. } => match error {
                millrace_media::Error::NoSupportedTrack { .. } => {
                    (code::PLAY_NO_SUPPORTED_TRACK, error.to_string())
                }
                millrace_media::Error::Source(_) => (code::PLAY_FAILED, "reading the file failed".to_owned()),
                _ => (code::PLAY_FILE_STRUCTURE_INVALID, error.to_string()),
            },
            Self::SegmentTooLarge { .. } => (code::PLAY_FILE_STRUCTURE_INVALID, self.to_string()),
            Self::Denied(denied) => (code::FAILED, denied.to_string()),
            Self::NoOrigin(_) => (code::PLAY_FAILED, "the distribution has no origin".to_owned()),
        }
    }

    fn about(self, key: &str) -> Self {
        match self {
            Self::Media { error, .. } => Self::Media { key: key.to_owned(), error },
            other => other,
        }
    }

    /// Whether another name may still be the one: S3 answers 403 for keys that are not there to those who may not
    /// list.
    fn is_absence(&self) -> bool {
        matches!(self, Self::Cache(error)
            if matches!(error.kind(), Kind::Missing | Kind::Forbidden | Kind::BadKey))
    }
}

/// Open titles in memory, each opened once however many want it.
pub(crate) struct Titles {
    cache: Cache,
    open: quick_cache::sync::Cache<ObjectId, Arc<OpenTitle>, Weight>,
    limits: Limits,
}

#[derive(Clone)]
struct Weight;

impl quick_cache::Weighter<ObjectId, Arc<OpenTitle>> for Weight {
    fn weight(&self, _: &ObjectId, open: &Arc<OpenTitle>) -> u64 {
        (size_of::<OpenTitle>() + open.key.len() + open.title.weight()) as u64
    }
}

impl Titles {
    /// Titles out of `cache` whose indexes take at most `memory` bytes.
    pub(crate) fn new(cache: Cache, memory: u64, limits: Limits) -> Self {
        Self { cache, open: quick_cache::sync::Cache::with_weighter(1024, memory, Weight), limits }
    }

    /// Opens the first of `keys` that exists in `origin`.
    pub(crate) async fn open(
        &self,
        origin: &Arc<dyn Origin>,
        keys: &[String],
    ) -> Result<Arc<OpenTitle>, PlayError> {
        let mut first_absence = None;
        for key in keys {
            match self.open_key(origin, key).await {
                Err(error) if error.is_absence() => first_absence = first_absence.or(Some(error)),
                other => return other,
            }
        }
        Err(first_absence.unwrap_or(PlayError::Name(NameError::Empty)))
    }

    async fn open_key(&self, origin: &Arc<dyn Origin>, key: &str) -> Result<Arc<OpenTitle>, PlayError> {
        let object = self.cache.object(origin, key).await?;
        let id = object.id();
        let open = async {
            let title = millrace_media::open(&Unopened(&object), &self.limits).await?;
            Ok::<_, PlayError>(Arc::new(OpenTitle::new(key, object.clone(), title)))
        };
        self.open.get_or_insert_async(&id, open).await.map_err(|error| error.about(key))
    }
}
