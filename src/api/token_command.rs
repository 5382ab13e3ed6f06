//! The command that prints a token, or a password: run for a bounded time, in a process group of its own, so that it and its children
//! can be ended; what it writes to standard error is the reason that a person is shown.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::error::MissingToken;
use crate::secret::{Scrubber, Secret};

/// The most bytes that a token may have; those of today have a few kilobytes at most.
pub(super) const LARGEST_TOKEN: usize = 64 * 1024;
/// How long the pipes are read after the command ended: a child of it may keep them open for ever.
const REST: Duration = Duration::from_secs(1);
/// The longest time between two looks at the command.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Characters of standard error that are shown, the last ones.
const SHOWN: usize = 500;

/// What a command prints, in words.
pub(super) const TOKEN: &str = "token";
pub(super) const PASSWORD: &str = "password";

/// How the command is called in words. A command that a shell takes apart is not shown: it may hold a password.
pub(super) fn name(what: &str, words: &[String]) -> String {
    match words.first().map(String::as_str) {
        None | Some("sh") => format!("the {what} command"),
        Some(program) => format!("the {what} command {program}"),
    }
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
    let failed = |words: String| MissingToken::Because(words);
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| failed(format!("the {what} command is empty")))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command
        .spawn()
        .map_err(|e| failed(format!("cannot run {name}: {e}")))?;
    let printed = Pipe::drain(child.stdout.take());
    let said = Pipe::drain(child.stderr.take());
    let end = wait(&mut child, limit, stop, &printed);
    if !matches!(end, End::Exited(_)) {
        end_all(&mut child);
    }
    let begin = Instant::now();
    while !(printed.is_over() && said.is_over()) && begin.elapsed() < REST {
        std::thread::sleep(Duration::from_millis(1));
    }
    let printed = printed.held().bytes.clone();
    let reason = said.words(&printed);
    match end {
        End::Exited(status) if status.success() => Ok(printed),
        End::Exited(status) => Err(failed(format!("{name} failed ({status}){reason}"))),
        End::Stopped => Err(MissingToken::Stopped),
        End::TimeOver => Err(failed(format!(
            "{name} printed no {what} within {} and was ended{reason}",
            crate::clock::spoken(limit)
        ))),
        End::TooLong => Err(failed(format!(
            "{name} printed more than {} KiB and was ended: it must print the {what} and nothing else",
            LARGEST_TOKEN / 1024
        ))),
        End::Lost(error) => Err(failed(format!("cannot wait for {name}: {error}"))),
    }
}

enum End {
    Exited(ExitStatus),
    Stopped,
    TimeOver,
    TooLong,
    Lost(std::io::Error),
}

fn wait(child: &mut Child, limit: Duration, stop: &watch::Receiver<bool>, printed: &Pipe) -> End {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(_)) if printed.held().is_too_long => return End::TooLong,
            Ok(Some(status)) => return End::Exited(status),
            Ok(None) => {}
            Err(error) => return End::Lost(error),
        }
        if *stop.borrow() {
            return End::Stopped;
        }
        if begin.elapsed() >= limit {
            return End::TimeOver;
        }
        if printed.held().is_too_long {
            return End::TooLong;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LOOK_EVERY);
    }
}

/// Ends the command and what it started. Its group has the command's own number for as long as it was not waited for.
fn end_all(child: &mut Child) {
    #[cfg(unix)]
    if let Ok(None) = child.try_wait() {
        let group = rustix::process::Pid::from_child(child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// One of the command's pipes, read by a thread of its own.
struct Pipe(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    is_too_long: bool,
    is_over: bool,
}

impl Pipe {
    /// Reads to the end and keeps the first bytes: a command whose pipe is full would wait for ever.
    fn drain(pipe: Option<impl Read + Send + 'static>) -> Self {
        let held = Arc::new(Mutex::new(Held::default()));
        let Some(mut pipe) = pipe else {
            return Self(held);
        };
        let theirs = Self(Arc::clone(&held));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                let read = pipe.read(&mut chunk);
                let mut held = theirs.held();
                match read {
                    Ok(0) => break held.is_over = true,
                    Ok(n) => {
                        let room = LARGEST_TOKEN - held.bytes.len();
                        held.is_too_long |= n > room;
                        held.bytes.extend_from_slice(&chunk[..n.min(room)]);
                    }
                    Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break held.is_over = true,
                }
            }
        });
        Self(held)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.held().is_over
    }

    /// What was said, on one line, without anything that may be a token, `printed` above all.
    fn words(&self, printed: &[u8]) -> String {
        let held = self.held();
        let mut text = String::from_utf8_lossy(&held.bytes).into_owned();
        if held.is_too_long {
            // The last word may be the first half of a token.
            let whole = text.rfind(char::is_whitespace).unwrap_or(0);
            text.truncate(whole);
        }
        let printed = String::from_utf8_lossy(printed);
        // A token is one word; so many are no token.
        let known = printed.split_whitespace().take(1000);
        let plain = known
            .fold(Scrubber::new().without_uuids(), |scrubber, word| {
                scrubber.with_token(&Secret::new(word))
            })
            .scrub(&text);
        let plain: Vec<&str> = plain.split_whitespace().collect();
        let plain = plain.join(" ");
        let length = plain.chars().count();
        if plain.is_empty() {
            String::new()
        } else if length <= SHOWN {
            format!(": {plain}")
        } else {
            let last: String = plain.chars().skip(length - SHOWN).collect();
            format!(": …{last}")
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

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

    /// A pipe that gives these, one after the other, and then is at its end.
    struct Chunks(Vec<std::io::Result<Vec<u8>>>);

    impl Read for Chunks {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let chunk = self.0.remove(0)?;
            into[..chunk.len()].copy_from_slice(&chunk);
            Ok(chunk.len())
        }
    }

    fn read(chunks: Vec<std::io::Result<Vec<u8>>>) -> Pipe {
        let pipe = Pipe::drain(Some(Chunks(chunks)));
        while !pipe.is_over() {
            std::thread::yield_now();
        }
        pipe
    }

    #[test]
    fn a_pipe_is_read_to_its_end_or_its_limit() {
        let whole = |more: usize| {
            let mut chunks: Vec<_> = (0..LARGEST_TOKEN / 4096)
                .map(|_| Ok(vec![b'x'; 4096]))
                .collect();
            chunks.push(Ok(vec![b'y'; more]));
            chunks.truncate(LARGEST_TOKEN / 4096 + usize::from(more > 0));
            read(chunks)
        };
        for more in [0, 1, 7] {
            let pipe = whole(more);
            assert_eq!(pipe.held().is_too_long, more > 0, "{more}");
            assert_eq!(pipe.held().bytes, vec![b'x'; LARGEST_TOKEN]);
        }
        // A signal in between is no end; any other error is.
        let error = |kind: std::io::ErrorKind| Err(kind.into());
        let pipe = read(vec![
            Ok(b"a".to_vec()),
            error(std::io::ErrorKind::Interrupted),
            Ok(b"b".to_vec()),
            error(std::io::ErrorKind::BrokenPipe),
            Ok(b"c".to_vec()),
        ]);
        assert_eq!(pipe.held().bytes, b"ab");
        assert!(!pipe.held().is_too_long);
        assert!(!Pipe::drain(None::<Chunks>).is_over());
    }

    #[test]
    fn the_end_of_a_long_reason_is_shown() {
        for (words, begins) in [(100, ": w"), (101, ": …")] {
            // Five characters each, with the blank between them.
            let text: Vec<String> = (0..words).map(|n| format!("w{n:03}")).collect();
            let text = text.join(" ") + if words == 100 { "x" } else { "" };
            let shown = read(vec![Ok(text.clone().into_bytes())]).words(b"");
            assert!(shown.starts_with(begins), "{shown}");
            let last = shown.trim_start_matches(": ").trim_start_matches('…');
            assert_eq!(last.chars().count(), 500);
            assert!(text.ends_with(last));
        }
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
