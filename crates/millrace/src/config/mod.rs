//! The configuration file: what can be set, and what is set.
//!
//! Each setting is defined once, in [`settings`]: its name, type, default and meaning. The parser and the default file
//! are both made from that.

mod entries;
mod settings;
mod site;
mod value;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use millrace_model::Swf;
use serde::Deserialize;

use crate::swf;
use entries::{Bucket, Distribution};
pub(crate) use settings::Settings;
pub(crate) use site::Store;
pub(crate) use value::Leaving;

/// The folder that stands for the demo's bucket, in its data folder.
pub(crate) const DEMO_BUCKET: &str = "buckets/media";
/// The same for its player.
pub(crate) const DEMO_PLAYER: &str = "buckets/player";

/// A configuration that was read and found sound.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) settings: Settings,
    /// Where paths start from.
    folder: PathBuf,
    /// The players' files that distributions name.
    players: HashMap<PathBuf, Swf>,
}

impl Config {
    /// Reads a file.
    pub(crate) fn load(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| {
            format!("{} can't be read; `millrace config default` prints a file to start from", file.display())
        })?;
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let config = Self::parse(&text).and_then(|config| config.with_players(&text, folder));
        config.map_err(|fault| anyhow::anyhow!("{}:{fault}", file.display()))
    }

    /// Reads the text of a file. The error begins with line and column.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let settings =
            Settings::deserialize(toml::Deserializer::parse(text).map_err(|e| Fault::toml(text, &e))?)
                .map_err(|error| Fault::toml(text, &error))?;
        settings.check().map_err(|(span, what)| Fault::at(text, span.start, what))?;
        Ok(Self { settings, folder: PathBuf::new(), players: HashMap::new() })
    }

    /// Reads the players' files; their paths start from `folder`, as all others from now on.
    fn with_players(mut self, text: &str, folder: &Path) -> Result<Self, Fault> {
        folder.clone_into(&mut self.folder);
        for file in self.settings.distribution.iter().flat_map(|distribution| &distribution.swf) {
            if !self.players.contains_key(file.get_ref()) {
                let player = swf::read(&folder.join(file.get_ref()));
                let fault = |error| Fault::at(text, file.span().start, format!("swf: {error:#}"));
                self.players.insert(file.get_ref().clone(), player.map_err(fault)?);
            }
        }
        Ok(self)
    }

    /// What a demo with that data folder has; its ports are chosen on its command line.
    pub(crate) fn of_folder(folder: &Path) -> anyhow::Result<Self> {
        let bucket = folder.join(DEMO_BUCKET);
        let mut config = match bucket.is_dir() {
            true => Self::of_demo(folder)?,
            false => Self::parse("")?.with_data(folder)?,
        };
        config.settings.listen.viewers.clear();
        config.settings.control.listen.clear();
        Ok(config)
    }

    fn with_data(mut self, folder: &Path) -> anyhow::Result<Self> {
        self.settings.control.directory = std::path::absolute(folder)?.display().to_string();
        Ok(self)
    }

    /// What the demo serves: one distribution for everybody over a folder, and what the API makes over the same folder and
    /// another one.
    pub(crate) fn of_demo(data: &Path) -> anyhow::Result<Self> {
        let data = std::path::absolute(data)?;
        let text = format!(
            "default_distribution = \"demo\"\n[control]\nsuffix = \"localhost\"\n\
             [[bucket]]\nname = \"media\"\nfolder = {:?}\n[[bucket]]\nname = \"player\"\nfolder = {:?}\n\
             [[distribution]]\nid = \"demo\"\ndomain_name = \"localhost\"\nbucket = \"media\"\n",
            data.join(DEMO_BUCKET),
            data.join(DEMO_PLAYER)
        );
        Self::parse(&text)?.with_data(&data)
    }

    /// A file with every setting, its meaning and its default.
    pub(crate) fn default_file() -> String {
        settings::default_file()
    }

    /// What it amounts to, for a person.
    pub(crate) fn summary(&self) -> String {
        let Settings { distribution, bucket, listen, .. } = &self.settings;
        let ports = listen.viewers.iter().chain(&listen.tls.value);
        let ports: Vec<_> = ports.map(ToString::to_string).collect();
        format!(
            "{} distributions over {} buckets, viewers at {}",
            distribution.len(),
            bucket.len(),
            ports.join(", ")
        )
    }
}

/// A fault in a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {what}")]
pub(crate) struct Fault {
    line: usize,
    column: usize,
    what: String,
}

impl Fault {
    fn at(text: &str, offset: usize, what: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what,
        }
    }

    /// The parser knows where it was, but says only what was wrong with the value: the setting's name is added.
    fn toml(text: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        let line = text.get(..offset).map_or(0, |before| before.matches('\n').count());
        let setting =
            text.lines().nth(line).and_then(|line| line.split_once('=')).map(|(name, _)| name.trim());
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        let what = match setting {
            Some(name) if !message.contains(&format!("`{name}`")) => format!("{name}: {message}"),
            _ => message,
        };
        Self::at(text, offset, what)
    }
}

#[cfg(test)]
mod tests {
    use millrace_control::Signers;
    use millrace_model::StreamingDistribution;

    use super::*;

    fn fault(text: &str) -> String {
        Config::parse(text).expect_err("the file has a fault").to_string()
    }

    #[test]
    fn the_default_file_is_a_file_and_says_what_an_empty_one_means() {
        let text = Config::default_file();
        let default = Config::parse(&text).expect("the default file is sound");
        let empty = Config::parse("").expect("every setting has a default");
        assert_eq!(format!("{:?}", default.settings), format!("{:?}", empty.settings), "{text}");
    }

    #[test]
    fn what_is_not_set_is_as_the_edge_has_it() {
        let limits = Config::parse("").expect("every setting has a default").limits();
        assert_eq!(format!("{limits:#?}"), format!("{:#?}", millrace_edge::Limits::default()));
    }

    #[test]
    fn the_default_files_examples_are_sound_as_well() {
        let uncommented: String = Config::default_file()
            .lines()
            .map(|line| format!("{}\n", line.strip_prefix("#: ").unwrap_or(line)))
            .collect();
        let config = Config::parse(&uncommented).expect("the examples are sound");
        let Settings { bucket, distribution, certificate, .. } = &config.settings;
        assert_eq!((bucket.len(), distribution.len(), certificate.len()), (2, 1, 1));
    }

    #[test]
    fn every_fault_names_line_column_and_setting() {
        assert_eq!(fault("[cache]\nmemroy = \"1GiB\"")[..6], *"2:1: u");
        assert!(fault("[cache]\nmemroy = \"1GiB\"").contains("`memroy`"));
        assert!(fault("[cache]\n\nmemory = \"much\"").starts_with("3:10: memory: "));
        assert!(fault("[drain]\ndeadline = 5").starts_with("2:12: deadline: "));
        assert!(fault("[listen]\nviewers = [\"1935\"]").starts_with("2:11: viewers: "));
        assert!(fault("[log]\nformat = \"xml\"").starts_with("2:10: format: "));
        assert!(fault("[cache\n").starts_with("1:7: "));
    }

    #[test]
    fn a_name_that_points_at_nothing_is_told_where_it_stands() {
        let text = "[[distribution]]\nid = \"A\"\ndomain_name = \"s1.example.net\"\nbucket = \"films\"\n";
        assert_eq!(fault(text), "4:10: bucket: there is no [[bucket]] named \"films\"");
        assert!(fault("default_distribution = \"A\"").starts_with("1:24: default_distribution: "));
    }

    #[test]
    fn ports_for_tls_need_a_certificate() {
        let text = "[listen]\ntls = [\":443\"]\n";
        assert!(fault(text).starts_with("2:7: tls: TLS needs a [[certificate]]"), "{}", fault(text));
        let with = format!("{text}[[certificate]]\ncertificate = \"a.pem\"\nkey = \"a.key\"\n");
        let config = Config::parse(&with).expect("a sound file");
        assert_eq!(config.certificate_files().len(), 1);
        assert!(config.summary().ends_with(":1935, :80, :443"), "{}", config.summary());
    }

    /// The first distribution, as long as nothing is known of keys.
    fn model(config: &Config) -> StreamingDistribution {
        config.distributions(&Signers::default()).next().expect("there is one")
    }

    /// A file with one distribution that has this setting on its sixth line.
    fn distribution_with(setting: &str) -> String {
        format!(
            "[[bucket]]\nname = \"a\"\nfolder = \"x\"\n\
             [[distribution]]\nid = \"A\"\n{setting}\ndomain_name = \"h\"\nbucket = \"a\"\n"
        )
    }

    #[test]
    fn the_variants_of_a_distribution_are_all_unless_it_lists_some() {
        let variants = |setting: &str| {
            let config = Config::parse(&distribution_with(setting)).expect("a sound file");
            model(&config).variants.to_string()
        };
        assert_eq!(variants(""), "rtmp, rtmpe, rtmpt, rtmpte, rtmps, rtmpts");
        assert_eq!(variants("variants = [\"rtmps\", \"rtmpe\"]"), "rtmpe, rtmps");
        let wrong = fault(&distribution_with("variants = [\"rtmp\", \"rtmfp\"]"));
        assert!(wrong.starts_with("6:12: variants: \"rtmfp\" is none of rtmp, "), "{wrong}");
        let none = fault(&distribution_with("variants = []"));
        assert!(none.starts_with("6:12: variants: nobody"), "{none}");
    }

    #[test]
    fn a_distribution_with_signers_of_whom_nothing_is_known_lets_nobody_play() {
        let trusted = |setting: &str| {
            let config = Config::parse(&distribution_with(setting)).expect("a sound file");
            model(&config).trusted_keys
        };
        assert_eq!(trusted(""), None);
        assert_eq!(trusted("trusted_signers = []"), None);
        assert_eq!(trusted("trusted_signers = [\"self\", \"210987654321\"]"), Some(Vec::new()));
    }

    #[test]
    fn a_signer_that_can_be_none_is_told_where_it_stands() {
        let wrong = fault(&distribution_with("trusted_signers = [\"self\", \"Self\"]"));
        assert!(wrong.starts_with("6:28: trusted_signers: \"Self\" is neither `self`"), "{wrong}");
    }

    #[test]
    fn the_pages_that_may_play_are_told_by_their_origins() {
        let config = Config::parse(&distribution_with("pages = [\"https://*.example.com\", \"null\"]"));
        let pages = model(&config.expect("a sound file")).pages;
        assert!(pages[0].matches("https://www.example.com") && pages[1].matches("null"));
        let wrong = fault(&distribution_with("pages = [\"null\", \"www.example.com\"]"));
        assert!(wrong.starts_with("6:18: pages: \"www.example.com\" is no origin of pages: "), "{wrong}");
    }

    #[test]
    fn players_are_read_from_beside_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("millrace.toml");
        std::fs::write(&file, distribution_with("swf = [\"player.swf\"]")).expect("it can be written");
        let error = Config::load(&file).expect_err("there is no player").to_string();
        assert!(error.contains("millrace.toml:6:8: swf: ") && error.contains("player.swf"), "{error}");
        std::fs::write(folder.path().join("player.swf"), b"FWS\x08\x0b\0\0\0abc").expect("it can be written");
        let config = Config::load(&file).expect("there is one now");
        let swf = model(&config).swf;
        assert_eq!(swf.iter().map(|player| player.size).collect::<Vec<_>>(), [11]);
    }

    #[test]
    fn a_bucket_is_a_folder_or_a_place_at_s3_with_whole_credentials() {
        assert!(fault("[[bucket]]\nname = \"a\"\n").starts_with("2:8: "));
        assert!(fault("[[bucket]]\nname = \"a\"\nfolder = \"x\"\nbucket = \"b\"").contains("not both"));
        let half = "[[bucket]]\nname = \"a\"\nbucket = \"b\"\naccess_key_id = \"AKIA\"\n";
        assert!(fault(half).contains("secret_access_key"));
        assert!(
            fault("[[bucket]]\nname = \"a\"\nfolder = \"x\"\n[[bucket]]\nname = \"a\"\nfolder = \"y\"")
                .starts_with("5:8: name: ")
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        let text = "[[bucket]]\nname = \"a\"\nbucket = \"b\"\naccess_key_id = \"AKIA\"\nsecret_access_key = \"hush\"";
        let config = Config::parse(text).expect("a sound file");
        assert!(!format!("{config:?}").contains("hush"));
    }
}
