//! The workbench at work: the state of the page, the file on the disk, and the threads that check and practise.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::bench::{Answer, Bench, Notice, Practice, Tests, words};
use super::file::{MappingFile, SaveError};
use super::forms::Form;
use super::lookup;
use super::row_test;
use super::view::questions;
use crate::clock::Clock;
use crate::config::{Adopt, OnChange, Resolved};
use crate::delivery::{Stop, StopReason};
use crate::mapping::Mapping;
use crate::ops::{
    Expectations, ExportRequest, ImportRequest, Note, Observer, OpError, Rejected, ReportRequest,
    Review, Reviewer, Session, Target, import, tests_of,
};
use crate::partner::Query;
use crate::report::{Counters, Detected, MarkedRows, SourceValues, verdict};

/// What all requests share.
pub(super) struct Workspace {
    bench: Mutex<Bench>,
    file: Mutex<MappingFile>,
    /// Wakes the thread that checks.
    wake: Condvar,
    /// The check under way.
    current: Mutex<Stop>,
    counters: Mutex<Arc<Counters>>,
    practice_counters: Mutex<Arc<Counters>>,
    /// Something that a page shows has changed.
    ticks: watch::Sender<u64>,
    stop: Stop,
    settings: Resolved,
    runtime: Handle,
    clock: Clock,
}

/// Sees to the counters of an operation, and tells nobody anything: the page shows what there is.
struct Watching<'d>(&'d Mutex<Arc<Counters>>);

impl Observer for Watching<'_> {
    fn found(&self, _: &[Detected]) {}
    fn note(&self, _: &Note<'_>) {}
    fn trouble(&self, error: &OpError) {
        tracing::warn!("{error}");
    }
    fn progress(&self, counters: &Arc<Counters>) {
        *locked(self.0) = Arc::clone(counters);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workspace {
    pub(super) fn new(
        bench: Bench,
        file: MappingFile,
        (settings, clock): (Resolved, Clock),
        (stop, runtime): (Stop, Handle),
    ) -> Self {
        Self {
            bench: Mutex::new(bench),
            file: Mutex::new(file),
            wake: Condvar::new(),
            current: Mutex::default(),
            counters: Mutex::default(),
            practice_counters: Mutex::default(),
            ticks: watch::Sender::new(0),
            stop,
            settings,
            runtime,
            clock,
        }
    }

    pub(super) fn bench(&self) -> MutexGuard<'_, Bench> {
        locked(&self.bench)
    }

    pub(super) fn ticks(&self) -> watch::Receiver<u64> {
        self.ticks.subscribe()
    }

    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Rows of the check under way that were read.
    pub(super) fn checked_rows(&self) -> u64 {
        locked(&self.counters).surveyed.load(Ordering::Relaxed)
    }

    /// Rows of the practice that are done, and how many there are.
    pub(super) fn practised_rows(&self) -> (u64, u64) {
        let counters = locked(&self.practice_counters);
        (counters.done(), counters.total.load(Ordering::Relaxed))
    }

    fn tick(&self) {
        self.ticks.send_modify(|n| *n += 1);
    }

    /// Changes the state of the page; where the mapping is another one then, it is checked, and the check of the one before ends.
    pub(super) fn work<T>(&self, work: impl FnOnce(&mut Bench) -> T) -> T {
        let mut bench = self.bench();
        let before = bench.version();
        let made = work(&mut bench);
        if bench.version() != before {
            locked(&self.current).request(StopReason::Interrupted);
        }
        drop(bench);
        self.wake.notify_all();
        self.tick();
        made
    }

    /// Looks at the files beside the mapping: which there are, and whether one that words are taken from has changed.
    pub(super) fn look_beside(&self) {
        let mut bench = self.bench();
        bench.beside = lookup::names(&bench.path, &bench.explored.file);
        let changed = bench.changed_tables();
        drop(bench);
        if changed.is_empty() {
            return;
        }
        self.work(|bench| {
            bench.read_again();
            let words = format!(
                "{} changed on the disk, so it was read again.",
                changed.join(", ")
            );
            bench.notice = Some(Notice::Done(words));
        });
    }

    /// Waits until the present mapping was checked.
    pub(super) async fn checked(&self) {
        let mut ticks = self.ticks();
        while !self.bench().is_checked() {
            if ticks.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until no practice is under way.
    pub(super) async fn practised(&self) {
        let mut ticks = self.ticks();
        while matches!(self.bench().practice, Practice::Running) {
            if ticks.changed().await.is_err() {
                return;
            }
        }
    }

    /// Checks each version of the mapping until the workbench ends. The latest one is checked, those between are passed over.
    pub(super) fn check_all(&self) {
        let (file, values) = {
            let bench = self.bench();
            (bench.explored.file.clone(), bench.values)
        };
        let mut reviewer = Reviewer::new(file, values);
        loop {
            let mut bench = self.bench();
            while bench.is_checked() && !self.stop.is_requested() {
                bench = self
                    .wake
                    .wait(bench)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if self.stop.is_requested() {
                return;
            }
            let version = bench.version();
            let mapping = bench.model().ok().map(|m| m.mapping.clone());
            let stop = self.stop.child();
            *locked(&self.current) = stop.clone();
            drop(bench);
            let Some(mapping) = mapping else { continue };
            *locked(&self.counters) = Arc::default();
            let watching = Watching(&self.counters);
            let session = self.session(&self.settings, Target::Api, &watching, stop.clone());
            let (tests, answer) = std::thread::scope(|scope| {
                let trying = scope.spawn(|| tried(&mapping, &stop));
                let answer = match reviewer.review(&mapping, &session) {
                    Ok(review) => Answer::Reviewed(Box::new(review)),
                    Err(error) => Answer::Failed(words(&error)),
                };
                let broken = |_| Err("The tests could not be tried.".to_owned());
                (trying.join().unwrap_or_else(broken), answer)
            });
            self.bench().take(version, answer, tests);
            self.tick();
        }
    }

    /// Ends the thread that checks.
    pub(super) fn end(&self) {
        self.stop.request(StopReason::Interrupted);
        let held = self.bench();
        drop(held);
        self.wake.notify_all();
        self.tick();
    }

    fn session<'s>(
        &self,
        settings: &'s Resolved,
        target: Target,
        observer: &'s dyn Observer,
        stop: Stop,
    ) -> Session<'s> {
        Session {
            settings,
            target,
            clock: self.clock.clone(),
            runtime: self.runtime.clone(),
            stop,
            observer,
        }
    }

    /// Saves the mapping.
    pub(super) fn save(&self) -> Result<(), SaveError> {
        let text = self.bench().text().to_owned();
        let saved = locked(&self.file).save(&text);
        self.work(|bench| {
            bench.notice = Some(match &saved {
                Ok(()) => {
                    bench.saved = Some(text);
                    let left = bench.model().map_or(0, questions);
                    let more = match left {
                        0 => "",
                        _ => " It still asks questions: check and import name them until they are decided.",
                    };
                    Notice::Done(format!("{} is saved.{more}", bench.path))
                }
                Err(error) => Notice::Refused(error.to_string()),
            });
        });
        saved
    }

    /// Takes the mapping from the disk, with what somebody else has changed in it.
    pub(super) fn reload(&self) {
        let mut file = locked(&self.file);
        let reloaded = file.reload();
        let text = file.text().map(str::to_owned);
        drop(file);
        self.work(|bench| {
            bench.notice = Some(match reloaded {
                Ok(()) => {
                    bench.reload(text);
                    Notice::Done("The mapping was read from the disk again.".to_owned())
                }
                Err(error) => Notice::Refused(format!("The mapping cannot be read: {error}")),
            });
        });
    }

    /// The rows with problems as a workbook, of the last check; in words why there is none. It blocks while it is made.
    pub(super) fn workbook(&self) -> Result<Vec<u8>, String> {
        let (rows, values) = {
            let bench = self.bench();
            (bench.review().map(Review::rows), bench.values)
        };
        if values == SourceValues::LeftOut {
            return Err(
                "The page shows no values (--no-source-values), so there is no workbook of them."
                    .to_owned(),
            );
        }
        let rows = rows.ok_or("The file was not checked yet.")?;
        let counters = Mutex::default();
        let watching = Watching(&counters);
        let session = self.session(&self.settings, Target::Api, &watching, self.stop.child());
        let made = rows.workbook(&session).map_err(|e| words(&e))?;
        made.ok_or_else(|| "No row has a problem, so there is nothing to repair.".to_owned())
    }

    /// Adds a test of a row of the file to the mapping, or lets one expect what its row becomes now. It blocks while the row is
    /// looked up.
    pub(super) fn make_test(&self, form: &Form) {
        let wanted = row_test::wanted(form, &self.bench());
        let made = wanted.and_then(row_test::Wanted::made);
        self.work(|bench| {
            bench.notice = Some(match made.and_then(|made| made.put(bench)) {
                Ok(words) => Notice::Done(words),
                Err(words) => Notice::Refused(words),
            });
        });
    }

    /// Saves the mapping and begins an import into a practice API, on a thread of its own.
    pub(super) fn practise(self: &Arc<Self>) {
        let left = self.bench().model().map_or(0, questions);
        if left > 0 {
            self.work(|bench| {
                let words = "Answer the open questions first: no import takes a mapping that asks.";
                bench.notice = Some(Notice::Refused(words.to_owned()));
            });
            return;
        }
        let is_running = matches!(self.bench().practice, Practice::Running);
        if is_running || self.save().is_err() {
            return;
        }
        let path = locked(&self.file).path().to_owned();
        *locked(&self.practice_counters) = Arc::default();
        self.work(|bench| {
            bench.practice = Practice::Running;
            bench.notice = None;
        });
        let workspace = Arc::clone(self);
        let practising = move || {
            let over = workspace.practised_import(path);
            workspace.work(|bench| bench.practice = Practice::Over(over));
        };
        let begun = std::thread::Builder::new()
            .name("practice".to_owned())
            .spawn(practising);
        if let Err(error) = begun {
            self.work(|bench| bench.practice = Practice::Over(Err(error.to_string())));
        }
    }

    /// The import: its state and the partners that it makes are in a folder that is gone afterwards.
    fn practised_import(&self, mapping: PathBuf) -> Result<Vec<String>, String> {
        let folder = tempfile::Builder::new()
            .prefix("partner-sync-practice-")
            .tempdir()
            .map_err(|e| format!("no folder for the practice can be made: {e}"))?;
        let settings = Resolved {
            state: folder.path().join("practice.db").into(),
            report: None,
            ..self.settings.clone()
        };
        let (file, values) = {
            let bench = self.bench();
            (bench.explored.file.clone(), bench.values)
        };
        let request = practice_request(file, mapping, values);
        let watching = Watching(&self.practice_counters);
        let session = self.session(&settings, Target::Sandbox, &watching, self.stop.child());
        let report = import(&request, &session).map_err(|e| words(&e))?;
        let mut lines = vec![verdict(&report)];
        let counts = report.lines().into_iter().filter(|l| l.count > 0);
        lines.extend(counts.map(|l| {
            let count = crate::diagnostic::thousands(l.count);
            format!("{count} {}", l.meaning)
        }));
        Ok(lines)
    }
}

/// The mapping's own tests.
fn tried(mapping: &Mapping, stop: &Stop) -> Tests {
    let mut tried = Vec::new();
    tests_of(mapping, &|| stop.is_requested(), &mut tried).map_err(|e| words(&e))?;
    Ok(tried)
}

fn practice_request(file: PathBuf, mapping: PathBuf, values: SourceValues) -> ImportRequest {
    ImportRequest {
        export: ExportRequest {
            files: vec![file.into()],
            mapping,
            always: Query::default(),
        },
        report: ReportRequest {
            folder: None,
            values,
            marked: MarkedRows::Problems,
        },
        max_errors: None,
        limit: None,
        canary: None,
        max_duration: None,
        adopt: Adopt::Auto,
        rejected: Rejected::Keep,
        settle: None,
        on_change: OnChange::Problem,
        expect: Expectations::default(),
        plan: None,
        ask_first: false,
        wait: None,
        alone: true,
        job: None,
        id: None,
    }
}
