//! What was typed and cannot be read, or asks for help or the version.

use std::ffi::OsString;

use clap::error::ErrorKind;

use crate::config::{Environment, variable};
use crate::telemetry::LogFormat;

/// What was typed cannot be read, with the variables of the environment that were read with it.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) error: clap::Error,
    pub(crate) variables: Vec<String>,
}

impl Unreadable {
    /// Whether it is a result: help or a version that was asked for.
    #[must_use]
    pub(crate) fn is_result(&self) -> bool {
        !self.error.use_stderr()
    }

    /// The text for people, in colour where that is wanted.
    #[must_use]
    pub(crate) fn text(&self, colour: bool) -> String {
        let styled = self.error.render();
        let text = if colour {
            styled.ansi().to_string()
        } else {
            styled.to_string()
        };
        match self.read_from() {
            Some(note) if !self.is_result() => format!("{text}\n{note}\n"),
            _ => text,
        }
    }

    /// The same as one line, without what only a screen needs.
    #[must_use]
    pub(crate) fn line(&self) -> String {
        let kind = self.error.kind();
        if matches!(
            kind,
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        ) {
            return "no command was named; --help lists them".to_owned();
        }
        let text = self.error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut line = String::new();
        for part in lines.chain(self.read_from().as_deref()) {
            let gap = match line.as_bytes().last() {
                None => "",
                Some(b':') => " ",
                Some(_) => "; ",
            };
            line.push_str(gap);
            line.push_str(part);
        }
        line
    }

    fn read_from(&self) -> Option<String> {
        let names = self.variables.join(", ");
        (!names.is_empty()).then(|| format!("Read from the environment: {names}"))
    }

    /// The exit code.
    #[must_use]
    pub(crate) fn code(&self) -> u8 {
        u8::try_from(self.error.exit_code()).unwrap_or(2)
    }
}

/// The form of the log that was asked for, as far as that can be seen in what cannot be read.
#[must_use]
pub(crate) fn log_format(typed: &[OsString], environment: &Environment) -> LogFormat {
    let options = typed.iter().take_while(|word| *word != "--");
    let words: Vec<&str> = options.filter_map(|word| word.to_str()).collect();
    let behind = words.windows(2).map(|pair| match pair[0] {
        "--log-format" => Some(pair[1]),
        _ => pair[1].strip_prefix("--log-format="),
    });
    // The last one wins, and what is typed wins over the environment.
    let asked = behind.flatten().last();
    let format = asked.or_else(|| environment.get(&variable("log-format")));
    match format {
        Some("json") => LogFormat::Json,
        _ => LogFormat::Text,
    }
}
