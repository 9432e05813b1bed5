//! What there may be several of: buckets, distributions, certificates; and whether they fit together.

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;

use millrace_control::Signer;
use millrace_model::{PageOrigin, Variants};
use serde::Deserialize;
use toml::Spanned;

use super::settings::Settings;
use super::value::VariantName;

/// A bucket at S3, or a folder that stands for one.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bucket {
    pub(crate) name: Spanned<String>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) bucket: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) region: Option<String>,
    #[serde(default)]
    pub(crate) prefix: String,
    pub(crate) path_style: Option<bool>,
    pub(crate) access_key_id: Option<Spanned<String>>,
    pub(crate) secret_access_key: Option<String>,
    #[serde(default)]
    pub(crate) anonymous: bool,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket").field("name", &self.name.get_ref()).finish_non_exhaustive()
    }
}

/// A streaming distribution.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Distribution {
    pub(crate) id: Spanned<String>,
    pub(crate) domain_name: String,
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    pub(crate) bucket: Spanned<String>,
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    pub(crate) variants: Option<Spanned<Vec<VariantName>>>,
    #[serde(default)]
    trusted_signers: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) swf: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    pub(crate) pages: Vec<Spanned<String>>,
}

/// A certificate for TLS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

fn yes() -> bool {
    true
}

/// A fault, and where in the file.
pub(super) type At = (Range<usize>, String);

impl Settings {
    /// What the parser can't see: names that point at each other.
    pub(super) fn check(&self) -> Result<(), At> {
        let buckets = distinct(self.bucket.iter().map(|bucket| &bucket.name), "name: another [[bucket]]")?;
        self.bucket.iter().try_for_each(Bucket::check)?;
        let ids = distinct(self.distribution.iter().map(|d| &d.id), "id: another [[distribution]]")?;
        self.distribution.iter().try_for_each(|distribution| distribution.check(&buckets))?;
        if !self.listen.tls.value.is_empty() && self.certificate.is_empty() {
            let what =
                "tls: TLS needs a [[certificate]]; `millrace cert self-signed` makes one to try it out";
            return Err((self.listen.tls.span.clone(), what.to_owned()));
        }
        match &self.default_distribution {
            Some(id) if !ids.contains(id.get_ref().as_str()) => {
                let what = format!("default_distribution: no [[distribution]] has the id {:?}", id.get_ref());
                Err((id.span(), what))
            }
            _ => Ok(()),
        }
    }
}

/// The set of names, which must all differ.
fn distinct<'a>(
    names: impl Iterator<Item = &'a Spanned<String>>,
    another: &str,
) -> Result<HashSet<&'a str>, At> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.get_ref().as_str()) {
            return Err((name.span(), format!("{another} is called {:?} already", name.get_ref())));
        }
    }
    Ok(seen)
}

impl Bucket {
    fn check(&self) -> Result<(), At> {
        let name = || self.name.span();
        match (&self.folder, &self.bucket) {
            (None, None) => return Err((name(), "a [[bucket]] needs `bucket` (S3) or `folder`".to_owned())),
            (Some(_), Some(_)) => return Err((name(), "either `bucket` or `folder`, not both".to_owned())),
            _ => {}
        }
        match (&self.access_key_id, &self.secret_access_key) {
            (Some(id), None) => {
                Err((id.span(), "access_key_id needs secret_access_key beside it".to_owned()))
            }
            (None, Some(_)) => Err((name(), "secret_access_key needs access_key_id beside it".to_owned())),
            (Some(id), Some(_)) if self.anonymous => {
                Err((id.span(), "anonymous means without a key: leave one of the two out".to_owned()))
            }
            _ => Ok(()),
        }
    }
}

impl Distribution {
    /// Whose signatures let viewers play; nobody: no signature is needed.
    pub(super) fn signers(&self) -> impl Iterator<Item = &str> {
        self.trusted_signers.iter().map(|signer| signer.get_ref().as_str())
    }

    fn check(&self, buckets: &HashSet<&str>) -> Result<(), At> {
        for signer in &self.trusted_signers {
            Signer::parse(signer.get_ref())
                .map_err(|error| (signer.span(), format!("trusted_signers: {error}")))?;
        }
        for page in &self.pages {
            page.get_ref().parse::<PageOrigin>().map_err(|error| (page.span(), format!("pages: {error}")))?;
        }
        let bucket = &self.bucket;
        if !buckets.contains(bucket.get_ref().as_str()) {
            let what = format!("bucket: there is no [[bucket]] named {:?}", bucket.get_ref());
            return Err((bucket.span(), what));
        }
        match &self.variants {
            Some(variants) if variants.get_ref().is_empty() => {
                let what = format!("variants: nobody could connect; list some of {}", Variants::ALL);
                Err((variants.span(), what))
            }
            _ => Ok(()),
        }
    }
}
