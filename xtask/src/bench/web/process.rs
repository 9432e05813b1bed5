//! A server of the bench, with all processes that belong to it.

use std::collections::HashMap;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// How long a server may take to listen, or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; it ends when dropped.
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts it and waits until it listens.
    pub(super) fn start(mut command: Command, port: u16) -> anyhow::Result<Self> {
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("{command:?}"))?;
        let mut process = Self { child };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = process.child.try_wait()? {
                bail!("{command:?} ended: {status}");
            }
            ensure!(began.elapsed() < PATIENCE, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(process)
    }

    /// CPU seconds used so far, user and system, by it and its children: Varnish works in one.
    pub(super) fn cpu(&self) -> anyhow::Result<f64> {
        let ticks = self.family()?.iter().map(|member| member.ticks).sum::<f64>();
        Ok(ticks / 100.0)
    }

    /// Resident memory of them all, MiB.
    pub(super) fn memory_mib(&self) -> anyhow::Result<u64> {
        let of = |member: &Member| {
            let status = std::fs::read_to_string(format!("/proc/{}/status", member.id)).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default()
        };
        Ok(self.family()?.iter().map(of).sum::<u64>() >> 10)
    }

    /// It, its children, theirs, and so on.
    fn family(&self) -> anyhow::Result<Vec<Member>> {
        let mut all: HashMap<u32, Vec<Member>> = HashMap::new();
        let mut family = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            // Others may end while they are looked at.
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            match Member::parse(&stat) {
                Some((_, member)) if member.id == self.child.id() => family.push(member),
                Some((parent, member)) => all.entry(parent).or_default().push(member),
                None => {}
            }
        }
        ensure!(!family.is_empty(), "the server is gone");
        let mut at = 0;
        while let Some(member) = family.get(at) {
            family.extend(all.remove(&member.id).unwrap_or_default());
            at += 1;
        }
        Ok(family)
    }
}

impl Drop for Process {
    /// Asks first: whoever is killed leaves its children behind.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let began = Instant::now();
        while began.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One process.
#[derive(Debug, PartialEq)]
struct Member {
    id: u32,
    /// Hundredths of a CPU second.
    ticks: f64,
}

impl Member {
    /// Reads what the kernel tells of one, and which its parent is.
    fn parse(stat: &str) -> Option<(u32, Self)> {
        // The name in the middle may hold anything, even spaces; it ends at the last parenthesis.
        let (front, rest) = stat.rsplit_once(')')?;
        let id = front.split_whitespace().next()?.parse().ok()?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
        Some((fields.get(1)?.parse().ok()?, Self { id, ticks: number(11)? + number(12)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_tells_is_read_whatever_a_process_is_called() {
        let stat = "17 (a ) b) S 5 17 17 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 1 0 99 1 2";
        assert_eq!(Member::parse(stat), Some((5, Member { id: 17, ticks: 300.0 })));
        assert_eq!(Member::parse("17 (a) S"), None);
        assert_eq!(Member::parse(""), None);
    }
}
