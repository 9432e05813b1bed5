//! Stream names: `mp4:dir/film.mp4?query` and all the other forms that players make of a file's name.

use percent_encoding::percent_decode_str;

/// S3 keys have at most this many bytes.
const LONGEST_KEY: usize = 1024;
/// Endings of the MPEG-4 family, in the order in which they are tried for a name without one.
const MP4_ENDINGS: [&str; 7] = [".mp4", ".f4v", ".m4v", ".mov", ".m4a", ".f4a", ".3gp"];

/// The kind that a prefix declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// None at all, which meant FLV, or `flv:`.
    Flv,
    /// `mp4:`, for the whole family.
    Mp4,
    /// `mp3:`.
    Mp3,
}

/// A stream name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamName {
    /// What the prefix says.
    pub prefix: Prefix,
    /// The path in the bucket as the player wrote it: perhaps without ending, perhaps percent-encoded.
    pub path: String,
    /// What stood behind `?`, which is never part of the key.
    pub query: Option<String>,
}

/// Why a name can't mean an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left of it.
    #[error("the stream name is empty")]
    Empty,
    /// More than S3's 1,024 bytes.
    #[error("the stream name is longer than 1024 bytes")]
    TooLong,
    /// A part `.` or `..`, a backslash or a control character.
    #[error("the stream name holds a part `.` or `..`, a backslash or a control character")]
    Forbidden,
    /// `id3:` and `raw:` name no media that could be played.
    #[error("the prefix of the stream name stands for data without media")]
    NoMedia,
}

impl StreamName {
    /// Reads a name. `path` is what the application held behind `cfx/st`; it goes in front, and a prefix in it counts
    /// unless the name has its own.
    ///
    /// # Errors
    /// When it can't mean an object.
    pub fn parse(path: &str, name: &str) -> Result<Self, NameError> {
        // Video.js wrote its separator `&` in front of the name.
        let name = name.trim_start_matches('&');
        let (name, query) = match name.split_once('?') {
            Some((name, query)) => (name, Some(query.to_owned())),
            None => (name, None),
        };
        let (outer, path) = split_prefix(path)?;
        let (inner, name) = split_prefix(name)?;
        let path = path.trim_end_matches('/');
        let joined = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        check(&joined)?;
        Ok(Self { prefix: inner.or(outer).unwrap_or(Prefix::Flv), path: joined, query })
    }

    /// The object keys that the name may mean, the likeliest first and each once: as written, with the endings of
    /// its kind, and the same again percent-decoded and with `+` as a space where that makes a difference.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut keys = self.keys_without_guess();
        let decoded = self.decoded();
        let spaced = decoded.as_deref().unwrap_or(&self.path).replace('+', " ");
        if check(&spaced).is_ok() {
            self.with_endings(&spaced, &mut keys);
        }
        keys
    }

    /// Whether `key` is meant without taking a `+` for a space.
    pub(crate) fn means_without_guess(&self, key: &str) -> bool {
        self.keys_without_guess().iter().any(|meant| meant == key)
    }

    fn keys_without_guess(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for path in [Some(self.path.clone()), self.decoded()].into_iter().flatten() {
            if check(&path).is_ok() {
                self.with_endings(&path, &mut keys);
            }
        }
        keys
    }

    fn decoded(&self) -> Option<String> {
        percent_decode_str(&self.path).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    }

    fn with_endings(&self, path: &str, keys: &mut Vec<String>) {
        let endings: &[&str] = match self.prefix {
            Prefix::Flv => &[".flv", ".mp4", ".mp3"],
            Prefix::Mp4 => &MP4_ENDINGS,
            Prefix::Mp3 => &[".mp3"],
        };
        let has_ending = !ending_of(path).is_empty();
        let with = endings.iter().filter(|_| !has_ending).map(|ending| format!("{path}{ending}"));
        // Players cut `.flv` off and authors write it all the same: both may mean a key without it.
        let without = path.strip_suffix(".flv").filter(|_| self.prefix == Prefix::Flv).map(str::to_owned);
        for key in std::iter::once(path.to_owned()).chain(with).chain(without) {
            // What was harmless may be so no longer: `...flv` without its ending is `..`.
            if check(&key).is_ok() && !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
}

/// The ending of a media file that a path has, with its dot; nothing if it has none that is known.
pub(crate) fn ending_of(path: &str) -> &str {
    let at = path.rfind('.').unwrap_or(path.len());
    let is = |ending: &&str| ending.eq_ignore_ascii_case(&path[at..]);
    if MP4_ENDINGS.iter().chain(&[".flv", ".mp3"]).any(is) { &path[at..] } else { "" }
}

/// Takes every prefix off, and the slashes around them: players that add one do not look whether there is one already
/// (`mp4:mp4:film.mp4`), nor at which slash they split a URL.
fn split_prefix(name: &str) -> Result<(Option<Prefix>, &str), NameError> {
    let (mut prefix, mut rest) = (None, name.trim_start_matches('/'));
    while let Some((word, behind)) = rest.split_once(':') {
        prefix = match word.to_ascii_lowercase().as_str() {
            "mp4" => Some(Prefix::Mp4),
            "flv" => Some(Prefix::Flv),
            "mp3" => Some(Prefix::Mp3),
            "id3" | "raw" => return Err(NameError::NoMedia),
            _ => break,
        };
        rest = behind.trim_start_matches('/');
    }
    Ok((prefix, rest))
}

fn check(path: &str) -> Result<(), NameError> {
    if path.is_empty() {
        return Err(NameError::Empty);
    }
    if path.len() > LONGEST_KEY {
        return Err(NameError::TooLong);
    }
    let bad = |c: char| c == '\\' || c.is_control();
    if path.contains(bad) || path.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(NameError::Forbidden);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(path: &str, name: &str) -> Vec<String> {
        StreamName::parse(path, name).expect("a name").keys()
    }

    #[test]
    fn the_name_as_written_is_tried_first() {
        for (name, key) in [
            ("mp4:movie.mp4", "movie.mp4"),
            ("mp4:dir/x.m4v", "dir/x.m4v"),
            ("dir/x.flv", "dir/x.flv"),
            ("flv:dir/x", "dir/x"),
            ("mp3:song.mp3", "song.mp3"),
            ("&mp4:movie.mp4", "movie.mp4"),
            ("mp4:mp4:movie.mp4", "movie.mp4"),
            ("MP4:/movie.mp4", "movie.mp4"),
            ("mp4:a film.mp4", "a film.mp4"),
            ("mp4:a+b.mp4", "a+b.mp4"),
            ("mp4:中文.mp4", "中文.mp4"),
            ("mp4:movie.mp4?Expires=1&Signature=x", "movie.mp4"),
            ("vid:01", "vid:01"),
        ] {
            assert_eq!(keys("", name)[0], key, "{name}");
        }
    }

    #[test]
    fn endings_follow_the_kind() {
        assert_eq!(keys("", "clip"), ["clip", "clip.flv", "clip.mp4", "clip.mp3"]);
        assert_eq!(keys("", "mp3:song"), ["song", "song.mp3"]);
        assert_eq!(keys("", "mp4:x")[..3], ["x", "x.mp4", "x.f4v"]);
        assert_eq!(keys("", "mp4:x.MOV"), ["x.MOV"]);
        assert_eq!(keys("", "flv:x.flv"), ["x.flv", "x"]);
    }

    #[test]
    fn percent_forms_and_plus_are_tried_after_the_name_itself() {
        assert_eq!(keys("", "mp4:a%20b.mp4"), ["a%20b.mp4", "a b.mp4"]);
        assert_eq!(keys("", "mp4:a+b.mp4"), ["a+b.mp4", "a b.mp4"]);
        assert_eq!(keys("", "mp4:100%.mp4"), ["100%.mp4"]);
        assert_eq!(keys("", "mp4:%E4%B8%AD.mp4"), ["%E4%B8%AD.mp4", "中.mp4"]);
    }

    #[test]
    fn the_rest_of_the_app_goes_in_front_and_its_prefix_moves_along() {
        assert_eq!(keys("sample", "mp4:film.mp4")[0], "sample/film.mp4");
        let name = StreamName::parse("mp4:dir", "film").expect("librtmp's split");
        assert_eq!((name.prefix, name.keys()[1].as_str()), (Prefix::Mp4, "dir/film.mp4"));
    }

    #[test]
    fn slashes_around_a_prefix_are_no_part_of_the_name() {
        for name in ["/mp4:x.mp4", "mp4:/x.mp4", "//mp4:/mp4://x.mp4", "&/mp4:x.mp4"] {
            let parsed = StreamName::parse("", name).expect(name);
            assert_eq!((parsed.prefix, parsed.path.as_str()), (Prefix::Mp4, "x.mp4"), "{name}");
        }
        assert_eq!(keys("/mp4:/dir/", "/x.mp4")[0], "dir/x.mp4");
        assert_eq!(keys("mp4:/", "x.mp4")[0], "x.mp4");
        assert_eq!(StreamName::parse("", "/raw:x"), Err(NameError::NoMedia));
    }

    #[test]
    fn an_ending_cut_off_leaves_no_dots_behind() {
        for (name, dots) in [("m/...flv", "m/.."), ("..flv", "."), ("m/%2e%2e.flv", "m/..")] {
            let keys = keys("", name);
            assert!(keys.iter().any(|key| key == name), "{name}: {keys:?}");
            assert!(!keys.iter().any(|key| key == dots), "{name}: {keys:?}");
        }
        assert_eq!(keys("", "m/....flv"), ["m/....flv", "m/..."]);
    }

    #[test]
    fn a_name_can_not_leave_the_bucket_even_percent_encoded() {
        for name in
            ["mp4:../x.mp4", "a/../../etc/passwd", "x\\y", "x\0.mp4", "x\n", "./x.mp4", "a/./x.mp4", "a/."]
        {
            assert_eq!(StreamName::parse("", name), Err(NameError::Forbidden), "{name}");
        }
        assert!(!keys("", "mp4:%2e%2e/x.mp4").iter().any(|key| key.contains("..")));
        assert_eq!(StreamName::parse("", "mp4:"), Err(NameError::Empty));
        assert_eq!(StreamName::parse("", "raw:x"), Err(NameError::NoMedia));
        assert_eq!(StreamName::parse("", &"x".repeat(1025)), Err(NameError::TooLong));
    }
}
