//! Standard output and standard error: the only file that prints. Results go to the first, everything else
//! to the second. A closed pipe is a quiet end.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use super::args::Shared;
use super::progress::Screen;
use crate::config::Environment;
use crate::diagnostic::{Colours, harmless};
use crate::report::{Examples, RunEnding, RunReport, render_terminal, summary_json};

const UNWRITABLE: &str = "standard output cannot be written";

/// Help, a version, or what does not fit of what was typed.
pub(crate) fn said(message: &clap::Error, environment: &Environment) -> ExitCode {
    // clap repeats what was typed, which may be the name of a file that somebody else named.
    let text = |is_terminal| {
        let styled = message.render();
        if is_terminal && environment.get("NO_COLOR").is_none() {
            harmless(&styled.ansi().to_string(), Colours::Kept).into_owned()
        } else {
            harmless(&styled.to_string(), Colours::None).into_owned()
        }
    };
    let printed = if message.use_stderr() {
        let mut err = io::stderr().lock();
        err.write_all(text(err.is_terminal()).as_bytes())
    } else {
        let mut out = io::stdout().lock();
        out.write_all(text(out.is_terminal()).as_bytes())
            .and_then(|()| out.flush())
    };
    match printed {
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

    /// A result, to standard output. What a terminal would obey is escaped, as JSON escapes it.
    pub(crate) fn result(&self, text: &str) {
        self.stream(text);
    }

    /// Like [`Output::result`], and false where nothing more can be written.
    pub(crate) fn stream(&self, text: &str) -> bool {
        self.put(&harmless(text, Colours::None))
    }

    /// Lines of CSV, which knows no escapes: as they are where they go to a program.
    pub(crate) fn csv(&self, text: &str) -> bool {
        if io::stdout().is_terminal() {
            self.stream(text)
        } else {
            self.put(text)
        }
    }

    fn put(&self, text: &str) -> bool {
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
            self.result(&render_terminal(report, Examples::Shown));
        }
        report.ending
    }

    /// A line for people, to standard error; silent with `-q`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.screen.around(|| {
                let text = harmless(text, Colours::None);
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
            let error = error.to_string();
            let error = harmless(&error, Colours::None);
            let _ = writeln!(io::stderr().lock(), "{on}error:{off} {error}");
        });
    }
}
