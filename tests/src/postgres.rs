//! A real PostgreSQL server, one for all tests of a program, with a database for each that asks.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::leash::Leashed;
use crate::process::{DEADLINE, run};

/// Where Debian keeps the programs, below the version's number.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// The superuser of the database, whoever runs the server.
const USER: &str = "millrace";

/// PostgreSQL at a socket in a folder. It ends with the program that runs the tests, however that ends.
pub struct Postgres {
    leashed: Leashed,
}

/// The server; started when it is first asked for.
pub fn postgres() -> &'static Postgres {
    static POSTGRES: OnceLock<Postgres> = OnceLock::new();
    POSTGRES.get_or_init(Postgres::start)
}

impl Postgres {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the databases").keep();
        let data = folder.join("data");
        if is_root() {
            let user = Path::new("/var/lib/postgresql").metadata().expect("Debian's package made the user");
            chown(&folder, Some(user.uid()), Some(user.gid())).expect("root may give folders away");
        }
        let mut init = as_postgres(&program("initdb"));
        init.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username", USER]);
        let _ = run(init.arg("--pgdata").arg(&data).current_dir(&folder)).ok();
        let mut server = as_postgres(&program("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&folder);
        // No port: parallel runs can't meet. What is not synced is lost with the machine, but not with a server.
        server.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=400"]);
        let postgres = Self { leashed: Leashed::start(folder, "QUIT", &server) };
        postgres.comes_up();
        postgres
    }

    fn comes_up(&self) {
        let began = Instant::now();
        while !run(self.client("psql").args(["-c", "SELECT 1", "postgres"])).status.success() {
            assert!(began.elapsed() < DEADLINE, "PostgreSQL does not come up: {}", self.leashed.log());
            Leashed::wait();
        }
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let _ = run(self.client("createdb").arg(&name)).ok();
        format!("postgres://{USER}@localhost/{name}?host={}", self.leashed.folder().display())
    }

    /// One of its clients.
    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(program(name));
        command.arg("--no-password").arg("--host").arg(self.leashed.folder()).args(["--username", USER]);
        command
    }
}

fn is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|own| own.uid() == 0)
}

/// A command as somebody who is not root, as which the server refuses to run.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// A program of the newest version that is installed.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir(PROGRAMS).expect("`cargo xtask setup` installs PostgreSQL").flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = versions.map(|version| version.path()).filter(|path| path.join("bin/postgres").is_file());
    let newest = installed.max_by_key(number).expect("`cargo xtask setup` installs PostgreSQL");
    newest.join("bin").join(name)
}
