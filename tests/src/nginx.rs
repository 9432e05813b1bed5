//! nginx in front of the server, as a site might have it.

use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use tempfile::TempDir;

use crate::process::Running;

/// Where Debian has it, which is not in everybody's `PATH`.
const PROGRAM: &str = "/usr/sbin/nginx";
/// Where Debian has what it needs to pass TCP on.
const STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

/// A running nginx. It ends with this value.
pub struct Nginx {
    process: Running,
    port: u16,
    // Only holds it, so that it is removed at the end.
    _folder: TempDir,
}

impl Nginx {
    /// A reverse proxy that keeps its connections to the server, for all its clients together.
    pub fn keeping_connections(server: u16) -> Self {
        Self::reverse_proxy(server, "proxy_http_version 1.1; proxy_set_header Connection \"\";")
    }

    /// A reverse proxy that makes a new connection to the server for each request.
    pub fn connecting_anew(server: u16) -> Self {
        Self::reverse_proxy(server, "proxy_http_version 1.0; proxy_set_header Connection close;")
    }

    /// A reverse proxy that passes WebSockets on, and says for whom.
    pub fn passing_websockets(server: u16) -> Self {
        Self::reverse_proxy(
            server,
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; \
             proxy_set_header X-Forwarded-For 192.0.2.7; proxy_set_header X-Forwarded-Proto https;",
        )
    }

    fn reverse_proxy(server: u16, upstream: &str) -> Self {
        Self::start(|port| {
            // librtmp never connects again, so its connection must live as long as the film takes.
            format!(
                "http {{
                    access_log off;
                    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                    upstream millrace {{ server 127.0.0.1:{server}; keepalive 4; }}
                    server {{
                        listen 127.0.0.1:{port};
                        keepalive_requests 1000000;
                        location / {{ proxy_pass http://millrace; proxy_set_header Host $http_host; {upstream} }}
                    }}
                }}"
            )
        })
    }

    /// A balancer that passes TCP on as it is, behind a PROXY header. It prints the port of each client that has gone.
    pub fn passing_on(server: u16) -> Self {
        Self::start(|port| {
            format!(
                "load_module {STREAM};
                stream {{
                    log_format clients 'client $remote_port';
                    access_log /dev/stdout clients;
                    server {{ listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{server}; proxy_protocol on; }}
                }}"
            )
        })
    }

    /// Starts it with what `configure` makes of the port that it shall listen on.
    fn start(configure: impl FnOnce(u16) -> String) -> Self {
        let folder = tempfile::tempdir().expect("a folder for nginx");
        let port = free_port();
        // One process, so that none is left when it is killed.
        let text = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr notice;\n{}\n\
             events {{ worker_connections 512; }}\n",
            configure(port)
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, text).expect("the file can be written");
        let mut command = Command::new(PROGRAM);
        command.args(["-e", "stderr", "-p"]).arg(folder.path()).arg("-c").arg(&file);
        let mut process = Running::start(&mut command);
        // Its ports are open before it says this.
        process.wait_for_err("event method");
        Self { process, port, _folder: folder }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub fn process(&mut self) -> &mut Running {
        &mut self.process
    }
}

/// A port that is free, below those that the system gives to clients.
fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Where to begin differs from program to program, so that those at one time do not meet.
    let begin = 15_000 + (std::process::id() % 250) as u16 * 20;
    loop {
        let port = begin + TAKEN.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
