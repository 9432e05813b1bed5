//! `millrace cert`: certificates to try TLS out with.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType};

use crate::out::say;
use crate::swf::hex;

/// The longest that Apple's systems take, and long enough to forget that it was made.
const DAYS: u32 = 825;

/// Makes certificates for TLS.
#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    SelfSigned(SelfSigned),
}

/// Makes a certificate that nobody has signed, for trying out RTMPS and RTMPTS.
///
/// rtmpdump and ffmpeg take it as it is; `millrace play` and others with `--ca` and this certificate's file. Players
/// in browsers and Flash Player want one that an authority has signed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  millrace cert self-signed --certificate tls/cert.pem --key tls/key.pem
  millrace cert self-signed --name media.example.com --name '*.video.example.com' --certificate c.pem --key k.pem")]
pub(crate) struct SelfSigned {
    /// A host name or address that it is for; *.HOST is for every name below HOST. May be given several times.
    #[arg(long = "name", value_name = "HOST", default_values = ["localhost", "127.0.0.1", "::1"])]
    names: Vec<String>,
    /// How long it is valid.
    #[arg(long, value_name = "DAYS", default_value_t = DAYS, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// The file for the certificate.
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// The file for its private key, which only its owner may read.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Replaces files that are there.
    #[arg(long)]
    force: bool,
}

/// A certificate and its key as PEM.
#[derive(Debug)]
struct Made {
    certificate: String,
    key: String,
    /// SHA-256 of the certificate, as other programs show it.
    fingerprint: String,
}

/// Does what was asked for.
pub(crate) fn run(command: &Cert) -> anyhow::Result<()> {
    let Cert::SelfSigned(options) = command;
    let SelfSigned { names, days, certificate, key, force } = options;
    let fingerprint = write_self_signed(names, *days, certificate, key, *force)?;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    say(&format!(
        "{}: a certificate for {}, valid for {days} days\n{}: its private key\n\
         SHA-256 {fingerprint}\n\n\
         For the configuration file:\n\n\
         [listen]\ntls = [\":443\"]\n\n\
         [[certificate]]\ncertificate = {:?}\nkey = {:?}\n",
        certificate.display(),
        names.join(", "),
        key.display(),
        absolute(certificate),
        absolute(key),
    ));
    Ok(())
}

/// Makes both files if neither is there: what was made at an earlier start is kept.
pub(crate) fn keep_self_signed(names: &[String], certificate: &Path, key: &Path) -> anyhow::Result<()> {
    if certificate.exists() && key.exists() {
        return Ok(());
    }
    write_self_signed(names, DAYS, certificate, key, true).map(drop)
}

/// Writes both files; the fingerprint.
fn write_self_signed(
    names: &[String],
    days: u32,
    certificate: &Path,
    key: &Path,
    force: bool,
) -> anyhow::Result<String> {
    let made = make(names, days)?;
    // Both are opened before either is written, so that a pair is never half there. The key goes first: where the
    // certificate is, its key is too.
    let mut key_file = create(key, 0o600, force)?;
    let mut certificate_file = create(certificate, 0o644, force).inspect_err(|_| {
        // What was there before must not go; without --force it was not there.
        if !force {
            let _ = std::fs::remove_file(key);
        }
    })?;
    fill(&mut key_file, &made.key).with_context(|| format!("{} can't be written", key.display()))?;
    fill(&mut certificate_file, &made.certificate)
        .with_context(|| format!("{} can't be written", certificate.display()))?;
    Ok(made.fingerprint)
}

fn make(names: &[String], days: u32) -> anyhow::Result<Made> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names.iter().map(|name| alternative_name(name)).collect::<Result<_, _>>()?;
    params.distinguished_name = DistinguishedName::new();
    let first = names.first().map_or("localhost", String::as_str);
    params.distinguished_name.push(DnType::CommonName, first);
    // No authority is called so: clients must not try to check it with the key of another "localhost".
    params.distinguished_name.push(DnType::OrganizationName, "Millrace, self-signed");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // A clock that is a little behind must not find it "not valid yet".
    let now = SystemTime::now();
    params.not_before = (now - Duration::from_secs(3600)).into();
    params.not_after = (now + Duration::from_secs(u64::from(days) * 86_400)).into();
    let key = KeyPair::generate().context("no key can be made")?;
    let certificate = params.self_signed(&key).context("no certificate can be made")?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.der());
    let pairs: Vec<String> = digest.as_ref().iter().map(|byte| hex(&[*byte]).to_uppercase()).collect();
    Ok(Made { certificate: certificate.pem(), key: key.serialize_pem(), fingerprint: pairs.join(":") })
}

fn alternative_name(name: &str) -> anyhow::Result<SanType> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let host = name.strip_prefix("*.").unwrap_or(name);
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if host.is_empty() || host.starts_with('.') || !host.bytes().all(sound) {
        return Err(anyhow!(
            "--name {name:?} is no host name; write media.example.com, *.example.com or an address"
        ));
    }
    Ok(SanType::DnsName(Ia5String::try_from(name.to_ascii_lowercase()).context("a host name is ASCII")?))
}

/// Opens a new file with exactly these permissions.
pub(crate) fn create(path: &Path, mode: u32, force: bool) -> anyhow::Result<File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).mode(mode);
    if force {
        options.create(true)
    } else {
        options.create_new(true)
    };
    let file = options.open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            anyhow!("{} is there already; name another file, or replace it with --force", path.display())
        }
        _ => anyhow!("{} can't be written: {error}", path.display()),
    })?;
    // A file that was there keeps the permissions it had unless it is told otherwise.
    file.set_permissions(std::fs::Permissions::from_mode(mode))
        .with_context(|| format!("{} can't be made private", path.display()))?;
    Ok(file)
}

pub(crate) fn fill(file: &mut File, text: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use millrace_edge::{CertificateFiles, Certificates};

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_can_be_served_and_the_key_is_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = (folder.path().join("tls/a.pem"), folder.path().join("tls/a.key"));
        let names = names(&["media.example.com", "*.example.com", "127.0.0.1", "::1"]);
        let fingerprint = write_self_signed(&names, 30, &certificate, &key, false).expect("it can be made");
        assert_eq!(fingerprint.len(), 32 * 3 - 1);
        assert_eq!(mode(&key), 0o600);
        Certificates::load(vec![CertificateFiles { certificate, key }]).expect("a sound pair");
    }

    #[test]
    fn files_that_are_there_stay_unless_they_are_to_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let (certificate, key) = (folder.path().join("a.pem"), folder.path().join("a.key"));
        std::fs::write(&certificate, "mine").expect("it can be written");
        let names = names(&["localhost"]);
        let write = |force| write_self_signed(&names, 30, &certificate, &key, force);
        let error = write(false).expect_err("the certificate is there").to_string();
        assert!(error.contains("a.pem is there already") && error.contains("--force"), "{error}");
        assert_eq!(std::fs::read_to_string(&certificate).expect("it is there"), "mine");
        assert!(!key.exists(), "no half of a pair");
        std::fs::write(&key, "x".repeat(1 << 16)).expect("it can be written");
        write(true).expect("it may");
        assert_eq!(mode(&key), 0o600);
        let files = CertificateFiles { certificate: certificate.clone(), key: key.clone() };
        Certificates::load(vec![files]).expect("a sound pair");
        let before = std::fs::read(&key).expect("it is there");
        keep_self_signed(&names, &certificate, &key).expect("nothing is to be done");
        assert_eq!(std::fs::read(&key).expect("it is there"), before);
    }

    #[test]
    fn a_name_that_is_none_is_told() {
        for name in ["", "*.", "a b", "http://host", "*", "münchen.example"] {
            let error = make(&names(&[name]), 1).expect_err("no host").to_string();
            assert!(error.contains("--name") && error.contains(&format!("{name:?}")), "{error}");
        }
    }
}
