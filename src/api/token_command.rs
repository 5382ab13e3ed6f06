//! The command that prints a token, or a password: run for a bounded time; what it writes to standard error is the reason that a
//! person is shown.

use std::time::Duration;

use tokio::sync::watch;

use super::error::MissingToken;
use crate::subprocess::{self, Failure, Printed, Task};

/// The most bytes that a token may have; those of today have a few kilobytes at most.
pub(super) const LARGEST_TOKEN: usize = 64 * 1024;

/// What a command prints, in words.
pub(super) const TOKEN: &str = "token";
pub(super) const PASSWORD: &str = "password";

/// How the command is called in words. A command that a shell takes apart is not shown: it may hold a password.
pub(super) fn name(what: &str, words: &[String]) -> String {
    subprocess::name(what, words)
}

/// Runs the command that prints a `what`, and returns what it printed. At `limit`, or when `stop` turns true, it and its
/// children are ended.
pub(super) fn output(
    what: &str,
    words: &[String],
    limit: Duration,
    stop: &watch::Receiver<bool>,
) -> Result<Vec<u8>, MissingToken> {
    let name = name(what, words);
    let task = Task {
        words,
        variables: &[],
        limit,
        printed: Printed::Kept(LARGEST_TOKEN),
    };
    subprocess::run(&task, stop).map_err(|why| {
        MissingToken::Because(match why {
            Failure::Stopped => return MissingToken::Stopped,
            Failure::Empty => format!("the {what} command is empty"),
            Failure::NotStarted(error) => format!("cannot run {name}: {error}"),
            Failure::Failed { status, said } => format!("{name} failed ({status}){said}"),
            Failure::TimeOver { said } => format!(
                "{name} printed no {what} within {} and was ended{said}",
                crate::clock::spoken(limit)
            ),
            Failure::TooLong => format!(
                "{name} printed more than {} KiB and was ended: it must print the {what} and nothing else",
                LARGEST_TOKEN / 1024
            ),
            Failure::Lost(error) => format!("cannot wait for {name}: {error}"),
        })
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(30);

    fn shell(script: &str, limit: Duration) -> Result<String, String> {
        let (_stop, flag) = watch::channel(false);
        let words = ["sh", "-c", script].map(str::to_owned);
        match output(TOKEN, &words, limit, &flag) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(MissingToken::Because(words)) => Err(words),
            Err(MissingToken::Stopped) => Err("stopped".to_owned()),
        }
    }

    #[test]
    fn what_was_said_is_the_reason() {
        assert_eq!(
            shell("echo token; echo careful >&2", LONG),
            Ok("token\n".to_owned())
        );
        for (script, says) in [
            ("exit 3", "failed (exit status: 3)"),
            (
                "echo no such role >&2; exit 1",
                "failed (exit status: 1): no such role",
            ),
            ("printf 'a\\n\\033[31mb\\n' >&2; exit 1", ": a b"),
            ("kill -9 $$", "signal: 9"),
            ("yes", "printed more than 64 KiB and was ended"),
            ("yes | head -c 70000", "printed more than 64 KiB"),
        ] {
            let words = shell(script, LONG).unwrap_err();
            assert!(words.contains(says), "{script}: {words}");
        }
        let long = shell("yes reason | head -c 300000 >&2; exit 1", LONG).unwrap_err();
        assert!(long.len() < 700 && long.contains("…"), "{long}");
    }

    #[test]
    fn a_reason_holds_no_token() {
        for script in [
            "echo hunter2hunter2; echo 'got hunter2hunter2' >&2; exit 1",
            "echo 'Authorization: Bearer hunter2hunter2' >&2; exit 1",
            "echo 'client_secret=hunter2hunter2' >&2; exit 1",
        ] {
            let words = shell(script, LONG).unwrap_err();
            assert!(
                words.contains("***") && !words.contains("hunter2"),
                "{words}"
            );
        }
    }

    #[test]
    fn a_command_that_does_not_end_is_ended_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("child");
        let script = format!(
            "echo waiting for the vault >&2; sleep 600 & echo $! > {}; wait",
            path.display()
        );
        let words = shell(&script, Duration::from_millis(500)).unwrap_err();
        assert!(
            words.contains("no token within less than a second")
                && words.contains("waiting for the vault"),
            "{words}"
        );
        let child = std::fs::read_to_string(&path).unwrap();
        // The number may be a zombie's for a moment.
        let begin = Instant::now();
        let alive = || {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
            stat.is_ok_and(|s| !s.contains(") Z "))
        };
        while alive() {
            assert!(begin.elapsed() < LONG, "the child goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_child_that_keeps_the_pipe_open_is_not_waited_for() {
        let begin = Instant::now();
        assert_eq!(
            shell("sleep 60 & echo token", LONG),
            Ok("token\n".to_owned())
        );
        assert!(begin.elapsed() < LONG);
    }

    #[test]
    fn a_stop_ends_the_command() {
        let (stop, flag) = watch::channel(false);
        let stopping = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            stop.send_replace(true);
        });
        let words = ["sleep", "600"].map(str::to_owned);
        let end = output(TOKEN, &words, Duration::from_mins(10), &flag);
        assert!(matches!(end, Err(MissingToken::Stopped)), "{end:?}");
        stopping.join().unwrap();
    }
}
