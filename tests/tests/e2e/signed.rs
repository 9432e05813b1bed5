//! Private streams: signed by everybody's signers, played by everybody's players, or refused in words.

mod explained;
mod identities;
mod matrix;
mod places;
mod refusals;
mod trust;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use millrace_tests::clients::{Played, play};
use millrace_tests::media::{BOTH, Media};
use millrace_tests::signers::{Signer, Terms};
use millrace_tests::{Config, Frames, KeyPair, Server};
use tempfile::TempDir;

/// The film's name.
const FILM: &str = "dir/film.mp4";
/// The key that may sign.
const KEY: &str = "APKAEIBAERJR2EXAMPLE";
/// An account besides the server's own whose keys may sign as well.
const ACCOUNT: &str = "210987654321";

/// A server of a film that plays only what [`KEY`] signed.
struct Cinema {
    config: Config,
    server: Server,
    key: KeyPair,
    film: Media,
    whole: Frames,
    // What viewers save.
    folder: TempDir,
}

impl Cinema {
    fn new() -> Self {
        Self::trusting(&["self"], |config| config)
    }

    /// The same with these trusted signers and more in its configuration.
    fn trusting(signers: &[&str], more: impl FnOnce(Config) -> Config) -> Self {
        Self::of(Media::make("film.mp4", &[BOTH, "-t 2 -bf 2 -c:a aac"]), signers, more)
    }

    /// The same of another film.
    fn of(film: Media, signers: &[&str], more: impl FnOnce(Config) -> Config) -> Self {
        std::fs::create_dir(film.beside("dir")).expect("a folder");
        std::fs::copy(film.path(), film.beside(FILM)).expect("it is copied");
        let config = more(Config::of_film(&film, &trust(signers)).with_certificate());
        let key = KeyPair::rsa(KEY).imported(&config);
        let (server, whole) = (Server::serve(&config), Frames::of_file(film.path()));
        Self { config, server, key, film, whole, folder: tempfile::tempdir().expect("a folder") }
    }

    /// A place for what a viewer saves.
    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The film's name, signed for an hour by the program itself.
    fn signed(&self, name: &str) -> String {
        Signer::called("millrace sign").sign(&self.key, name, &Terms::canned(now() + 3600))
    }

    /// What `millrace play` says of a name.
    fn play(&self, name: &str) -> Played {
        play(&self.server.url(name), &[])
    }
}

/// A distribution's line about who may sign for it.
fn trust(signers: &[&str]) -> String {
    format!("trusted_signers = {signers:?}")
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The words of the signature in a name, if it has one.
fn signature_of(name: &str) -> Option<&str> {
    let (_, rest) = name.split_once("Signature=").or_else(|| name.split_once("Signature%3D"))?;
    rest.split(['&', '%']).next()
}
