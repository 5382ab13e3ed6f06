//! Questions on a terminal. `script` (util-linux) gives the program one, and types what its own input holds.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{Server, Workdir, binary};

/// An API whose name is not loopback's. Requests to it go to the sandbox, which stands in as its proxy.
const API: &str = "http://partners.example";

struct Answered {
    exit: i32,
    /// What the terminal showed.
    screen: String,
}

/// Imports on a terminal on which `typed` is typed.
fn import_on_a_terminal(dir: &Workdir, server: &Server, more: &str, typed: &str) -> Answered {
    let command = format!(
        "{} import e.csv -m m.toml --rate unlimited {more}",
        binary()
    );
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "screen.txt"])
        .current_dir(dir.path(""))
        .env("PARTNER_SYNC_API_URL", API)
        .env("PARTNER_SYNC_INSECURE_HTTP", "true")
        .env("PARTNER_SYNC_TOKEN", "t")
        .env("http_proxy", &server.url)
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(typed.as_bytes()).unwrap();
    let status = child.wait().unwrap();
    drop(keyboard);
    Answered {
        exit: status.code().unwrap(),
        screen: dir.read("screen.txt"),
    }
}

fn ready() -> (Workdir, Server) {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(3);
    (dir, server)
}

#[test]
fn nothing_is_sent_for_the_first_time_unless_a_person_says_yes() {
    for typed in ["n\n", "\n", "later\n"] {
        let (dir, server) = ready();
        let answered = import_on_a_terminal(&dir, &server, "", typed);
        assert_eq!(answered.exit, 2, "{}", answered.screen);
        assert!(
            answered
                .screen
                .contains("up to 3 of 3 rows will be created")
                && answered.screen.contains(API),
            "{}",
            answered.screen
        );
        assert_eq!(server.count("POST"), 0, "{typed:?}");
        assert!(!dir.path("partner-sync.db").exists());
    }
}

#[test]
fn a_person_is_asked_once() {
    let (dir, server) = ready();
    let first = import_on_a_terminal(&dir, &server, "", "y\n");
    assert_eq!(first.exit, 0, "{}", first.screen);
    assert!(first.screen.contains("[y/N]"), "{}", first.screen);
    assert_eq!(server.count("POST"), 3);
    dir.simple_export(5);
    // Were it asked again, this would be the answer.
    let again = import_on_a_terminal(&dir, &server, "", "n\n");
    assert_eq!(again.exit, 0, "{}", again.screen);
    assert!(!again.screen.contains("[y/N]"), "{}", again.screen);
    assert_eq!(server.count("POST"), 5);
}

#[test]
fn yes_on_the_command_line_is_not_asked_again() {
    let (dir, server) = ready();
    let answered = import_on_a_terminal(&dir, &server, "--yes", "n\n");
    assert_eq!(answered.exit, 0, "{}", answered.screen);
    assert!(!answered.screen.contains("[y/N]"), "{}", answered.screen);
    assert_eq!(server.count("POST"), 3);
}
