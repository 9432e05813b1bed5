//! Addresses and stream names of strangers: whatever they send, the keys that come out are harmless.
#![no_main]

use libfuzzer_sys::fuzz_target;
use millrace_model::{Address, StreamName};

fuzz_target!(|data: &str| {
    // tcUrl, app and stream name, a line each.
    let mut lines = data.splitn(3, '\n').map(str::to_owned);
    let [tc_url, app, name] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let path = match Address::parse(&tc_url, &app) {
        Ok(address) => {
            assert!(!address.host.is_empty() && address.host == address.host.to_ascii_lowercase());
            assert!(!address.host.contains(|c: char| c.is_control() || c.is_whitespace()));
            assert!(!address.path.starts_with('/') && !address.path.ends_with('/'));
            address.path
        }
        Err(_) => app,
    };
    let Ok(parsed) = StreamName::parse(&path, &name) else { return };
    let keys = parsed.keys();
    for (index, key) in keys.iter().enumerate() {
        assert!(!key.is_empty() && key.len() <= 1024, "{key:?}");
        assert!(!key.contains(|c: char| c == '\\' || c.is_control()), "{key:?}");
        assert!(key.split('/').all(|part| !matches!(part, "." | "..")), "{key:?}");
        assert!(!keys[..index].contains(key), "{key:?} twice");
    }
    assert!(keys.len() <= 3 * 9);
});
