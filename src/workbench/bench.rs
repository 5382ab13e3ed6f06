//! The workbench between two requests: the file, the mapping as it is now, what the last check said. Nothing here reads a
//! clock, a request, or a file but those that the mapping takes words from.

use std::path::Path;
use std::sync::Arc;

use super::model::Model;
use crate::mapping::edit::{Change, apply};
use crate::mapping::{Mapping, MappingError};
use crate::ops::{Explored, Review};
use crate::report::SourceValues;

/// Texts that can be gone back to.
const MOST_UNDO: usize = 100;

/// What the page says about the last thing that was asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// It was done.
    Done(String),
    /// It was not.
    Refused(String),
}

/// What became of a check of the whole file.
#[derive(Debug)]
pub(super) enum Answer {
    /// Every row was looked at.
    Reviewed(Box<Review>),
    /// It could not be done, and why.
    Failed(String),
}

/// An import into the practice API.
#[derive(Debug, Default)]
pub(super) enum Practice {
    /// None was begun with this mapping.
    #[default]
    None,
    /// It is under way.
    Running,
    /// It is over: the verdict and counts, or why it could not be done.
    Over(Result<Vec<String>, String>),
}

/// All that a page shows.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) explored: Arc<Explored>,
    pub(super) values: SourceValues,
    /// The mapping file as it is named, and what it holds; none where there is none yet.
    pub(super) path: String,
    pub(super) saved: Option<String>,
    text: String,
    undo: Vec<String>,
    /// The number of the text: it changes whenever the text does.
    version: u64,
    model: Result<Model, String>,
    /// Of the version that was checked last.
    answer: Option<(u64, Answer)>,
    pub(super) notice: Option<Notice>,
    pub(super) practice: Practice,
}

impl Bench {
    pub(super) fn new(
        explored: Arc<Explored>,
        values: SourceValues,
        path: String,
        saved: Option<String>,
    ) -> Self {
        let text = saved.clone().unwrap_or_else(|| explored.text.clone());
        let model = read(&path, &text, &explored);
        Self {
            explored,
            values,
            path,
            saved,
            text,
            undo: Vec::new(),
            version: 1,
            model,
            answer: None,
            notice: None,
            practice: Practice::None,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    pub(super) fn is_saved(&self) -> bool {
        self.saved.as_deref() == Some(self.text.as_str())
    }

    /// The mapping, or what is wrong with it.
    pub(super) fn model(&self) -> Result<&Model, &str> {
        self.model.as_ref().map_err(String::as_str)
    }

    /// What the last check said, also while a newer one goes on.
    pub(super) fn review(&self) -> Option<&Review> {
        match &self.answer {
            Some((_, Answer::Reviewed(review))) => Some(review),
            _ => None,
        }
    }

    /// Why the present mapping could not be checked.
    pub(super) fn failure(&self) -> Option<&str> {
        match (&self.model, &self.answer) {
            (Err(words), _) => Some(words),
            (_, Some((version, Answer::Failed(words)))) if *version == self.version => Some(words),
            _ => None,
        }
    }

    /// Whether the present mapping was checked, or cannot be.
    pub(super) fn is_checked(&self) -> bool {
        self.model.is_err()
            || self
                .answer
                .as_ref()
                .is_some_and(|(v, _)| *v == self.version)
    }

    /// Takes what a check of a version said; an older one's is of no interest any more.
    pub(super) fn take(&mut self, version: u64, answer: Answer) {
        if version == self.version {
            self.answer = Some((version, answer));
        }
    }

    /// Makes changes, all or none.
    pub(super) fn change(&mut self, changes: &[Change]) -> Result<(), String> {
        let mut text = self.text.clone();
        for change in changes {
            text = apply(&text, change).map_err(|e| e.to_string())?;
        }
        self.set(text);
        Ok(())
    }

    /// Takes another text, as it was typed.
    pub(super) fn set(&mut self, text: String) {
        if text == self.text {
            return;
        }
        if self.undo.len() == MOST_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(std::mem::replace(&mut self.text, text));
        self.renew();
    }

    /// Goes back to the text before.
    pub(super) fn go_back(&mut self) {
        if let Some(text) = self.undo.pop() {
            self.text = text;
            self.renew();
        }
    }

    /// Takes what is on the disk.
    pub(super) fn reload(&mut self, saved: Option<String>) {
        self.saved = saved;
        if let Some(text) = self.saved.clone() {
            self.set(text);
        }
    }

    fn renew(&mut self) {
        self.version += 1;
        self.model = read(&self.path, &self.text, &self.explored);
        if !matches!(self.practice, Practice::Running) {
            self.practice = Practice::None;
        }
    }
}

fn read(path: &str, text: &str, explored: &Explored) -> Result<Model, String> {
    // Lookup files stand beside the mapping, saved or not.
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    match Mapping::trial(path, text).and_then(|m| m.with_lookups(folder)) {
        Ok(mapping) => Ok(Model::new(mapping, &explored.header)),
        Err(error) => Err(brief(&error)),
    }
}

/// What is wrong with a mapping, a line each, as a page says it.
pub(super) fn brief(error: &MappingError) -> String {
    let MappingError::Invalid { text, problems, .. } = error else {
        return error.to_string();
    };
    let lines: Vec<String> = problems
        .iter()
        .take(5)
        .map(|p| {
            let line = text[..p.span.start.min(text.len())].matches('\n').count() + 1;
            let help = p
                .help
                .as_deref()
                .map(|h| format!(" ({h})"))
                .unwrap_or_default();
            format!("Line {line}: {}{help}", p.message)
        })
        .collect();
    lines.join("\n")
}
