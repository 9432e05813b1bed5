//! Tags of distributions.

use millrace_model::PageOrigin;
use serde_json::{Value, json};

use super::{KINDS, Members, Service, streaming, web};
use crate::Error;
use crate::auth::Principal;
use crate::store::Rows;
use crate::value::{at, text, texts};

/// What begins like this is told to Millrace: CloudFront's API has no place for it, and every client can set tags.
const OURS: &str = "millrace:";
/// The origins of the pages that may play, with blanks between them.
pub(crate) const PAGES: &str = "millrace:pages";

/// The tags of an input.
pub(super) fn of(tags: &Value) -> Result<Vec<(String, String)>, Error> {
    let tags = at(tags, "Items").as_array().into_iter().flatten();
    Ok(tags.map(|tag| (text(tag, "Key").to_owned(), text(tag, "Value").to_owned())).collect())
}

/// Whether a distribution of this kind may have these tags.
pub(super) fn check(kind: &str, tags: &[(String, String)], most: usize) -> Result<(), Error> {
    let wrong = |what: String| Err(Error::bad("InvalidTagging", what));
    let allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _-.:/=+@".contains(c));
    for (place, (name, value)) in tags.iter().enumerate() {
        if name.is_empty() || name.chars().count() > 128 || !allowed(name) {
            return wrong(format!(
                "the key {name:?} should have 1 to 128 letters, digits, spaces or _ - . : / = + @"
            ));
        }
        if name.to_ascii_lowercase().starts_with("aws:") {
            return wrong(format!("the key {name:?} begins with aws:, which is Amazon's"));
        }
        if name.starts_with(OURS) {
            own(kind, name, value).or_else(wrong)?;
        } else if !allowed(value) {
            return wrong(format!(
                "the value of {name:?} should have letters, digits, spaces and _ - . : / = + @ only"
            ));
        }
        if value.chars().count() > 256 {
            return wrong(format!("the value of {name:?} has more than 256 characters"));
        }
        if tags[..place].iter().any(|(earlier, _)| earlier == name) {
            return wrong(format!("the key {name:?} is there twice"));
        }
    }
    if tags.len() > most {
        return wrong(format!("{} tags; {most} are allowed", tags.len()));
    }
    Ok(())
}

/// Whether a tag says something to Millrace.
fn own(kind: &str, name: &str, value: &str) -> Result<(), String> {
    if name != PAGES || kind != streaming::KIND {
        return Err(format!(
            "the key {name:?} begins with {OURS}, of which only {PAGES} is known, of streaming distributions"
        ));
    }
    if pages(value).next().is_none() {
        return Err(format!("the value of {name:?} lists no page: to let all pages play, take the tag away"));
    }
    pages(value)
        .try_for_each(|page| page.parse::<PageOrigin>().map(drop))
        .map_err(|error| format!("the value of {name:?}: {error}"))
}

/// What the value of [`PAGES`] lists.
pub(crate) fn pages(value: &str) -> impl Iterator<Item = &str> {
    value.split_whitespace()
}

impl Service {
    /// The distribution that an ARN names.
    async fn tagged(&self, rows: &mut Rows<'_>, arn: &str) -> Result<(&'static str, String), Error> {
        let start = format!("arn:aws:cloudfront::{}:", self.settings().account);
        let named = arn.strip_prefix(&start).and_then(|rest| rest.split_once('/'));
        let Some((kind, id)) = named else {
            let what = format!(
                "Resource: {arn:?} is no ARN of this account; such as {start}distribution/EDFDVBD6EXAMPLE"
            );
            return Err(Error::argument(what));
        };
        let kind = KINDS.iter().find(|known| {
            [web::KIND, streaming::KIND].contains(&known.names().kind) && known.names().kind == kind
        });
        let Some(kind) = kind else {
            return Err(Error::argument(format!(
                "Resource: {arn:?} is nothing that can have tags: only distributions can"
            )));
        };
        match self.found(rows, *kind, id).await {
            Ok(found) => Ok((kind.names().kind, found.id)),
            Err(error) if error.status == 404 => {
                Err(Error::missing("NoSuchResource", kind.names().people, id))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn tag(&self, who: &Principal, arn: &str, tags: &Value) -> Result<Members, Error> {
        let mut write = self.store.write(&who.name).await?;
        let (kind, id) = self.tagged(&mut write.rows(), arn).await?;
        let (new, most) = (of(tags)?, self.settings().quotas.tags);
        check(kind, &new, most)?;
        let mut all = write.rows().tags(kind, &id).await?;
        all.retain(|(name, _)| !new.iter().any(|(newer, _)| newer == name));
        all.extend(new.iter().cloned());
        check(kind, &all, most)?;
        for (name, value) in &new {
            write.rows().tag(kind, &id, name, value).await?;
        }
        write.commit("TagResource", kind, &id).await?;
        Ok(Members::new())
    }

    pub(super) async fn untag(&self, who: &Principal, arn: &str, names: &Value) -> Result<Members, Error> {
        let mut write = self.store.write(&who.name).await?;
        let (kind, id) = self.tagged(&mut write.rows(), arn).await?;
        for name in texts(&json!({"names": names}), "names") {
            write.rows().untag(kind, &id, name).await?;
        }
        write.commit("UntagResource", kind, &id).await?;
        Ok(Members::new())
    }

    pub(super) async fn list_tags(&self, arn: &str) -> Result<Members, Error> {
        let mut reader = self.store.read().await?;
        let (kind, id) = self.tagged(&mut reader.rows(), arn).await?;
        let tags = reader.rows().tags(kind, &id).await?;
        let tags: Vec<Value> =
            tags.iter().map(|(name, value)| json!({"Key": name, "Value": value})).collect();
        Ok(Members::from_iter([("Tags".to_owned(), json!({"Items": tags}))]))
    }
}
