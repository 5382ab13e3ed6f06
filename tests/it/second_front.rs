//! An import by a front that is no terminal: plain Rust that watches, answers, stops, and gets its report.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use partner_sync::clock::Clock;
use partner_sync::config::{
    Adopt, ConfigFile, Environment, OnChange, Resolved, Transport, Typed, resolve,
};
use partner_sync::delivery::{Stop, StopReason};
use partner_sync::ops::{
    self, Answer, Expectations, ExportRequest, FirstSend, ImportRequest, Note, Observer, OpError,
    Rejected, ReportRequest, Session, Target,
};
use partner_sync::partner::{Query, RowOutcome};
use partner_sync::report::{Counters, Detected, MarkedRows, RunEnding, SourceValues, Stopped};

use crate::support::{Server, Workdir, wait_until};

/// Writes down all that is reported to it.
struct Watcher {
    answer: Answer,
    found: Mutex<Vec<String>>,
    notes: Mutex<Vec<String>>,
    asked: Mutex<Vec<(u64, String, String)>>,
    counters: Mutex<Option<Arc<Counters>>>,
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Watcher {
    fn answering(answer: Answer) -> Self {
        Self {
            answer,
            found: Mutex::default(),
            notes: Mutex::default(),
            asked: Mutex::default(),
            counters: Mutex::default(),
            begun: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
        }
    }

    fn created(&self) -> u64 {
        let counters = self.counters.lock().unwrap();
        counters.as_ref().map_or(0, |c| c.get(RowOutcome::Created))
    }
}

impl Observer for Watcher {
    fn found(&self, detected: &[Detected]) {
        let files = detected.iter().map(|d| d.file.clone());
        self.found.lock().unwrap().extend(files);
    }

    fn note(&self, note: &Note<'_>) {
        self.notes.lock().unwrap().push(format!("{note:?}"));
    }

    fn trouble(&self, error: &OpError) {
        panic!("{error}");
    }

    fn progress(&self, counters: &Arc<Counters>) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        *self.counters.lock().unwrap() = Some(Arc::clone(counters));
    }

    fn done(&self) {
        self.ended.fetch_add(1, Ordering::SeqCst);
    }

    fn first_send(&self, ask: &FirstSend<'_>) -> Answer {
        let asked = (ask.rows, ask.target.to_owned(), ask.mapping.to_owned());
        self.asked.lock().unwrap().push(asked);
        self.answer
    }
}

/// A front: what a session borrows.
struct Front {
    settings: Resolved,
    runtime: tokio::runtime::Runtime,
    stop: Stop,
    watcher: Watcher,
    target: Target,
}

impl Front {
    fn new(dir: &Workdir, target: Target, answer: Answer, url: &str, rate: &str) -> Self {
        let typed = Typed {
            api_url: Some(url.to_owned()),
            state: Some(dir.path("state.db")),
            rate: Some(rate.to_owned()),
            transport: Transport {
                insecure_http: Some(true),
                ..Transport::default()
            },
            ..Typed::default()
        };
        let environment = Environment::of(&[("PARTNER_SYNC_TOKEN", "token")]);
        Self {
            settings: resolve(typed, &environment, ConfigFile::default()).unwrap(),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap(),
            stop: Stop::default(),
            watcher: Watcher::answering(answer),
            target,
        }
    }

    fn session(&self) -> Session<'_> {
        Session {
            settings: &self.settings,
            target: self.target,
            clock: Clock::System,
            runtime: self.runtime.handle().clone(),
            stop: self.stop.clone(),
            observer: &self.watcher,
        }
    }
}

fn request(dir: &Workdir) -> ImportRequest {
    ImportRequest {
        alone: false,
        export: ExportRequest {
            files: vec![dir.path("e.csv").into()],
            mapping: dir.path("m.toml"),
            always: Query::default(),
        },
        report: ReportRequest {
            folder: Some(dir.path("out")),
            values: SourceValues::Shown,
            marked: MarkedRows::Problems,
        },
        max_errors: None,
        limit: None,
        canary: None,
        max_duration: None,
        adopt: Adopt::Auto,
        rejected: Rejected::Keep,
        settle: Some(Duration::from_secs(1)),
        on_change: OnChange::Problem,
        expect: Expectations::default(),
        plan: None,
        ask_first: true,
        wait: None,
        job: None,
        id: None,
    }
}

/// The server on an address that does not count as this machine, so that the question is asked.
fn from_outside(server: &Server) -> String {
    server.url.replace("127.0.0.1", "0.0.0.0")
}

#[test]
fn an_import_is_watched_and_reported() {
    let dir = Workdir::new();
    dir.simple_export(20);
    let front = Front::new(
        &dir,
        Target::Sandbox,
        Answer::Cancel,
        "http://x",
        "unlimited",
    );
    let report = ops::import(&request(&dir), &front.session()).unwrap();
    assert_eq!(report.ending, RunEnding::Done);
    assert_eq!(report.count(RowOutcome::Created), 20);
    let watcher = &front.watcher;
    assert_eq!(watcher.found.lock().unwrap().len(), 1);
    assert_eq!(watcher.created(), 20);
    let counters = watcher.counters.lock().unwrap().clone().unwrap();
    assert_eq!(counters.total.load(Ordering::Relaxed), 20);
    assert_eq!(watcher.begun.load(Ordering::SeqCst), 1);
    assert_eq!(watcher.ended.load(Ordering::SeqCst), 1);
    // The sandbox is on this machine: nobody is asked.
    assert!(watcher.asked.lock().unwrap().is_empty());
    assert!(dir.read("out/summary.json").contains("\"created\":20"));

    let again = ops::import(&request(&dir), &front.session()).unwrap();
    assert_eq!(again.count(RowOutcome::Skipped), 20);
}

#[test]
fn the_first_import_into_an_api_is_asked_for_once() {
    let dir = Workdir::new();
    dir.simple_export(3);
    let server = Server::start(&dir, &[]);
    let url = from_outside(&server);

    let front = Front::new(&dir, Target::Api, Answer::Cancel, &url, "unlimited");
    let error = ops::import(&request(&dir), &front.session()).unwrap_err();
    assert!(matches!(error, OpError::NotConfirmed));
    assert_eq!(error.ending(), RunEnding::Refused);
    let asked = front.watcher.asked.lock().unwrap().clone();
    assert_eq!(asked, [(3, url.clone(), "simple".to_owned())]);
    assert_eq!(front.watcher.ended.load(Ordering::SeqCst), 1);
    assert_eq!(server.requests().len(), 0);

    let front = Front::new(&dir, Target::Api, Answer::Send, &url, "unlimited");
    let report = ops::import(&request(&dir), &front.session()).unwrap();
    assert_eq!(report.count(RowOutcome::Created), 3);
    assert_eq!(front.watcher.asked.lock().unwrap().len(), 1);

    // The state knows the API now.
    let report = ops::import(&request(&dir), &front.session()).unwrap();
    assert_eq!(report.count(RowOutcome::Skipped), 3);
    assert_eq!(front.watcher.asked.lock().unwrap().len(), 1);
    assert_eq!(server.count("POST"), 3);
}

#[test]
fn whoever_does_not_want_to_be_asked_is_not() {
    let dir = Workdir::new();
    dir.simple_export(2);
    let server = Server::start(&dir, &[]);
    let url = from_outside(&server);
    let front = Front::new(&dir, Target::Api, Answer::Cancel, &url, "unlimited");
    let request = ImportRequest {
        ask_first: false,
        wait: None,
        ..request(&dir)
    };
    let report = ops::import(&request, &front.session()).unwrap();
    assert_eq!(report.count(RowOutcome::Created), 2);
    assert!(front.watcher.asked.lock().unwrap().is_empty());
}

#[test]
fn a_front_stops_an_import_and_the_next_one_finishes_it() {
    let dir = Workdir::new();
    dir.simple_export(60);
    let server = Server::start(&dir, &[]);
    let front = Front::new(&dir, Target::Api, Answer::Send, &server.url, "50/s");
    let report = std::thread::scope(|scope| {
        let running = scope.spawn(|| ops::import(&request(&dir), &front.session()).unwrap());
        wait_until("five rows are created", || front.watcher.created() >= 5);
        front.stop.request(StopReason::Interrupted);
        running.join().unwrap()
    });
    assert_eq!(report.ending, RunEnding::Interrupted);
    let stopped = report.stopped.as_ref();
    assert_eq!(stopped.map(Stopped::words), Some("interrupted"));
    assert_eq!(report.rows(), 60);
    assert!(report.count(RowOutcome::Deferred) > 0);

    // What was stopped stays stopped: the same session does nothing more.
    let sent = server.count("POST");
    let idle = ops::import(&request(&dir), &front.session()).unwrap();
    assert_eq!(idle.ending, RunEnding::Interrupted);
    assert_eq!(server.count("POST"), sent);

    let front = Front::new(&dir, Target::Api, Answer::Send, &server.url, "unlimited");
    let report = ops::import(&request(&dir), &front.session()).unwrap();
    assert_eq!(report.ending, RunEnding::Done);
    let expected: BTreeMap<String, usize> = (1..=60).map(|n| (format!("K-{n}"), 1)).collect();
    assert_eq!(server.by_key(), expected);
}
