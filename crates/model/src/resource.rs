//! What signers of stream names call an object.
//!
//! A signature is over a "resource", and for RTMP that is the stream name without its prefix: `dir/film.mp4` for
//! `rtmp://HOST/cfx/st/mp4:dir/film.mp4`. Whether the ending belongs to it was never settled: Amazon's guide signed
//! `videos/name` for `videos/name.mp3`, its samples signed with the ending. SDKs added forms of their own. All of
//! them denote the same object, so taking any of them lets nobody see another one.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::stream_name::{Prefix, StreamName, ending_of};

const URL: &str = "the whole URL";
const PREFIX: &str = "the name with its prefix";
const APPLICATION: &str = "the name with the application cfx/st in front";
const SLASH: &str = "the name with a slash in front";

/// What is escaped in the path of a URL (RFC 3986 §3.3).
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl StreamName {
    /// The strings by which signers may have called `key`, one of [`StreamName::keys`], the likeliest first.
    #[must_use]
    pub fn resources(&self, key: &str) -> Vec<String> {
        let mut forms = vec![key.to_owned()];
        let mut add = |form: String| {
            if !form.is_empty() && !forms.contains(&form) {
                forms.push(form);
            }
        };
        // PHP's, Go's and JavaScript's SDKs sign the path of a URL, and librtmp decodes it before it plays.
        let encoded = utf8_percent_encode(key, ESCAPED).to_string();
        for form in [key, &encoded] {
            add(form[..form.len() - ending_of(form).len()].to_owned());
        }
        add(encoded);
        // A `+` that was taken for a space is our guess, and nobody's signature.
        if self.means_without_guess(key) {
            add(self.path.clone());
        }
        // Ruby's SDK joins folder and file, and the folder of a file in the bucket's root is `.`.
        if !key.contains('/') {
            add(format!("./{key}"));
        }
        match &self.query {
            None => forms,
            // Signers sign the query of their own that the name carries.
            Some(query) => {
                let with = forms.iter().map(|form| format!("{form}?{query}")).collect::<Vec<_>>();
                with.into_iter().chain(forms).collect()
            }
        }
    }

    /// What people sign instead, and what that is in words. `tc_url` is where the viewer connected to.
    #[must_use]
    pub fn mistakes(&self, tc_url: &str) -> Vec<(String, &'static str)> {
        let path = self.path.as_str();
        let prefix = match self.prefix {
            Prefix::Mp4 => "mp4:",
            Prefix::Mp3 => "mp3:",
            Prefix::Flv => "flv:",
        };
        let url = tc_url.split('?').next().unwrap_or_default().trim_end_matches('/');
        // Players put folders of the URL into the app.
        let url = url.find("/cfx/st").map_or(url, |at| &url[..at + "/cfx/st".len()]);
        vec![
            (format!("{url}/{path}"), URL),
            (format!("{url}/{prefix}{path}"), URL),
            (format!("{prefix}{path}"), PREFIX),
            (format!("cfx/st/{path}"), APPLICATION),
            (format!("cfx/st/{prefix}{path}"), APPLICATION),
            (format!("/cfx/st/{path}"), APPLICATION),
            (format!("/{path}"), SLASH),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources(name: &str, key: &str) -> Vec<String> {
        let name = StreamName::parse("", name).expect("a name");
        assert!(name.keys().iter().any(|k| k == key), "{key}");
        name.resources(key)
    }

    #[test]
    fn an_object_is_called_by_its_key_with_and_without_ending() {
        assert_eq!(resources("mp4:dir/film.mp4", "dir/film.mp4"), ["dir/film.mp4", "dir/film"]);
        assert_eq!(resources("mp3:dir/song", "dir/song.mp3"), ["dir/song.mp3", "dir/song"]);
        assert_eq!(resources("dir/clip.flv", "dir/clip"), ["dir/clip", "dir/clip.flv"]);
    }

    #[test]
    fn a_file_in_the_root_may_have_a_dot_in_front() {
        assert_eq!(resources("mp4:film.mp4", "film.mp4"), ["film.mp4", "film", "./film.mp4"]);
    }

    #[test]
    fn the_users_query_may_be_signed_or_not() {
        let name = resources("d/x.flv?color=red", "d/x.flv");
        assert_eq!(name, ["d/x.flv?color=red", "d/x?color=red", "d/x.flv", "d/x"]);
    }

    #[test]
    fn escapes_may_be_signed_as_they_are_or_decoded() {
        let spaced = ["d/a b.mp4", "d/a b", "d/a%20b", "d/a%20b.mp4"];
        assert_eq!(resources("mp4:d/a%20b.mp4", "d/a b.mp4"), spaced);
        assert_eq!(resources("mp4:d/a b.mp4", "d/a b.mp4"), spaced);
        let odd = resources("mp4:d/%61.mp4", "d/a.mp4");
        assert_eq!(odd, ["d/a.mp4", "d/a", "d/%61.mp4"]);
    }

    #[test]
    fn a_plus_that_may_be_a_space_is_signed_as_the_bucket_has_it() {
        let both = resources("mp4:d/a+b.mp4", "d/a+b.mp4");
        assert_eq!(both, ["d/a+b.mp4", "d/a+b"]);
        let guessed = resources("mp4:d/a+b.mp4", "d/a b.mp4");
        assert!(!guessed.iter().any(|resource| resource.contains('+')), "{guessed:?}");
    }

    #[test]
    fn no_two_objects_share_a_resource_unless_their_names_differ_by_the_ending_only() {
        let name = StreamName::parse("", "mp4:d/a+b%20c").expect("a name");
        let keys = name.keys();
        let bare = |key: &str| key[..key.len() - ending_of(key).len()].to_owned();
        for one in &keys {
            for other in keys.iter().filter(|other| bare(other) != bare(one)) {
                let (ones, others) = (name.resources(one), name.resources(other));
                let shared: Vec<_> = ones.iter().filter(|resource| others.contains(resource)).collect();
                // What was written is both the key with escapes in it and the one without.
                assert!(shared.iter().all(|resource| resource.contains('%')), "{one} {other} {shared:?}");
            }
        }
    }

    #[test]
    fn what_people_sign_by_mistake_has_words() {
        let name = StreamName::parse("dir", "mp4:x.mp4").expect("a name");
        let mistakes = name.mistakes("rtmp://s1.example.net/cfx/st/dir?a=b");
        for text in [
            "rtmp://s1.example.net/cfx/st/mp4:dir/x.mp4",
            "rtmp://s1.example.net/cfx/st/dir/x.mp4",
            "cfx/st/dir/x.mp4",
            "mp4:dir/x.mp4",
            "/dir/x.mp4",
        ] {
            assert!(mistakes.iter().any(|(mistake, _)| mistake == text), "{text}: {mistakes:?}");
        }
    }
}
