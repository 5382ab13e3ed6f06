//! A folder for each test, a sandbox process, and a builder for runs.

pub(crate) mod browser;
pub(crate) mod driven;
pub(crate) mod front;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;

use serde_json::Value;

pub(crate) mod buckets;
pub(crate) mod postgres;
mod states;
mod suspended;
pub(crate) mod web;
pub(crate) use states::{StateIn, over_both_states};
pub(crate) use suspended::{Suspended, state_of};

/// The binary under test.
pub(crate) fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_partner-sync")
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A folder of its own, removed with the test.
pub(crate) struct Workdir {
    folder: tempfile::TempDir,
    /// The address of its state, where that is in a database, and the server of it.
    database: Option<(&'static postgres::Cluster, String)>,
}

impl Workdir {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            database: None,
        }
    }

    /// One whose state is in a database of its own; none where there is no Postgres.
    pub(crate) fn in_postgres() -> Option<Self> {
        Some(Self::in_cluster(postgres::cluster()?))
    }

    pub(crate) fn in_cluster(cluster: &'static postgres::Cluster) -> Self {
        let mut dir = Self::new();
        dir.database = Some((cluster, cluster.database()));
        dir
    }

    /// The address of its state in a database.
    pub(crate) fn address(&self) -> String {
        self.database.as_ref().unwrap().1.clone()
    }

    /// What the database of the state answers.
    pub(crate) fn ask_database(&self, sql: &str) -> String {
        let (cluster, address) = self.database.as_ref().unwrap();
        cluster.ask(address, sql)
    }

    /// Waits until nobody holds the state any more. A file is free when its process has ended.
    pub(crate) fn wait_until_free(&self) {
        if self.database.is_none() {
            return;
        }
        let held = "SELECT count(*) FROM pg_tables WHERE schemaname = 'partner_sync' AND tablename = 'machine'";
        if self.ask_database(held) == "0" {
            return;
        }
        let held = "SELECT count(*) FROM partner_sync.machine WHERE until > clock_timestamp() AND lost_at IS NULL AND ended IS NULL";
        wait_until("the lease has ended", || self.ask_database(held) == "0");
    }

    /// The state, opened by the library.
    pub(crate) fn store(&self) -> partner_sync::state::Store {
        use partner_sync::state::{ServerSettings, StateAddress, Store};
        let file = self.path("partner-sync.db");
        let place = self.database.as_ref().map_or(file, |(_, at)| at.into());
        let address = StateAddress::read(&place).unwrap();
        let settings = ServerSettings {
            key_file: Some(postgres::key_file(self.folder.path())),
            ..ServerSettings::default()
        };
        Store::at(&address, &settings)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// A run of the binary in this folder, with a clean environment.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let run = Run::new(self.folder.path(), arguments);
        match &self.database {
            Some((_, address)) => {
                let key = postgres::key_file(self.folder.path());
                run.env("PARTNER_SYNC_STATE", address)
                    .env("PARTNER_SYNC_STATE_KEY_FILE", key.to_str().unwrap())
            }
            None => run,
        }
    }

    /// A file of `rows` simple rows, and a mapping for it.
    pub(crate) fn simple_export(&self, rows: usize) {
        let mut text = String::from("Id,Name\n");
        for i in 1..=rows {
            text.push_str(&format!("K-{i},Company {i}\n"));
        }
        self.write("e.csv", text);
        self.write("m.toml", SIMPLE_MAPPING);
    }
}

pub(crate) const SIMPLE_MAPPING: &str =
    "name = \"simple\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n";

/// One run of the binary.
pub(crate) struct Run {
    command: Command,
    stdout: Option<Stdio>,
}

impl Run {
    fn new(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        Self {
            command,
            stdout: None,
        }
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn stdin(mut self, stdin: Stdio) -> Self {
        self.command.stdin(stdin);
        self
    }

    /// Standard output goes there, and [`Finished`] has none of it.
    pub(crate) fn stdout(mut self, stdout: Stdio) -> Self {
        self.stdout = Some(stdout);
        self
    }

    /// Against an address.
    pub(crate) fn at_url(self, url: &str) -> Self {
        self.env("PARTNER_SYNC_API_URL", url)
            .env("PARTNER_SYNC_TOKEN", "token")
    }

    /// Against a sandbox.
    pub(crate) fn at(self, server: &Server) -> Self {
        self.env("PARTNER_SYNC_API_URL", &server.url)
            .env("PARTNER_SYNC_TOKEN", "token")
    }

    pub(crate) fn finish(mut self) -> Finished {
        if let Some(stdout) = self.stdout {
            self.command.stdout(stdout);
        }
        Finished::of(self.command.output().unwrap())
    }

    /// Starts it with its errors in a file, which can be read while it runs.
    pub(crate) fn start_into(mut self, stderr: std::fs::File) -> Child {
        self.command
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap()
    }

    pub(crate) fn start(mut self) -> Child {
        self.command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn expect_exit(self, exit: i32) -> Self {
        assert_eq!(
            self.exit, exit,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// The summary of `--json`, whose counts add up.
    pub(crate) fn summary(&self) -> Summary {
        let value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr));
        Summary::of(value)
    }
}

/// A summary whose counts were checked.
#[derive(Debug)]
pub(crate) struct Summary(Value);

impl Summary {
    pub(crate) fn of(value: Value) -> Self {
        let outcomes = [
            "created", "adopted", "skipped", "changed", "blocked", "invalid", "rejected",
            "in_doubt", "deferred",
        ];
        if value.get("valid").is_none() && value.get("agree").is_none() {
            let sum: u64 = outcomes.iter().map(|o| value[*o].as_u64().unwrap()).sum();
            assert_eq!(value["rows"].as_u64(), Some(sum), "{value}");
        }
        Self(value)
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        self.0[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    pub(crate) fn value(&self) -> &Value {
        &self.0
    }
}

/// A sandbox in its own process; it ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    data: PathBuf,
    log: PathBuf,
    counted: Mutex<Counted>,
}

/// Requests by method, as far as the log was read: who waits for a number looks often, and the log is long.
#[derive(Default)]
struct Counted {
    read: u64,
    by_method: BTreeMap<String, usize>,
}

impl Server {
    pub(crate) fn start(dir: &Workdir, arguments: &[&str]) -> Self {
        let (data, log) = (dir.path("server.jsonl"), dir.path("server.log"));
        let mut child = Command::new(binary())
            .arg("sandbox")
            .args([
                "--data".as_ref(),
                data.as_os_str(),
                "--log".as_ref(),
                log.as_os_str(),
            ])
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Self {
            child,
            url: url.trim().to_owned(),
            data,
            log,
            counted: Mutex::default(),
        }
    }

    /// The same sandbox at the same address, with other arguments; its log begins anew.
    pub(crate) fn restart(self, dir: &Workdir, arguments: &[&str]) -> Self {
        let port = self.url.rsplit(':').next().unwrap().to_owned();
        drop(self);
        Self::start(dir, &[arguments, &["--port", &port]].concat())
    }

    /// It does nothing until what is returned is dropped: whoever asks it waits. So a run is under way for as long as a test needs
    /// it, however slow the machine is.
    pub(crate) fn hold(&self) -> Held<'_> {
        signal(&self.child, "STOP");
        Held(self)
    }

    /// The partners that it made, as it keeps them.
    pub(crate) fn partners(&self) -> Vec<Value> {
        partners_in(&self.data)
    }

    /// How many partners it has for each legacyIdentifier.
    pub(crate) fn by_key(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for partner in self.partners() {
            *counts
                .entry(text(&partner, "/party/legacyIdentifier"))
                .or_insert(0) += 1;
        }
        counts
    }

    /// Each key has one partner, and there are so many.
    pub(crate) fn assert_each_once(&self, partners: usize) {
        let twice: Vec<_> = self.by_key().into_iter().filter(|(_, n)| *n != 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
        assert_eq!(self.by_key().len(), partners);
    }

    /// Questions to the list and for single partners.
    pub(crate) fn questions(&self) -> usize {
        let asks = |r: &&Value| r["method"] == "GET" && text(r, "/path").starts_with("/api/");
        self.requests().iter().filter(asks).count()
    }

    /// The requests that it saw.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        // The server may be writing its last line at this very moment.
        let whole = log.rfind('\n').map_or("", |end| &log[..end]);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Requests of a method.
    pub(crate) fn count(&self, method: &str) -> usize {
        let mut counted = self.counted.lock().unwrap();
        let mut bytes = Vec::new();
        if let Ok(mut log) = std::fs::File::open(&self.log) {
            log.seek(SeekFrom::Start(counted.read)).unwrap();
            log.read_to_end(&mut bytes).unwrap();
        }
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            // The server may be writing its last line at this very moment.
            if !line.ends_with(b"\n") {
                break;
            }
            counted.read += line.len() as u64;
            let request: Value = serde_json::from_slice(line).unwrap();
            let method = self::text(&request, "/method");
            *counted.by_method.entry(method).or_default() += 1;
        }
        counted.by_method.get(method).copied().unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A sandbox that does nothing.
#[must_use]
pub(crate) struct Held<'s>(&'s Server);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        signal(&self.0.child, "CONT");
    }
}

/// The partners in a sandbox's file.
pub(crate) fn partners_in(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|value| value.get("id").is_some())
        .collect()
}

/// The text at a JSON pointer.
pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Sends a signal to a child.
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Posts a partner as somebody else.
pub(crate) fn post(server: &Server, name: &str, key: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = partner_sync::http_client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .unwrap();
    let body = serde_json::json!({"organization": {"businessName": name, "legacyIdentifier": key}});
    let status = runtime.block_on(async {
        let request = client
            .post(format!("{}/api/v2/partners", server.url))
            .bearer_auth("t")
            .json(&body);
        request.send().await.unwrap().status()
    });
    assert_eq!(status.as_u16(), 201);
}

/// Waits until `done`, for a minute at most.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = std::time::Instant::now();
    while !done() {
        assert!(
            begin.elapsed().as_secs() < 60,
            "waited in vain until {what}"
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// A generated document is as it would be generated now; `UPDATE_DOCS=1` writes it.
pub(crate) fn assert_current(path: &str, text: &str) {
    let file = repository(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let present = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        present == text,
        "{path} is not current: run UPDATE_DOCS=1 cargo test and commit it"
    );
}
