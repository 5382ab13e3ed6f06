//! Exports that a command writes: `fetch` of a job and `import --fetch`.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::nights::{age, house, job, night, plain};
use crate::support::{Finished, Run, Server, Workdir, signal, wait_until};

/// A house whose job fetches `there/a.csv` by these words; `more` goes into the job.
fn fetching(words: &str, more: &str) -> Workdir {
    let dir = house("");
    std::fs::create_dir(dir.path("there")).unwrap();
    std::fs::create_dir(dir.path("tmp")).unwrap();
    dir.write("there/a.csv", plain(3));
    let config = dir.read("partner-sync.toml");
    let place = format!("fetch = {words}\n{more}");
    dir.write(
        "partner-sync.toml",
        config.replace("file = \"exports/a-*.csv\"\n", &place),
    );
    dir
}

/// A night whose temporary files can be looked at.
fn watched(dir: &Workdir, server: &Server) -> Run {
    let temporary = dir.path("tmp").display().to_string();
    night(dir, server).env("TMPDIR", &temporary)
}

fn left(dir: &Workdir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.path("tmp")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

const COPY: &str = "[\"cp\", \"-p\", \"there/a.csv\", \"{file}\"]";

#[test]
fn a_fetched_export_is_imported_and_gone() {
    let dir = fetching(COPY, "file = \"accounts.csv\"\narchive = \"done\"\n");
    let server = Server::start(&dir, &[]);
    let first = watched(&dir, &server).finish().expect_exit(0);
    let first = job(&first, 0);
    assert_eq!(
        (&first["created"], &first["files"][0]),
        (&3.into(), &"accounts.csv".into())
    );
    assert_eq!(left(&dir), Vec::<PathBuf>::new());
    // What was fetched is put away, with its own time; what it was fetched from is nobody's business.
    assert_eq!(dir.read("done/accounts.csv"), plain(3));
    dir.write("there/a.csv", plain(4));
    let second = watched(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&second, 0)["created"], 1);
    assert_eq!(dir.read("done/accounts.2.csv"), plain(4));
    // Looking back, and looking ahead, fetch it too.
    let verify = dir.run(&["verify", "--job", "accounts", "--json"]);
    assert_eq!(
        verify
            .at(&server)
            .finish()
            .expect_exit(0)
            .summary()
            .get("agree"),
        4
    );
    let checked = dir.run(&["sync", "--check-config"]).at(&server).finish();
    let line = "job accounts: file: accounts.csv";
    assert!(checked.expect_exit(0).stdout.contains(line));
}

#[test]
fn import_fetches_by_the_words_that_follow() {
    let dir = fetching(COPY, "");
    let server = Server::start(&dir, &[]);
    let run = dir
        .run(&[
            "import",
            "-m",
            "m.toml",
            "--json",
            "--fetch",
            "cp",
            "there/a.csv",
            "{file}",
        ])
        // A variable is no word of the command's.
        .env("PARTNER_SYNC_RATE", "unlimited");
    assert_eq!(
        run.at(&server)
            .finish()
            .expect_exit(0)
            .summary()
            .get("created"),
        3
    );
    let both = ["import", "e.csv", "-m", "m.toml", "--fetch", "true"];
    dir.run(&both).at(&server).finish().expect_exit(2);
    let late = [
        "import",
        "-m",
        "m.toml",
        "--fetch-timeout",
        "300ms",
        "--fetch",
        "sh",
        "-c",
        "sleep 60; : {file}",
    ];
    let late = dir.run(&late).at(&server).finish().expect_exit(3);
    assert!(late.stderr.contains("fetch_timeout"), "{}", late.stderr);
}

/// All that a job expects of a file, it expects of this one.
#[test]
fn what_a_job_expects_holds_for_what_is_fetched() {
    for (more, old, says) in [
        ("max_age = \"1h\"\n", 7200, "max_age is 60 min"),
        ("min_rows = 5\n", 0, "3 rows"),
    ] {
        let dir = fetching(COPY, more);
        let server = Server::start(&dir, &[]);
        age(&dir, "there/a.csv", Duration::from_secs(old));
        let run = watched(&dir, &server).finish().expect_exit(3);
        assert!(run.stderr.contains(says), "{}", run.stderr);
        assert_eq!(server.count("POST"), 0);
        assert_eq!(left(&dir).len(), 0);
    }
}

#[test]
fn a_command_that_gives_no_export_ends_the_job() {
    let shell = |script: &str| format!("[\"sh\", \"-c\", \"{script}\", \"{{file}}\"]");
    for (words, exit, says) in [
        (
            shell("echo no such bucket >&2; exit 9"),
            3,
            "the fetch command failed (exit status: 9): no such bucket",
        ),
        (shell("true"), 3, "wrote no file to {file}"),
        (shell("mkdir $0"), 3, "made a folder in place of {file}"),
        (
            shell("ln -s /etc/hostname $0"),
            3,
            "made a link in place of {file}",
        ),
        (shell(": > $0"), 3, "wrote an empty file"),
        (
            shell("sleep 60"),
            3,
            "did not end within less than a second (fetch_timeout)",
        ),
        (
            "[\"no-such-program\", \"{file}\"]".to_owned(),
            2,
            "cannot run the fetch command no-such-program",
        ),
        (
            "[\"cp\", \"there/a.csv\", \"b.csv\"]".to_owned(),
            2,
            "has no {file} among its words",
        ),
        ("[]".to_owned(), 2, "has no {file} among its words"),
    ] {
        let limit = if words.contains("sleep") {
            "fetch_timeout = \"900ms\"\n"
        } else {
            ""
        };
        let dir = fetching(&words, limit);
        let server = Server::start(&dir, &[]);
        let run = watched(&dir, &server).finish().expect_exit(exit);
        assert!(run.stderr.contains(says), "{words}: {}", run.stderr);
        assert_eq!(server.count("POST"), 0);
        assert_eq!(left(&dir).len(), 0, "{words}");
        assert!(!dir.path("b.csv").exists());
    }
}

/// What a command says is shown to the owner of the machine, without secrets; what leaves the machine does not quote it.
#[test]
fn what_a_command_says_is_shown_without_secrets() {
    let said = "https://me:HUSHHUSH@h.example/a.csv?X-Amz-Signature=HUSHHUSH password=HUSHHUSH";
    let words = format!("[\"sh\", \"-c\", \"echo '{said}' >&2; exit 1\", \"{{file}}\"]");
    let dir = fetching(&words, "");
    let hook = crate::hook::Hook::start();
    let config = dir.read("partner-sync.toml");
    dir.write(
        "partner-sync.toml",
        format!("[notify]\nurl = \"{}\"\n{config}", hook.url),
    );
    let server = Server::start(&dir, &[]);
    let run = watched(&dir, &server).args(&["-v"]).finish().expect_exit(3);
    let reports = dir.read("reports/sync.json");
    for text in [&run.stderr, &run.stdout, &reports] {
        assert!(text.contains("https://h.example/a.csv"), "{text}");
        assert!(!text.contains("HUSH"), "{text}");
    }
    let told = hook.told().to_string();
    assert!(told.contains("the fetch command failed"), "{told}");
    assert!(!told.contains("h.example"), "{told}");
    // The whole command as one text: what stands behind the program is in nothing either.
    let config = dir.read("partner-sync.toml");
    let one = "[\"./not-here -u me:HUSHHUSH\", \"{file}\"]";
    let config = config.replace(&words, one);
    let after = "after = [\"./nor-here --token HUSHHUSH\"]\n";
    dir.write("partner-sync.toml", format!("{config}{after}"));
    let run = watched(&dir, &server).args(&["-v"]).finish().expect_exit(2);
    let reports = dir.read("reports/sync.json");
    let told = hook.told().to_string();
    for text in [&run.stderr, &reports, &told] {
        assert!(text.contains("./n"), "{text}");
        assert!(!text.contains("HUSH"), "{text}");
    }
    assert!(run.stderr.contains("texts of their own"), "{}", run.stderr);
}

/// A run that is killed leaves what it fetched; the next one removes it. One that is stopped leaves nothing, and no command.
#[test]
fn what_a_killed_run_left_is_tidied() {
    let script = "cp there/a.csv $0.part; echo $$ > pid; exec sleep 600";
    let dir = fetching(&format!("[\"sh\", \"-c\", \"{script}\", \"{{file}}\"]"), "");
    let server = Server::start(&dir, &[]);
    let is_fetching = || std::fs::read_to_string(dir.path("pid")).is_ok_and(|t| t.ends_with('\n'));
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", dir.read("pid").trim()));
        stat.is_ok_and(|s| !s.contains(") Z "))
    };
    let child = watched(&dir, &server).start();
    wait_until("it fetches", is_fetching);
    signal(&child, "TERM");
    let run = Finished::of(child.wait_with_output().unwrap());
    assert_eq!(run.exit, 130, "{run:?}");
    assert_eq!(left(&dir).len(), 0);
    wait_until("the command has ended", || !alive());

    std::fs::remove_file(dir.path("pid")).unwrap();
    let mut child = watched(&dir, &server).start();
    wait_until("it fetches", is_fetching);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(left(&dir).len(), 1);
    // Nobody else ends it: it is the test's own.
    let pid = dir.read("pid");
    Command::new("kill").arg(pid.trim()).status().unwrap();
    let good = dir.read("partner-sync.toml");
    let at = good.find("fetch = ").unwrap();
    let end = at + good[at..].find('\n').unwrap();
    dir.write(
        "partner-sync.toml",
        good.replace(&good[at..end], &format!("fetch = {COPY}")),
    );
    watched(&dir, &server).finish().expect_exit(0);
    assert_eq!(left(&dir).len(), 0);
    server.assert_each_once(3);
}

/// Whether a program is installed; a word where it is not.
fn has(program: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(program).is_file());
    if !found {
        crate::support::browser::left_out(program);
    }
    found
}

#[test]
fn rclone_fetches() {
    if !has("rclone") {
        return;
    }
    let dir = fetching(
        "[\"rclone\", \"copyto\", \"there/a.csv\", \"{file}\"]",
        "max_age = \"1h\"\n",
    );
    let server = Server::start(&dir, &[]);
    watched(&dir, &server)
        .env("HOME", dir.path("").to_str().unwrap())
        .finish()
        .expect_exit(0);
    server.assert_each_once(3);
    // It keeps the time of the file, so that a stale one is known.
    age(&dir, "there/a.csv", Duration::from_hours(2));
    let run = watched(&dir, &server)
        .env("HOME", dir.path("").to_str().unwrap())
        .finish()
        .expect_exit(3);
    assert!(run.stderr.contains("is 2 h old"), "{}", run.stderr);
    std::fs::remove_file(dir.path("there/a.csv")).unwrap();
    let run = watched(&dir, &server)
        .env("HOME", dir.path("").to_str().unwrap())
        .finish()
        .expect_exit(3);
    assert!(
        run.stderr.contains("the fetch command rclone failed"),
        "{}",
        run.stderr
    );
}

/// An SSH server of the test's own, on loopback.
struct Ssh(Child);

impl Drop for Ssh {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn sftp_fetches() {
    let sshd = PathBuf::from("/usr/sbin/sshd");
    if !sshd.is_file() || !has("sftp") || !has("ssh-keygen") {
        eprintln!("left out: sshd or sftp is not installed");
        return;
    }
    let dir = fetching("[]", "");
    let at = |name: &str| dir.path(name).display().to_string();
    for key in ["host", "user"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)])
            .status();
        assert!(made.unwrap().success());
    }
    std::fs::copy(dir.path("user.pub"), dir.path("authorized")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    dir.write(
        "sshd.conf",
        format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nSubsystem sftp internal-sftp\n",
            at("host"), at("authorized")
        ),
    );
    let _ = std::fs::create_dir_all("/run/sshd");
    let _server = Ssh(Command::new(sshd)
        .args(["-D", "-e", "-f", &at("sshd.conf")])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap());
    wait_until("it listens", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let user = Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8(user.stdout).unwrap();
    let words = format!(
        "[\"sftp\", \"-q\", \"-p\", \"-P\", \"{port}\", \"-i\", \"{}\", \"-o\", \"BatchMode=yes\", \"-o\", \"StrictHostKeyChecking=no\", \"-o\", \"UserKnownHostsFile=/dev/null\", \"{}@127.0.0.1:{}\", \"{{file}}\"]",
        at("user"),
        user.trim(),
        at("there/a.csv")
    );
    let config = dir.read("partner-sync.toml");
    dir.write(
        "partner-sync.toml",
        config.replace("fetch = []", &format!("fetch = {words}")),
    );
    let server = Server::start(&dir, &[]);
    watched(&dir, &server).finish().expect_exit(0);
    server.assert_each_once(3);
    std::fs::remove_file(dir.path("there/a.csv")).unwrap();
    let run = watched(&dir, &server).finish().expect_exit(3);
    assert!(
        run.stderr.contains("the fetch command sftp failed"),
        "{}",
        run.stderr
    );
}
