//! Connections: to the API itself, through a proxy's tunnel, or to a proxy that passes requests on; with TLS where the address
//! says https.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::header::{HeaderMap, HeaderValue, USER_AGENT};
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::ClientConfig;
use tower_service::Service;

/// What we say of ourselves.
pub(super) const OUR_NAME: HeaderValue =
    HeaderValue::from_static(concat!("partner-sync/", env!("CARGO_PKG_VERSION")));
/// After so long without a word a connection is tried, so often, and as far apart.
const KEEP_ALIVE: (Duration, u32) = (Duration::from_secs(15), 3);
/// The longest that what was sent may stay without the other system's confirmation.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNCONFIRMED: Duration = Duration::from_secs(30);

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting = Pin<Box<dyn Future<Output = Result<Link, BoxError>> + Send>>;

/// There was no connection in time.
#[derive(Debug, thiserror::Error)]
#[error("no connection in time")]
pub(super) struct ConnectTimeout;

/// A proxy of the environment was the way to the API, and it is what failed.
#[derive(Debug, thiserror::Error)]
#[error("through the proxy {proxy} (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY){hint}")]
pub(super) struct ThroughProxy {
    proxy: String,
    hint: &'static str,
    source: BoxError,
}

impl ThroughProxy {
    /// Names the proxy, without a name and password.
    fn new(proxy: &Uri, source: BoxError) -> Self {
        let is_http = [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&proxy.scheme());
        let scheme = proxy.scheme_str().unwrap_or("http");
        let port = proxy.port().map(|port| format!(":{port}"));
        Self {
            proxy: format!(
                "{scheme}://{}{}",
                proxy.host().unwrap_or_default(),
                port.unwrap_or_default()
            ),
            hint: if is_http {
                ""
            } else {
                ", which has to be one of http or https"
            },
            source,
        }
    }
}

/// Makes connections. The client copies it for each request.
#[derive(Debug, Clone)]
pub(super) struct Connector(Arc<Ways>);

/// What connections are made of.
#[derive(Debug)]
struct Ways {
    tcp: HttpConnector,
    tls: Arc<ClientConfig>,
    /// The same for a proxy, with which no HTTP/2 is spoken.
    tls_with_proxy: Arc<ClientConfig>,
    proxies: Option<Arc<Matcher>>,
    timeout: Duration,
}

impl Connector {
    /// Each connection takes `timeout` at most, its tunnel and TLS included.
    pub(super) fn new(tls: ClientConfig, proxies: Option<Arc<Matcher>>, timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        let (after, retries) = KEEP_ALIVE;
        tcp.set_keepalive(Some(after));
        tcp.set_keepalive_interval(Some(after));
        tcp.set_keepalive_retries(Some(retries));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(UNCONFIRMED));
        let mut tls_with_proxy = tls.clone();
        tls_with_proxy.alpn_protocols.clear();
        Self(Arc::new(Ways {
            tcp,
            tls: Arc::new(tls),
            tls_with_proxy: Arc::new(tls_with_proxy),
            proxies,
            timeout,
        }))
    }
}

impl Ways {
    async fn connect(&self, to: Uri) -> Result<Link, BoxError> {
        let proxy = self.proxies.as_ref().and_then(|p| p.intercept(&to));
        let mut direct = HttpsConnector::from((self.tcp.clone(), Arc::clone(&self.tls)));
        let Some(proxy) = proxy else {
            return Ok(Link::new(direct.call(to).await?, false));
        };
        let failed = |source| ThroughProxy::new(proxy.uri(), source);
        if to.scheme() == Some(&Scheme::HTTPS) {
            let mut tunnelled = HttpsConnector::from((self.tunnel(&proxy), Arc::clone(&self.tls)));
            Ok(Link::new(tunnelled.call(to).await.map_err(failed)?, false))
        } else {
            let passed_on = direct.call(proxy.uri().clone()).await.map_err(failed)?;
            Ok(Link::new(passed_on, true))
        }
    }

    fn tunnel(&self, proxy: &Intercept) -> Tunnel<HttpsConnector<HttpConnector>> {
        let to_proxy = HttpsConnector::from((self.tcp.clone(), Arc::clone(&self.tls_with_proxy)));
        let headers = HeaderMap::from_iter([(USER_AGENT, OUR_NAME)]);
        let tunnel = Tunnel::new(proxy.uri().clone(), to_proxy).with_headers(headers);
        match proxy.basic_auth() {
            Some(name) => tunnel.with_auth(name.clone()),
            None => tunnel,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Link;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Connecting {
        let ways = Arc::clone(&self.0);
        Box::pin(async move {
            let connected = tokio::time::timeout(ways.timeout, ways.connect(to)).await;
            connected.unwrap_or_else(|_| Err(ConnectTimeout.into()))
        })
    }
}

trait Io: Read + Write + Connection + Send + Unpin {}

impl<T: Read + Write + Connection + Send + Unpin> Io for T {}

/// A connection of any kind.
pub(super) struct Link {
    io: Box<dyn Io>,
    /// Whether it ends at a proxy, which has to be told the whole address.
    is_proxy: bool,
}

impl Link {
    fn new(io: impl Io + 'static, is_proxy: bool) -> Self {
        Self {
            io: Box::new(io),
            is_proxy,
        }
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.is_proxy)
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, parts)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::task::Waker;

    use super::*;

    /// Notes what is asked of it.
    struct Fake(Arc<Mutex<Vec<&'static str>>>, bool);

    impl Fake {
        fn note(&self, what: &'static str) {
            self.0.lock().unwrap().push(what);
        }
    }

    impl Connection for Fake {
        fn connected(&self) -> Connected {
            Connected::new()
        }
    }

    impl Read for Fake {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            self.note("read");
            Poll::Pending
        }
    }

    impl Write for Fake {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.note("write");
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.note("flush");
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.note("shutdown");
            Poll::Ready(Ok(()))
        }

        fn is_write_vectored(&self) -> bool {
            self.1
        }
    }

    /// TLS keeps what is written until it is flushed, and says good-bye when it is shut down.
    #[test]
    fn a_link_asks_what_it_is_made_of() {
        for is_vectored in [true, false] {
            let asked = Arc::default();
            let mut link = Link::new(Fake(Arc::clone(&asked), is_vectored), false);
            assert_eq!(link.is_write_vectored(), is_vectored);
            let context = &mut Context::from_waker(Waker::noop());
            let mut link = Pin::new(&mut link);
            let written = link.as_mut().poll_write(context, b"word");
            assert!(matches!(written, Poll::Ready(Ok(4))), "{written:?}");
            assert!(link.as_mut().poll_flush(context).is_ready());
            assert!(link.as_mut().poll_shutdown(context).is_ready());
            assert_eq!(*asked.lock().unwrap(), ["write", "flush", "shutdown"]);
        }
    }
}
