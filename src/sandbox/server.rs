//! Start on any port, stop on drop.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use governor::clock::MonotonicClock;
use governor::{Quota, RateLimiter};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::book::Book;
use super::echo::Echo;
use super::fault::{Fault, Faults};
use super::lie::{Lie, Lies};
use super::listener::{ConnectionSwitch, CuttingListener};
use super::routes;
use super::shared::{Log, Shared};
use crate::clock::Clock;

/// How the sandbox behaves; the default is the API as documented, on a free port, without faults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one. It listens on loopback only.
    pub port: u16,
    /// The token it accepts; any, where none is set.
    pub token: Option<String>,
    /// How long each answer takes at least.
    pub latency: Duration,
    /// Requests a second it accepts, with a burst of as many.
    pub rate_limit: Option<f64>,
    /// Faults on request; none by default.
    pub faults: Vec<Fault>,
    /// Where the faults are drawn from.
    pub seed: u64,
    /// How long a slow answer takes.
    pub slow_for: Duration,
    /// How long a new partner is missing from the list.
    pub list_lag: Duration,
    /// The list ignores `skip` and gives its first page again.
    pub ignore_skip: bool,
    /// List items carry no `party`.
    pub list_without_party: bool,
    /// What it answers otherwise than it is.
    pub lies: Vec<Lie>,
    /// A business name that it refuses with 400.
    pub refuse_name: Option<String>,
    /// The faults of creates meet partners of this business name only; absent, all.
    pub fault_name: Option<String>,
    /// A business name whose creates a firewall answers with its 403 page.
    pub block_name: Option<String>,
    /// How answers that refuse a create quote it; absent, they do not.
    pub echo: Option<Echo>,
    /// `Retry-After` of each 429 and 503.
    pub retry_after: String,
    /// A field of `organization` that it loses without a word.
    pub drop_field: Option<String>,
    /// Where partners are kept; in memory, where there is none.
    pub data: Option<PathBuf>,
    /// Where a line is written for each request.
    pub log: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            token: None,
            latency: Duration::ZERO,
            rate_limit: None,
            faults: Vec::new(),
            seed: 1,
            slow_for: routes::SLOW_FOR,
            list_lag: Duration::ZERO,
            ignore_skip: false,
            list_without_party: false,
            lies: Vec::new(),
            refuse_name: None,
            fault_name: None,
            block_name: None,
            echo: None,
            retry_after: "1".to_owned(),
            drop_field: None,
            data: None,
            log: None,
        }
    }
}

/// Why the sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port is taken, or may not be used.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be opened.
    #[error("cannot open {}: {source}", path.display())]
    File {
        /// The partners' file or the log.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A running sandbox. It stops when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    name: String,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Starts listening on loopback; must be called within a tokio runtime.
    pub async fn start(settings: Settings, clock: Clock) -> Result<Self, SandboxError> {
        let listen = |source| SandboxError::Listen {
            port: settings.port,
            source,
        };
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, settings.port))
            .await
            .map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let file = |path: &Option<PathBuf>, source| SandboxError::File {
            path: path.clone().unwrap_or_default(),
            source,
        };
        let book = Book::open(settings.data.as_deref()).map_err(|e| file(&settings.data, e))?;
        let log = Log::open(settings.log.as_deref()).map_err(|e| file(&settings.log, e))?;
        let name = book.name().to_owned();
        let rate_limit = settings.rate_limit.and_then(|rate| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rate is small and positive"
            )]
            let burst = NonZeroU32::new(rate.ceil() as u32).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rate))?.allow_burst(burst);
            Some(RateLimiter::direct_with_clock(quota, MonotonicClock))
        });
        let shared = Arc::new(Shared {
            book,
            token: settings.token,
            first_token: Mutex::new(None),
            fixed_answer: Mutex::new(None),
            latency: settings.latency,
            rate_limit,
            faults: Faults::new(settings.faults, settings.seed),
            slow_for: settings.slow_for,
            list_lag: settings.list_lag,
            ignore_skip: settings.ignore_skip,
            list_without_party: settings.list_without_party,
            lies: Lies::new(settings.lies),
            refuse_name: settings.refuse_name,
            fault_name: settings.fault_name,
            block_name: settings.block_name,
            echo: settings.echo,
            retry_after: settings.retry_after,
            drop_field: settings.drop_field,
            requests: AtomicU64::new(0),
            log,
            clock,
        });
        let app = routes::router(shared).into_make_service_with_connect_info::<ConnectionSwitch>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(CuttingListener::new(listener), app).await {
                tracing::error!(%error, "the sandbox stopped");
            }
        });
        Ok(Self {
            address,
            name,
            task,
        })
    }

    /// The base address, as a client takes it: `http://127.0.0.1:4711`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The name of its book: another book is another target.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Serves until the process ends or the listener breaks.
    pub async fn wait(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}
