//! Standard output and standard error: the only file that prints. Results go to the first, everything else
//! to the second. A closed pipe is a quiet end.

use std::io::{self, IsTerminal as _, Write as _};

use super::args::Shared;
use super::progress::Screen;
use crate::config::Environment;
use crate::report::{RunEnding, RunReport, render_terminal, summary_json};

/// The two voices.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) colour: bool,
    pub(crate) screen: Screen,
}

impl Output {
    pub(crate) fn new(shared: &Shared, environment: &Environment) -> Self {
        Self {
            json: shared.json,
            quiet: shared.quiet,
            colour: environment.get("NO_COLOR").is_none() && io::stderr().is_terminal(),
            screen: Screen::new(),
        }
    }

    /// A result, to standard output, as it is.
    #[expect(clippy::unused_self, reason = "who may print is who holds the output")]
    pub(crate) fn result(&self, text: &str) {
        let mut out = io::stdout().lock();
        // Nobody reads any more: nothing is left to say.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Like [`Output::result`], and false where nobody reads any more.
    #[expect(clippy::unused_self, reason = "who may print is who holds the output")]
    pub(crate) fn stream(&self, text: &str) -> bool {
        io::stdout().lock().write_all(text.as_bytes()).is_ok()
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
