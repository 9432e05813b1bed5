//! What the page "Web distributions" says to paste, pasted.

use millrace_tests::snippets::{Step, paste, steps};

use super::{READY, bash, serve};

const PAGE: &str = include_str!("../../../../docs/web-distributions.md");

#[test]
fn the_page_about_web_distributions_works_as_pasted() {
    let home = tempfile::tempdir().expect("a home");
    let steps = steps(PAGE);
    let [configure, start, rest @ ..] = steps.as_slice() else { panic!("a page with steps") };
    // Only the ports are others.
    let configure = configure.with(&[("127.0.0.1:8080", "127.0.0.1:0"), ("127.0.0.1:8090", "127.0.0.1:0")]);
    paste(&mut bash(home.path()), &[configure], "true");
    let (_server, viewers, api) = serve(home.path(), start);
    let others = [(":8080", &*viewers), (":8090", &*api)];
    let rest: Vec<Step> = rest.iter().map(|step| step.with(&others)).collect();
    // The first terminal has gone into the folder.
    paste(bash(home.path()).current_dir(home.path().join("millrace-web")), &rest, READY);
}
