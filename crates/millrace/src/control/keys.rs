//! `millrace keys`: key pairs of accounts (`APKA…`), which sign URLs and stream names.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use clap::{Args, Subcommand, ValueEnum};
use millrace_control::Service;
use millrace_control::auth::Principal;
use millrace_control::service::{KeyPair, NewKeyPair};
use millrace_sign::{KeyKind, PublicKey};
use pem::Pem;
use serde_json::Value;

use super::{Place, all_of};
use crate::cert;
use crate::out::say;

/// Registers key pairs of accounts, which sign URLs and stream names: trusted signers are accounts.
///
/// At Amazon the root user made them outside of the API. The trusted signer "self" is the account of the
/// configuration; any other account number that has key pairs here can be a trusted signer too. A key group that was
/// made by the API (CreatePublicKey, CreateKeyGroup) can be one as well: its id stands where an account number would.
/// A running server knows of every change within a second.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  millrace keys import --id APKAEIBAERJR2EXAMPLE rsa-APKAEIBAERJR2EXAMPLE.pem
  millrace keys create > signing.pem
  millrace keys create --algorithm ecdsa --private-key signing.pem
  millrace keys list
  millrace keys disable APKAEIBAERJR2EXAMPLE")]
pub(crate) enum Keys {
    Import(Import),
    Create(Create),
    /// Lists all key pairs, and the public keys of the API with the key groups they are in.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Lets a key pair sign nothing any more.
    Disable {
        /// Its id.
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Lets a key pair sign again.
    Enable {
        /// Its id.
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Registers a public key.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The public key (PEM): RSA with 1024, 2048 or 4096 bits, or ECDSA on P-256.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The id that URLs name (Key-Pair-Id); a new one otherwise.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Whose it is.
    #[arg(long, value_name = "ACCOUNT", default_value = "self")]
    account: String,
    #[command(flatten)]
    place: Place,
}

/// Makes a key pair: registers the public half, and gives the private half away.
///
/// The private key (PEM) is printed on standard output, this once: it is kept nowhere. What was registered is said on
/// standard error.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// A file for the private key, which only its owner may read, instead of standard output.
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// The kind of key: RSA with 2048 bits, which every signer knows, or ECDSA on P-256, whose signatures are shorter.
    #[arg(long, value_name = "KIND", default_value = "rsa")]
    algorithm: Algorithm,
    /// Whose it is.
    #[arg(long, value_name = "ACCOUNT", default_value = "self")]
    account: String,
    #[command(flatten)]
    place: Place,
}

/// Kinds of keys that are made.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Algorithm {
    Rsa,
    Ecdsa,
}

/// Both halves of a new key, PEM.
struct Halves {
    private: String,
    public: String,
}

/// What a key is called by those who make them.
pub(crate) fn kind(key: &PublicKey) -> String {
    match key.kind() {
        KeyKind::Rsa(bits) => format!("RSA {bits}"),
        KeyKind::P256 => "ECDSA P-256".to_owned(),
    }
}

fn kind_of(pem: &str) -> String {
    PublicKey::parse(pem).map_or_else(|error| format!("unusable: {error}"), |key| kind(&key))
}

fn line(pair: &KeyPair) -> String {
    let state = if pair.active { "active" } else { "disabled" };
    let (id, account, since) = (&pair.key_pair_id, &pair.account, &pair.created_time);
    format!("{id}  account {account}  {state}  {}  since {since}\n", kind_of(&pair.public_key))
}

fn import(place: &Place, new: NewKeyPair) -> anyhow::Result<KeyPair> {
    place.with(async |service| Ok(service.import_key_pair(&Principal::operator(), new).await?))
}

fn make(algorithm: Algorithm) -> anyhow::Result<Halves> {
    let failed = |_| anyhow!("no key can be made");
    let encoded = |private: &[u8], public: &[u8]| Halves {
        private: pem::encode(&Pem::new("PRIVATE KEY", private)),
        public: pem::encode(&Pem::new("PUBLIC KEY", public)),
    };
    match algorithm {
        Algorithm::Rsa => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
            let private: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
            let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
            Ok(encoded(private.as_ref(), public.as_ref()))
        }
        Algorithm::Ecdsa => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
            let private = pair.to_pkcs8v1().map_err(failed)?;
            let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
            Ok(encoded(private.as_ref(), public.as_ref()))
        }
    }
}

fn create(command: Create) -> anyhow::Result<()> {
    let Create { private_key, algorithm, account, place } = command;
    let Halves { private, public } = make(algorithm)?;
    // A file that can't be written is told before anything is registered.
    if let Some(file) = &private_key {
        keep(file, &private)?;
    }
    let new = NewKeyPair { id: None, account: Some(account), public_key: public };
    let pair = import(&place, new).inspect_err(|_| {
        // Nobody knows this key; who finds it would take it for one that signs.
        if let Some(file) = &private_key {
            let _ = std::fs::remove_file(file);
        }
    })?;
    match private_key {
        Some(_) => say(&line(&pair)),
        None => {
            say(&private);
            eprint!("{}", line(&pair));
        }
    }
    Ok(())
}

fn keep(file: &Path, private: &str) -> anyhow::Result<()> {
    anyhow::ensure!(!file.exists(), "{} is there already; name another file", file.display());
    cert::fill(&mut cert::create(file, 0o600, false)?, private).with_context(|| file.display().to_string())
}

/// Does what was asked for.
pub(crate) fn run(command: Keys) -> anyhow::Result<()> {
    match command {
        Keys::Import(Import { file, id, account, place }) => {
            let public_key = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let pair = import(&place, NewKeyPair { id, account: Some(account), public_key })?;
            say(&line(&pair));
            Ok(())
        }
        Keys::Create(command) => create(command),
        Keys::List { place } => place.with(async |service| list(&service).await),
        Keys::Disable { id, place } => switch(&place, &id, false),
        Keys::Enable { id, place } => switch(&place, &id, true),
    }
}

async fn list(service: &Service) -> anyhow::Result<()> {
    for pair in service.key_pairs(&Principal::operator()).await? {
        say(&line(&pair));
    }
    let groups = all_of(service, "KeyGroups").await?;
    for key in all_of(service, "PublicKeys").await? {
        let get = |name: &str| key[name].as_str().unwrap_or_default();
        let id = get("Id");
        let groups = groups_of(id, &groups);
        let (kind, since) = (kind_of(get("EncodedKey")), get("CreatedTime"));
        say(&format!("{id}  {groups}  {kind}  {:?}  since {since}\n", get("Name")));
    }
    Ok(())
}

/// The key groups that a public key is in.
fn groups_of(id: &str, groups: &[Value]) -> String {
    let has = |group: &&Value| {
        let keys = group["KeyGroup"]["KeyGroupConfig"]["Items"].as_array();
        keys.is_some_and(|keys| keys.iter().any(|key| key == id))
    };
    let ids: Vec<&str> =
        groups.iter().filter(has).filter_map(|group| group["KeyGroup"]["Id"].as_str()).collect();
    if ids.is_empty() { "in no key group".to_owned() } else { format!("key group {}", ids.join(", ")) }
}

fn switch(place: &Place, id: &str, active: bool) -> anyhow::Result<()> {
    place.with(async |service| {
        let switched = service.set_key_pair_active(&Principal::operator(), id, active).await;
        let pair = switched.with_context(|| match id.starts_with('K') {
            true => {
                format!("{id} looks like a public key of the API, which signs while it is in a key group")
            }
            false => format!("{id} stays as it is"),
        })?;
        say(&line(&pair));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use millrace_sign::{Hash, PrivateKey};

    use super::*;

    #[test]
    fn the_halves_of_a_new_key_belong_together_and_sign() {
        for (algorithm, name) in [(Algorithm::Rsa, "RSA 2048"), (Algorithm::Ecdsa, "ECDSA P-256")] {
            let Halves { private, public } = make(algorithm).expect("a key");
            let (private, public) =
                (PrivateKey::parse(&private).expect("a key"), PublicKey::parse(&public).expect("a key"));
            assert_eq!((kind(&public), private.public()), (name.to_owned(), &public));
            let signature = private.sign(Hash::Sha1, b"text").expect("it signs");
            assert!(public.verifies(Hash::Sha1, b"text", &signature));
        }
    }

    #[test]
    fn a_public_key_is_listed_with_its_groups() {
        let group = |id: &str, keys: &[&str]| serde_json::json!({"KeyGroup": {"Id": id, "KeyGroupConfig": {"Items": keys}}});
        let groups = [group("one", &["K1", "K2"]), group("two", &["K2"])];
        assert_eq!(groups_of("K2", &groups), "key group one, two");
        assert_eq!(groups_of("K3", &groups), "in no key group");
    }
}
