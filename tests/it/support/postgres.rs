//! A Postgres of the tests' own, from the packages of this machine: in a temporary folder, as a user that is not root, on a
//! free port. It ends with the process that started it, however that ends.
//!
//! This file is part of three programs: of `tests/it`, of the unit tests of the state, and of the end-to-end bench.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// One cluster, shared by the tests of a process.
pub(crate) struct Cluster {
    user: User,
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
    /// It ends when the pipe to it is closed.
    _keeper: Child,
}

/// The cluster of this process; `None`, and a line that says so, where this machine has no Postgres.
#[allow(
    clippy::print_stderr,
    reason = "what is left out is said; in unit tests printing is allowed anyway"
)]
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Some(Cluster::start(programs()?, User::find()?)));
    if cluster.is_none() {
        eprintln!("left out: there is no Postgres here, or no user for it (Debian: postgresql)");
    }
    cluster.as_ref()
}

/// One more cluster, for a test that ends its server.
pub(crate) fn own() -> Option<&'static Cluster> {
    cluster()?;
    let own = Cluster::start(programs()?, User::find()?);
    Some(Box::leak(Box::new(own)))
}

/// The newest folder with Postgres's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<_> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    folders.sort();
    folders.pop()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0")
}

/// How a program is started as a user that is not root: Postgres refuses to run as root.
#[derive(Clone, Copy)]
enum User {
    /// Nobody here is root.
    Ours,
    /// Another user of this machine.
    Nobody,
    /// Ours, under another number: where a device that every program needs is root's alone.
    Renamed,
}

impl User {
    /// The first way that works here: another user may lack what every program needs.
    fn find() -> Option<Self> {
        if !is_root() {
            return Some(User::Ours);
        }
        [User::Nobody, User::Renamed].into_iter().find(|user| {
            let mut trial = user.command("sh");
            trial
                .args(["-c", "exec 2>&-; : >/dev/null"])
                .stderr(Stdio::null());
            trial.status().is_ok_and(|status| status.success())
        })
    }

    fn command(self, program: &str) -> Command {
        let words: &[&str] = match self {
            User::Ours => return Command::new(program),
            User::Nobody => &[
                "setpriv",
                "--reuid=nobody",
                "--regid=nogroup",
                "--clear-groups",
            ],
            User::Renamed => &["unshare", "--user", "--map-user=1000", "--map-group=1000"],
        };
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(program);
        command
    }
}

fn done(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Cluster {
    fn start(programs: PathBuf, user: User) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("pg")
            .tempdir()
            .unwrap()
            .keep();
        if let User::Nobody = user {
            let mut chown = Command::new("chown");
            chown.arg("nobody:nogroup").arg(&folder);
            done(chown);
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut initdb = user.command(programs.join("initdb").to_str().unwrap());
        initdb
            .args([
                "--username=postgres",
                "--auth=trust",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ])
            .arg("-D")
            .arg(folder.join("data"))
            .current_dir(&folder);
        done(initdb);
        let settings = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nmax_connections = 200\n",
            folder.display()
        );
        // The configuration is the other user's.
        let mut configure = user.command("sh");
        configure
            .args(["-c", "cat >> \"$0\""])
            .arg(folder.join("data/postgresql.conf"))
            .stdin(Stdio::piped());
        let mut configuring = configure.spawn().unwrap();
        std::io::Write::write_all(&mut configuring.stdin.take().unwrap(), settings.as_bytes())
            .unwrap();
        assert!(configuring.wait().unwrap().success());
        // Whoever waits for the end of the pipe ends the cluster, also when the tests are killed.
        let script =
            "\"$0\" -D \"$1/data\" -w -l \"$1/log\" start >/dev/null 2>&1; echo; cat >/dev/null
            \"$0\" -D \"$1/data\" -m immediate stop >/dev/null 2>&1; rm -rf \"$1\"";
        let mut keeper = user.command("sh");
        keeper
            .args(["-c", script])
            .arg(programs.join("pg_ctl"))
            .arg(&folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut keeper = keeper.spawn().unwrap();
        let mut started = [0];
        keeper
            .stdout
            .take()
            .unwrap()
            .read_exact(&mut started)
            .unwrap();
        let cluster = Self {
            user,
            folder,
            programs,
            port,
            databases: AtomicU32::new(0),
            _keeper: keeper,
        };
        cluster.sql("postgres", "SELECT 1");
        cluster
    }

    /// The address of a new database.
    pub(crate) fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::SeqCst);
        let name = format!("d{}_{number}", std::process::id());
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// What statements come to, in the database of an address.
    pub(crate) fn ask(&self, address: &str, sql: &str) -> String {
        let database = address.rsplit('/').next().unwrap();
        self.sql(database, sql)
    }

    fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.env("PGCONNECT_TIMEOUT", "10")
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-U",
                "postgres",
            ])
            .args(["-p", &self.port.to_string(), "-d", database, "-c", sql]);
        done(psql).trim().to_owned()
    }

    fn control(&self, arguments: &[&str]) {
        let mut control = self
            .user
            .command(self.programs.join("pg_ctl").to_str().unwrap());
        control
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-l")
            .arg(self.folder.join("log"))
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        assert!(control.status().unwrap().success(), "{arguments:?}");
    }

    /// Ends the server at once, as a crash does.
    pub(crate) fn crash(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts the server again after a crash.
    pub(crate) fn restart(&self) {
        self.control(&["-w", "start"]);
    }
}

/// A key file for a state in a database.
pub(crate) fn key_file(folder: &Path) -> PathBuf {
    folder.join("state.key")
}
