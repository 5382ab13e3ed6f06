//! The table of docs/data-protection.md, line by line: each has a test of its claims here, and a line without one is an error.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{Finished, Server, Workdir, repository};

const BANK: &str = "987654321012";
const EXPORT: &str = "Id,Name,City,ABA,Account\nK-1,One,Needletown,021000021,987654321012\nK-2,,Needletown,021000021,987654321012\n";
const MAPPING: &str = "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n[[organization.addresses]]\ncity = \"City\"\n[vendorAccount.bankAccount]\nroutingNumber = \"ABA\"\naccountNumber = \"Account\"\n";
const CONFIG: &str = "[report]\ndir = \"reports\"\n[metrics]\ntextfile = \"m.prom\"\n[[job]]\nname = \"j\"\nfile = \"in/e*.csv\"\nmapping = \"m.toml\"\narchive = \"done\"\n";

/// A folder in which an import ran, and its API. Its second row is wrong.
struct World {
    dir: Workdir,
    server: Server,
}

impl World {
    fn new() -> Self {
        let dir = Workdir::new();
        let server = Server::start(&dir, &[]);
        dir.write("e.csv", EXPORT);
        dir.write("m.toml", MAPPING);
        dir.write("c.toml", CONFIG);
        for folder in ["in", "tmp"] {
            std::fs::create_dir(dir.path(folder)).unwrap();
        }
        let world = Self { dir, server };
        world.import(&["--report", "r"]);
        world
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let temporary = self.dir.path("tmp").display().to_string();
        (self.dir.run(arguments))
            .at(&self.server)
            .env("TMPDIR", &temporary)
            .env("PARTNER_SYNC_RATE", "unlimited")
            .finish()
    }

    fn import(&self, more: &[&str]) -> Finished {
        let import = [
            "import", "e.csv", "-m", "m.toml", "--json", "--settle", "10ms",
        ];
        self.run(&[&import[..], more].concat()).expect_exit(1)
    }

    fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.dir.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    }

    fn has(&self, name: &str) -> bool {
        self.dir.path(name).exists()
    }

    /// Whether the bytes of a file, unpacked where it is a workbook or database, hold a text.
    fn holds(&self, name: &str, text: &str) -> bool {
        let mut looked = crate::leaks::Looked::default();
        let wanted = |path: &Path| path.ends_with(name);
        looked.folder(&self.dir.path("."), &wanted);
        assert!(looked.has(name), "{name} is not there");
        looked.holds("", text)
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.dir.path(name)).unwrap();
    }
}

/// Rows of the table, by what stands first in them, and the test of their claims.
type Claims = fn(&World);
const ROWS: &[(&str, Claims)] = &[
    ("`partner-sync.db`, with `-wal` and `-shm`", state),
    (
        "the schema `partner_sync` of a database, where `--state` names one ([state.md](state.md))",
        database,
    ),
    ("`partner-sync.db.key`", key),
    ("`partner-sync.db.lock`", lock),
    ("`summary.json`, `sync.json`", summaries),
    ("`report.html`, `problems.csv`, `problems.jsonl`", problems),
    ("`index.html` (`sync`)", index),
    ("`partners.csv`", partners),
    ("`rejects.csv`, `report.xlsx`", rows_of_the_source),
    ("`created.csv`, `plan.csv`", lists),
    ("`.partner-sync-….unfinished`", unfinished),
    ("`partner-sync.sandbox.jsonl` (`--sandbox` only)", sandbox),
    ("unnamed temporary files in `TMPDIR`", temporary),
    ("`partner-sync-fetch-…/` in `TMPDIR`", fetched),
    ("the file of `[metrics]`", metrics),
    ("the folder of a job's `archive`", archive),
    ("what was printed", printed),
];

#[test]
fn each_line_of_the_table_is_true() {
    let document = std::fs::read_to_string(repository("docs/data-protection.md")).unwrap();
    let (_, table) = document.split_once("|---|---|---|---|---|\n").unwrap();
    let lines = table.lines().take_while(|line| line.starts_with('|'));
    let names: Vec<&str> = lines
        .map(|line| line.split(" | ").next().unwrap())
        .collect();
    let tested: Vec<String> = ROWS.iter().map(|(name, _)| format!("| {name}")).collect();
    assert_eq!(names, tested);
    for (_, claims) in ROWS {
        claims(&World::new());
    }
}

/// The command itself sees the folder while it is there.
fn fetched(w: &World) {
    let script = "cp e.csv \"$0\" && stat -c %a \"$(dirname \"$0\")\" > mode";
    let words = ["--fetch", "sh", "-c", script, "{file}"];
    let import = ["import", "-m", "m.toml", "--settle", "10ms"];
    w.run(&[&import[..], &words].concat()).expect_exit(1);
    assert_eq!(w.dir.read("mode").trim(), "700");
    let left = std::fs::read_dir(w.dir.path("tmp")).unwrap().count();
    assert_eq!(left, 0);
}

fn state(w: &World) {
    assert_eq!(w.mode("partner-sync.db"), 0o600);
    let id = w.server.partners()[0]["id"].as_str().unwrap().to_owned();
    for kept in ["K-1", "One", &id, "e.csv"] {
        assert!(w.holds("partner-sync.db", kept), "{kept}");
    }
    for not_kept in [BANK, "Needletown"] {
        assert!(!w.holds("partner-sync.db", not_kept), "{not_kept}");
    }
    // Without it the next run looks on the API first, and creates nothing again.
    for name in ["", ".key", ".lock"] {
        w.remove(&format!("partner-sync.db{name}"));
    }
    assert_eq!(w.import(&[]).summary().get("adopted"), 1);
    w.run(&["state", "forget", "K-1", "--yes"]).expect_exit(0);
    let export = w.run(&["state", "export"]).expect_exit(0).stdout;
    assert!(!export.contains("K-1"));
    // The line that it was forgotten.
    assert!(w.holds("partner-sync.db", "K-1"));
}

/// Its tables have a column for what the file has, and none for anything else.
fn database(w: &World) {
    let schema = w.run(&["state", "schema"]).expect_exit(0).stdout;
    assert!(schema.contains("partner_sync.record") && schema.contains("fingerprint"));
    for not_kept in ["payload", "account", "routing", "address"] {
        assert!(!schema.to_lowercase().contains(not_kept), "{not_kept}");
    }
}

fn key(w: &World) {
    assert_eq!(w.mode("partner-sync.db.key"), 0o600);
    w.remove("partner-sync.db.key");
    w.import(&["--report", "r"]);
    assert!(w.dir.read("r/problems.csv").contains("state.key_lost"));
}

fn lock(w: &World) {
    assert_eq!(w.mode("partner-sync.db.lock"), 0o600);
    assert!(
        w.dir
            .read("partner-sync.db.lock")
            .chars()
            .any(|c| c.is_ascii_digit())
    );
    w.remove("partner-sync.db.lock");
    w.import(&[]);
}

fn summaries(w: &World) {
    assert_eq!((w.mode("r"), w.mode("r/summary.json")), (0o700, 0o600));
    w.import(&["--report", "r"]);
    let earlier = std::fs::read_dir(w.dir.path("r/previous")).unwrap().count();
    assert_eq!(earlier, 1);
    w.dir.write("in/e.csv", EXPORT);
    w.run(&["sync", "-c", "c.toml"]).expect_exit(1);
    assert!(w.holds("sync.json", "\"j\"") && !w.holds("sync.json", BANK));
    assert!(!w.holds("summary.json", BANK));
}

fn problems(w: &World) {
    for name in ["report.html", "problems.csv", "problems.jsonl"] {
        assert_eq!(w.mode(&format!("r/{name}")), 0o600, "{name}");
        assert!(!w.holds(name, BANK), "{name}");
    }
    assert!(w.holds("problems.csv", "required.missing"));
    // The first payload, masked.
    assert!(w.holds("report.html", "Needletown") && w.holds("report.html", "**12"));
}

fn index(w: &World) {
    w.dir.write("in/e.csv", EXPORT);
    w.run(&["sync", "-c", "c.toml"]).expect_exit(1);
    for name in ["reports/index.html", "reports/j/index.html"] {
        assert_eq!(w.mode(name), 0o600, "{name}");
    }
    for value in [BANK, "One", "Needletown", "K-1"] {
        assert!(!w.holds("index.html", value), "{value}");
    }
}

fn partners(w: &World) {
    assert_eq!(w.mode("r/partners.csv"), 0o600);
    let id = w.server.partners()[0]["id"].as_str().unwrap().to_owned();
    assert!(w.holds("partners.csv", "One") && w.holds("partners.csv", &id));
    // A row without a partner, and the columns of bank data.
    for left_out in ["K-2", BANK, "021000021"] {
        assert!(!w.holds("partners.csv", left_out), "{left_out}");
    }
    w.import(&["--report", "without", "--no-source-values"]);
    assert!(!w.has("without/partners.csv"));
}

fn rows_of_the_source(w: &World) {
    for name in ["rejects.csv", "report.xlsx"] {
        assert_eq!(w.mode(&format!("r/{name}")), 0o600);
        assert!(w.holds(name, BANK), "{name}");
    }
    w.import(&["--report", "without", "--no-source-values"]);
    assert!(w.has("without/summary.json"));
    assert!(!w.has("without/rejects.csv") && !w.has("without/report.xlsx"));
}

fn lists(w: &World) {
    w.import(&["--dry-run", "--report", "dry"]);
    for name in ["r/created.csv", "dry/plan.csv"] {
        assert_eq!(w.mode(name), 0o600);
        assert!(w.dir.read(name).contains("K-1"), "{name}");
        assert!(!w.dir.read(name).contains(BANK), "{name}");
    }
}

fn unfinished(w: &World) {
    let left = "r/.partner-sync-1.unfinished";
    w.dir.write(left, "left by a run that was killed");
    w.import(&["--report", "r"]);
    assert!(!w.has(left));
}

fn sandbox(w: &World) {
    let practice = ["import", "e.csv", "-m", "m.toml", "--sandbox", "--yes"];
    let run = || w.dir.run(&practice).finish().expect_exit(1);
    run();
    assert!(w.holds("partner-sync.sandbox.jsonl", "Needletown"));
    assert!(!w.holds("partner-sync.sandbox.jsonl", BANK));
    assert_eq!(w.mode("partner-sync.sandbox.jsonl"), 0o600);
    w.remove("partner-sync.sandbox.jsonl");
    run();
}

fn temporary(w: &World) {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(EXPORT.as_bytes()).unwrap();
    w.dir.write("e.csv.gz", packed.finish().unwrap());
    w.run(&["check", "e.csv.gz", "-m", "m.toml"]).expect_exit(1);
    assert_eq!(std::fs::read_dir(w.dir.path("tmp")).unwrap().count(), 0);
}

fn metrics(w: &World) {
    w.dir.write("in/e.csv", EXPORT);
    w.run(&["sync", "-c", "c.toml"]).expect_exit(1);
    assert_eq!(w.mode("m.prom"), 0o644);
    for value in [BANK, "One", "Needletown", "K-1"] {
        assert!(!w.holds("m.prom", value), "{value}");
    }
    w.remove("m.prom");
}

fn archive(w: &World) {
    w.dir.write("in/e.csv", EXPORT.replace("K-2,,", "K-2,Two,"));
    let path = w.dir.path("in/e.csv");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    w.run(&["sync", "-c", "c.toml"]).expect_exit(0);
    assert!(!path.exists());
    let put_away: Vec<_> = std::fs::read_dir(w.dir.path("done"))
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(put_away.len(), 1);
    let name = put_away[0].file_name().into_string().unwrap();
    assert_eq!(w.mode(&format!("done/{name}")), 0o640);
    assert!(w.dir.read(&format!("done/{name}")).contains(BANK));
    // A second night leaves it where it is.
    w.dir
        .write("in/e2.csv", EXPORT.replace("K-2,,", "K-2,Two,"));
    w.run(&["sync", "-c", "c.toml"]).expect_exit(0);
    assert!(w.has(&format!("done/{name}")));
}

fn printed(w: &World) {
    let run = w.import(&["-vvv"]);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(BANK));
    w.dir.write("in/e.csv", EXPORT);
    let night = w.run(&["sync", "-c", "c.toml"]).expect_exit(1);
    for value in ["K-2", "One", "Needletown", BANK] {
        assert!(
            !format!("{}{}", night.stdout, night.stderr).contains(value),
            "{value}"
        );
    }
    let crontab = std::fs::read_to_string(repository("deploy/crontab")).unwrap();
    let mailed = crontab.lines().filter(|l| l.contains("partner-sync sync"));
    assert!(mailed.clone().count() > 0);
    assert!(mailed.into_iter().all(|l| l.contains(".txt 2>&1 || echo ")));
}

/// "The token is in no file of ours", "nothing else is sent anywhere", and what the configuration refuses.
#[test]
fn the_token_is_kept_nowhere() {
    let w = World::new();
    w.dir.write("in/e.csv", EXPORT);
    let token = "tok-0f9e8d7c6b5a";
    for arguments in [
        &["import", "e.csv", "-m", "m.toml", "--report", "t", "-vvv"][..],
        &["sync", "-c", "c.toml", "-vvv"],
        &[
            "verify",
            "e.csv",
            "-m",
            "m.toml",
            "--combined",
            "looked.txt",
        ],
        &["state", "backup", "copy.db"],
    ] {
        let run = (w.dir.run(arguments).at(&w.server))
            .env("PARTNER_SYNC_TOKEN", token)
            .finish();
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(token));
    }
    let mut looked = crate::leaks::Looked::default();
    looked.folder(&w.dir.path("."), &|path| !path.ends_with("server.jsonl"));
    assert!(!looked.holds("", token));
    assert_eq!((w.mode("copy.db"), w.mode("copy.db.key")), (0o600, 0o600));
    assert_eq!(w.mode("looked.txt"), 0o600);
    w.dir
        .write("bad.toml", format!("[api]\ntoken = \"{token}\"\n{CONFIG}"));
    let refused = w.run(&["sync", "-c", "bad.toml"]).expect_exit(2);
    assert!(!refused.stderr.contains(token), "{}", refused.stderr);
    let plain = w
        .dir
        .run(&["partners", "list", "--api-url", "http://api.example.com"]);
    let refused = plain
        .env("PARTNER_SYNC_TOKEN", token)
        .finish()
        .expect_exit(2);
    assert!(
        refused.stderr.contains("--insecure-http"),
        "{}",
        refused.stderr
    );
}

/// What is there with wider permissions is narrowed where it is ours, and nothing is written through a link.
#[test]
fn what_is_open_to_others_is_narrowed() {
    let w = World::new();
    let open = |name: &str, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(w.dir.path(name), mode).unwrap();
    };
    open("partner-sync.db", 0o644);
    open("partner-sync.db.key", 0o644);
    open("r", 0o755);
    std::fs::create_dir(w.dir.path("shared")).unwrap();
    open("shared", 0o755);
    w.dir.write("shared/other.txt", "x");
    w.import(&["--report", "r"]);
    w.import(&["--report", "shared"]);
    let modes = ["partner-sync.db", "partner-sync.db.key", "r"].map(|name| w.mode(name));
    assert_eq!(modes, [0o600, 0o600, 0o700]);
    assert_eq!(
        (w.mode("shared"), w.mode("shared/summary.json")),
        (0o755, 0o600)
    );
}
