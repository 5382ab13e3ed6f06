//! Standard output and standard error: the only file that prints. Results go to the first, everything else
//! to the second. A closed pipe is a quiet end.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use super::args::{OutputArgs, Unreadable};
use super::screen::{Screen, json_line};
use crate::config::{Environment, screen_width};
use crate::diagnostic::{Colours, harmless};
use crate::ops::{OpError, Sink};
use crate::report::{
    Examples, RunEnding, RunReport, render_terminal, summary_json, verdict, wrapped,
};
use crate::telemetry::{Level, LogFormat};

const UNWRITABLE: &str = "standard output cannot be written";

/// Help, a version, or what does not fit of what was typed.
pub(crate) fn unreadable(
    said: &Unreadable,
    format: LogFormat,
    environment: &Environment,
) -> ExitCode {
    let text = |is_terminal: bool| {
        let colour = is_terminal && environment.get("NO_COLOR").is_none();
        let colours = if colour { Colours::Kept } else { Colours::None };
        // It repeats what was typed, which may be the name of a file that somebody else named.
        harmless(&said.text(colour), colours).into_owned()
    };
    let mut err = io::stderr();
    if !said.is_result() {
        let text = match format {
            LogFormat::Json => json_line(Level::Error, &said.line()) + "\n",
            LogFormat::Text => text(err.is_terminal()),
        };
        let _ = err.write_all(text.as_bytes());
        return said.code().into();
    }
    let mut out = io::stdout().lock();
    match out
        .write_all(text(io::stdout().is_terminal()).as_bytes())
        .and_then(|()| out.flush())
    {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(err, "error: {UNWRITABLE}: {e}");
            RunEnding::Stopped.into()
        }
        _ => said.code().into(),
    }
}

/// The two voices.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub(crate) struct Output {
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) format: LogFormat,
    pub(crate) colour: bool,
    pub(crate) screen: Screen,
    /// Whether results have colours.
    colour_results: bool,
    /// Why standard output cannot be written, where somebody still reads it.
    broken: Mutex<Option<io::Error>>,
}

impl Output {
    pub(crate) fn new(args: &OutputArgs, environment: &Environment) -> Self {
        let colour = environment.get("NO_COLOR").is_none();
        let is_text = args.log_format == LogFormat::Text;
        Self {
            quiet: args.quiet,
            verbose: args.verbose > 0,
            format: args.log_format,
            colour: colour && is_text && io::stderr().is_terminal(),
            screen: Screen::new(),
            colour_results: colour && io::stdout().is_terminal(),
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

    /// Characters of a line of results; none where they go to a program.
    pub(crate) fn width() -> Option<usize> {
        screen_width(&io::stdout())
    }

    /// Where a list goes: standard output, or a file that is none of those that are `kept`.
    pub(crate) fn sink(
        &self,
        file: Option<&Path>,
        kept: &[PathBuf],
        csv: bool,
    ) -> Result<Sink<'_>, OpError> {
        let print = move |text: &str| {
            if csv {
                self.csv(text)
            } else {
                self.stream(text)
            }
        };
        Sink::begin(file, kept, Box::new(print))
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

    /// The summary of a run, as asked for, and how the run ended. With `-q` a run that went well is silent.
    pub(crate) fn summary(&self, report: &RunReport, json: bool) -> RunEnding {
        let verdict = verdict(report);
        if json {
            self.result(&format!("{}\n", summary_json(report)));
        } else if !self.quiet {
            let text = render_terminal(report, Examples::Shown);
            let text = on_a_terminal(&harmless(&text, Colours::None), Self::width());
            match text.split_once('\n') {
                Some((first, rest)) if self.colour_results => self.put(&format!(
                    "{}\n{rest}",
                    Level::from(report.ending).painted(first)
                )),
                _ => self.put(&text),
            };
        }
        self.verdict(report.ending, &verdict, json);
        report.ending
    }

    /// How a run ended, to standard error where only that is read: a log of JSON, or with `-q` what did not go well.
    pub(crate) fn verdict(&self, ending: RunEnding, verdict: &str, json: bool) {
        if self.quiet && !json && ending != RunEnding::Done {
            self.line(Level::Error, verdict);
        } else if self.format == LogFormat::Json {
            self.line(ending.into(), verdict);
        }
    }

    /// A line for people, to standard error; silent with `-q`.
    pub(crate) fn note(&self, text: &str) {
        self.line(Level::Info, text);
    }

    /// Something to look at, to standard error; silent with `-q`.
    pub(crate) fn warning(&self, text: &str) {
        self.line(Level::Warning, text);
    }

    /// An error, to standard error.
    pub(crate) fn error(&self, error: &dyn std::fmt::Display) {
        self.line(Level::Error, &error.to_string());
    }

    fn line(&self, level: Level, text: &str) {
        if self.quiet && level != Level::Error {
            return;
        }
        let text = match self.format {
            LogFormat::Json => json_line(level, text),
            LogFormat::Text => {
                let text = level.headed(&harmless(text, Colours::None), self.colour);
                on_a_terminal(&text, screen_width(&io::stderr()))
            }
        };
        self.screen.around(|| {
            let _ = writeln!(io::stderr().lock(), "{text}");
        });
    }
}

/// Lines of a terminal, where it is one.
fn on_a_terminal(text: &str, width: Option<usize>) -> String {
    width.map_or_else(|| text.to_owned(), |width| wrapped(text, width))
}

impl From<RunEnding> for Level {
    fn from(ending: RunEnding) -> Self {
        match ending {
            RunEnding::Done => Level::Info,
            RunEnding::Problems => Level::Warning,
            _ => Level::Error,
        }
    }
}
