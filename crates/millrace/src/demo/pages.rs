//! The pages of the demo's player bucket: one of today, and old ones, as people wrote them when there was Flash.

use rust_embed::RustEmbed;

/// Today's, and its name.
pub(super) const PAGE: (&str, &str) = ("index.html", include_str!("../../../../assets/player/index.html"));
/// Where old pages have the host of a streaming distribution.
const EXAMPLE: &str = "s5678.example.net";
/// The folder of old pages in the bucket.
const FOLDER: &str = "old";

#[derive(RustEmbed)]
#[folder = "../../assets/player/old/"]
struct Old;

/// What some of them load beside an adapter: video.js and MediaElement.js, which `cargo xtask player` puts there. A
/// checkout in which that was not done has none.
#[derive(RustEmbed)]
#[folder = "../../player/dist/libraries/"]
#[allow_missing = true]
struct Libraries;

/// The old pages and what they load, with their names in the bucket. They hold addresses, so they are made anew at each
/// start, for this host (and port) of the streaming distribution.
pub(super) fn old(streaming: &str) -> impl Iterator<Item = (String, Vec<u8>)> {
    let pages = Old::iter().filter_map(move |name| {
        let page = Old::get(&name)?.data;
        let page = String::from_utf8_lossy(&page).replace(EXAMPLE, streaming);
        Some((in_folder(&name), page.into_bytes()))
    });
    let libraries = Libraries::iter()
        .filter_map(|name| Some((in_folder(&name), Libraries::get(&name)?.data.into_owned())));
    pages.chain(libraries)
}

fn in_folder(name: &str) -> String {
    format!("{FOLDER}/{name}")
}
