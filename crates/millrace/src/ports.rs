//! Ports that can't be opened, told so that a person knows what to do.

use std::net::SocketAddr;

/// The reason why `address` can't be listened on, who may hold it, and `cure`: the flag or setting that changes it.
pub(crate) fn explain(address: SocketAddr, error: &std::io::Error, cure: &str) -> anyhow::Error {
    let port = address.port();
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            let holder = holder(port).map_or_else(
                || "another program (`ss -ltnp` as root tells which)".to_owned(),
                |(name, id)| format!("{name} (process {id})"),
            );
            anyhow::anyhow!(
                "port {port} is in use by {holder}; stop that, or choose another port with {cure}"
            )
        }
        std::io::ErrorKind::PermissionDenied => anyhow::anyhow!(
            "port {port} may not be opened: ports below 1024 need the capability CAP_NET_BIND_SERVICE; \
             grant it (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE), or choose another port with {cure}"
        ),
        _ => anyhow::anyhow!("{address} can't be listened on: {error}; choose another with {cure}"),
    }
}

/// The name and id of a process that listens on a port, as far as we may see it.
#[cfg(target_os = "linux")]
fn holder(port: u16) -> Option<(String, i32)> {
    use procfs::net::{TcpState, tcp, tcp6};
    use procfs::process::{FDTarget, all_processes};

    let sockets = tcp().unwrap_or_default().into_iter().chain(tcp6().unwrap_or_default());
    let listening = |entry: &procfs::net::TcpNetEntry| {
        entry.state == TcpState::Listen && entry.local_address.port() == port
    };
    let inodes: Vec<u64> = sockets.filter(listening).map(|entry| entry.inode).collect();
    let holds = |process: &procfs::process::Process| {
        let mut descriptors = process.fd().into_iter().flatten().flatten();
        descriptors.any(|fd| matches!(fd.target, FDTarget::Socket(inode) if inodes.contains(&inode)))
    };
    let process = all_processes().ok()?.flatten().find(holds)?;
    Some((process.stat().ok()?.comm, process.pid()))
}

#[cfg(not(target_os = "linux"))]
fn holder(_: u16) -> Option<(String, i32)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_told_with_its_holder_and_the_cure() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let error = std::net::TcpListener::bind(address).expect_err("it is taken");
        let text = explain(address, &error, "--rtmp-port").to_string();
        assert!(text.contains(&format!("port {} is in use by", address.port())), "{text}");
        assert!(text.contains("--rtmp-port"), "{text}");
        if cfg!(target_os = "linux") {
            assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
        }
    }
}
