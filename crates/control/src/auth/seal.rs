//! Secrets in the store: HMAC needs them as they are, so they are encrypted with a key that is not in the store.
//!
//! ```text
//! seal.key   32 bytes, mode 0600, beside the store or where the operator puts it
//! sealed     nonce (12 bytes) · AES-256-GCM of the secret · tag (16 bytes), in hex
//!            the name of what it belongs to is authenticated with it: a sealed secret is of no use in another row
//! ```

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

/// Bytes of the key.
const KEY: usize = 32;

/// Why secrets can't be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key file.
    #[error("the key file {path} can't be used: {error}", path = .path.display())]
    File {
        /// Where it is.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Sealed by another key, or changed.
    #[error("the secret of {0} was sealed with another key file")]
    Foreign(String),
    /// The library failed.
    #[error("the secret of {0} can't be sealed")]
    Failed(String),
}

/// Seals secrets, and opens them.
pub struct Seal {
    key: RandomizedNonceKey,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// Reads the key file, or makes it.
    ///
    /// # Errors
    /// When it can't be, has the wrong size, or others may read it.
    pub fn open(path: &Path) -> Result<Self, SealError> {
        let fault = |error| SealError::File { path: path.to_owned(), error };
        let bytes = match fs::read(path) {
            Ok(bytes) => {
                let mode = fs::metadata(path).map_err(fault)?.permissions().mode();
                if mode & 0o077 != 0 {
                    let what = format!("its mode is {:o}; `chmod 600` makes it ours alone", mode & 0o777);
                    return Err(fault(io::Error::other(what)));
                }
                bytes
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(path).map_err(fault)?,
            Err(error) => return Err(fault(error)),
        };
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes);
        let key =
            key.map_err(|_| fault(io::Error::other(format!("it has {} bytes, not {KEY}", bytes.len()))))?;
        Ok(Self { key })
    }

    /// Seals the secret of `name`.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn seal(&self, name: &str, secret: &str) -> Result<String, SealError> {
        let failed = |_| SealError::Failed(name.to_owned());
        let mut bytes = secret.as_bytes().to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::from(name), &mut bytes).map_err(failed)?;
        Ok(nonce.as_ref().iter().chain(&bytes).map(|byte| format!("{byte:02x}")).collect())
    }

    /// Opens it again.
    ///
    /// # Errors
    /// When it was sealed with another key or for another name.
    pub fn unseal(&self, name: &str, sealed: &str) -> Result<String, SealError> {
        let foreign = || SealError::Foreign(name.to_owned());
        let mut bytes = from_hex(sealed).ok_or_else(foreign)?;
        let rest = bytes.split_off(NONCE_LEN.min(bytes.len()));
        let (nonce, mut sealed) = (Nonce::try_assume_unique_for_key(&bytes).map_err(|_| foreign())?, rest);
        let plain = self.key.open_in_place(nonce, Aad::from(name), &mut sealed).map_err(|_| foreign())?;
        String::from_utf8(plain.to_vec()).map_err(|_| foreign())
    }
}

/// Makes the file: whole, or not at all.
fn make(path: &Path) -> io::Result<Vec<u8>> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut key = vec![0; KEY];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let unfinished = path.with_extension("new");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&key)?;
    file.sync_all()?;
    // Another process may have made it in the meantime: the first one counts.
    match fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => key = fs::read(path)?,
        other => other?,
    }
    fs::remove_file(&unfinished)?;
    Ok(key)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_with_its_key_and_name_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys/seal.key");
        let seal = Seal::open(&path).expect("a new key");
        let sealed = seal.seal("AKIA1", "hush").expect("sealed");
        assert!(!sealed.contains("hush"));
        assert_ne!(sealed, seal.seal("AKIA1", "hush").expect("sealed"), "no nonce comes twice");
        assert_eq!(Seal::open(&path).expect("the same key").unseal("AKIA1", &sealed).expect("open"), "hush");
        assert!(seal.unseal("AKIA2", &sealed).is_err(), "for another name");
        assert!(seal.unseal("AKIA1", &sealed[2..]).is_err() && seal.unseal("AKIA1", "").is_err());
        let other = Seal::open(&folder.path().join("other.key")).expect("another key");
        assert!(other.unseal("AKIA1", &sealed).is_err());
    }

    #[test]
    fn a_key_file_is_for_one_user_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("seal.key");
        Seal::open(&path).expect("a new key");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("it can be changed");
        let error = Seal::open(&path).expect_err("others may read it").to_string();
        assert!(error.contains("640") && error.contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it can be changed");
        fs::write(&path, b"short").expect("it can be written");
        assert!(Seal::open(&path).expect_err("too short").to_string().contains("5 bytes"));
    }
}
