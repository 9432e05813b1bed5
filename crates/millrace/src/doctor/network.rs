//! Ports and names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use millrace_model::StreamingDistribution;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::config::Config;
use crate::findings::Findings;

/// How long a port or a name server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether somebody listens where the configuration says.
pub(super) async fn ports(config: &Config, findings: &mut Findings) {
    let settings = &config.settings;
    let ports = settings.listen.viewers.iter().map(|address| ("viewers", address.0));
    let ports = ports.chain(settings.listen.tls.value.iter().map(|address| ("viewers, TLS", address.0)));
    let ports = ports.chain(settings.control.listen.iter().map(|address| ("API", address.0)));
    for (who, address) in ports.filter(|(_, address)| address.port() != 0) {
        match timeout(PATIENCE, TcpStream::connect(local(address))).await {
            Ok(Ok(_)) => findings.ok("port", &format!("{address} ({who}) answers")),
            Ok(Err(error)) => {
                let cure = "start the server on this machine, or look at the port in the configuration";
                findings.fault("port", &format!("{address} ({who}): {error}"), cure);
            }
            Err(_) => {
                findings.fault("port", &format!("{address} ({who}) does not answer"), "look for a firewall");
            }
        }
    }
}

/// Where "every address" is reached from here.
fn local(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        other => other,
    };
    SocketAddr::new(ip, address.port())
}

/// Whether viewers find the host names.
pub(super) async fn names(distribution: &StreamingDistribution, findings: &mut Findings) {
    let aliases = distribution.aliases.iter().map(|alias| alias.as_str().to_owned());
    for name in std::iter::once(distribution.domain_name.clone()).chain(aliases) {
        // Any name below a wildcard stands for all.
        let asked = name.replacen('*', "doctor", 1);
        match timeout(PATIENCE, lookup_host((asked.as_str(), 1935))).await {
            Ok(Ok(found)) => {
                let found: Vec<String> = found.map(|address| address.ip().to_string()).collect();
                findings.ok("DNS", &format!("{name} is {}", found.join(", ")));
            }
            Ok(Err(error)) => {
                let cure = "let the name point at this server (an A, AAAA or CNAME record)";
                findings.fault("DNS", &format!("{name}: {error}"), cure);
            }
            Err(_) => findings.fault(
                "DNS",
                &format!("{name}: no answer in time"),
                "look at this machine's resolver",
            ),
        }
    }
}
