//! The bar and what is written beside it.

use std::io;

use indicatif::{MultiProgress, ProgressDrawTarget};

use crate::clock::Clock;
use crate::diagnostic::{Colours, harmless};
use crate::telemetry::{self, Level};

/// Bars of the process; log lines are written around them.
#[derive(Debug, Clone)]
pub(crate) struct Screen(pub(super) MultiProgress);

impl Screen {
    pub(crate) fn new() -> Self {
        Self(MultiProgress::with_draw_target(
            ProgressDrawTarget::stderr_with_hz(10),
        ))
    }

    /// Takes the bar away for as long as `write` writes to standard error.
    pub(crate) fn around(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }
}

/// A log writer that takes the bar away while it writes.
pub(crate) struct AroundBar(pub(super) Screen);

impl io::Write for AroundBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A log that nobody can read (a terminal that was closed) ends nothing.
        let text = String::from_utf8_lossy(bytes);
        let text = harmless(&text, Colours::Kept);
        let _ = self.0.0.suspend(|| io::stderr().write_all(text.as_bytes()));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'w> tracing_subscriber::fmt::MakeWriter<'w> for Screen {
    type Writer = AroundBar;

    fn make_writer(&'w self) -> AroundBar {
        AroundBar(self.clone())
    }
}

/// A line in the form of the log's own.
pub(super) fn json_line(level: Level, text: &str) -> String {
    telemetry::json_line(&Clock::System.now().to_rfc3339(), level, text)
}
