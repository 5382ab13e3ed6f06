//! What the handlers of one sandbox share, and its log.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::MonotonicClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use serde_json::{Value, json};

use super::book::Book;
use super::echo::Echo;
use super::fault::{FaultKind, Faults, Request};
use super::lie::Lies;
use crate::clock::Clock;

/// Requests in a time that are accepted.
type Limit =
    RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// What all handlers of a sandbox share: its partners, how it behaves, and what it counted.
pub(super) struct Shared {
    pub(super) book: Book,
    pub(super) token: Option<String>,
    pub(super) first_token: Mutex<Option<String>>,
    /// The answer that all creates get, where one is fixed.
    pub(super) fixed_answer: Mutex<Option<String>>,
    pub(super) latency: Duration,
    pub(super) rate_limit: Option<Limit>,
    pub(super) faults: Faults,
    pub(super) slow_for: Duration,
    pub(super) list_lag: Duration,
    pub(super) ignore_skip: bool,
    pub(super) list_without_party: bool,
    pub(super) lies: Lies,
    pub(super) refuse_name: Option<String>,
    pub(super) fault_name: Option<String>,
    pub(super) block_name: Option<String>,
    pub(super) echo: Option<Echo>,
    pub(super) retry_after: String,
    pub(super) drop_field: Option<String>,
    pub(super) requests: AtomicU64,
    pub(super) log: Log,
    pub(super) clock: Clock,
}

impl Shared {
    pub(super) fn make(&self, body: &Value) -> String {
        self.book
            .make(body, self.lies.new_status(), self.clock.now().0)
    }

    /// Whether the faults of creates meet this body.
    pub(super) fn met_by_faults(&self, body: Option<&Value>) -> Request {
        let name = body.and_then(|b| b.pointer("/organization/businessName"));
        match &self.fault_name {
            Some(only) if name.and_then(Value::as_str) != Some(only) => Request::Other,
            _ => Request::Create,
        }
    }

    /// Keeps the first partner that comes; returns its answer for all.
    pub(super) fn make_first(&self, body: &Value) -> String {
        match self.fixed_answer.lock() {
            Ok(mut first) => first.get_or_insert_with(|| self.make(body)).clone(),
            Err(_) => String::new(),
        }
    }
}

/// A line of JSON for each request: when, what, answer, fault, key. Never a body.
pub(super) struct Log(Option<Mutex<BufWriter<File>>>);

impl Log {
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        path.map(|p| File::create(p).map(|f| Mutex::new(BufWriter::new(f))))
            .transpose()
            .map(Self)
    }

    pub(super) fn line(
        &self,
        shared: &Shared,
        method: &str,
        path: &str,
        status: u16,
        fault: Option<FaultKind>,
        key: Option<&str>,
    ) {
        let Some(file) = &self.0 else { return };
        let fault = fault
            .and_then(|kind| FaultKind::ALL.iter().find(|(_, k)| *k == kind))
            .map(|(name, _)| name);
        let line = json!({
            "at": shared.clock.now().0, "method": method, "path": path, "status": status, "fault": fault, "key": key,
        });
        if let Ok(mut file) = file.lock() {
            let _ = writeln!(file, "{line}");
            let _ = file.flush();
        }
    }
}
