//! The HTTP client of clouds: our own, so that certificates and TLS are the same everywhere.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::Url;
use reqwest::redirect::Policy;

use super::object::ObjectSettings;
use crate::http_client::{self, is_loopback};

/// How long a connection may take to be made.
pub(super) const CONNECT: Duration = Duration::from_secs(10);
/// The same for the metadata of an instance, which is near or not there at all.
const CONNECT_NEAR: Duration = Duration::from_secs(1);
/// How long nothing may come of an answer before it is asked for again.
const SILENCE: Duration = Duration::from_mins(1);

/// A client with our certificates, which never waits for ever and follows these redirects.
///
/// # Errors
/// Why there is none, in words.
pub(super) fn client(
    settings: &ObjectSettings,
    connect: Duration,
    follow: Policy,
) -> Result<reqwest::Client, String> {
    let builder = http_client::builder()
        .connect_timeout(connect)
        .read_timeout(SILENCE)
        .redirect(follow);
    settings.tls.clone().without_identity().client(builder)
}

/// Whether an address may be asked: plain http only on this machine, or where it is allowed.
pub(super) fn may_ask(url: &Url, insecure_http: bool) -> bool {
    url.scheme() == "https" || is_loopback(url) || insecure_http
}

/// Makes the clients that the clouds are asked with.
#[derive(Debug)]
pub(super) struct Connector(pub(super) ObjectSettings);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = |connect| {
            let made = client(&self.0, connect, Policy::none());
            made.map_err(|words| object_store::Error::Generic {
                store: "http",
                source: words.into(),
            })
        };
        Ok(HttpClient::new(Guarded {
            client: client(CONNECT)?,
            near: client(CONNECT_NEAR)?,
            insecure_http: self.0.insecure_http,
        }))
    }
}

/// A client that does not speak plain http with other machines, except with the metadata of the instance it runs on.
#[derive(Debug)]
struct Guarded {
    client: reqwest::Client,
    near: reqwest::Client,
    insecure_http: bool,
}

impl HttpService for Guarded {
    fn call<'life, 'future>(
        &'life self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'future>>
    where
        'life: 'future,
        Self: 'future,
    {
        let url = Url::parse(&request.uri().to_string());
        match url {
            Ok(url) if is_metadata(&url) => HttpService::call(&self.near, request),
            Ok(url) if may_ask(&url, self.insecure_http) => {
                HttpService::call(&self.client, request)
            }
            _ => Box::pin(std::future::ready(Err(HttpError::new(
                // One that is not tried again.
                HttpErrorKind::Unknown,
                std::io::Error::other(PLAIN_HTTP),
            )))),
        }
    }
}

/// What is said of plain http to another machine.
pub(super) const PLAIN_HTTP: &str = "plain http to another machine: anyone in between could read the export. Write https, or, if the network is your own, allow it with --insecure-http";

/// Where clouds answer an instance about itself: addresses that lead to the own machine's host only.
fn is_metadata(url: &Url) -> bool {
    match url.host_str() {
        Some("metadata.google.internal" | "metadata") => true,
        Some(host) => host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|ip| ip.is_link_local()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_the_machine() {
        for (text, may, is_near) in [
            ("https://s3.example/b", true, false),
            ("http://127.0.0.1:9000/b", true, false),
            ("http://localhost/b", true, false),
            ("http://s3.example/b", false, false),
            ("http://169.254.169.254/latest", false, true),
            ("http://metadata.google.internal/x", false, true),
            ("http://169.255.1.1/x", false, false),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(may_ask(&url, false), may, "{text}");
            assert_eq!(is_metadata(&url), is_near, "{text}");
            assert!(may_ask(&url, true));
        }
    }
}
