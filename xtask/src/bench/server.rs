//! The servers that are compared, each on core 0 and on a free port.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use crate::tools::{in_path, must};

/// Where Debian puts the module.
const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/// A running server; it ends when dropped.
pub(super) struct Server {
    child: Child,
    /// What is played, or called.
    pub(super) url: String,
}

impl Server {
    /// Millrace with a folder that stands for a bucket.
    pub(super) fn millrace(program: &Path, folder: &Path, media: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        must(
            Command::new(program)
                .args(["cert", "self-signed", "--force", "--certificate"])
                .arg(&certificate)
                .arg("--key")
                .arg(&key)
                .stdout(Stdio::null()),
        )?;
        let bucket = media.parent().context("media lies in a folder")?;
        let config = folder.join("millrace.toml");
        std::fs::write(
            &config,
            format!(
                "default_distribution = \"bench\"\n[listen]\nviewers = [\"127.0.0.1:{port}\"]\n[control]\nlisten = []\n[log]\nlevel = \
                 \"warn,millrace::counted=info\"\n[drain]\ndeadline = \"1s\"\n[limits]\ntunnels_per_address = 10000\n[[certificate]]\ncertificate \
                 = {certificate:?}\nkey = {key:?}\n[[bucket]]\nname = \"bench\"\nfolder = \
                 {bucket:?}\n[[distribution]]\nid = \"bench\"\ndomain_name = \"localhost\"\nbucket = \"bench\"\n"
            ),
        )?;
        let mut command = on_core(0, program);
        command.args(["serve", "--config"]).arg(&config).stderr(Stdio::piped());
        Self::start(command, port, format!("rtmp://127.0.0.1:{port}/cfx/st/mp4:{}", name(media)))
    }

    /// Debian's nginx with its RTMP module, as one process.
    pub(super) fn nginx(folder: &Path, media: &Path) -> anyhow::Result<Self> {
        if !in_path("nginx") || !Path::new(MODULE).exists() {
            must(Command::new("apt-get").args(["install", "-q", "-y", "nginx-light", "libnginx-mod-rtmp"]))
                .context("the bench needs Debian's nginx and libnginx-mod-rtmp")?;
        }
        let port = free_port()?;
        let config = nginx_config(folder, media, port)?;
        let mut command = on_core(0, Path::new("nginx"));
        command.arg("-p").arg(folder).arg("-c").arg(config).stderr(Stdio::null());
        Self::start(command, port, format!("rtmp://127.0.0.1:{port}/vod/mp4:{}", name(media)))
    }

    /// Starts a server and waits until it listens.
    pub(super) fn start(mut command: Command, port: u16, url: String) -> anyhow::Result<Self> {
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("{command:?}"))?;
        let mut server = Self { child, url };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended: {status}");
            }
            ensure!(began.elapsed() < Duration::from_secs(20), "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// CPU seconds used so far, user and system.
    pub(super) fn cpu(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in front may hold anything, even spaces; it ends at the last parenthesis.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
        Ok(ticks.iter().sum::<f64>() / 100.0)
    }

    /// Resident memory, KiB.
    pub(super) fn memory_kib(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Ends it in good order and reads a counter from its last words.
    pub(super) fn stop_and_count(mut self, counter: &str) -> anyhow::Result<u64> {
        must(Command::new("kill").args(["-TERM", &self.child.id().to_string()]))?;
        let output = self.child.stderr.take().context("its standard error is read")?;
        let mut lines = BufReader::new(output.take(1 << 20)).lines().map_while(Result::ok);
        let wanted = format!("{counter}=");
        let number = lines.find_map(|line| {
            line.split_whitespace().find_map(|word| word.strip_prefix(&wanted)?.parse().ok())
        });
        number.with_context(|| format!("the server did not tell {counter}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that runs on one core only.
pub(super) fn on_core(core: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]).arg(program);
    command
}

fn nginx_config(folder: &Path, media: &Path, port: u16) -> anyhow::Result<PathBuf> {
    let config = folder.join("nginx.conf");
    let (run, files) = (folder.display(), media.parent().unwrap_or(folder).display());
    std::fs::write(
        &config,
        format!(
            "load_module {MODULE};\ndaemon off;\nmaster_process off;\nworker_rlimit_nofile 20000;\n\
             pid {run}/nginx.pid;\nerror_log {run}/nginx.log warn;\nevents {{ worker_connections 8192; }}\n\
             rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; chunk_size 4096;\n\
             application vod {{ play {files}; }} }} }}\n"
        ),
    )?;
    Ok(config)
}

/// A port that nobody listens at.
pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn name(media: &Path) -> String {
    media.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
