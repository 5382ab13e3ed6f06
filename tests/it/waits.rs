//! Every wait ends with a signal: exit 130, and nothing is sent afterwards.

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{Finished, Run, Server, Workdir, binary, signal, wait_until};

/// Whether the process does something that may block for as long as somebody else likes.
fn blocks(child: &Child) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{}/task", child.id()));
    threads.is_ok_and(|threads| {
        threads.flatten().any(|thread| {
            std::fs::read_to_string(thread.path().join("comm"))
                .is_ok_and(|n| n.trim() == "blocking")
        })
    })
}

fn stopped(child: Child, how: &str) -> Finished {
    signal(&child, how);
    Finished::of(child.wait_with_output().unwrap()).expect_exit(130)
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// An address that takes connections and never answers, and how many came.
struct Silent {
    url: String,
    taken: std::sync::mpsc::Receiver<std::net::TcpStream>,
}

impl Silent {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (send, taken) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                // The request is there when its first bytes are.
                let _ = stream.read(&mut [0; 16]);
                if send.send(stream).is_err() {
                    break;
                }
            }
        });
        Self { url, taken }
    }

    /// Waits for a request, which stays open for as long as what is returned.
    fn asked(&self) -> std::net::TcpStream {
        self.taken
            .recv_timeout(std::time::Duration::from_mins(1))
            .unwrap()
    }
}

fn two_jobs(dir: &Workdir, first: &str) {
    dir.simple_export(3);
    dir.write(
        "partner-sync.toml",
        format!(
            "[report]\ndir = \"reports\"\n[[job]]\nname = \"one\"\nfile = \"e.csv\"\nmapping = \"{first}\"\n\
             [[job]]\nname = \"two\"\nfile = \"e.csv\"\nmapping = \"m.toml\"\n"
        ),
    );
}

/// Nobody writes into the pipe, and opening it blocks.
#[test]
fn a_pipe_that_nobody_writes_to() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(1);
    pipe(&dir.path("p.csv"));
    for (how, command) in [
        ("TERM", &["check", "p.csv", "-m", "m.toml"][..]),
        ("INT", &["check", "e.csv", "-m", "p.csv"]),
        ("HUP", &["import", "p.csv", "-m", "m.toml"]),
        ("TERM", &["import", "p.csv", "-m", "m.toml", "--dry-run"]),
        ("INT", &["verify", "p.csv", "-m", "m.toml"]),
        ("HUP", &["reconcile", "--adopt", "p.csv", "-m", "m.toml"]),
        (
            "TERM",
            &["import", "e.csv", "-m", "m.toml", "--token-file", "p.csv"],
        ),
    ] {
        let child = dir.run(command).at(&server).start();
        wait_until("it waits", || blocks(&child));
        let run = stopped(child, how);
        assert!(
            run.stderr.contains("interrupted"),
            "{command:?}: {}",
            run.stderr
        );
    }
    // Somebody opens it and writes nothing.
    let child = dir.run(&["check", "p.csv", "-m", "m.toml"]).start();
    let writer = std::fs::File::options()
        .write(true)
        .open(dir.path("p.csv"))
        .unwrap();
    wait_until("it waits", || blocks(&child));
    stopped(child, "TERM");
    drop(writer);
    assert_eq!(server.count("POST"), 0);
}

#[test]
fn a_pipe_is_read_like_a_file() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(500);
    pipe(&dir.path("p.csv"));
    let child = dir
        .run(&[
            "import",
            "p.csv",
            "-m",
            "m.toml",
            "--json",
            "--rate",
            "unlimited",
        ])
        .at(&server)
        .start();
    std::fs::write(dir.path("p.csv"), dir.read("e.csv")).unwrap();
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(0);
    assert_eq!(run.summary().get("created"), 500);
}

#[test]
fn standard_input_that_does_not_end() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(1);
    for command in ["check", "import"] {
        let mut child = dir
            .run(&[command, "-", "-m", "m.toml"])
            .at(&server)
            .stdin(Stdio::piped())
            .start();
        let stdin = child.stdin.take();
        wait_until("it waits", || blocks(&child));
        stopped(child, "HUP");
        drop(stdin);
    }
    assert_eq!(server.count("POST"), 0);
}

/// A job whose mapping is a pipe: the night ends, and the next job is not begun.
#[test]
fn a_job_whose_file_cannot_be_opened_yet() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    two_jobs(&dir, "p.toml");
    pipe(&dir.path("p.toml"));
    let child = dir
        .run(&["sync", "--dry-run", "--json"])
        .at(&server)
        .start();
    wait_until("it waits", || blocks(&child));
    let run = stopped(child, "TERM");
    let night: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(night["exit"], 130);
    for job in [&night["jobs"][0], &night["jobs"][1]] {
        assert_eq!(
            (&job["exit"], &job["stopped"]),
            (&130.into(), &"interrupted".into()),
            "{night}"
        );
    }
}

/// `init` and `state` have nothing to put in order: they end at once.
#[test]
fn a_command_without_a_run() {
    let dir = Workdir::new();
    pipe(&dir.path("p.csv"));
    let child = dir.run(&["init", "p.csv"]).start();
    // It has begun when its handlers are there; its main thread then waits for the pipe.
    wait_until("it waits", || {
        let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
        threads.flatten().count() > 1
    });
    stopped(child, "TERM");
}

/// Somebody else holds the database: for as long as ten seconds a run would wait for it.
#[test]
fn a_state_that_is_held() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    let import = ["import", "e.csv", "-m", "m.toml"];
    dir.run(&import).at(&server).finish().expect_exit(0);
    let state = rusqlite::Connection::open(dir.path("partner-sync.db")).unwrap();
    state.execute_batch("BEGIN IMMEDIATE").unwrap();
    let child = dir.run(&import).at(&server).start();
    wait_until("it waits", || blocks(&child));
    stopped(child, "TERM");
    state.execute_batch("ROLLBACK").unwrap();
    dir.run(&import).at(&server).finish().expect_exit(0);
}

/// A question to the API is under way, with minutes left until its time-out.
#[test]
fn an_api_that_does_not_answer() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(2);
    two_jobs(&dir, "m.toml");
    let import = ["import", "e.csv", "-m", "m.toml"];
    let silent = Silent::start();
    dir.run(&import).at(&server).finish().expect_exit(0);
    // The state knows the silent address as it knows the server's.
    rusqlite::Connection::open(dir.path("partner-sync.db"))
        .unwrap()
        .execute("UPDATE space SET target = ?1", [&silent.url])
        .unwrap();
    dir.write("new.csv", "Id,Name\nN-1,New\n");
    for command in [
        &["partners", "list"][..],
        &["partners", "get", "some-id"],
        &["verify", "e.csv", "-m", "m.toml"],
        &["import", "new.csv", "-m", "m.toml"],
        &["import", "new.csv", "-m", "m.toml", "--adopt"],
        &["reconcile", "--adopt", "new.csv", "-m", "m.toml"],
        &["sync", "--check-config"],
    ] {
        let child = dir
            .run(command)
            .args(&["--timeout", "10m"])
            .at_url(&silent.url)
            .start();
        let open = silent.asked();
        stopped(child, "TERM");
        drop(open);
    }
}

/// The night is over but for the webhook, which does not answer.
#[test]
fn a_webhook_that_does_not_answer() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    two_jobs(&dir, "m.toml");
    let silent = Silent::start();
    let config = dir.read("partner-sync.toml");
    dir.write(
        "partner-sync.toml",
        format!(
            "[notify]\nurl = \"{}/hook\"\non = [\"success\", \"failure\"]\n{config}",
            silent.url
        ),
    );
    let child = dir.run(&["sync", "--json"]).at(&server).start();
    let open = silent.asked();
    let run = stopped(child, "TERM");
    drop(open);
    assert!(
        run.stderr.contains("the webhook did not get"),
        "{}",
        run.stderr
    );
    let night: serde_json::Value = serde_json::from_str(&dir.read("reports/sync.json")).unwrap();
    assert_eq!(night["exit"], 130);
    assert_eq!(night["jobs"][0]["created"], 3);
}

/// `nohup` has SIGHUP ignored: the run outlives its terminal.
#[test]
fn a_hangup_that_is_ignored() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "20ms"]);
    dir.simple_export(100);
    let script = format!(
        "trap '' HUP; exec {} import e.csv -m m.toml --json --rate 100/s",
        binary()
    );
    let child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(dir.path(""))
        .env("PARTNER_SYNC_API_URL", &server.url)
        .env("PARTNER_SYNC_TOKEN", "t")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("some are made", || server.count("POST") >= 10);
    signal(&child, "HUP");
    let run = Finished::of(child.wait_with_output().unwrap()).expect_exit(0);
    assert_eq!(run.summary().get("created"), 100);
}

/// The first process of a container has no handlers but its own. Left out where no such process can be made.
#[test]
fn the_first_process_of_a_container() {
    let enter = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    let possible = Command::new("unshare").args(enter).arg("true").output();
    if !possible.is_ok_and(|o| o.status.success()) {
        eprintln!("left out: unshare cannot make a process of number 1 here");
        return;
    }
    let dir = Workdir::new();
    let server = Server::start(&dir, &["--latency", "20ms"]);
    dir.simple_export(400);
    let command = |arguments: &[&str]| {
        Command::new("unshare")
            .args(enter)
            .arg(binary())
            .args(arguments)
            .current_dir(dir.path(""))
            .env("PARTNER_SYNC_API_URL", &server.url)
            .env("PARTNER_SYNC_TOKEN", "t")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let import = [
        "import", "e.csv", "-m", "m.toml", "--json", "--rate", "100/s",
    ];
    pipe(&dir.path("p.csv"));
    let init = ["init", "p.csv"];
    for arguments in [&import[..], &init] {
        let child = command(arguments);
        if arguments == import {
            wait_until("some are made", || server.count("POST") >= 10);
        } else {
            wait_until("it waits", || {
                let threads = std::fs::read_dir(format!("/proc/{}/task", innermost(&child)));
                threads.is_ok_and(|t| t.flatten().count() > 1)
            });
        }
        let sent = Command::new("kill")
            .args(["-TERM", &innermost(&child)])
            .status();
        assert!(sent.unwrap().success());
        Finished::of(child.wait_with_output().unwrap()).expect_exit(130);
    }
}

/// The number of the process that `child` started, or that one started, and so on.
fn innermost(child: &Child) -> String {
    let mut number = child.id().to_string();
    loop {
        let children = std::fs::read_to_string(format!("/proc/{number}/task/{number}/children"));
        match children.unwrap_or_default().split_whitespace().next() {
            Some(next) => next.clone_into(&mut number),
            None => return number,
        }
    }
}

/// A person is asked on a terminal, and the signal comes before the answer.
#[test]
fn a_question_that_nobody_answers() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    let command = format!("exec {} import e.csv -m m.toml", binary());
    let mut child = Command::new("script")
        .args([
            "--quiet",
            "--return",
            "--flush",
            "--command",
            &command,
            "screen.txt",
        ])
        .current_dir(dir.path(""))
        .env("PARTNER_SYNC_API_URL", "http://partners.example")
        .env("PARTNER_SYNC_INSECURE_HTTP", "true")
        .env("PARTNER_SYNC_TOKEN", "t")
        .env("http_proxy", &server.url)
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let keyboard = child.stdin.take();
    let screen = || std::fs::read_to_string(dir.path("screen.txt")).unwrap_or_default();
    wait_until("it asks", || screen().contains("[y/N]"));
    let sent = Command::new("kill")
        .args(["-HUP", &innermost(&child)])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130), "{}", screen());
    drop(keyboard);
    assert!(screen().contains("interrupted"), "{}", screen());
    assert_eq!(server.count("POST"), 0);
}

#[test]
fn the_practice_server() {
    let dir = Workdir::new();
    for how in ["INT", "TERM", "HUP"] {
        let mut child: Child = Run::start(dir.run(&["sandbox"]));
        let mut line = [0; 16];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut line)
            .unwrap();
        signal(&child, how);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{how}");
    }
}
