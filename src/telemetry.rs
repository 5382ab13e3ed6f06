//! Logs: set up once; all other modules only emit. They go to standard error, never to standard output.

use anstyle::{AnsiColor, Style};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How log lines look, on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What happens.
    Info,
    /// A run goes on, but somebody should look.
    Warning,
    /// Something could not be done.
    Error,
}

impl Level {
    /// A text in the colour of how serious it is.
    #[must_use]
    pub fn painted(self, text: &str) -> String {
        let colour = match self {
            Level::Info => AnsiColor::Green,
            Level::Warning => AnsiColor::Yellow,
            Level::Error => AnsiColor::Red,
        };
        let style = Style::new().bold().fg_color(Some(colour.into()));
        format!("{style}{text}{style:#}")
    }

    /// A text with how serious it is before it, where it is.
    #[must_use]
    pub fn headed(self, text: &str, colour: bool) -> String {
        let head = match self {
            Level::Info => return text.to_owned(),
            Level::Warning => "warning:",
            Level::Error => "error:",
        };
        if colour {
            format!("{} {text}", self.painted(head))
        } else {
            format!("{head} {text}")
        }
    }
}

/// A line in the form of the log's own JSON lines, for what a front says beside the log; `at` is the time (RFC 3339).
#[must_use]
pub fn json_line(at: &str, level: Level, message: &str) -> String {
    let level = match level {
        Level::Info => "INFO",
        Level::Warning => "WARN",
        Level::Error => "ERROR",
    };
    serde_json::json!({"timestamp": at, "level": level, "message": message}).to_string()
}

/// Sets logging up. `verbosity`: below 0 errors only, 0 warnings, 1 what happens, 2 details, 3 everything.
pub fn init<W>(format: LogFormat, verbosity: i8, colour: bool, writer: W)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let own = match verbosity {
        i8::MIN..=-1 => "error",
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::new(format!("error,partner_sync={own}"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(colour);
    // A second set-up in one process, in tests, changes nothing.
    let _ = match format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_target(false)
            .try_init(),
    };
}
