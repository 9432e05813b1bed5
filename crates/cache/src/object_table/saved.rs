//! The object table on disk: after a restart, what is cached is served even while its origin is down.
//!
//! `<dir>/objects` holds a line that names the format and then one JSON object per known key. It is written to
//! one side and renamed, so it is always whole; a line that cannot be read is left out.

use super::{Entry, Found, Name};
use crate::ObjectId;
use crate::cache::Inner;
use http::{HeaderName, HeaderValue};
use millrace_origin::{ObjectInfo, OriginId, Version};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

const FORMAT: &str = "millrace objects 2";

/// A line of the file. Times are seconds since 1970.
#[derive(Serialize, Deserialize)]
struct Line {
    origin: String,
    key: String,
    version: String,
    length: u64,
    modified: Option<u64>,
    headers: Vec<(String, String)>,
    learned: u64,
}

impl Line {
    fn new(name: &Name, found: &Found) -> Self {
        let info = &found.info;
        // What is no text is kept by nobody here.
        let headers = info.headers.iter().filter_map(|(name, value)| Some((name, value.to_str().ok()?)));
        Self {
            origin: name.origin.to_string(),
            key: name.key.to_string(),
            version: info.version.to_string(),
            length: info.length,
            modified: info.last_modified.map(seconds),
            headers: headers.map(|(name, value)| (name.to_string(), value.to_owned())).collect(),
            learned: seconds(found.learned),
        }
    }

    /// The entry. A clock that was wrong when the file was written must not keep a version for ever.
    fn entry(self, now: SystemTime) -> (Name, Entry) {
        let name = Name { origin: OriginId::new(self.origin), key: self.key.into() };
        let mut info = ObjectInfo::new(Version::new(self.version), self.length);
        info.last_modified = self.modified.map(time);
        for (field, value) in self.headers {
            if let (Ok(field), Ok(value)) = (field.parse::<HeaderName>(), HeaderValue::try_from(value)) {
                info.headers.append(field, value);
            }
        }
        let id = ObjectId::new(&name.origin, &name.key, &info.version);
        (name, Entry::Known(Found::new(Arc::new(info), id, time(self.learned).min(now))))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn time(seconds: u64) -> SystemTime {
    // More than any time to live, and less than what the addition could not hold.
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(1 << 36))
}

/// Where the table is kept, if there is a disk tier.
fn path(inner: &Inner) -> Option<PathBuf> {
    let disk = inner.config.disk.as_ref().filter(|_| inner.disk.is_some())?;
    Some(disk.dir.join("objects"))
}

/// Fills the table from the file, if there is one.
pub(crate) async fn restore(inner: &Arc<Inner>) {
    let Some(path) = path(inner) else { return };
    let most = inner.config.objects;
    let lines = tokio::task::spawn_blocking(move || read(&path, most)).await.unwrap_or_default();
    let now = inner.clock.now();
    for line in lines {
        let (name, entry) = line.entry(now);
        inner.table.entries.insert(name, entry);
    }
}

fn read(path: &Path, most: usize) -> Vec<Line> {
    let Ok(file) = std::fs::File::open(path) else { return Vec::new() };
    let mut lines = BufReader::new(file).lines().map_while(Result::ok);
    if lines.next().as_deref() != Some(FORMAT) {
        return Vec::new();
    }
    lines.filter_map(|line| serde_json::from_str(&line).ok()).take(most).collect()
}

/// Writes the table now.
pub(crate) async fn save(inner: &Arc<Inner>) {
    let Some(path) = path(inner) else { return };
    inner.table.changed.store(false, Relaxed);
    let inner = inner.clone();
    let saved = tokio::task::spawn_blocking(move || {
        let known = inner.table.entries.iter().filter_map(|(name, entry)| match entry {
            Entry::Known(found) => Some(Line::new(&name, &found)),
            Entry::Refused(..) => None,
        });
        write(&path, known).inspect_err(|error| {
            inner.metrics.disk_errors.one();
            tracing::debug!(%error, "the object table could not be saved");
        })
    });
    // A panic there has been reported; the table stays as it was on disk.
    let _ = saved.await;
}

fn write(path: &Path, lines: impl Iterator<Item = Line>) -> io::Result<()> {
    let aside = path.with_extension("new");
    let mut file = BufWriter::new(std::fs::File::create(&aside)?);
    writeln!(file, "{FORMAT}")?;
    for line in lines {
        serde_json::to_writer(&mut file, &line)?;
        file.write_all(b"\n")?;
    }
    file.into_inner()?.sync_data()?;
    std::fs::rename(aside, path)
}

/// Saves the table now and then for as long as the cache lives.
pub(crate) fn keep_saving(inner: &Arc<Inner>) {
    let Some(disk) = inner.config.disk.as_ref().filter(|_| inner.disk.is_some()) else { return };
    let every = disk.save_table_every.max(Duration::from_secs(1));
    let weak = Arc::downgrade(inner);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            let Some(inner) = weak.upgrade() else { return };
            if inner.table.changed.load(Relaxed) {
                save(&inner).await;
            }
        }
    });
}
