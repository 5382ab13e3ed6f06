//! Operations on the terminal: the words of what they note, the bar, the question.

use std::sync::{Arc, Mutex, PoisonError};

use super::args::{ProgressMode, Shared};
use super::desk::Desk;
use super::output::Output;
use super::progress::Progress;
use super::prompt;
use super::signals::Watcher;
use crate::clock::spoken;
use crate::diagnostic::{counted, thousands};
use crate::ops::{Answer, FirstSend, Note, Observer, OpError};
use crate::report::{
    Counters, Detected, Examples, RunEnding, RunReport, SourceValues, brief_verdict,
    render_terminal,
};
use crate::telemetry::LogFormat;

/// Tells a person what an operation does.
pub(super) struct Terminal<'o> {
    output: &'o Output,
    signals: &'o Watcher,
    mode: ProgressMode,
    values: SourceValues,
    json: bool,
    /// The files whose detection was told.
    told: Mutex<Vec<Detected>>,
    shown: Mutex<Option<Progress>>,
}

impl<'o> Terminal<'o> {
    pub(super) fn new(desk: &'o Desk, shared: &Shared) -> Self {
        Self {
            output: &desk.output,
            signals: &desk.signals,
            mode: shared.progress.progress,
            values: SourceValues::Shown,
            json: shared.json.json,
            told: Mutex::default(),
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
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for file in detected.iter().filter(|file| !told.contains(file)) {
            let lines = if self.output.verbose {
                file.lines(self.values)
            } else {
                file.brief(self.values)
            };
            lines.iter().for_each(|line| self.output.note(line));
        }
        *told = detected.to_vec();
    }

    fn note(&self, note: &Note<'_>) {
        for line in words(note) {
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
        let question = format!(
            "First import into {} with mapping \"{}\": up to {} of {} will be created, which the API cannot undo.{} State: {} (new). Continue?",
            ask.target,
            ask.mapping,
            thousands(ask.created),
            counted(ask.rows, "row"),
            ask.what_is_there(),
            ask.state
        );
        if prompt::confirm(&question, self.output, &self.signals.stop()) {
            Answer::Send
        } else {
            Answer::Cancel
        }
    }

    fn job_ended(&self, name: &str, report: &RunReport, first: bool) {
        let is_done = report.ending == RunEnding::Done;
        if self.output.format == LogFormat::Json {
            let verdict = format!("job {name}: {}", brief_verdict(report));
            if is_done {
                self.output.note(&verdict);
            } else {
                self.output.error(&verdict);
            }
        }
        if !self.json && !(self.output.quiet && is_done) {
            self.output.result(&format!(
                "{}job {name}: {}\n",
                if first { "" } else { "\n" },
                render_terminal(report, Examples::LeftOut)
            ));
        }
    }
}

fn words(note: &Note<'_>) -> Vec<String> {
    let one = |text: String| vec![text];
    match note {
        Note::Refused(words) | Note::Duplicate(words) => one((*words).to_owned()),
        Note::NotArchived(words) | Note::KeyLost(words) => one(format!("warning: {words}")),
        Note::InDoubt { mapping, count } => one(format!("{mapping}: {count} in doubt")),
        Note::WaitingForLock { state, holder } => one(format!(
            "waiting for another run that holds {state}{}",
            holder.map(|h| format!(" ({h})")).unwrap_or_default()
        )),
        Note::CanaryAgrees { partners } => one(format!(
            "canary: {partners} partners were created and read back as they were sent; continuing"
        )),
        Note::CanaryPassedOver { partners } => one(format!(
            "warning: continuing without --canary, although the {partners} partners of the last canary were not confirmed"
        )),
        Note::OnApi(what) => one(what.to_string()),
        Note::Estimate(estimate) => estimate.lines(),
        Note::PlanSealed(path) => one(format!(
            "the plan is written. To import exactly this: partner-sync import --plan {}",
            path.display()
        )),
        Note::MetricsFailed { path, error } => one(format!(
            "warning: cannot write the metrics {}: {error}",
            path.display()
        )),
        Note::ShortSettlingTime { asked, least } => one(format!(
            "warning: --settle {} is shorter than {}: a create that takes longer than that may be sent twice",
            spoken(*asked),
            spoken(*least)
        )),
        Note::WebhookFailed(error) => {
            one(format!("warning: the webhook could not be called: {error}"))
        }
    }
}
