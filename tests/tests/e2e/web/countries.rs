//! Countries: a database that others' library wrote, and viewers at addresses that it knows.

use std::path::Path;
use std::process::Command;

use millrace_tests::binary::millrace;
use millrace_tests::process::{run, sooner_or_later};
use millrace_tests::{Config, Nginx};

use super::site::{HOST, Site, curl, script};

/// All of 127.0.0.0/8 is this machine, so viewers may be at any address of it; others are told by proxies. In small
/// letters: where an address belongs to, if nobody knows where it is used.
const NETWORKS: [&str; 5] =
    ["127.0.0.2/32=DE", "127.0.0.3/32=US", "203.0.113.0/24=FR", "198.51.100.0/24=at", "2001:db8::/32=CH"];

/// An address on this machine of which the database knows nothing.
const NOWHERE: &str = "127.0.0.4";

/// What the distribution has for a rule.
fn rule(kind: &str, countries: &[&str]) -> String {
    let (quantity, items) = (countries.len(), countries.join(", "));
    format!(
        "    Restrictions:\n      GeoRestriction: \
         {{RestrictionType: {kind}, Quantity: {quantity}, Items: [{items}]}}\n"
    )
}

fn write(file: &Path, networks: &[&str]) {
    let _ = run(script("countries.py").arg(file).args(networks)).ok();
}

/// A site with the database, and with a page.
fn site(config: Config, rule: &str) -> Site {
    write(&config.folder().join("countries.mmdb"), &NETWORKS);
    let site = Site::new(config.with("[web]\ncountries = \"countries.mmdb\""), rule);
    site.put("page.txt", b"for some");
    site
}

/// The status of the page for a viewer at this address.
fn status(site: &Site, address: &str) -> String {
    let text = site.fetch("/page.txt", &["--interface", address]).text();
    text.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// What the origin says that it was asked.
fn told(site: &Site, path: &str, options: &[&str]) -> serde_json::Value {
    let text = site.fetch(path, options).text();
    let (_, body) = text.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_whitelist_lets_in_its_countries_and_those_of_whom_nobody_knows_where_they_are() {
    let site = site(Config::new(), &rule("whitelist", &["DE", "FR"]));
    for (address, expected) in [("127.0.0.2", "200"), ("127.0.0.3", "403"), (NOWHERE, "200")] {
        assert_eq!(status(&site, address), expected, "{address}");
    }
    let refused = site.fetch("/page.txt", &["--interface", "127.0.0.3"]).text();
    assert!(refused.contains("X-Cache: Error from cloudfront\r\n"), "{refused}");
    assert!(refused.contains("<h1>403 ERROR</h1>"), "{refused}");
    assert!(
        refused.contains("The request could not be satisfied.") && refused.contains("country"),
        "{refused}"
    );
    assert!(!refused.contains("for some"), "{refused}");
}

#[test]
fn a_blacklist_keeps_out_its_countries_also_of_what_is_kept_already() {
    let site = site(Config::new(), &rule("blacklist", &["US", "AT"]));
    for (address, expected) in
        [("127.0.0.2", "200"), ("127.0.0.3", "403"), (NOWHERE, "200"), ("127.0.0.3", "403")]
    {
        assert_eq!(status(&site, address), expected, "{address}");
    }
    let posted = site.fetch("/api/form", &["--interface", "127.0.0.3", "-d", "a=1"]).text();
    assert!(posted.starts_with("HTTP/1.1 403"), "{posted}");
}

#[test]
fn everybody_is_served_where_there_is_no_rule_or_no_database() {
    let plain = site(Config::new(), "");
    assert_eq!(status(&plain, "127.0.0.3"), "200");
    let unknown = Site::new(Config::new(), &rule("whitelist", &["DE"]));
    unknown.put("page.txt", b"for some");
    assert_eq!(status(&unknown, "127.0.0.3"), "200");
}

#[test]
fn the_last_address_that_a_trusted_proxy_names_is_the_viewers() {
    let site = site(Config::new().with_proxies(), &rule("whitelist", &["FR", "AT", "CH"]));
    let status = |from: &str, named: &str| {
        let text =
            site.fetch("/page.txt", &["--interface", from, "-H", &format!("X-Forwarded-For: {named}")]);
        text.text().split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let cases = [
        ("203.0.113.9", "200"),
        ("198.51.100.9", "200"),
        ("2001:db8::9", "200"),
        ("127.0.0.2", "403"),
        ("203.0.113.9, 127.0.0.3", "403"),
        ("127.0.0.3, 203.0.113.9", "200"),
    ];
    for (named, expected) in cases {
        assert_eq!(status("127.0.0.1", named), expected, "{named}");
    }
    // Nobody else is believed.
    assert_eq!(status("127.0.0.3", "203.0.113.9"), "403");
}

#[test]
fn behind_a_balancer_that_says_who_comes_it_is_the_viewers_country_that_counts() {
    let config = Config::new().with_proxies().with_certificate();
    let site = site(config, &rule("blacklist", &["US"]));
    let nginx = Nginx::passing_on(site.server.port());
    for (scheme, options) in
        [("http", "--http1.1"), ("http", "--http2-prior-knowledge"), ("https", "--http2")]
    {
        for (address, expected) in [("127.0.0.2", "200"), ("127.0.0.3", "403"), (NOWHERE, "200")] {
            let mut curl = curl(&["-o", "/dev/null", "-w", "%{http_code}", "--interface", address, options]);
            let url = format!("{scheme}://{HOST}:{}/page.txt", nginx.port());
            assert_eq!(run(curl.arg(url)).ok().text(), expected, "{scheme} {options} {address}");
        }
    }
}

#[test]
fn the_origin_is_told_the_country_and_not_what_the_viewer_says_of_it() {
    let site = site(Config::new(), "");
    let lie = ["-H", "CloudFront-Viewer-Country: FR"];
    for (address, expected) in [("127.0.0.2", "DE".into()), (NOWHERE, serde_json::Value::Null)] {
        for more in [&[][..], &lie] {
            let told = told(&site, "/api/x", &[&["--interface", address], more].concat());
            assert_eq!(told["fields"]["cloudfront-viewer-country"], expected, "{address} {more:?}: {told:#}");
        }
    }
}

#[test]
fn copies_are_told_apart_by_country_where_the_origin_hears_of_it() {
    let site = site(Config::new(), "");
    let ask = |address: &str, more: &[&str]| {
        let text = site.fetch("/local/prices", &[&["--interface", address], more].concat()).text();
        let country = ["DE", "US"].into_iter().find(|code| text.contains(&format!("-country\": \"{code}\"")));
        (country, text.contains("X-Cache: Hit from cloudfront"))
    };
    let viewers = [("127.0.0.2", Some("DE")), ("127.0.0.3", Some("US")), (NOWHERE, None)];
    for (address, country) in viewers {
        assert_eq!(ask(address, &[]), (country, false), "{address}");
    }
    for (address, country) in viewers {
        assert_eq!(ask(address, &[]), (country, true), "{address}");
        // What a viewer says of it leads to no other copy.
        assert_eq!(ask(address, &["-H", "CloudFront-Viewer-Country: FR"]), (country, true), "{address}");
    }
}

#[test]
fn copies_are_told_apart_by_device_and_protocol_where_the_origin_hears_of_them() {
    let site = site(Config::new().with_certificate(), "");
    let phone = "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148";
    let cache = |(scheme, agent): (&str, &str)| {
        let url = site.url(scheme, "/local/layout");
        let text = run(curl(&["-i", "--http1.1", "-H", agent]).arg(url)).ok().text();
        let said = |words: &str| text.contains(words);
        (said("-viewer\": \"true\""), said("-proto\": \"https\""), said("X-Cache: Hit from cloudfront"))
    };
    let viewers = [("http", phone), ("http", "User-Agent: x"), ("https", phone), ("https", "User-Agent: x")];
    let kinds = [(true, false), (false, false), (true, true), (false, true)];
    assert_eq!(viewers.map(cache), kinds.map(|(mobile, tls)| (mobile, tls, false)));
    assert_eq!(viewers.map(cache), kinds.map(|(mobile, tls)| (mobile, tls, true)));
}

#[test]
fn a_renewed_database_is_noticed_and_a_broken_one_changes_nothing() {
    let config = Config::new().with("[tls]\ncheck_every = \"200ms\"");
    let mut site = site(config, &rule("whitelist", &["DE"]));
    assert_eq!(status(&site, "127.0.0.3"), "403");
    let file = site.file("countries.mmdb");
    let new = site.file("new.mmdb");
    write(&new, &["127.0.0.2/32=US", "127.0.0.3/32=DE"]);
    std::fs::rename(&new, &file).expect("it takes the place");
    sooner_or_later("the new one counts", || status(&site, "127.0.0.3") == "200");
    assert_eq!(status(&site, "127.0.0.2"), "403");
    std::fs::write(&new, "no database").expect("it is written");
    std::fs::rename(&new, &file).expect("it takes the place");
    site.server.wait_for_event("MaxMind");
    assert_eq!(
        (status(&site, "127.0.0.2"), status(&site, "127.0.0.3")),
        ("403".to_owned(), "200".to_owned())
    );
}

#[test]
fn a_file_that_is_no_database_is_refused_at_the_start() {
    let config = Config::new().with("[web]\ncountries = \"countries.mmdb\"");
    std::fs::write(config.folder().join("countries.mmdb"), "no database").expect("it is written");
    let finished = run(Command::new(millrace()).args(["serve", "--config"]).arg(config.path()));
    assert!(!finished.status.success(), "{}", finished.err);
    assert!(finished.err.contains("countries.mmdb") && finished.err.contains("MaxMind"), "{}", finished.err);
}
