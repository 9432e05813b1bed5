//! What the page "Private content" says to paste, pasted; the programs on it, run; and the refusals on it, compared.

use std::path::Path;
use std::process::Command;

use millrace_tests::aws::Release;
use millrace_tests::binary::millrace;
use millrace_tests::clients::play;
use millrace_tests::media::sample;
use millrace_tests::process::run;
use millrace_tests::server::ADMIN;
use millrace_tests::snippets::{Step, only, paste, steps};
use millrace_tests::weed::{BUCKET, READER, weed};
use millrace_tests::{Config, Frames, Running, Server};

const PAGE: &str = include_str!("../../../docs/private-content.md");

/// A server knows of everything that the commands before have changed. People need the second that it takes to read on.
const READY: &str = "millrace doctor | grep -q '^ok    snapshot'";

/// A shell at home in a folder, in the folder of the sources, with the programs that are tested.
fn bash(home: &Path) -> Command {
    let folder_of =
        |program: &Path| program.parent().expect("a program lies in a folder").display().to_string();
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = [folder_of(millrace()), folder_of(&Release::Newest.aws()), path].join(":");
    let assets = sample("sample.mp4");
    let sources = assets.ancestors().nth(2).expect("samples lie in a folder of the sources");
    let mut command = Command::new("bash");
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("AWS_") || name.starts_with("MILLRACE_")) {
            command.env_remove(name);
        }
    }
    command.current_dir(sources).env("PATH", path).env("HOME", home).env("NO_COLOR", "1");
    command.env("AWS_ACCESS_KEY_ID", ADMIN.0).env("AWS_SECRET_ACCESS_KEY", ADMIN.1);
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_PAGER", "").env("NO_PROXY", "*");
    command
}

/// Starts the server as the page says; the result has its ports, of viewers and of the API.
fn serve(home: &Path, step: &Step) -> (Running, String, String) {
    let mut command = bash(home);
    command.args(["-c", &format!("exec {}", step.script)]);
    command.env("MILLRACE_ADMIN_ACCESS_KEY_ID", ADMIN.0).env("MILLRACE_ADMIN_SECRET_ACCESS_KEY", ADMIN.1);
    let mut server = Running::start(&mut command);
    let log = server.wait_for_err("the API listens");
    let port = |message: &str| {
        let (_, behind) = log.split_once(message).expect("the log names its ports");
        let (_, digits) = behind.split_once("127.0.0.1").expect("it listens on this machine");
        digits.chars().take_while(|letter| *letter == ':' || letter.is_ascii_digit()).collect()
    };
    let ports = (port("viewers may connect"), port("the API listens"));
    (server, ports.0, ports.1)
}

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
    let refusal = include_str!("../../../crates/sign/src/signed_url/refusal.rs");
    let (_, words) = refusal.split_once("\nfn hint()").expect("what refusals end with");
    let sources = [
        refusal,
        include_str!("../../../crates/sign/src/signed_url/policy.rs"),
        include_str!("../../../crates/edge/src/signatures.rs"),
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
