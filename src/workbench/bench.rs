//! The workbench between two requests: the file, the mapping as it is now, what the last check said. Nothing here reads a
//! clock, a request, or a file but those that the mapping takes words from.

use std::path::Path;
use std::sync::Arc;

use super::model::Model;
use crate::mapping::edit::{Change, apply};
use crate::mapping::{Mapping, MappingError};
use crate::ops::{Explored, OpError, Review, TriedTest};
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

/// What became of a mapping's own tests, or why they could not be tried.
pub(super) type Tests = Result<Vec<TriedTest>, String>;

/// All that a page shows.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) explored: Arc<Explored>,
    pub(super) values: SourceValues,
    /// The mapping file as it is named, and what it holds; none where there is none yet.
    pub(super) path: String,
    pub(super) saved: Option<String>,
    /// Files that can be chosen as lookup files.
    pub(super) beside: Vec<String>,
    text: String,
    undo: Vec<String>,
    /// The number of the text: it changes whenever the text does.
    version: u64,
    model: Result<Model, String>,
    /// Of the version that was checked last.
    answer: Option<(u64, Answer)>,
    /// The mapping's tests, tried with the version that was checked last.
    tests: Tests,
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
            beside: Vec::new(),
            text,
            undo: Vec::new(),
            version: 1,
            model,
            answer: None,
            tests: Ok(Vec::new()),
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

    /// What became of the mapping's tests, also while a newer version is checked.
    pub(super) fn tests(&self) -> Result<&[TriedTest], &str> {
        self.tests.as_deref().map_err(String::as_str)
    }

    /// The version that was checked last; 0 before the first check.
    pub(super) fn checked_version(&self) -> u64 {
        self.answer.as_ref().map_or(0, |(version, _)| *version)
    }

    /// Takes what a check of a version said; an older one's is of no interest any more.
    pub(super) fn take(&mut self, version: u64, answer: Answer, tests: Tests) {
        if version == self.version {
            self.answer = Some((version, answer));
            self.tests = tests;
        }
    }

    /// Makes changes, all or none.
    pub(super) fn change(&mut self, changes: &[Change]) -> Result<(), String> {
        let text = self.changed(changes)?;
        self.set(text);
        Ok(())
    }

    fn changed(&self, changes: &[Change]) -> Result<String, String> {
        let mut text = self.text.clone();
        for change in changes {
            text = apply(&text, change).map_err(|e| e.to_string())?;
        }
        Ok(text)
    }

    /// Whether the mapping can be read with these changes, or what would be wrong with it.
    pub(super) fn try_changes(&self, changes: &[Change]) -> Result<(), String> {
        read(&self.path, &self.changed(changes)?, &self.explored).map(drop)
    }

    /// Lookup files that are others on the disk than those that were read.
    pub(super) fn changed_tables(&self) -> Vec<String> {
        let tables = self.model.as_ref().map_or(&[][..], |m| &m.tables);
        let changed = tables.iter().filter(|t| t.has_changed());
        changed.map(|t| t.file.clone()).collect()
    }

    /// Reads the lookup files again.
    pub(super) fn read_again(&mut self) {
        self.renew();
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
        match self.saved.clone() {
            Some(text) if text != self.text => self.set(text),
            // The files beside it may be others.
            _ => self.renew(),
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

/// An error as a page says it.
pub(super) fn words(error: &OpError) -> String {
    match error.of_mapping() {
        Some(mapping) => brief(mapping),
        None => error.to_string(),
    }
}

/// What is wrong with a mapping, a line each, as a page says it.
fn brief(error: &MappingError) -> String {
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
