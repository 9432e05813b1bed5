//! The origin, and the object in it.

use std::sync::Arc;
use std::time::SystemTime;

use millrace_control::Picture;
use millrace_model::{Address, S3Domain, StreamName};
use millrace_origin::{Answer, Error, Kind, ObjectInfo, Origin, Read, Version};
use millrace_sign::of_name;

use super::media;
use crate::config::Config;
use crate::findings::Findings;

/// What is read to see whether an origin answers at all.
const PROBE: &str = "millrace-doctor";

/// As whom a bucket is read.
pub(super) struct Reader {
    /// What to do about a bucket that may not be read.
    cure: String,
}

impl Reader {
    /// The reader of a distribution.
    pub(super) fn of(distribution: &str, picture: &Picture) -> Self {
        let published = picture.streaming.iter().find(|published| published.id == distribution);
        let named = published.and_then(|published| Some((published, published.identity.as_deref()?)));
        let cure = match (published, named) {
            (_, Some((published, identity))) => {
                let bucket = S3Domain::parse(&published.bucket).map_or_else(|_| "BUCKET".to_owned(), |s3| s3.bucket);
                let held = picture.identities.iter().find(|held| held.id == identity);
                let as_whom = held.map_or_else(
                    || format!("give the identity an access key (`millrace identity set {identity}`)"),
                    |held| format!("look whose the access key {} is", held.access_key_id),
                );
                format!(
                    "let the identity read: `millrace identity policy {identity} {bucket}` prints the bucket policy; \
                     {as_whom}. S3 says the same of what is not there, unless the reader may list the bucket"
                )
            }
            (Some(_), None) => "the distribution has no origin access identity, so everybody has to be allowed to read the \
                                bucket: give it one (`millrace identity`), or open the bucket"
                .to_owned(),
            (None, _) => "look at the [[bucket]]: its access key has to be allowed s3:GetObject; an open bucket is read \
                          with `anonymous = true`"
                .to_owned(),
        };
        Self { cure }
    }
}

/// Reads what a viewer would let the edge read.
pub(super) async fn examine(
    config: &Config,
    origin: &Arc<dyn Origin>,
    reader: &Reader,
    stream: Option<&(Address, String, String)>,
    findings: &mut Findings,
) {
    let keys = match stream {
        None => {
            probe(origin, reader, findings).await;
            return;
        }
        Some((address, _, name)) => match StreamName::parse(&address.path, &of_name(name).bare) {
            Ok(name) => name.keys(),
            Err(error) => {
                findings.fault(
                    "object",
                    &error.to_string(),
                    "write the name as players do: mp4:folder/film.mp4",
                );
                return;
            }
        },
    };
    let mut tried = Vec::new();
    for key in &keys {
        match origin.read(key, Read::new(0..2)).await {
            Ok(answer) => return found(config, origin, key, answer, findings).await,
            Err(error) if matches!(error.kind, Kind::Missing | Kind::Forbidden) => tried.push(error),
            Err(error) => return refused(origin, reader, &error, findings),
        }
    }
    match tried.first() {
        Some(error) if tried.iter().any(|error| error.kind == Kind::Forbidden) => {
            refused(origin, reader, error, findings);
        }
        _ => {
            let what = format!("{} answers, but has none of {}", origin.id(), keys.join(", "));
            findings.fault("object", &what, "upload it, or look at the name: case and folders count");
        }
    }
}

/// Reads something that is probably not there.
async fn probe(origin: &Arc<dyn Origin>, reader: &Reader, findings: &mut Findings) {
    match origin.read(PROBE, Read::new(0..1)).await {
        Ok(_) => findings.ok("origin", &format!("{} answers", origin.id())),
        Err(error) if error.kind == Kind::Missing => {
            findings.ok(
                "origin",
                &format!("{} answers, and may be read; give a URL to look at a file", origin.id()),
            );
        }
        Err(error) if error.kind == Kind::Forbidden => {
            let what = format!("{} answers, but {error}", origin.id());
            findings.note(
                "origin",
                &format!("{what} (also said of what is not there): give a URL to look at a file"),
            );
        }
        Err(error) => refused(origin, reader, &error, findings),
    }
}

fn refused(origin: &Arc<dyn Origin>, reader: &Reader, error: &Error, findings: &mut Findings) {
    let cure = match error.kind {
        Kind::Forbidden => &reader.cure,
        Kind::Timeout | Kind::Unavailable => {
            "look at the endpoint, and at the network between here and there"
        }
        Kind::Misconfigured => "look at [s3], the [[bucket]], and the credentials (`millrace identity list`)",
        _ => "look at what the store says",
    };
    findings.fault("origin", &format!("{}: {error}", origin.id()), cure);
}

async fn found(
    config: &Config,
    origin: &Arc<dyn Origin>,
    key: &str,
    answer: Answer,
    findings: &mut Findings,
) {
    let object = answer.object.clone();
    findings.ok("origin", &format!("{} may be read", origin.id()));
    findings.ok("object", &format!("{key}, {} bytes, version {}", object.length, object.version));
    ranges(origin, key, &object, findings).await;
    media::examine(config, origin, key, findings).await;
    let ttl = config.cache().ttl.of(millrace_cache::said(&object, SystemTime::now()));
    let said = object.headers.get("cache-control").map(|said| String::from_utf8_lossy(said.as_bytes()));
    let said = said.map_or_else(String::new, |said| format!(" (Cache-Control: {said})"));
    findings.ok("cache", &format!("believed for {}{said}", humantime::format_duration(ttl)));
}

/// Whether the store keeps to what the cache needs: ranges, and refusing a version that is gone.
async fn ranges(origin: &Arc<dyn Origin>, key: &str, object: &ObjectInfo, findings: &mut Findings) {
    let middle = object.length / 2;
    let pinned = Read::pinned(middle..middle + 1, object.version.clone());
    match origin.read(key, pinned).await {
        Ok(answer) if answer.range == (middle..middle + 1) => findings.ok("ranges", "are honoured"),
        Ok(answer) => {
            let what = format!("bytes {:?} came for byte {middle}", answer.range);
            findings.fault("ranges", &what, "the store, or a proxy in front of it, must honour Range");
        }
        Err(error) => {
            findings.fault("ranges", &error.to_string(), "the store must honour Range with If-Match");
        }
    }
    let other = Read::pinned(0..1, Version::new("\"millrace-doctor\""));
    match origin.read(key, other).await {
        Err(error) if error.kind == Kind::Changed => {
            findings.ok("versions", "one that is gone is refused (If-Match)");
        }
        Err(error) => findings.fault("versions", &error.to_string(), "the store must answer 412 to If-Match"),
        Ok(_) => {
            let cure =
                "a file that is replaced while it plays ends for its viewers; use new names for new files";
            findings.note("versions", &format!("the store does not honour If-Match: {cure}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use millrace_control::Published;

    use super::*;

    /// What to do about a bucket that may not be read, for a distribution that reads it as this identity.
    fn cure(identity: Option<&str>) -> String {
        let published = Published {
            id: "E1".to_owned(),
            domain_name: "s1.example.net".to_owned(),
            aliases: Vec::new(),
            bucket: "films.s3.eu-west-1.amazonaws.com".to_owned(),
            identity: identity.map(str::to_owned),
            enabled: true,
            trusted_keys: None,
            pages: Vec::new(),
        };
        let picture = Picture { streaming: vec![published], ..Picture::default() };
        Reader::of("E1", &picture).cure
    }

    #[test]
    fn a_bucket_that_may_not_be_read_is_told_with_what_lets_its_reader_in() {
        let named = cure(Some("E2QWRUHAPOMQZL"));
        assert!(named.contains("`millrace identity policy E2QWRUHAPOMQZL films`"), "{named}");
        assert!(named.contains("`millrace identity set E2QWRUHAPOMQZL`"), "{named}");
        assert!(cure(None).contains("no origin access identity"), "{}", cure(None));
        let declared = Reader::of("of the file", &Picture::default()).cure;
        assert!(declared.contains("[[bucket]]"), "{declared}");
    }
}
