//! What a private key is called by those who verify: its id, `APKA…` or `K…`.

use std::path::Path;

use anyhow::{Context, bail};
use millrace_control::Picture;
use millrace_sign::PublicKey;

use crate::control::Place;

/// The id of the key in `file`, from the file's name, or else from the store that has its public half.
pub(super) fn find(file: &Path, key: &PublicKey, place: &Place) -> anyhow::Result<String> {
    if let Some(id) = of_file(file) {
        return Ok(id);
    }
    let picture = place.with(async |service| Ok(service.picture().await?)).with_context(|| {
        format!(
            "the id of the key {} is not known: name it by --key-pair-id, call the file pk-ID.pem, or name by --config \
             the server that has its public half",
            file.display()
        )
    })?;
    match of_store(key, &picture).as_slice() {
        [id] => Ok(id.clone()),
        [] => bail!(
            "the store has no key with the public half of {}: register it (`openssl pkey -in {0} -pubout -out public.pem; \
             millrace keys import public.pem`), or name its id by --key-pair-id",
            file.display()
        ),
        several => bail!(
            "the store has the public half of {} as {}: name one by --key-pair-id",
            file.display(),
            several.join(" and as ")
        ),
    }
}

/// The id in names such as Amazon gives: `pk-APKA….pem`, `rsa-APKA….pem`; and people, `private-K….pem`.
fn of_file(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let mut ids = name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| is_id(word));
    ids.next().filter(|_| ids.next().is_none()).map(str::to_owned)
}

fn is_id(word: &str) -> bool {
    let big = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let length = word.len();
    big && (word.starts_with("APKA") && length >= 16 || word.starts_with('K') && (12..=16).contains(&length))
}

/// The ids under which the store has a key; disabled ones only if there is no other.
fn of_store(key: &PublicKey, picture: &Picture) -> Vec<String> {
    let is_same = |pem: &str| PublicKey::parse(pem).is_ok_and(|known| known == *key);
    let mut found: Vec<_> = picture.keys.iter().filter(|known| is_same(&known.public_key)).collect();
    if found.iter().any(|known| known.active) {
        found.retain(|known| known.active);
    }
    found.into_iter().map(|known| known.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use millrace_control::PublishedKey;

    use super::*;

    #[test]
    fn the_id_is_found_in_the_names_that_key_files_have() {
        let id = |name: &str| of_file(Path::new(name));
        for name in [
            "pk-APKAEIBAERJR2EXAMPLE.pem",
            "keys/rsa-APKAEIBAERJR2EXAMPLE.pem",
            "APKAEIBAERJR2EXAMPLE",
            "private_APKAEIBAERJR2EXAMPLE_2.key",
        ] {
            assert_eq!(id(name).as_deref(), Some("APKAEIBAERJR2EXAMPLE"), "{name}");
        }
        assert_eq!(id("private-K2JCJMDEHXQW5F.pem").as_deref(), Some("K2JCJMDEHXQW5F"));
    }

    #[test]
    fn other_names_have_none() {
        for name in [
            "signing.pem",
            "KEYS.pem",
            "pk-AKIAIOSFODNN7EXAMPLE.pem",
            "pk-apkaeibaerjr2example.pem",
            "APKAEIBAERJR2EXAMPLE-or-K2JCJMDEHXQW5F.pem",
            "/",
        ] {
            assert_eq!(of_file(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn the_store_knows_a_key_by_its_public_half_and_a_disabled_one_if_no_other() {
        const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELeiCTwUXuaU1M4UBdj8tmHv92Ylp\n\
            WXxUwXV+WCcnRDI1R8T2TiCzY25xj31ukq7AWAcsHXhzguQFfuF/FU6yww==\n\
            -----END PUBLIC KEY-----\n";
        let key = |id: &str, active: bool, pem: &str| PublishedKey {
            id: id.to_owned(),
            active,
            public_key: pem.to_owned(),
        };
        let wanted = PublicKey::parse(PEM).expect("a key");
        let mut picture =
            Picture { keys: vec![key("OFF", false, PEM), key("BAD", true, "x")], ..Picture::default() };
        assert_eq!(of_store(&wanted, &picture), ["OFF"]);
        picture.keys.push(key("ON", true, PEM));
        assert_eq!(of_store(&wanted, &picture), ["ON"]);
        picture.keys.push(key("TOO", true, PEM));
        assert_eq!(of_store(&wanted, &picture), ["ON", "TOO"]);
    }
}
