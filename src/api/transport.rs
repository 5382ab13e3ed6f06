//! hyper: requests out, answers in, over one pool of connections.
//!
//! reqwest stands on the same client, and does for each request what must not be done here: it keeps what a redirect or a second
//! try would need, for which it reads the address four times and copies the headers three times. That was a seventh of an
//! import's instructions. Redirects are not followed, and nothing is sent a second time, except what no byte of had left when
//! its connection closed.

mod connector;

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::uri::Scheme;
use http::{Request, StatusCode, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use reqwest::Url;
use tokio::time::Instant;

use self::connector::{ConnectTimeout, Connector};
use super::body_probe::ProbeBody;
use crate::http_client::{Tls, is_loopback};

/// Below the keep-alive of common servers (Node's is 5 s): an idle connection that the server closes in the
/// moment a request goes out on it would put that request in doubt.
const IDLE: Duration = Duration::from_secs(3);
/// The longest an address may take to connect, so that a dead host is distinguished from a slow answer.
const CONNECT: Duration = Duration::from_secs(10);

/// Sends requests; it has no token. Clones share the connections.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    client: Client<Connector, ProbeBody>,
    timeout: Duration,
    proxies: Option<Arc<Matcher>>,
}

/// An answer whose body is not read yet.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Incoming,
    /// When the request has taken as long as it may.
    pub(super) deadline: Instant,
}

/// Why there is no answer, or no end of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The request took longer than it may.
    #[error("timeout")]
    Timeout,
    /// It is no address that can be asked.
    #[error(transparent)]
    Address(#[from] http::uri::InvalidUri),
    /// There was no connection, or no answer on it.
    #[error(transparent)]
    Request(#[from] legacy::Error),
    /// The body broke off.
    #[error(transparent)]
    Body(#[from] hyper::Error),
}

impl Failure {
    /// Whether there was no connection.
    pub(super) fn is_connect(&self) -> bool {
        matches!(self, Failure::Request(error) if error.is_connect())
    }

    /// Whether it took too long.
    pub(super) fn is_timeout(&self) -> bool {
        match self {
            Failure::Timeout => true,
            Failure::Address(_) => false,
            Failure::Request(error) => took_too_long(error),
            Failure::Body(error) => took_too_long(error),
        }
    }
}

/// Whether time ran out, by the error or any of its causes. hyper has no limit of its own: none is set.
fn took_too_long(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| {
        let io = error.downcast_ref::<std::io::Error>();
        error.is::<ConnectTimeout>()
            || io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut)
    })
}

impl Transport {
    /// A client for the API at `base`, whose requests take `timeout` at most, connecting and the answer's body included; so
    /// many connections are kept open at most. The machine's own API is asked without a proxy.
    ///
    /// # Errors
    /// Why TLS cannot be set up, in words.
    pub(super) fn new(
        base: &Url,
        tls: &Tls,
        timeout: Duration,
        connections: usize,
    ) -> Result<Self, String> {
        let is_loopback = is_loopback(base);
        let tls = if is_loopback && base.scheme() == "http" {
            // No certificates are needed, and the system may have none.
            Tls::config_without_certificates()?
        } else {
            tls.config()?
        };
        let proxies = (!is_loopback).then(Matcher::from_system).map(Arc::new);
        Ok(Self::with_proxies(proxies, tls, timeout, connections))
    }

    pub(super) fn with_proxies(
        proxies: Option<Arc<Matcher>>,
        tls: rustls::ClientConfig,
        timeout: Duration,
        connections: usize,
    ) -> Self {
        let connector = Connector::new(tls, proxies.clone(), CONNECT.min(timeout));
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(connections)
            .build(connector);
        Self {
            client,
            timeout,
            proxies,
        }
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(&self, mut request: Request<ProbeBody>) -> Result<Response, Failure> {
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(USER_AGENT, connector::OUR_NAME);
        if let Some(name) = self.proxy_authorization(request.uri()) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, name);
        }
        let deadline = Instant::now() + self.timeout;
        let answer = tokio::time::timeout_at(deadline, self.client.request(request)).await;
        let (head, body) = answer.map_err(|_| Failure::Timeout)??.into_parts();
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body,
            deadline,
        })
    }

    /// Name and password for a proxy that passes a plain request on; one that opens a tunnel is told when it does.
    fn proxy_authorization(&self, uri: &Uri) -> Option<HeaderValue> {
        let proxies = self.proxies.as_ref()?;
        if uri.scheme() != Some(&Scheme::HTTP) {
            return None;
        }
        let proxy = proxies.intercept(uri)?;
        let is_http = [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&proxy.uri().scheme());
        is_http.then(|| proxy.basic_auth().cloned()).flatten()
    }
}

#[cfg(test)]
mod tests;
