//! Questions on the terminal: before the first import into an API that is not loopback, and before rows are
//! forgotten or accepted.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::output::Output;
use super::screen::json_line;
use crate::blocking;
use crate::delivery::Stop;
use crate::diagnostic::{Colours, harmless};
use crate::telemetry::{Level, LogFormat};

/// Asks on the terminal; true for yes. Without a terminal it never asks and goes on.
pub(crate) fn confirm(question: &str, output: &Output, stop: &Stop) -> bool {
    !is_terminal() || confirm_on_terminal(question, output, stop)
}

/// Asks on the terminal; true for yes. Without a terminal the answer is no, since what cannot be undone is not done
/// unasked, and so it is once `stop` is requested.
pub(crate) fn confirm_on_terminal(question: &str, output: &Output, stop: &Stop) -> bool {
    let asked = || {
        let mut err = io::stderr().lock();
        let question = format!("{} [y/N] ", harmless(question, Colours::None));
        match output.format {
            LogFormat::Json => writeln!(err, "{}", json_line(Level::Warning, &question)),
            LogFormat::Text => write!(err, "{question}"),
        }
        .and_then(|()| err.flush())
    };
    if !is_terminal() || asked().is_err() {
        return false;
    }
    let answer = blocking::finish(None, &stop.flag(), || {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    matches!(answer, Ok(Ok(line)) if matches!(line.trim(), "y" | "Y" | "yes" | "Yes"))
}

fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
