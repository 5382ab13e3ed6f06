//! What is wrong with a mapping file: all of it at once, each with line, text and the nearest right name.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use super::excerpt::{Excerpt, clipped};
use crate::diagnostic::{counted, thousands};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingProblem {
    /// Byte range in the file.
    pub span: Range<usize>,
    /// What is wrong, as a sentence of its own.
    pub message: String,
    /// What would be right, where that is known.
    pub help: Option<String>,
}

impl MappingProblem {
    /// A problem at a place.
    #[must_use]
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
        }
    }

    /// With what would be right.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be opened.
    #[error("cannot open the mapping {path}: {source}. Check the name and that you may read it.")]
    Open {
        /// The file as the user named it.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// More bytes than a mapping has.
    #[error(
        "{path} is larger than {limit} MiB, so it is not a mapping. Name the mapping file with --mapping."
    )]
    TooLong {
        /// The file as the user named it.
        path: String,
        /// The limit in MiB.
        limit: u64,
    },
    /// It is text in another encoding.
    #[error("{path}: line {line} is not UTF-8 text. Save the mapping as UTF-8 in your editor.")]
    NotUtf8 {
        /// The file as the user named it.
        path: String,
        /// The first line that is not, from 1.
        line: usize,
    },
    /// Nothing in it is a part of a mapping: it is an export, most likely. None of its text is shown, which may be anything.
    #[error(
        "{path} is not a mapping (a TOML file): {reason}. Name the mapping with --mapping; `partner-sync init EXPORT` proposes one."
    )]
    NotAMapping {
        /// The file as the user named it.
        path: String,
        /// How that was seen.
        reason: String,
    },
    /// It was read, and something in it does not work.
    #[error("{}", render(path, text, problems))]
    Invalid {
        /// The file as the user named it.
        path: String,
        /// The whole text of the file, of which the message shows lines.
        text: Arc<str>,
        /// All that is wrong, in the order of the file.
        problems: Vec<MappingProblem>,
    },
}

/// Problems of a mapping that are shown; the first are those that lead to the others.
const SHOWN: usize = 20;
/// Characters of what is wrong that are shown, and of what would be right: it may name all columns of a table.
const MESSAGE: usize = 400;
const HELP: usize = 4_000;

/// The first problems, each with its line underlined.
fn render(path: &str, text: &str, problems: &[MappingProblem]) -> String {
    let mut out = format!("{path}: {}\n", counted(problems.len() as u64, "problem"));
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme {
        characters: miette::ThemeCharacters::ascii(),
        styles: miette::ThemeStyles::none(),
    })
    .with_width(100);
    for problem in problems.iter().take(SHOWN) {
        let message = clipped(&problem.message, MESSAGE);
        let excerpt = Excerpt::of(path, text, &problem.span);
        let label = miette::LabeledSpan::new_with_span(Some("here".to_owned()), excerpt.mark());
        let mut diagnostic = miette::MietteDiagnostic::new(message.clone()).with_label(label);
        if let Some(help) = &problem.help {
            diagnostic = diagnostic.with_help(clipped(help, HELP));
        }
        let report = miette::Report::new(diagnostic).with_source_code(excerpt);
        if handler.render_report(&mut out, report.as_ref()).is_err() {
            out.push_str(&message);
        }
        out.push('\n');
    }
    if problems.len() > SHOWN {
        let more = problems.len() - SHOWN;
        let _ = writeln!(
            out,
            "  and {} more; correct these first",
            thousands(more as u64)
        );
    }
    out.trim_end().to_owned()
}
