//! What the page "Private content" says to paste, pasted; the programs on it, run; and the refusals on it, compared.

use std::path::Path;
use std::process::Command;

use millrace_tests::aws::Release;
use millrace_tests::binary::millrace;
use millrace_tests::clients::play;
use millrace_tests::media::sample;
use millrace_tests::process::run;
use millrace_tests::snippets::{Step, only, paste, steps};
use millrace_tests::weed::{BUCKET, READER, weed};
use millrace_tests::{Config, Frames, Server};

use super::{READY, bash, serve};

const PAGE: &str = include_str!("../../../../docs/private-content.md");

#[test]
fn the_page_about_private_content_works_as_pasted() {
    let home = tempfile::tempdir().expect("a home");
    let steps = steps(PAGE);
    let [configure, start, rest @ ..] = steps.as_slice() else { panic!("a page with steps") };
    // Only ports, the bucket at S3 and its key are others.
    let configure = configure.with(&[("127.0.0.1:1935", "127.0.0.1:0"), ("127.0.0.1:8090", "127.0.0.1:0")]);
    paste(&mut bash(home.path()), &[configure], "true");
    let folder = home.path().join("millrace-private");
    let config = folder.join("millrace.toml");
    let mut text = std::fs::read_to_string(&config).expect("it was pasted");
    text += &only(PAGE, "toml").replace("https://s3.example.net", weed().endpoint());
    std::fs::write(&config, text).expect("it can be written");
    weed().upload(&sample("sample.mp4"), "films/summer.mp4");

    let (_server, viewers, api) = serve(home.path(), start);
    let (key, secret) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let others =
        [(":1935", &*viewers), (":8090", &*api), ("my-films", BUCKET), (key, READER.0), (secret, READER.1)];
    let rest: Vec<Step> = rest.iter().map(|step| step.with(&others)).collect();
    // The first of them goes into the folder, where every command finds the configuration.
    let ready = format!("(cd ~/millrace-private; {READY})");
    paste(&mut bash(home.path()), &rest, &ready);
    let film = Frames::of_file(&sample("sample.mp4"));
    for saved in ["film", "dumped", "api", "group", "closed", "application"] {
        Frames::of_file(&folder.join(format!("{saved}.flv"))).assert_same(&film, saved);
    }
}

/// The languages of the programs on the page, and the files that they go into.
const LANGUAGES: [(&str, &str); 6] = [
    ("python", "sign.py"),
    ("js", "sign.js"),
    ("php", "sign.php"),
    ("go", "sign.go"),
    ("ruby", "sign.rb"),
    ("java", "Sign.java"),
];

/// What runs a program in this language.
fn interpreter(language: &str) -> Command {
    match language {
        "python" => Command::new(Release::Newest.python()),
        "js" => Command::new("node"),
        "go" => {
            let mut go = Command::new("go");
            // What it has built is kept for the next time.
            go.arg("run").env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"));
            go.env("GOTOOLCHAIN", "local");
            go
        }
        other => Command::new(other),
    }
}

#[test]
fn the_programs_of_the_page_sign_names_that_play() {
    let film = sample("sample.mp4");
    let bucket = film.parent().expect("samples lie in a folder");
    let config = Config::new()
        .with(&format!("[[bucket]]\nname = \"films\"\nfolder = {bucket:?}"))
        .with_distribution("E1", "s1.example.net", "films", "trusted_signers = [\"self\"]\n")
        .with_default("E1");
    let key = config.folder().join("key.pem");
    let mut create = Command::new(millrace());
    create.args(["keys", "create", "--private-key"]).arg(&key).arg("--config").arg(config.path());
    let registered = run(&mut create).ok().text();
    let id = registered.split(' ').next().expect("it begins with the key's id");
    let server = Server::serve(&config);
    assert_eq!(play(&server.url("mp4:sample.mp4"), &[]).report["failed"], 1, "nobody plays it unsigned");
    for (language, file) in LANGUAGES {
        let file = config.folder().join(file);
        std::fs::write(&file, only(PAGE, language)).expect("the program can be written");
        let mut program = interpreter(language);
        program.arg(&file).arg(&key).args([id, "mp4:sample.mp4", "1999999999"]);
        let signed = run(&mut program).ok().text();
        assert!(signed.starts_with("mp4:sample.mp4?Expires=1999999999&Signature="), "{language}: {signed}");
        let _ = play(&server.url(signed.trim_end()), &[]).ok();
    }
}

/// The texts in quotes of a source, each as the pieces between what is filled in.
fn texts(source: &str) -> Vec<Vec<String>> {
    let source = source.replace("\\\"", "\u{1}");
    let quoted = source.split('"').skip(1).step_by(2);
    let pieces = |text: &str| -> Vec<String> {
        let text = text.replace('\u{1}', "\"");
        let behind =
            |piece: &str| piece.split_once('}').map_or_else(|| piece.to_owned(), |(_, text)| text.to_owned());
        text.split('{').map(behind).filter(|piece| !piece.is_empty()).collect()
    };
    quoted.map(pieces).filter(|pieces| !pieces.is_empty()).collect()
}

/// What is said by `#[error(…)]`.
fn errors(source: &str) -> Vec<Vec<String>> {
    let attributes = source.split("#[error(").skip(1).map(|rest| rest.split_once(")]").expect("it ends").0);
    attributes.flat_map(texts).collect()
}

#[test]
fn the_page_has_the_words_of_every_refusal() {
    let refusal = include_str!("../../../../crates/sign/src/signed_url/refusal.rs");
    let (_, words) = refusal.split_once("\nfn hint()").expect("what refusals end with");
    let sources = [
        refusal,
        include_str!("../../../../crates/sign/src/signed_url/policy.rs"),
        include_str!("../../../../crates/edge/src/signatures.rs"),
    ];
    let said: Vec<_> = sources.into_iter().flat_map(errors).chain(texts(words)).collect();
    assert!(said.len() > 25, "{said:?}");
    let rows: Vec<&str> = PAGE.lines().filter(|line| line.starts_with("| ")).collect();
    let holds = |row: &&str, pieces: &[String]| {
        let mut rest = *row;
        pieces.iter().all(|piece| {
            let found = rest.split_once(piece.as_str());
            rest = found.map_or("", |(_, behind)| behind);
            found.is_some()
        })
    };
    let missing: Vec<_> = said.iter().filter(|pieces| !rows.iter().any(|row| holds(row, pieces))).collect();
    assert!(missing.is_empty(), "the page has no row for {missing:#?}");
}
