//! Names that are refused, and what is said of each.

use millrace_tests::KeyPair;
use millrace_tests::signers::{Conditions, Form, Terms};

use super::{DISABLED, STRANGER};
use crate::signed::{Cinema, FILM, KEY, now, signature_of};

/// A number in what is said that differs from day to day.
pub(super) const NUMBER: &str = "<N>";
/// The canned policy's end, long ago.
const LONG_AGO: u64 = 1_357_034_400;
/// In the year 2100.
const LATER: u64 = 4_102_444_800;

/// A name that is refused.
pub(super) struct Case {
    /// What is wrong with it.
    pub(super) what: &'static str,
    /// The stream's name as it is sent, without `mp4:`.
    pub(super) name: String,
    /// What the viewer is told.
    pub(super) words: String,
    /// Whether the operator is told of a key besides.
    pub(super) key: Option<&'static str>,
}

fn case(
    what: &'static str,
    name: impl Into<String>,
    words: impl Into<String>,
    key: Option<&'static str>,
) -> Case {
    Case { what, name: name.into(), words: words.into(), key }
}

impl Cinema {
    /// The film's name with a policy of one's own, whatever that is, which [`KEY`] signed.
    fn by_policy(&self, policy: &str) -> String {
        let (encoded, signature) =
            (self.key.encoded(policy.as_bytes()), self.key.signature("sha1", policy.as_bytes()));
        format!("{FILM}?Policy={encoded}&Signature={signature}&Key-Pair-Id={KEY}")
    }

    /// Parameters of which some are missing.
    pub(super) fn incomplete(&self) -> Vec<Case> {
        let good = self.signed(FILM);
        let signature = signature_of(&good).expect("it is signed");
        let cut = "was it cut off at an \"&\"? Inside a page's variables \"&\" is written %26";
        let unsigned = "nothing is signed: what is private is asked for with Expires or Policy, Signature and Key-Pair-Id";
        let missing = |what: &str| format!("{what} is missing: {cut}");
        let end = now() + 3600;
        vec![
            case("nothing signed", FILM, unsigned, None),
            case("a query of its own only", format!("{FILM}?color=red"), unsigned, None),
            case(
                "no key",
                format!("{FILM}?Expires={end}&Signature={signature}"),
                missing("Key-Pair-Id"),
                None,
            ),
            case("cut at an &", format!("{FILM}?Expires={end}"), missing("Key-Pair-Id"), None),
            case(
                "no signature",
                format!("{FILM}?Expires={end}&Key-Pair-Id={KEY}"),
                missing("Signature"),
                None,
            ),
            case(
                "no time",
                format!("{FILM}?Signature={signature}&Key-Pair-Id={KEY}"),
                missing("Expires or Policy"),
                None,
            ),
            case("one twice", format!("{good}&Expires={end}"), "Expires is there twice", None),
        ]
    }

    /// Parameters that nobody could have made.
    pub(super) fn malformed(&self) -> Vec<Case> {
        let good = self.signed(FILM);
        let signature = signature_of(&good).expect("it is signed");
        let with = |expires: &str, signature: &str| {
            format!("{FILM}?Expires={expires}&Signature={signature}&Key-Pair-Id={KEY}")
        };
        let url_safe = "Signature can't be decoded: a \"_\" stands inside, as in URL-safe base64: CloudFront writes \
                        \"/\" as \"~\", \"+\" as \"-\" and only \"=\" as \"_\"";
        vec![
            case(
                "milliseconds",
                with("1893456000000", signature),
                "Expires \"1893456000000\" looks like milliseconds: it has to be in seconds",
                None,
            ),
            case(
                "a time in words",
                with("tomorrow", signature),
                "Expires has to be a number of seconds since 1970, not \"tomorrow\"",
                None,
            ),
            case(
                "a foreign letter in the signature",
                with("1893456000", &format!("*{signature}")),
                "Signature can't be decoded: it has a character that base64 has not",
                None,
            ),
            case("URL-safe base64", with("1893456000", &format!("AA_A{signature}")), url_safe, None),
            case(
                "half a signature",
                with("1893456000", &signature[..9]),
                "Signature can't be decoded: its last letters are missing",
                None,
            ),
            case(
                "another digest",
                format!("{good}&Hash-Algorithm=MD5"),
                "Hash-Algorithm has to be SHA1 or SHA256, not \"MD5\"",
                None,
            ),
            case(
                "a long signature",
                with("1893456000", &"A".repeat(1372)),
                "Signature is longer than 1024 bytes",
                None,
            ),
            case(
                "a long key id",
                format!("{good}{}", "K".repeat(128)),
                "Key-Pair-Id is longer than 128 bytes",
                None,
            ),
        ]
    }

    /// Policies that are none.
    pub(super) fn no_policies(&self) -> Vec<Case> {
        let end = r#"{"DateLessThan":{"AWS:EpochTime":1893456000}}"#;
        let statement = format!(r#"{{"Resource":"*","Condition":{end}}}"#);
        let of = |what, policy: String, words: &str| case(what, self.by_policy(&policy), words, Some(KEY));
        let place = r#""IpAddress":{"AWS:SourceIp":"home"}"#;
        vec![
            case(
                "a policy that is no base64",
                format!("{FILM}?Policy=*&Signature=AAAA&Key-Pair-Id={KEY}"),
                "Policy can't be decoded: it has a character that base64 has not",
                None,
            ),
            of(
                "no JSON",
                "{".to_owned(),
                "the policy can't be read: EOF while parsing an object at line 1 column 1",
            ),
            of(
                "no end",
                r#"{"Statement":[{"Resource":"*","Condition":{}}]}"#.to_owned(),
                "the policy can't be read: missing field `DateLessThan` at line 1 column 44",
            ),
            of(
                "two statements",
                format!(r#"{{"Statement":[{statement},{statement}]}}"#),
                "the policy has 2 statements: it has to have exactly one",
            ),
            of(
                "milliseconds in a policy",
                format!(r#"{{"Statement":[{statement}]}}"#).replace("1893456000", "1893456000000"),
                "DateLessThan 1893456000000 looks like milliseconds: it has to be in seconds",
            ),
            of(
                "no address",
                format!(r#"{{"Statement":[{statement}]}}"#).replace("}}}", &format!("}},{place}}}}}")),
                "AWS:SourceIp has to be an address or a network such as 192.0.2.0/24, not \"home\"",
            ),
        ]
    }

    /// Keys that do not count.
    pub(super) fn keys(&self, stranger: &KeyPair, disabled: &KeyPair) -> Vec<Case> {
        let terms = Terms::canned(now() + 3600);
        let by = |key: &KeyPair| Form::Php.sign(key, FILM, &terms);
        let good = self.signed(FILM);
        vec![
            case(
                "an unknown key",
                good.replace(KEY, "APKANOBODYKNOWSTHIS0"),
                "the key \"APKANOBODYKNOWSTHIS0\" is none that is known here",
                Some("APKANOBODYKNOWSTHIS0"),
            ),
            case(
                "an access key",
                good.replace(KEY, "AKIAIOSFODNN7EXAMPLE"),
                "the key \"AKIAIOSFODNN7EXAMPLE\" is none that is known here; that is the id of an access key, which \
                 signs calls of the API only",
                Some("AKIAIOSFODNN7EXAMPLE"),
            ),
            case(
                "a stranger's key",
                by(stranger),
                format!("the key {STRANGER:?} is known, but not trusted to sign for this"),
                Some(STRANGER),
            ),
            case("a disabled key", by(disabled), format!("the key {DISABLED:?} is disabled"), Some(DISABLED)),
        ]
    }

    /// Conditions that do not hold.
    pub(super) fn conditions(&self) -> Vec<Case> {
        let (begin, end) = (now() - 60, now() + 3600);
        let by = |terms: &Terms<'_>| Form::Java.sign(&self.key, FILM, terms);
        let custom = |end, begin, network| by(&Terms { end, custom: Some(Conditions { begin, network }) });
        let expired = format!("the signature expired at 2013-01-01T10:00:00Z, {NUMBER} days ago");
        let other = format!(
            r#"{{"Statement":[{{"Resource":"other/*","Condition":{{"DateLessThan":{{"AWS:EpochTime":{end}}}}}}}]}}"#
        );
        vec![
            case("a canned policy that is over", by(&Terms::canned(LONG_AGO)), &*expired, Some(KEY)),
            case("a policy that is over", custom(LONG_AGO, begin, "0.0.0.0/0"), expired, Some(KEY)),
            case(
                "a policy for later",
                custom(LATER + 3600, LATER, "0.0.0.0/0"),
                "the signature is not good before 2100-01-01T00:00:01Z",
                Some(KEY),
            ),
            case(
                "a policy for viewers elsewhere",
                custom(end, begin, "192.0.2.0/24"),
                "the policy lets only 192.0.2.0/24 in, not 127.0.0.1",
                Some(KEY),
            ),
            case(
                "a policy for another film",
                self.by_policy(&other),
                format!("the policy is for \"other/*\", not for {FILM:?}"),
                Some(KEY),
            ),
        ]
    }

    /// Signatures of something else.
    pub(super) fn mismatches(&self, stranger: &KeyPair) -> Vec<Case> {
        let end = now() + 3600;
        let other = self.signed("dir/other.mp4").replace("other", "film");
        let canned = format!("the signature is not that of the canned policy for {FILM:?} with Expires");
        let own = self.by_policy(&format!(
            r#"{{"Statement":[{{"Resource":"*","Condition":{{"DateLessThan":{{"AWS:EpochTime":{end}}}}}}}]}}"#
        ));
        let policy = own.replace(&own[FILM.len() + 8..own.find("&Sign").expect("it is signed")], &{
            let longer = end + 3600;
            self.key.encoded(
                format!(r#"{{"Statement":[{{"Resource":"*","Condition":{{"DateLessThan":{{"AWS:EpochTime":{longer}}}}}}}]}}"#)
                    .as_bytes(),
            )
        });
        let forged = Form::Php.sign(stranger, FILM, &Terms::canned(end)).replace(STRANGER, KEY);
        let longer =
            self.signed(FILM).replacen(&format!("Expires={}", &end.to_string()[..4]), "Expires=1999", 1);
        vec![
            case("another film's signature", other, format!("{canned} {NUMBER}"), Some(KEY)),
            case("another key's signature", forged, format!("{canned} {end}"), Some(KEY)),
            case("a longer time than was signed", longer, format!("{canned} {NUMBER}"), Some(KEY)),
            case(
                "another policy than was signed",
                policy,
                "the signature is not that of its policy",
                Some(KEY),
            ),
        ]
    }
}
