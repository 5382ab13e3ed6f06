use std::time::Duration;

use crate::support::{Run, Server, Workdir, signal, wait_until};

const MAPPING: &str = "name = \"accounts\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nonBoardingStatus = \"Stage\"\nsignOnDate = \"Signed\"\n";

/// A house with one job on `exports/a-*.csv`; `more` goes into the job.
pub(crate) fn house(more: &str) -> Workdir {
    let dir = Workdir::new();
    std::fs::create_dir(dir.path("exports")).unwrap();
    dir.write("m.toml", MAPPING);
    dir.write("token", "t");
    dir.write(
        "partner-sync.toml",
        format!("[api]\ntoken_file = \"token\"\nrate = \"unlimited\"\n[report]\ndir = \"reports\"\nkeep = 2\n[[job]]\nname = \"accounts\"\nfile = \"exports/a-*.csv\"\nmapping = \"m.toml\"\n{more}"),
    );
    dir
}

/// Rows of an export: key number and stage.
pub(crate) fn export(rows: impl Iterator<Item = (usize, &'static str)>) -> String {
    let mut text = String::from("Id,Name,Stage,Signed\n");
    for (i, stage) in rows {
        text.push_str(
            &[
                "K-",
                &i.to_string(),
                ",Company ",
                &i.to_string(),
                ",",
                stage,
                ",2026-03-04\n",
            ]
            .concat(),
        );
    }
    text
}

pub(crate) fn plain(rows: usize) -> String {
    export((1..=rows).map(|i| (i, "Completed")))
}

pub(crate) fn night(dir: &Workdir, server: &Server) -> Run {
    dir.run(&["sync", "--settle", "100ms", "--json"])
        .env("PARTNER_SYNC_API_URL", &server.url)
}

/// Makes a file older by this.
pub(crate) fn age(dir: &Workdir, name: &str, old: Duration) {
    let file = std::fs::File::options()
        .write(true)
        .open(dir.path(name))
        .unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - old).unwrap();
}

pub(crate) fn job(run: &crate::support::Finished, index: usize) -> serde_json::Value {
    let whole: serde_json::Value = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|e| panic!("{e}\n{}\n{}", run.stdout, run.stderr));
    whole["jobs"][index].clone()
}

#[test]
fn nights_of_growth_rest_and_change() {
    let dir = house("");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(20));
    let first = night(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&first, 0)["created"], 20);
    dir.write("exports/a-2.csv", plain(25));
    let second = night(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&second, 0)["created"], 5);
    assert_eq!(job(&second, 0)["skipped"], 20);
    let third = night(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&third, 0)["skipped"], 25);
    // A row changed: told every night, until a person accepts it.
    dir.write(
        "exports/a-3.csv",
        export((1..=25).map(|i| (i, if i == 7 { "Welcome Call" } else { "Completed" }))),
    );
    let fourth = night(&dir, &server).finish().expect_exit(1);
    assert_eq!(job(&fourth, 0)["changed"], 1);
    dir.run(&["state", "accept", "K-8", "--yes"])
        .finish()
        .expect_exit(2);
    // Without a terminal nobody can be asked.
    dir.run(&["state", "accept", "K-7"]).finish().expect_exit(2);
    dir.run(&["state", "accept", "K-7", "--yes"])
        .finish()
        .expect_exit(0);
    let fifth = night(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&fifth, 0)["skipped"], 25);
    assert_eq!(server.by_key().len(), 25);
    assert!(server.by_key().values().all(|n| *n == 1));
    // Two runs' reports are kept, and the page of the job's runs.
    let kept = std::fs::read_dir(dir.path("reports/accounts"))
        .unwrap()
        .count();
    assert_eq!(kept, 3);
    assert!(dir.path("reports/sync.json").exists());
}

#[test]
fn changed_rows_can_be_a_note() {
    let dir = house("on_change = \"note\"\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(3));
    night(&dir, &server).finish().expect_exit(0);
    dir.write(
        "exports/a-1.csv",
        export((1..=3).map(|i| (i, "Not Started"))),
    );
    let told = night(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&told, 0)["changed"], 3);
    dir.run(&["state", "accept", "--all-changed", "--yes"])
        .finish()
        .expect_exit(0);
    let quiet = night(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&quiet, 0)["skipped"], 3);
}

#[test]
fn overlapping_runs_end_at_once_or_wait() {
    let dir = house("");
    let server = Server::start(&dir, &["--latency", "40ms"]);
    dir.write("exports/a-1.csv", plain(200));
    let mut first = night(&dir, &server).start();
    wait_until("the first run sends", || server.count("POST") > 0);
    let held = server.hold();
    night(&dir, &server).finish().expect_exit(4);
    drop(held);
    let waited = night(&dir, &server)
        .args(&["--wait", "1m"])
        .finish()
        .expect_exit(0);
    assert_eq!(job(&waited, 0)["skipped"], 200);
    assert!(first.wait().unwrap().success());
    assert!(server.by_key().values().all(|n| *n == 1));
}

#[test]
fn a_new_token_and_a_night_without_the_api() {
    let dir = house("");
    let server = Server::start(&dir, &["--token", "old"]);
    dir.write("token", "old");
    dir.write("exports/a-1.csv", plain(3));
    night(&dir, &server).finish().expect_exit(0);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    drop(server);
    // The API is down: nothing is lost.
    dir.write("exports/a-2.csv", plain(5));
    let url = ["http://127.0.0.1:", &port].concat();
    let down = dir
        .run(&["sync", "--json", "--outage", "1s"])
        .env("PARTNER_SYNC_API_URL", &url)
        .finish()
        .expect_exit(3);
    assert_eq!(job(&down, 0)["deferred"], 2);
    // It is back, with another token.
    let server = Server::start(&dir, &["--token", "new", "--port", &port]);
    let refused = night(&dir, &server).finish().expect_exit(3);
    assert!(
        job(&refused, 0)["stopped"]
            .as_str()
            .unwrap()
            .contains("401")
    );
    dir.write("token", "new");
    let back = night(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&back, 0)["created"], 2);
    assert_eq!(server.by_key().len(), 5);
}

/// Metrics for the exporter, a message for people, and lines for the log's collector.
#[test]
fn people_and_machines_are_told() {
    let dir = house("");
    let server = Server::start(&dir, &[]);
    let hook = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = hook.local_addr().unwrap();
    // The first try is refused by a 500, the second is taken.
    let heard = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let mut last = String::new();
        for answer in ["500 Internal Server Error", "200 OK"] {
            let (mut stream, _) = hook.accept().unwrap();
            let mut bytes = Vec::new();
            let mut buffer = [0; 4096];
            loop {
                let n = stream.read(&mut buffer).unwrap();
                bytes.extend_from_slice(&buffer[..n]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let length = text
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .and_then(|rest| rest.split("\r\n").next())
                    .and_then(|n| n.parse::<usize>().ok());
                if let (Some(length), Some((_, body))) = (length, text.split_once("\r\n\r\n"))
                    && body.len() >= length
                {
                    last = body.to_owned();
                    break;
                }
            }
            let head = [
                "HTTP/1.1 ",
                answer,
                "\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            ]
            .concat();
            stream.write_all(head.as_bytes()).unwrap();
        }
        last
    });
    let config = dir.read("partner-sync.toml");
    dir.write(
        "partner-sync.toml",
        [
            &config.replace("[[job]]", &format!("[metrics]\ntextfile = \"ps.prom\"\n[notify]\nurl = \"http://{address}/hooks/SECRET\"\n[[job]]")),
            "",
        ]
        .concat(),
    );
    dir.write("exports/a-1.csv", plain(3) + "K-9,Nine,Completed,oops\n");
    let night = night(&dir, &server)
        .args(&["--log-format", "json", "-v"])
        .finish()
        .expect_exit(1);
    let body: serde_json::Value = serde_json::from_str(&heard.join().unwrap()).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(
        text.contains("partner-sync accounts: exit 1")
            && text.contains("in \"Signed\": The value is not a date. [date.invalid]"),
        "{text}"
    );
    assert_eq!(body["partner_sync"]["jobs"][0]["created"], 3);
    assert!(!body.to_string().contains("oops"));
    assert!(!night.stderr.contains("SECRET"));
    let metrics = dir.read("ps.prom");
    for line in [
        "partner_sync_rows{job=\"accounts\",outcome=\"created\"} 3",
        "partner_sync_rows{job=\"accounts\",outcome=\"invalid\"} 1",
        "partner_sync_run_exit_code{job=\"accounts\"} 1",
        "# TYPE partner_sync_run_duration_seconds gauge",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    let rows: Vec<serde_json::Value> = night
        .stderr
        .lines()
        .filter_map(|l| serde_json::from_str(l).ok())
        .filter(|l: &serde_json::Value| l["message"] == "row")
        .collect();
    assert_eq!(rows.len(), 4, "{}", night.stderr);
    assert!(
        rows.iter()
            .all(|r| r["job"] == "accounts" && r["run"].is_string() && r["row"].is_number())
    );
    assert!(rows.iter().any(|r| r["outcome"] == "created"));
}

/// Thirty nights with faults: rows come, change and go, answers get lost, runs are killed, the API throttles.
/// In the end API, state and source agree.
#[test]
fn thirty_nights() {
    let dir = house("on_change = \"note\"\n");
    let mut server = Server::start(&dir, &[]);
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    let mut random = Random(20_261_124);
    let mut rows = 40;
    for night_number in 0..30 {
        rows += random.below(8);
        let invalid = random.below(rows);
        let mut text = plain(rows);
        if night_number % 5 == 2 {
            // One row is wrong for a night.
            let name = [",Company ", &invalid.to_string(), ","].concat();
            text = text.replace(&name, ",,");
        }
        dir.write("exports/a-1.csv", text);
        let faults: &[&str] = match random.below(7) {
            0 => &["--fault", "reset-after=0.3", "--fault", "reset-before=0.05"],
            1 => &["--fault", "500-after=0.3", "--fault", "502-after=0.2"],
            2 => &["--fault", "429=0.2", "--fault", "503=0.1"],
            3 => &["--fault", "bad-body=0.2", "--list-lag", "50ms"],
            _ => &[],
        };
        drop(server);
        let seed = (night_number + 1).to_string();
        let arguments = [&["--port", &port, "--seed", &seed], faults].concat();
        server = Server::start(&dir, &arguments);
        if random.below(4) == 0 {
            let before = server.count("POST");
            let mut child = night(&dir, &server).start();
            let most = before + 1 + random.below(6);
            let begin = std::time::Instant::now();
            while server.count("POST") < most && begin.elapsed() < Duration::from_millis(800) {
                std::thread::sleep(Duration::from_millis(2));
            }
            signal(&child, "KILL");
            child.wait().unwrap();
        } else {
            let run = night(&dir, &server).finish();
            assert!(
                [0, 1, 3].contains(&run.exit),
                "{}\n{}",
                run.stdout,
                run.stderr
            );
        }
    }
    drop(server);
    let server = Server::start(&dir, &["--port", &port]);
    dir.write("exports/a-1.csv", plain(rows));
    night(&dir, &server).finish().expect_exit(0);
    assert_eq!(server.by_key().len(), rows);
    assert!(
        server.by_key().values().all(|n| *n == 1),
        "{:?}",
        server.by_key()
    );
    let verified = dir
        .run(&["verify", "--job", "accounts", "--json"])
        .env("PARTNER_SYNC_API_URL", &server.url)
        .finish()
        .expect_exit(0);
    assert_eq!(verified.summary().get("agree"), rows as u64);
}

/// Numbers from a seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}
