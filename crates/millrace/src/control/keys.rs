//! `millrace keys`: key pairs of accounts (`APKA…`), which sign URLs.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use clap::{Args, Subcommand};
use millrace_control::auth::Principal;
use millrace_control::service::{KeyPair, NewKeyPair};
use pem::Pem;

use super::Place;
use crate::cert;
use crate::out::say;

/// Registers key pairs of accounts, which sign URLs: trusted signers are accounts.
///
/// At Amazon the root user made them outside of the API. The trusted signer "self" is the account of the
/// configuration; any other account number that has key pairs here can be a trusted signer too.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  millrace keys import --id APKAEIBAERJR2EXAMPLE rsa-APKAEIBAERJR2EXAMPLE.pem
  millrace keys create --private-key signing.pem
  millrace keys list
  millrace keys disable APKAEIBAERJR2EXAMPLE")]
pub(crate) enum Keys {
    Import(Import),
    Create(Create),
    /// Lists all key pairs.
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

/// Makes a key pair: registers the public half, and writes the private half into a file.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The file for the private key, which only its owner may read.
    #[arg(long, value_name = "FILE")]
    private_key: PathBuf,
    /// Whose it is.
    #[arg(long, value_name = "ACCOUNT", default_value = "self")]
    account: String,
    #[command(flatten)]
    place: Place,
}

fn line(pair: &KeyPair) -> String {
    let state = if pair.active { "active" } else { "disabled" };
    format!("{}  account {}  {state}  since {}\n", pair.key_pair_id, pair.account, pair.created_time)
}

fn import(place: &Place, new: NewKeyPair) -> anyhow::Result<()> {
    place.with(async |service| {
        say(&line(&service.import_key_pair(&Principal::operator(), new).await?));
        Ok(())
    })
}

/// A new key: the private half goes into the file, the public half comes back.
fn make(file: &Path) -> anyhow::Result<String> {
    let failed = |_| anyhow!("no key can be made");
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
    let private = pem::encode(&Pem::new("PRIVATE KEY", private.as_ref()));
    anyhow::ensure!(!file.exists(), "{} is there already; name another file", file.display());
    cert::fill(&mut cert::create(file, 0o600, false)?, &private)
        .with_context(|| file.display().to_string())?;
    Ok(pem::encode(&Pem::new("PUBLIC KEY", public.as_ref())))
}

/// Does what was asked for.
pub(crate) fn run(command: Keys) -> anyhow::Result<()> {
    let who = Principal::operator();
    match command {
        Keys::Import(Import { file, id, account, place }) => {
            let public_key = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            import(&place, NewKeyPair { id, account: Some(account), public_key })
        }
        Keys::Create(Create { private_key, account, place }) => {
            let public_key = make(&private_key)?;
            import(&place, NewKeyPair { id: None, account: Some(account), public_key })
        }
        Keys::List { place } => place.with(async |service| {
            for pair in service.key_pairs(&who).await? {
                say(&line(&pair));
            }
            Ok(())
        }),
        Keys::Disable { id, place } => switch(&place, &id, false),
        Keys::Enable { id, place } => switch(&place, &id, true),
    }
}

fn switch(place: &Place, id: &str, active: bool) -> anyhow::Result<()> {
    place.with(async |service| {
        say(&line(&service.set_key_pair_active(&Principal::operator(), id, active).await?));
        Ok(())
    })
}
