//! Commands of the user's own: one that prints a token, one that fetches an export, one that is run after a job.
//!
//! What comes in: a list of words, which no shell takes apart, a time limit and a stop. What goes out: what the command
//! printed, or why it failed, in its own words without secrets. It runs in a process group of its own, so that it can be
//! ended together with its children.

mod pipe;

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use pipe::Pipe;

/// How long the pipes are read after the command ended: a child of it may keep them open for ever.
const REST: Duration = Duration::from_secs(1);
/// The longest time between two looks at the command.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Bytes of standard error that are kept.
const SAID: usize = 64 * 1024;

/// A command and how it is run.
#[derive(Debug, Clone)]
pub struct Task<'t> {
    /// The program and its arguments.
    pub words: &'t [String],
    /// Variables that it gets beside those of this process.
    pub variables: &'t [(&'static str, OsString)],
    /// After this time it is ended.
    pub limit: Duration,
    /// What becomes of its standard output.
    pub printed: Printed,
}

/// What becomes of a command's standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Printed {
    /// It is the result, with so many bytes at most; a command that prints more is ended.
    Kept(usize),
    /// It is read, so that the command does not wait, and dropped.
    Dropped,
}

/// Why a command gave no result. What it said is on one line, begins with a colon, and holds no secret; it may be empty.
#[derive(Debug)]
pub enum Failure {
    /// There is no word to run.
    Empty,
    /// It could not be started.
    NotStarted(io::Error),
    /// It ended with something else than 0.
    Failed {
        /// Its end.
        status: ExitStatus,
        /// What it said.
        said: String,
    },
    /// A stop came, and it was ended.
    Stopped,
    /// Its time was over, and it was ended.
    TimeOver {
        /// What it said.
        said: String,
    },
    /// It printed more than is kept, and was ended.
    TooLong,
    /// The system did not say how it ended.
    Lost(io::Error),
}

/// The name of a command in messages: its program. What a shell takes apart is not shown, and neither is what stands behind the
/// program where somebody wrote all of it as one text: it may hold a password.
#[must_use]
pub fn name(what: &str, words: &[String]) -> String {
    let program = words.first().map_or("", String::as_str);
    let shown = if is_command_line(program) {
        program.split_whitespace().next().unwrap_or_default()
    } else {
        program
    };
    let called = shown.rsplit('/').next().unwrap_or_default();
    // With an equals sign it sets a variable, or is an option.
    if matches!(called, "" | "sh" | "bash" | "dash") || shown.contains('=') {
        format!("the {what} command")
    } else {
        format!("the {what} command {shown}")
    }
}

/// Whether the word of a program is a whole command line.
fn is_command_line(program: &str) -> bool {
    program.contains(char::is_whitespace) && !Path::new(program).is_file()
}

/// Why a command could not be started, with what to do where its list was not written as one.
fn not_started(program: &str, error: io::Error) -> Failure {
    let hint = if is_command_line(program) {
        "the program and each of its arguments have to be texts of their own in the list"
    } else if program.contains('=') {
        "a variable is set by env: [\"env\", \"NAME=VALUE\", \"PROGRAM\"]"
    } else {
        return Failure::NotStarted(error);
    };
    Failure::NotStarted(io::Error::new(error.kind(), format!("{error}; {hint}")))
}

/// Runs the command and returns what it printed. At its limit, or when `stop` turns true, it and its children are ended.
///
/// # Errors
/// [`Failure`] for every end but that with 0.
pub fn run(task: &Task<'_>, stop: &watch::Receiver<bool>) -> Result<Vec<u8>, Failure> {
    let (program, arguments) = task.words.split_first().ok_or(Failure::Empty)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(task.variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = (command.spawn()).map_err(|error| not_started(program, error))?;
    let printed = match task.printed {
        Printed::Kept(most) => Pipe::drain(child.stdout.take(), most),
        Printed::Dropped => Pipe::drain(child.stdout.take(), 0),
    };
    let said = Pipe::drain(child.stderr.take(), SAID);
    let is_too_long = || matches!(task.printed, Printed::Kept(_)) && printed.is_too_long();
    let end = wait(&mut child, task.limit, stop, is_too_long);
    if !matches!(end, End::Exited(_)) {
        end_all(&mut child);
    }
    let begin = Instant::now();
    while !(printed.is_over() && said.is_over()) && begin.elapsed() < REST {
        std::thread::sleep(Duration::from_millis(1));
    }
    let printed = printed.bytes();
    let said = said.words(&printed);
    match end {
        End::Exited(status) if status.success() => Ok(printed),
        End::Exited(status) => Err(Failure::Failed { status, said }),
        End::Stopped => Err(Failure::Stopped),
        End::TimeOver => Err(Failure::TimeOver { said }),
        End::TooLong => Err(Failure::TooLong),
        End::Lost(error) => Err(Failure::Lost(error)),
    }
}

enum End {
    Exited(ExitStatus),
    Stopped,
    TimeOver,
    TooLong,
    Lost(io::Error),
}

fn wait(
    child: &mut Child,
    limit: Duration,
    stop: &watch::Receiver<bool>,
    is_too_long: impl Fn() -> bool,
) -> End {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(_)) if is_too_long() => return End::TooLong,
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
        if is_too_long() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_written_as_one_text_is_not_shown() {
        for (first, name, hint) in [
            ("curl", "the fetch command curl", ""),
            ("/usr/bin/curl", "the fetch command /usr/bin/curl", ""),
            ("/bin/sh", "the fetch command", ""),
            ("", "the fetch command", ""),
            (
                "./not-here -u me:HUSH",
                "the fetch command ./not-here",
                "texts of their own",
            ),
            ("sh -c HUSH", "the fetch command", "texts of their own"),
            (
                "KEY=HUSH ./not-here",
                "the fetch command",
                "texts of their own",
            ),
            ("KEY=HUSH", "the fetch command", "is set by env"),
        ] {
            let words = [first.to_owned(), "{file}".to_owned()];
            assert_eq!(super::name("fetch", &words), name);
            let error = io::Error::from(io::ErrorKind::NotFound);
            let Failure::NotStarted(error) = not_started(first, error) else {
                panic!("{first}");
            };
            let says = error.to_string();
            assert!(says.contains(hint) && !says.contains("HUSH"), "{says}");
            assert_eq!(says.contains(';'), !hint.is_empty(), "{says}");
        }
    }
}
