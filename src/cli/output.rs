//! Standard output and standard error: the only file that prints. Results go to the first, everything else
//! to the second. A closed pipe is a quiet end.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use super::args::Shared;
use super::progress::Screen;
use crate::config::Environment;
use crate::report::{RunEnding, RunReport, render_terminal, summary_json};

const UNWRITABLE: &str = "standard output cannot be written";

/// Help, a version, or what does not fit of what was typed.
pub(crate) fn said(message: &clap::Error) -> ExitCode {
    match message.print() {
        Err(e) if !message.use_stderr() && e.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr().lock(), "error: {UNWRITABLE}: {e}");
            RunEnding::Stopped.into()
        }
        _ => ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(2)),
    }
}

/// The two voices.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) colour: bool,
    pub(crate) screen: Screen,
    /// Why standard output cannot be written, where somebody still reads it.
    broken: Mutex<Option<io::Error>>,
}

impl Output {
    pub(crate) fn new(shared: &Shared, environment: &Environment) -> Self {
        Self {
            json: shared.json,
            quiet: shared.quiet,
            colour: environment.get("NO_COLOR").is_none() && io::stderr().is_terminal(),
            screen: Screen::new(),
            broken: Mutex::default(),
        }
    }

    /// A result, to standard output, as it is.
    pub(crate) fn result(&self, text: &str) {
        self.stream(text);
    }

    /// Like [`Output::result`], and false where nothing more can be written.
    pub(crate) fn stream(&self, text: &str) -> bool {
        let mut out = io::stdout().lock();
        let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) else {
            return true;
        };
        // Nobody reads any more: nothing is left to say.
        if error.kind() != io::ErrorKind::BrokenPipe {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.get_or_insert(error);
        }
        false
    }

    /// How the process ends: a result that could not be written is not one that was given.
    pub(crate) fn end(&self, ending: RunEnding) -> RunEnding {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        match &*broken {
            None => ending,
            Some(error) => {
                self.error(&format!("{UNWRITABLE}: {error}"));
                ending.max(RunEnding::Stopped)
            }
        }
    }

    /// The summary of a run, as asked for, and how the run ended.
    pub(crate) fn summary(&self, report: &RunReport) -> RunEnding {
        if self.json {
            self.result(&format!("{}\n", summary_json(report)));
        } else {
            self.result(&render_terminal(report));
        }
        report.ending
    }

    /// A line for people, to standard error; silent with `-q`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.screen.around(|| {
                let _ = writeln!(io::stderr().lock(), "{text}");
            });
        }
    }

    /// An error, to standard error.
    pub(crate) fn error(&self, error: &dyn std::fmt::Display) {
        let red = anstyle::Style::new()
            .bold()
            .fg_color(Some(anstyle::AnsiColor::Red.into()));
        let (on, off) = if self.colour {
            (red.render().to_string(), red.render_reset().to_string())
        } else {
            Default::default()
        };
        self.screen.around(|| {
            let _ = writeln!(io::stderr().lock(), "{on}error:{off} {error}");
        });
    }
}
