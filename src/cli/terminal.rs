//! Operations on the terminal: what they note, the bar, the question.

use std::sync::{Arc, Mutex, PoisonError};

use super::args::{ProgressMode, Shared};
use super::context::Context;
use super::output::Output;
use super::progress::Progress;
use super::prompt;
use super::signals::Watcher;
use crate::ops::{Answer, FirstSend, Note, Observer, OpError};
use crate::report::{
    Counters, Detected, Examples, RunEnding, RunReport, SourceValues, brief_verdict,
    render_terminal, verdict,
};

/// Shows a person what an operation does.
pub(super) struct Terminal<'o> {
    output: &'o Output,
    signals: &'o Watcher,
    mode: ProgressMode,
    values: SourceValues,
    json: bool,
    /// The files whose detection was shown.
    detected: Mutex<Vec<Detected>>,
    shown: Mutex<Option<Progress>>,
}

impl<'o> Terminal<'o> {
    pub(super) fn new(context: &'o Context, shared: &Shared) -> Self {
        Self {
            output: &context.output,
            signals: &context.signals,
            mode: shared.progress.progress,
            values: SourceValues::Shown,
            json: shared.json.json,
            detected: Mutex::default(),
            shown: Mutex::new(None),
        }
    }

    /// Leaves out what stands in cells: nobody may be there, and what is printed is mailed and logged.
    pub(super) fn without_values(self) -> Self {
        Self {
            values: SourceValues::LeftOut,
            ..self
        }
    }

    fn show(&self, progress: Option<Progress>) {
        let before = {
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *shown, progress)
        };
        // Outside the lock: the display's thread is waited for.
        drop(before);
    }
}

impl Observer for Terminal<'_> {
    fn found(&self, detected: &[Detected]) {
        // A canary and the rest of its import read the same files.
        let mut before = self.detected.lock().unwrap_or_else(PoisonError::into_inner);
        for file in detected.iter().filter(|file| !before.contains(file)) {
            let lines = if self.output.verbose {
                file.lines(self.values)
            } else {
                file.brief(self.values)
            };
            for line in lines {
                self.output.note(&line);
            }
        }
        *before = detected.to_vec();
    }

    fn note(&self, note: &Note<'_>) {
        // On a screen the result says it.
        if matches!(note, Note::Refused(_)) && !self.json {
            return;
        }
        for line in note.lines() {
            match line.strip_prefix("warning: ") {
                Some(line) => self.output.warning(line),
                None => self.output.note(&line),
            }
        }
    }

    fn trouble(&self, error: &OpError) {
        self.output.error(error);
    }

    fn progress(&self, counters: &Arc<Counters>) {
        let progress = Progress::start(self.mode, self.output, Arc::clone(counters));
        self.show(Some(progress));
    }

    fn done(&self) {
        self.show(None);
    }

    fn first_send(&self, ask: &FirstSend<'_>) -> Answer {
        if prompt::confirm(&ask.question(), self.output, &self.signals.stop()) {
            Answer::Send
        } else {
            Answer::Cancel
        }
    }

    fn job_ended(&self, name: &str, report: &RunReport, first: bool) {
        // Why it stopped is for whoever reads errors only, too; its result then has the first sentence.
        if report.is_stopped() {
            let verdict = format!("job {name}: {}", verdict(report));
            self.output.error(&verdict);
        } else {
            let verdict = format!("job {name}: {}", brief_verdict(report));
            self.output.verdict(report.ending, &verdict, self.json);
        }
        let is_silent = self.output.quiet && report.ending == RunEnding::Done;
        if !self.json && !is_silent {
            self.output.result(&format!(
                "{}job {name}: {}\n",
                if first { "" } else { "\n" },
                render_terminal(report, Examples::LeftOut)
            ));
        }
    }
}
