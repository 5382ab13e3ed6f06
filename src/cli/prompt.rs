//! Questions on the terminal: before the first import into an API that is not loopback, and before rows are
//! forgotten or accepted.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Asks on the terminal; true for yes. Without a terminal it never asks and goes on.
pub(crate) fn confirm(question: &str) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return true;
    }
    confirm_on_terminal(question)
}

/// Asks on the terminal; true for yes. Without a terminal the answer is no: what cannot be undone is not done
/// unasked.
pub(crate) fn confirm_on_terminal(question: &str) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return false;
    }
    let mut err = io::stderr().lock();
    if write!(err, "{question} [y/N] ")
        .and_then(|()| err.flush())
        .is_err()
    {
        return false;
    }
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok()
        && matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")
}
