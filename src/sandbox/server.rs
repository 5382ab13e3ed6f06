//! Start on any port, stop on drop.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use governor::clock::MonotonicClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::book::Book;
use super::fault::{Fault, FaultKind, Faults};
use super::routes;
use crate::clock::Clock;

/// How the sandbox behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one. It listens on loopback only.
    pub port: u16,
    /// The token it accepts; any, where none is set.
    pub token: Option<String>,
    /// What each answer takes.
    pub latency: Duration,
    /// Requests a second it accepts, with a burst of as many.
    pub rate_limit: Option<f64>,
    /// What goes wrong.
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
    /// A business name that it refuses with 400.
    pub refuse_name: Option<String>,
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
            refuse_name: None,
            drop_field: None,
            data: None,
            log: None,
        }
    }
}

/// The sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The port is taken.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// The cause.
        source: io::Error,
    },
    /// A file cannot be opened.
    #[error("cannot open {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

type Limit =
    RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

pub(super) struct Shared {
    pub(super) book: Book,
    pub(super) token: Option<String>,
    pub(super) first_token: Mutex<Option<String>>,
    pub(super) latency: Duration,
    pub(super) rate_limit: Option<Limit>,
    pub(super) faults: Faults,
    pub(super) slow_for: Duration,
    pub(super) list_lag: Duration,
    pub(super) ignore_skip: bool,
    pub(super) list_without_party: bool,
    pub(super) refuse_name: Option<String>,
    pub(super) drop_field: Option<String>,
    pub(super) requests: AtomicU64,
    pub(super) log: Log,
    pub(super) clock: Clock,
}

impl Shared {
    pub(super) fn make(&self, body: &Value) -> String {
        self.book.make(body, self.clock.now().0)
    }
}

/// A line of JSON for each request: when, what, answer, fault, key. Never a body.
pub(super) struct Log(Option<Mutex<BufWriter<File>>>);

impl Log {
    fn open(path: Option<&Path>) -> io::Result<Self> {
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
            latency: settings.latency,
            rate_limit,
            faults: Faults::new(settings.faults, settings.seed),
            slow_for: settings.slow_for,
            list_lag: settings.list_lag,
            ignore_skip: settings.ignore_skip,
            list_without_party: settings.list_without_party,
            refuse_name: settings.refuse_name,
            drop_field: settings.drop_field,
            requests: AtomicU64::new(0),
            log,
            clock,
        });
        let app = routes::router(shared).into_make_service_with_connect_info::<ConnectionSwitch>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(CuttingListener(listener), app).await {
                tracing::error!(%error, "the sandbox stopped");
            }
        });
        Ok(Self {
            address,
            name,
            task,
        })
    }

    /// Where it listens: `http://127.0.0.1:4711`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The name of its book: another book is another target.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until it stops.
    pub async fn wait(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Cuts a connection without an answer: the way a reset looks to a client.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionSwitch(Arc<AtomicBool>);

impl ConnectionSwitch {
    pub(super) fn cut(&self) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    fn is_cut(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}

impl Connected<IncomingStream<'_, CuttingListener>> for ConnectionSwitch {
    fn connect_info(stream: IncomingStream<'_, CuttingListener>) -> Self {
        stream.io().switch.clone()
    }
}

struct CuttingListener(TcpListener);

impl Listener for CuttingListener {
    type Io = CuttingStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let _ = stream.set_nodelay(true);
        (
            CuttingStream {
                stream,
                switch: ConnectionSwitch::default(),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// A stream that fails as soon as its switch is set.
pub(super) struct CuttingStream {
    stream: TcpStream,
    switch: ConnectionSwitch,
}

impl CuttingStream {
    fn check(&self) -> io::Result<()> {
        if self.switch.is_cut() {
            // Without lingering the close is a reset, not an orderly end.
            let _ = self.stream.set_zero_linger();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for CuttingStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttingStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
