//! In which country an address is, by a database of MaxMind's format.

use std::fmt;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use maxminddb::{MaxMindDbError, PathElement, Reader};

/// Where a database keeps the country: where the viewer is, or at least whoever owns the address.
const PLACES: [&str; 2] = ["country", "registered_country"];

/// A database of countries: cheap to clone, the same one in all clones.
#[derive(Clone)]
pub struct Countries(Arc<Inner>);

struct Inner {
    file: PathBuf,
    database: ArcSwap<Reader<Vec<u8>>>,
    /// What the file was when it was read last; held while it is read.
    stamp: Mutex<Stamp>,
}

/// What tells that a file is another one now: inode, length, time of change. None for a file that can't be seen.
type Stamp = Option<(u64, u64, Option<SystemTime>)>;

/// Why a file is no database of countries. The texts name the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CountriesError {
    /// It can't be read, or is none.
    #[error("{} can't be used: {error}; it has to be a database of MaxMind's format (.mmdb)", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        error: MaxMindDbError,
    },
    /// It knows something else.
    #[error("{} is a {kind}, which has no countries; take one of countries or of cities", file.display())]
    NoCountries {
        /// The file.
        file: PathBuf,
        /// What it says that it is.
        kind: String,
    },
}

impl Countries {
    /// Reads a file into memory.
    ///
    /// # Errors
    /// When it is no database of countries.
    pub fn open(file: &Path) -> Result<Self, CountriesError> {
        let stamp = Mutex::new(stamp(file));
        let database = ArcSwap::from_pointee(read(file)?);
        Ok(Self(Arc::new(Inner { file: file.to_owned(), database, stamp })))
    }

    /// Reads the file again if it changed; true if it did. Blocks, so it belongs on a thread that may.
    ///
    /// # Errors
    /// As [`Countries::open`], once for each change; what was read before then stays in force.
    pub fn reload(&self) -> Result<bool, CountriesError> {
        let Inner { file, database, stamp: known } = &*self.0;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamp(file);
        if *known == now {
            return Ok(false);
        }
        *known = now;
        database.store(Arc::new(read(file)?));
        Ok(true)
    }

    /// The country where an address is, as two capital letters (ISO 3166-1); none if the database does not know.
    #[must_use]
    pub fn of(&self, address: IpAddr) -> Option<String> {
        let database = self.0.database.load();
        let found = database.lookup(address.to_canonical()).ok()?;
        let code = |place: &str| {
            let path = [PathElement::Key(place), PathElement::Key("iso_code")];
            found.decode_path::<&str>(&path).ok().flatten()
        };
        let code = PLACES.into_iter().find_map(code)?;
        let sound = code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_alphabetic());
        sound.then(|| code.to_ascii_uppercase())
    }
}

impl fmt::Debug for Countries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Countries").field(&self.0.file).finish()
    }
}

fn read(file: &Path) -> Result<Reader<Vec<u8>>, CountriesError> {
    let unusable = |error| CountriesError::Unusable { file: file.to_owned(), error };
    let database = Reader::open_readfile(file).map_err(unusable)?;
    let kind = &database.metadata().database_type;
    let has_countries = ["Country", "City", "Enterprise"].iter().any(|known| kind.contains(known));
    if !has_countries {
        return Err(CountriesError::NoCountries { file: file.to_owned(), kind: kind.clone() });
    }
    Ok(database)
}

fn stamp(file: &Path) -> Stamp {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.ino(), metadata.len(), metadata.modified().ok()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::NamedTempFile;

    use super::*;

    /// A text or a map of the format.
    fn text(text: &str) -> Vec<u8> {
        [&[0x40 | text.len() as u8], text.as_bytes()].concat()
    }

    fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let pairs = pairs.iter().map(|(key, value)| [text(key), value.clone()].concat());
        [vec![0xe0 | pairs.len() as u8], pairs.collect::<Vec<_>>().concat()].concat()
    }

    fn number(value: u8) -> Vec<u8> {
        vec![0xa1, value]
    }

    /// A database that knows of one half of all IPv4 addresses, those from 128.0.0.0 on, where they are.
    fn database(kind: &str, place: &str, code: &str) -> Vec<u8> {
        // One node: nothing on the left, the first byte of the data on the right (behind 16 bytes of zeros).
        let tree = [0, 0, 1, 0, 0, 1 + 16];
        let data = map(&[(place, map(&[("iso_code", text(code))]))]);
        let metadata = map(&[
            ("node_count", vec![0xc1, 1]),
            ("record_size", number(24)),
            ("ip_version", number(4)),
            ("database_type", text(kind)),
            ("languages", vec![0x00, 0x04]),
            ("binary_format_major_version", number(2)),
            ("binary_format_minor_version", number(0)),
            ("build_epoch", vec![0x01, 0x02, 1]),
            ("description", map(&[])),
        ]);
        [&tree, &[0; 16][..], &data, b"\xab\xcd\xefMaxMind.com", &metadata].concat()
    }

    fn file(bytes: &[u8]) -> NamedTempFile {
        let mut file = NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("it is written");
        file
    }

    fn open(bytes: &[u8]) -> Result<Countries, CountriesError> {
        Countries::open(file(bytes).path())
    }

    fn of(countries: &Countries, address: &str) -> Option<String> {
        countries.of(address.parse().expect("an address"))
    }

    #[test]
    fn an_address_is_in_a_country_or_nobody_knows_where() {
        let countries = open(&database("GeoLite2-Country", "country", "DE")).expect("a database");
        for address in ["192.0.2.1", "::ffff:192.0.2.1"] {
            assert_eq!(of(&countries, address).as_deref(), Some("DE"), "{address}");
        }
        for address in ["10.0.0.1", "2001:db8::1"] {
            assert_eq!(of(&countries, address), None, "{address}");
        }
    }

    #[test]
    fn where_nobody_knows_the_viewer_the_owner_of_the_address_counts() {
        let countries = open(&database("DBIP-City", "registered_country", "fr")).expect("a database");
        assert_eq!(of(&countries, "192.0.2.1").as_deref(), Some("FR"));
        for (place, code) in [("continent", "EU"), ("country", "x"), ("country", "DEU"), ("country", "1;")] {
            let countries = open(&database("DBIP-City", place, code)).expect("a database");
            assert_eq!(of(&countries, "192.0.2.1"), None, "{place} {code}");
        }
    }

    #[test]
    fn what_is_no_database_of_countries_is_refused_by_name() {
        for bytes in [b"".as_slice(), b"nonsense", &database("GeoLite2-Country", "country", "DE")[..40]] {
            let error = open(bytes).expect_err("no database").to_string();
            assert!(error.contains("MaxMind"), "{error}");
        }
        let error = open(&database("GeoLite2-ASN", "country", "DE")).expect_err("another one").to_string();
        assert!(error.contains("is a GeoLite2-ASN"), "{error}");
    }

    #[test]
    fn a_file_that_changed_is_read_again_and_a_broken_one_changes_nothing() {
        let file = file(&database("GeoLite2-Country", "country", "DE"));
        let countries = Countries::open(file.path()).expect("a database");
        assert!(!countries.reload().expect("the same"));
        let replaced = |bytes: &[u8]| {
            let new = self::file(bytes);
            std::fs::rename(new.into_temp_path().keep().expect("a file"), file.path()).expect("it is moved");
        };
        replaced(b"nonsense, and longer than nothing");
        countries.reload().expect_err("no database");
        assert!(!countries.reload().expect("told once"));
        assert_eq!(of(&countries, "192.0.2.1").as_deref(), Some("DE"));
        replaced(&database("GeoLite2-Country", "country", "AT"));
        assert!(countries.reload().expect("a database"));
        assert_eq!(of(&countries, "192.0.2.1").as_deref(), Some("AT"));
    }
}
