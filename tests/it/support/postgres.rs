//! A Postgres of the tests' own, from the packages of this machine: in a temporary folder, as a user that is not root, on a
//! free port. One is shared by all tests (`shared`); a test that ends its server, or needs settings of its own, has its own,
//! which ends with the process that started it, however that ends.
//!
//! This file is part of three programs: of `tests/it`, of the unit tests of the state, and of the end-to-end bench.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

#[path = "postgres/failures.rs"]
mod failures;
#[allow(dead_code, reason = "one of the two programs uses it")]
#[path = "postgres/pooler.rs"]
mod pooler;
#[path = "postgres/shared.rs"]
mod shared;

/// A server of databases.
pub(crate) struct Cluster {
    programs: Programs,
    folder: PathBuf,
    port: u16,
    databases: AtomicU32,
    #[allow(dead_code, reason = "what counts is that it is not dropped")]
    held: Option<Held>,
}

/// The server is there for as long as this is.
#[allow(dead_code, reason = "what counts is that it is not dropped")]
enum Held {
    /// The pipe to a process that ends it when the pipe is closed.
    Alone(Child),
    /// A lock on the file of its users.
    Shared(File),
}

/// What a server of a test's own has beside the usual.
#[derive(Default)]
pub(crate) struct Setup<'s> {
    /// Lines of `postgresql.conf`.
    pub(crate) settings: &'s str,
    /// Lines of `pg_hba.conf` for connections over TCP; everybody is let in where there are none.
    pub(crate) access: &'s str,
    /// Files in the folder of its data: their names and what they hold.
    pub(crate) files: &'s [(&'s str, &'s str)],
}

/// The server that tests share; `None`, and a line that says so, where this machine has no Postgres.
#[allow(
    clippy::print_stderr,
    reason = "what is left out is said; in unit tests printing is allowed anyway"
)]
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Some(shared::join(Programs::find()?)));
    if cluster.is_none() {
        eprintln!("left out: there is no Postgres here, or no user for it (Debian: postgresql)");
    }
    cluster.as_ref()
}

/// One more server, for a test that ends it.
pub(crate) fn own() -> Option<&'static Cluster> {
    with(&Setup::default())
}

/// One more server, for a test that needs it to be otherwise.
pub(crate) fn with(setup: &Setup<'_>) -> Option<&'static Cluster> {
    cluster()?;
    let own = Cluster::start(Programs::find()?, setup);
    Some(Box::leak(Box::new(own)))
}

/// The programs of Postgres, and the user who runs them.
#[derive(Clone)]
struct Programs {
    folder: PathBuf,
    user: User,
}

impl Programs {
    fn find() -> Option<Self> {
        let (folder, user) = (programs()?, User::find()?);
        Some(Self { folder, user })
    }
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

/// Does something as the server's user, with text as its standard input.
fn fed(mut command: Command, text: &str) {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(text.as_bytes()).unwrap();
    drop(pipe);
    assert!(child.wait().unwrap().success(), "{command:?}");
}

fn free_port() -> u16 {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
}

/// A folder that is the server's user's.
fn new_folder(programs: &Programs) -> PathBuf {
    let folder = tempfile::Builder::new()
        .prefix("pg")
        .tempdir()
        .unwrap()
        .keep();
    if let User::Nobody = programs.user {
        let mut chown = Command::new("chown");
        chown.arg("nobody:nogroup").arg(&folder);
        done(chown);
    }
    folder
}

/// Writes a file of the data, as the server's user.
fn write(programs: &Programs, folder: &Path, how: &str, name: &str, text: &str) {
    let mut write = programs.user.command("sh");
    write
        .args(["-c", &format!("umask 077; cat {how} \"$0\"")])
        .arg(folder.join("data").join(name));
    fed(write, text);
}

/// A folder with data, and a free port.
fn prepare(programs: &Programs, setup: &Setup<'_>) -> (PathBuf, u16) {
    let folder = new_folder(programs);
    let mut initdb = programs
        .user
        .command(programs.folder.join("initdb").to_str().unwrap());
    initdb
        .args(["--username=postgres", "--auth=trust", "--no-sync"])
        .args(["--encoding=UTF8", "--locale=C.UTF-8", "-D"])
        .arg(folder.join("data"))
        .current_dir(&folder);
    done(initdb);
    let port = free_port();
    // A crash here is one of the server, not of the machine: nothing has to be waited for until it is on the disk.
    let settings = format!(
        "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nmax_connections = 400
        fsync = off\nshared_buffers = 32MB\n{}\n",
        folder.display(),
        setup.settings,
    );
    let write = |how: &str, name: &str, text: &str| write(programs, &folder, how, name, text);
    write(">>", "postgresql.conf", &settings);
    if !setup.access.is_empty() {
        let access = format!("local all postgres trust\n{}\n", setup.access);
        write(">", "pg_hba.conf", &access);
    }
    for (name, text) in setup.files {
        write(">", name, text);
    }
    (folder, port)
}

impl Cluster {
    fn at(programs: Programs, folder: PathBuf, port: u16, held: Option<Held>) -> Self {
        let databases = AtomicU32::new(0);
        Self {
            programs,
            folder,
            port,
            databases,
            held,
        }
    }

    fn start(programs: Programs, setup: &Setup<'_>) -> Self {
        let (folder, port) = prepare(&programs, setup);
        Self::kept(programs, folder, port)
    }

    /// One whose folder is prepared, for as long as this process lives.
    fn kept(programs: Programs, folder: PathBuf, port: u16) -> Self {
        // Whoever waits for the end of the pipe ends the cluster, also when the tests are killed.
        let script =
            "\"$0\" -D \"$1/data\" -w -l \"$1/log\" start >/dev/null 2>&1; echo; exec >/dev/null; cat
            \"$0\" -D \"$1/data\" -m immediate stop 2>&1; rm -rf \"$1\"";
        let mut keeper = programs.user.command("sh");
        keeper
            .args(["-c", script])
            .arg(programs.folder.join("pg_ctl"))
            .arg(&folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
        let mut keeper = keeper.spawn().unwrap();
        let mut started = [0];
        let mut said = keeper.stdout.take().unwrap();
        said.read_exact(&mut started).unwrap();
        let cluster = Self::at(programs, folder, port, Some(Held::Alone(keeper)));
        cluster.sql("postgres", "SELECT 1");
        cluster
    }

    /// The port that it listens on.
    #[allow(dead_code, reason = "one of the two programs uses it")]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The address of a new database.
    pub(crate) fn database(&self) -> String {
        self.address_of(&self.new_database(""))
    }

    /// The address of a copy of a database, to which nobody is connected.
    #[allow(dead_code, reason = "one of the two programs uses it")]
    pub(crate) fn copy(&self, address: &str) -> String {
        let from = database_of(address);
        let ended = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'"
        );
        self.sql("postgres", &ended);
        self.address_of(&self.new_database(&format!("TEMPLATE {from}")))
    }

    fn new_database(&self, how: &str) -> String {
        // Other processes make databases on the same server.
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let number = self.databases.fetch_add(1, Ordering::SeqCst);
        let name = format!("d{}_{now}_{number}", std::process::id());
        self.sql("postgres", &format!("CREATE DATABASE {name} {how}"));
        name
    }

    fn address_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Lets a database go.
    #[allow(dead_code, reason = "one of the two programs uses it")]
    pub(crate) fn forget(&self, address: &str) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", database_of(address));
        let _ = self.try_sql("postgres", &drop);
    }

    /// What statements come to, in the database of an address.
    pub(crate) fn ask(&self, address: &str, sql: &str) -> String {
        self.sql(database_of(address), sql)
    }

    /// The same; `None` where they fail.
    #[allow(dead_code, reason = "one of the two programs uses it")]
    pub(crate) fn try_ask(&self, address: &str, sql: &str) -> Option<String> {
        self.try_sql(database_of(address), sql)
    }

    /// A pooler before the server; `None`, and a line that says so, where none is installed.
    #[allow(dead_code, reason = "one of the two programs uses it")]
    pub(crate) fn pooler(&self) -> Option<pooler::Pooler> {
        pooler::Pooler::start(self)
    }

    fn sql(&self, database: &str, sql: &str) -> String {
        done(self.psql(database, sql)).trim().to_owned()
    }

    fn try_sql(&self, database: &str, sql: &str) -> Option<String> {
        let output = self.psql(database, sql).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        output.status.success().then(|| said.trim().to_owned())
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut psql = Command::new(self.programs.folder.join("psql"));
        psql.env("PGCONNECT_TIMEOUT", "10")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h"])
            .arg(&self.folder)
            .args(["-U", "postgres", "-p", &self.port.to_string()])
            .args(["-d", database, "-c", sql]);
        psql
    }

    /// One of its programs, as its user.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.folder.join(name);
        let mut command = self.programs.user.command(program.to_str().unwrap());
        command
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn control(&self, arguments: &[&str]) {
        assert!(self.try_control(arguments), "{arguments:?}");
    }

    fn try_control(&self, arguments: &[&str]) -> bool {
        let mut control = self.program("pg_ctl");
        control
            .arg("-D")
            .arg(self.folder.join("data"))
            .arg("-l")
            .arg(self.folder.join("log"))
            .args(arguments);
        control.status().unwrap().success()
    }
}

fn database_of(address: &str) -> &str {
    let name = address.rsplit('/').next().unwrap();
    name.split('?').next().unwrap()
}

/// A key file for a state in a database.
pub(crate) fn key_file(folder: &Path) -> PathBuf {
    folder.join("state.key")
}
