//! The servers that are compared, each on core 0 with one worker, and the origin of them all on core 1.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::load::Protocol;
use super::process::Process;
use crate::bench::server::{free_port, on_core};
use crate::tools::must;

/// What the origin has: names and bytes.
const DOCUMENTS: [(&str, u64); 5] =
    [("1k", 1 << 10), ("100k", 100 << 10), ("block", 256 << 10), ("10m", 10 << 20), ("1g", 1 << 30)];
/// Memory that those may take for objects who don't leave them to the kernel's file cache; what Millrace gets as well.
const MEMORY: &str = "3";

/// Where the bench has its files, and the origin.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    pub(super) origin: Process,
    pub(super) origin_port: u16,
}

/// A cache.
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) process: Process,
    /// Where it listens without TLS.
    pub(super) plain: u16,
    /// Where it listens with TLS, HTTP/1.1 and HTTP/2.
    tls: Option<u16>,
}

impl Place {
    /// Empties the folder but for the documents, makes those, and starts the origin.
    pub(super) fn make(folder: &Path, program: &Path) -> anyhow::Result<Self> {
        let documents = folder.join("documents");
        std::fs::create_dir_all(&documents)?;
        for entry in std::fs::read_dir(folder)?.flatten().filter(|entry| entry.file_name() != "documents") {
            let path = entry.path();
            if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
        }
        DOCUMENTS.iter().try_for_each(|&(name, length)| document(&documents.join(name), length))?;
        let mut certificate = Command::new(program);
        certificate
            .args(["cert", "self-signed", "--force", "--certificate"])
            .arg(folder.join("certificate.pem"));
        must(certificate.arg("--key").arg(folder.join("key.pem")).stdout(Stdio::null()))?;
        let origin_port = free_port()?;
        let server = format!(
            "server {{ listen 127.0.0.1:{origin_port}; root {}; add_header Cache-Control \"public, max-age=86400\"; }}",
            documents.display()
        );
        let origin = Process::start(nginx_command(1, folder, "origin", &server)?, origin_port)?;
        Ok(Self { folder: folder.to_owned(), origin, origin_port })
    }

    /// Gives back the disk that caches have filled, which are gone by now; the next run would do so as well.
    pub(super) fn clear(&self) {
        for name in ["nginx-kept", "traffic-server"] {
            let _ = std::fs::remove_dir_all(self.folder.join(name));
        }
    }
}

/// Writes a document of random bytes, which nobody can shorten, unless it is there.
fn document(path: &Path, length: u64) -> anyhow::Result<()> {
    if path.metadata().is_ok_and(|metadata| metadata.len() == length) {
        return Ok(());
    }
    let mut random = std::fs::File::open("/dev/urandom")?.take(length.min(1 << 20));
    let mut piece = Vec::new();
    random.read_to_end(&mut piece)?;
    let mut file = std::fs::File::create(path)?;
    (0..length / piece.len() as u64).try_for_each(|_| file.write_all(&piece))?;
    Ok(())
}

impl Peer {
    /// All of them; Millrace is the first.
    pub(super) fn all(place: &Place, program: &Path) -> anyhow::Result<Vec<Self>> {
        Ok(vec![
            Self::millrace(place, program)?,
            Self::nginx(place)?,
            Self::varnish(place)?,
            Self::traffic_server(place)?,
        ])
    }

    /// Where it takes a protocol; none if it does not speak that.
    pub(super) fn port(&self, protocol: Protocol) -> Option<u16> {
        if protocol == Protocol::Http1 { Some(self.plain) } else { self.tls }
    }

    /// Millrace with a web distribution for all hosts. Threads are as many as the cores it has: one.
    pub(super) fn millrace(place: &Place, program: &Path) -> anyhow::Result<Self> {
        let Place { folder, origin_port, .. } = place;
        let (port, config) = (free_port()?, folder.join("millrace.toml"));
        std::fs::write(
            &config,
            format!(
                "[listen]\nviewers = [\"127.0.0.1:{port}\"]\n[control]\nlisten = []\ndirectory = \"data\"\n[cache]\n\
                 memory = \"{MEMORY}GiB\"\n[log]\nlevel = \"warn\"\n[drain]\ndeadline = \"1s\"\n[limits]\n\
                 handshakes_per_address = 1000\n[[certificate]]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n"
            ),
        )?;
        let document = folder.join("distribution.yaml");
        std::fs::write(&document, distribution(*origin_port))?;
        let mut apply = Command::new(program);
        apply.args(["apply", "--config"]).arg(&config).arg("-f").arg(document);
        let log = folder.join("millrace.log");
        let told = || std::fs::read_to_string(&log).unwrap_or_default();
        must(&mut silent(apply, &log)?).with_context(told)?;
        let mut command = on_core(0, program);
        command.args(["serve", "--config"]).arg(config);
        let command = silent(command, &log)?;
        Ok(Self { name: "millrace", process: Process::start(command, port)?, plain: port, tls: Some(port) })
    }

    /// Debian's nginx, which keeps answers in files. Objects of 1 GiB are kept in slices, so that ranges can be.
    fn nginx(place: &Place) -> anyhow::Result<Self> {
        let Place { folder, origin_port, .. } = place;
        let (plain, tls, run) = (free_port()?, free_port()?, folder.display());
        let pass = "proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_cache \
                    kept; proxy_cache_lock on; proxy_cache_valid 200 206 1d;";
        let server = format!(
            "proxy_cache_path {run}/nginx-kept levels=1:2 keys_zone=kept:64m max_size=8g use_temp_path=off;\n\
             upstream origin {{ server 127.0.0.1:{origin_port}; keepalive 16; }}\n\
             server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2;\n\
             ssl_certificate {run}/certificate.pem; ssl_certificate_key {run}/key.pem; ssl_protocols TLSv1.3;\n\
             location / {{ {pass} }}\n\
             location = /1g {{ slice 1m; {pass} proxy_set_header Range $slice_range;\n\
             proxy_cache_key $request_uri$slice_range; }} }}"
        );
        let process = Process::start(nginx_command(0, folder, "nginx", &server)?, plain)?;
        Ok(Self { name: "nginx", process, plain, tls: Some(tls) })
    }

    /// Debian's Varnish, which keeps answers in memory and leaves TLS to others.
    fn varnish(place: &Place) -> anyhow::Result<Self> {
        let (port, rules) = (free_port()?, place.folder.join("varnish.vcl"));
        let backend = format!(".host = \"127.0.0.1\"; .port = \"{}\";", place.origin_port);
        std::fs::write(&rules, format!("vcl 4.1;\nbackend default {{ {backend} }}\n"))?;
        let mut command = on_core(0, Path::new("/usr/sbin/varnishd"));
        command.args(["-F", "-j", "none", "-n"]).arg(place.folder.join("varnish"));
        command
            .args(["-a", &format!("127.0.0.1:{port}"), "-s", &format!("malloc,{MEMORY}g"), "-f"])
            .arg(rules);
        // Many short objects have to go for a long one; with its own bound Varnish would cut that off.
        command.args(["-p", "thread_pools=1", "-p", "thread_pool_min=50", "-p", "nuke_limit=1000000"]);
        let process = Process::start(silent(command, &place.folder.join("varnish.log"))?, port)?;
        Ok(Self { name: "varnish", process, plain: port, tls: None })
    }

    /// Debian's Traffic Server, which keeps answers in a file and what is wanted often in memory.
    fn traffic_server(place: &Place) -> anyhow::Result<Self> {
        let (plain, tls, root) = (free_port()?, free_port()?, place.folder.join("traffic-server"));
        ["etc", "log", "kept", "run"].iter().try_for_each(|name| std::fs::create_dir_all(root.join(name)))?;
        for (name, text) in traffic_server_files(place, &root, plain, tls) {
            std::fs::write(root.join("etc").join(name), text)?;
        }
        let mut command = on_core(0, Path::new("traffic_server"));
        command.arg(format!("--run-root={}", root.join("etc/runroot.yaml").display()));
        let process = Process::start(silent(command, &root.join("log/out"))?, plain)?;
        Ok(Self { name: "trafficserver", process, plain, tls: Some(tls) })
    }
}

/// A distribution that keeps what its origin says, and tells apart what differs in the query.
fn distribution(origin: u16) -> String {
    format!(
        "Distribution:
  Id: EBENCHWEB00000
  DomainName: localhost
  DistributionConfig:
    CallerReference: bench
    Comment: ''
    Enabled: true
    HttpVersion: http2
    Origins:
      Quantity: 1
      Items:
      - Id: origin
        DomainName: localhost
        CustomOriginConfig: {{HTTPPort: {origin}, HTTPSPort: 443, OriginProtocolPolicy: http-only}}
    DefaultCacheBehavior:
      TargetOriginId: origin
      ViewerProtocolPolicy: allow-all
      CachePolicyId: 4cc15a8a-d715-48a4-82b8-cc0b614638fe
"
    )
}

/// nginx as one process, with what it is to do inside of `http`.
fn nginx_command(core: usize, folder: &Path, name: &str, server: &str) -> anyhow::Result<Command> {
    let (run, config) = (folder.display(), folder.join(format!("{name}.conf")));
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {run}/{name}-temporary/{kind};\n"))
        .collect();
    std::fs::create_dir_all(folder.join(format!("{name}-temporary")))?;
    std::fs::write(
        &config,
        format!(
            "daemon off;\nmaster_process off;\nworker_rlimit_nofile 20000;\npid {run}/{name}.pid;\nerror_log \
             {run}/{name}.log warn;\nevents {{ worker_connections 4096; }}\nhttp {{ access_log off; sendfile on; \
             tcp_nodelay on; keepalive_requests 100000000;\n{temporary}{server}\n}}\n"
        ),
    )?;
    let mut command = on_core(core, Path::new("/usr/sbin/nginx"));
    command.arg("-p").arg(folder).arg("-c").arg(config).stderr(Stdio::null());
    Ok(command)
}

/// Files that Traffic Server wants to find and we have no use for.
const UNUSED: [&str; 10] = [
    "plugin.config",
    "hosting.config",
    "volume.config",
    "parent.config",
    "cache.config",
    "splitdns.config",
    "socks.config",
    "logging.yaml",
    "sni.yaml",
    "strategies.yaml",
];

/// Everything in the folder of Traffic Server's configuration.
fn traffic_server_files(place: &Place, root: &Path, plain: u16, tls: u16) -> Vec<(&'static str, String)> {
    let (shown, origin) = (root.display(), place.origin_port);
    let mut files = UNUSED.map(|name| (name, String::new())).to_vec();
    let records = traffic_server_records(&place.folder, plain, tls);
    let origin = format!("http://127.0.0.1:{origin}/");
    files.extend([
        ("records.config", records),
        (
            "remap.config",
            format!("map http://localhost:{plain}/ {origin}\nmap https://localhost:{tls}/ {origin}\n"),
        ),
        ("storage.config", format!("{shown}/kept 4G\n")),
        ("ssl_multicert.config", "dest_ip=* ssl_cert_name=certificate.pem ssl_key_name=key.pem\n".to_owned()),
        (
            "ip_allow.yaml",
            "ip_allow:\n  - {apply: in, ip_addrs: 127.0.0.1, action: allow, methods: ALL}\n".to_owned(),
        ),
        (
            "runroot.yaml",
            format!(
                "prefix: {shown}\nexec_prefix: /usr\nbindir: /usr/bin\nsbindir: /usr/sbin\nsysconfdir: {shown}/etc\n\
                 datadir: /usr/share/trafficserver\nincludedir: /usr/include\nlibdir: /usr/lib\nlibexecdir: \
                 /usr/lib/trafficserver/modules\nlocalstatedir: {shown}/run\nruntimedir: {shown}/run\nlogdir: \
                 {shown}/log\ncachedir: {shown}/kept\n"
            ),
        ),
    ]);
    files
}

/// One thread, objects in memory as far as they fit, and the certificate.
fn traffic_server_records(folder: &Path, plain: u16, tls: u16) -> String {
    let run = folder.display();
    let records = [
        format!("http.server_ports STRING {plain}:ip-in=127.0.0.1 {tls}:ip-in=127.0.0.1:ssl"),
        "exec_thread.autoconfig INT 0".to_owned(),
        "exec_thread.limit INT 1".to_owned(),
        "accept_threads INT 0".to_owned(),
        "cache.ram_cache.size INT 1073741824".to_owned(),
        "cache.ram_cache_cutoff INT 67108864".to_owned(),
        "url_remap.remap_required INT 1".to_owned(),
        "log.logging_enabled INT 0".to_owned(),
        "admin.user_id STRING #-1".to_owned(),
        format!("ssl.server.cert.path STRING {run}"),
        format!("ssl.server.private_key.path STRING {run}"),
    ];
    records.iter().map(|record| format!("CONFIG proxy.config.{record}\n")).collect()
}

/// A command that talks into a file.
fn silent(mut command: Command, log: &Path) -> anyhow::Result<Command> {
    let file = std::fs::File::create(log)?;
    command.stdout(file.try_clone()?).stderr(file);
    Ok(command)
}

/// What the bench needs, and the Debian package that brings it.
const NEEDS: [(&str, &str); 6] = [
    ("/usr/sbin/nginx", "nginx-light"),
    ("/usr/sbin/varnishd", "varnish"),
    ("/usr/bin/traffic_server", "trafficserver"),
    ("/usr/bin/wrk", "wrk"),
    ("/usr/bin/h2load", "nghttp2-client"),
    ("/usr/bin/taskset", "util-linux"),
];

/// Whether everything is there.
pub(super) fn check() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        NEEDS.iter().filter(|(file, _)| !Path::new(file).is_file()).map(|(_, package)| *package).collect();
    ensure!(
        missing.is_empty(),
        "the bench needs more of Debian; as root, run: apt-get install {}",
        missing.join(" ")
    );
    Ok(())
}
