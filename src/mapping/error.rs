//! What is wrong with a mapping file: all of it at once, each with line, text and the nearest right name.

use std::ops::Range;
use std::sync::Arc;

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
    /// The file cannot be opened or is not UTF-8.
    #[error("cannot open the mapping {path}: {source}. Check the name and that you may read it.")]
    Open {
        /// The file as the user named it.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
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

/// All problems, each with its line underlined.
fn render(path: &str, text: &Arc<str>, problems: &[MappingProblem]) -> String {
    let mut out = format!(
        "{path}: {} {} to repair in the mapping\n",
        problems.len(),
        if problems.len() == 1 {
            "thing"
        } else {
            "things"
        }
    );
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme {
        characters: miette::ThemeCharacters::ascii(),
        styles: miette::ThemeStyles::none(),
    })
    .with_width(100);
    for problem in problems {
        let start = problem.span.start.min(text.len());
        let length = problem.span.end.min(text.len()).saturating_sub(start);
        let mut diagnostic = miette::MietteDiagnostic::new(problem.message.clone()).with_label(
            miette::LabeledSpan::new(Some("here".to_owned()), start, length),
        );
        if let Some(help) = &problem.help {
            diagnostic = diagnostic.with_help(help.clone());
        }
        let report = miette::Report::new(diagnostic)
            .with_source_code(miette::NamedSource::new(path, text.to_string()));
        if handler.render_report(&mut out, report.as_ref()).is_err() {
            out.push_str(&problem.message);
        }
        out.push('\n');
    }
    out.trim_end().to_owned()
}
