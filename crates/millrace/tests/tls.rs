//! The program with certificates: served, renewed, listed anew, and faulty.

mod support;

use support::{Folder, Serving, millrace};

/// Ports for everything, and one certificate.
const ONE: &str = "[listen]\nviewers = [\"127.0.0.1:0\"]\ntls = [\"127.0.0.1:0\"]\n[control]\nlisten = []\n\
    [tls]\ncheck_every = \"100ms\"\n\
    [[certificate]]\ncertificate = \"one.pem\"\nkey = \"one.key\"\n";

#[test]
fn every_port_speaks_tls_and_a_client_that_trusts_the_certificate_plays() {
    let folder = Folder::new();
    folder.certificate("one", "localhost");
    let server = Serving::start(&folder, ONE, "");
    for port in &server.ports {
        for scheme in ["rtmps", "rtmpts", "rtmpe", "rtmpte", "rtmpt", "rtmp"] {
            let url = format!("{scheme}://localhost:{port}/cfx/st/mp4:sample.mp4");
            let played = folder.millrace(&["play", &url, "--full", "--ca", "one.pem"]);
            assert!(played.status.success(), "{url}: {}", support::text(&played));
        }
    }
    let url = format!("rtmps://localhost:{}/cfx/st/mp4:sample.mp4", server.ports[0]);
    let refused = support::text(&folder.millrace(&["play", &url]));
    assert!(refused.contains("UnknownIssuer") && refused.contains("--ca"), "{refused}");
}

#[test]
fn a_renewed_certificate_is_in_force_without_a_signal() {
    let folder = Folder::new();
    folder.certificate("one", "localhost");
    let mut server = Serving::start(&folder, ONE, "");
    std::fs::copy(folder.path("one.pem"), folder.path("old.pem")).expect("a copy");
    std::fs::write(folder.path("one.pem"), "half of a fi").expect("it can be written");
    let fault = server.wait_for("the old certificates stay in force");
    assert!(fault.contains("one.pem: it is not PEM"), "{fault}");
    let url = format!("rtmps://localhost:{}/cfx/st/mp4:sample.mp4", server.ports[0]);
    assert!(folder.millrace(&["play", &url, "--full", "--ca", "old.pem"]).status.success());
    folder.certificate("one", "localhost");
    server.wait_for("renewed certificates are in force");
    assert!(folder.millrace(&["play", &url, "--full", "--ca", "one.pem"]).status.success());
    assert!(!folder.millrace(&["play", &url, "--full", "--ca", "old.pem"]).status.success());
}

#[test]
fn a_signal_takes_another_list_and_a_fault_in_it_changes_nothing() {
    let folder = Folder::new();
    folder.certificate("one", "localhost");
    let mut server = Serving::start(&folder, ONE, "");
    let url = format!("rtmps://localhost:{}/cfx/st/mp4:sample.mp4", server.ports[0]);
    folder.configure(&ONE.replace("one.", "two."), "");
    server.hang_up();
    let fault = server.wait_for("the old configuration stays in force");
    assert!(fault.contains("two.pem can't be read"), "{fault}");
    assert!(folder.millrace(&["play", &url, "--full", "--ca", "one.pem"]).status.success());
    folder.certificate("two", "localhost");
    server.hang_up();
    server.wait_for("were read again");
    assert!(folder.millrace(&["play", &url, "--full", "--ca", "two.pem"]).status.success());
}

#[test]
fn a_fault_at_the_start_names_the_file() {
    let folder = Folder::new();
    folder.certificate("one", "localhost");
    folder.certificate("two", "localhost");
    std::fs::copy(folder.path("two.key"), folder.path("one.key")).expect("a copy");
    folder.configure(ONE, "");
    for command in [["config", "check"], ["serve", "--config"]] {
        let refused = folder.millrace(&[command[0], command[1], "millrace.toml"]);
        let text = support::text(&refused);
        assert_eq!(refused.status.code(), Some(1), "{text}");
        assert!(text.contains("the key in one.key is not the one of the certificate in one.pem"), "{text}");
    }
}

#[test]
fn a_player_that_a_distribution_lists_plays_and_others_do_not() {
    let folder = Folder::new();
    std::fs::write(folder.path("player.swf"), b"FWS\x08\x0e\0\0\0a film").expect("it can be written");
    let listen = "[listen]\nviewers = [\"127.0.0.1:0\"]\n[control]\nlisten = []\n";
    let server =
        Serving::start(&folder, listen, "swf = [\"player.swf\"]\nvariants = [\"rtmp\", \"rtmpe\"]\n");
    let told = support::text(&folder.millrace(&["swf", "player.swf"]));
    let line = told.lines().find(|line| line.contains("--swf-hash")).expect("options to paste");
    let options: Vec<&str> = line.split_whitespace().skip_while(|word| !word.starts_with("--")).collect();
    let play = |scheme: &str, options: &[&str]| {
        let url = format!("{scheme}://127.0.0.1:{}/cfx/st/mp4:sample.mp4", server.ports[0]);
        let played = folder.millrace(&[&["play", &url, "--full"], options].concat());
        (played.status.success(), support::text(&played))
    };
    for scheme in ["rtmp", "rtmpe"] {
        let (plays, text) = play(scheme, &options);
        assert!(plays, "{scheme}: {text}");
        let (plays, text) = play(scheme, &[options[0], options[1], "--swf-size", "15"]);
        assert!(!plays && text.contains("SWF"), "{scheme}: {text}");
    }
    let (plays, text) = play("rtmpt", &options);
    assert!(!plays && text.contains("rtmpt is not allowed"), "{text}");
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let line = format!("{:?} config default | head -n 1", millrace());
    let output = std::process::Command::new("sh").args(["-c", &line]).output().expect("a shell");
    let text = support::text(&output);
    assert!(text.starts_with("# Millrace") && !text.contains("panicked"), "{text}");
}
