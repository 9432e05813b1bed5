//! The log has a line for each request, and no secrets.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use http::Method;
use tracing_subscriber::fmt::MakeWriter;

use crate::plane::{ADMIN, Plane, signed};

/// Everything that is logged in this process, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let lines = tracing_subscriber::fmt().with_env_filter("trace").with_ansi(false);
        lines.with_writer(log.clone()).try_init().expect("nobody else logs here");
        log
    })
}

#[tokio::test]
async fn secrets_and_signatures_are_in_no_line() {
    let log = log();
    let plane = Plane::new().await;
    let (other, secret) = ("AKIAOTHER", "nobody-may-read-this-secret");
    plane.service.put_user("other", millrace_control::auth::Policy::admin()).await.unwrap();
    plane.service.add_access_key("other", Some((other.into(), secret.into()))).await.unwrap();
    let path = "/2020-05-31/streaming-distribution";
    assert_eq!(plane.send(signed(plane.request(Method::GET, path, ""), (other, secret))).await.status, 200);
    let mut mismatch = signed(plane.request(Method::GET, path, ""), (other, secret));
    mismatch.headers_mut().insert("host", "elsewhere".parse().unwrap());
    let authorization = mismatch.headers()["authorization"].to_str().unwrap().to_owned();
    let signature = authorization.rsplit_once("Signature=").unwrap().1;
    let answer = plane.send(mismatch.clone()).await;
    answer.refuses(403, "SignatureDoesNotMatch");
    assert!(!answer.body.contains(secret), "{answer:?}");
    let wrong = plane.send(signed(plane.request(Method::GET, path, ""), (other, "a-wrong-secret"))).await;
    wrong.refuses(403, "SignatureDoesNotMatch");
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(text.contains("SignatureDoesNotMatch") && text.contains("other"), "{text}");
    for hidden in [secret, "a-wrong-secret", ADMIN.1, signature] {
        assert!(!text.contains(hidden), "{hidden} is in the log");
    }
}
