use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use http::Method;
use http::header::AUTHORIZATION;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::answer_words::Said;
use super::super::gate::Gate;
use super::super::network::{Unread, error_words, is_proxy_refusal, read_answer};
use super::*;

/// Longer than connecting may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A server that takes one request and says so little; its address, and what it was sent once that is over.
async fn says(answer: &'static str) -> (SocketAddr, impl Future<Output = (String, TcpStream)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (mut taken, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"the end") {
            taken.read_buf(&mut request).await.unwrap();
        }
        taken.write_all(answer.as_bytes()).await.unwrap();
        // It stays open.
        (String::from_utf8(request).unwrap(), taken)
    });
    (address, async { served.await.unwrap() })
}

fn through(proxy: Option<String>) -> Transport {
    let proxies = proxy.map(|proxy| Arc::new(Matcher::builder().all(proxy).build()));
    let tls = Tls::config_without_certificates().unwrap();
    Transport::with_proxies(proxies, tls, TIMEOUT, 1)
}

fn get(uri: &str) -> Request<ProbeBody> {
    let mut request = Request::new(ProbeBody::empty());
    *request.uri_mut() = uri.parse().unwrap();
    request
}

/// Each line, so that no library adds or loses one unseen.
#[tokio::test]
async fn a_request_is_these_bytes() {
    let (address, served) = says("HTTP/1.1 204 No Content\r\n\r\n").await;
    let body = Bytes::from_static(b"the end");
    let mut request = Request::new(ProbeBody::new(body, Gate::default()).0);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("http://{address}/api/v2/partners?a=b")
        .parse()
        .unwrap();
    let bearer = HeaderValue::from_static("Bearer token");
    request.headers_mut().insert(AUTHORIZATION, bearer);
    let answer = through(None).send(request).await.unwrap();
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "POST /api/v2/partners?a=b HTTP/1.1\r\nauthorization: Bearer token\r\naccept: */*\r\n\
         user-agent: partner-sync/{version}\r\nhost: {address}\r\ncontent-length: 7\r\n\r\nthe end"
    );
    assert_eq!(served.await.0, expected);

    let (address, served) = says("HTTP/1.1 204 No Content\r\n\r\n").await;
    let asked = get(&format!("http://{address}/x"));
    through(None).send(asked).await.unwrap();
    let expected = format!(
        "GET /x HTTP/1.1\r\naccept: */*\r\nuser-agent: partner-sync/{version}\r\nhost: {address}\r\n\r\n"
    );
    assert_eq!(served.await.0, expected);
}

/// A plain request is passed on by the proxy, which is told the whole address and its own name and password.
#[tokio::test]
async fn a_proxy_passes_a_plain_request_on() {
    let (address, served) = says("HTTP/1.1 204 No Content\r\n\r\n").await;
    let transport = through(Some(format!("http://name:word@{address}")));
    let answer = transport.send(get("http://api.example/x")).await.unwrap();
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let (request, _) = served.await;
    assert!(
        request.starts_with("GET http://api.example/x HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains("\r\nhost: api.example\r\n"), "{request}");
    let name = "\r\nproxy-authorization: Basic bmFtZTp3b3Jk\r\n";
    assert!(request.contains(name), "{request}");
}

/// Nothing of a request to https is seen by the proxy.
#[tokio::test]
async fn a_proxy_opens_a_tunnel_to_https() {
    let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let (address, served) = says(refusal).await;
    let transport = through(Some(format!("http://name:word@{address}")));
    let mut request = get("https://api.example/x");
    let bearer = HeaderValue::from_static("Bearer token");
    request.headers_mut().insert(AUTHORIZATION, bearer);
    let failure = transport.send(request).await.unwrap_err();
    assert!(
        failure.is_connect() && is_proxy_refusal(&failure),
        "{failure:?}"
    );
    let (request, _) = served.await;
    let line = "CONNECT api.example:443 HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    for header in [
        "proxy-authorization: Basic bmFtZTp3b3Jk\r\n",
        concat!(
            "user-agent: partner-sync/",
            env!("CARGO_PKG_VERSION"),
            "\r\n"
        ),
    ] {
        assert!(
            request
                .to_ascii_lowercase()
                .contains(&header.to_ascii_lowercase())
        );
    }
    assert!(!request.contains("token") && !request.contains("/x"));
}

/// From here on time passes while nothing happens.
async fn timed_out(sent: tokio::task::JoinHandle<Result<Response, Failure>>) -> Failure {
    tokio::time::pause();
    let failure = sent.await.unwrap().unwrap_err();
    assert!(failure.is_timeout(), "{failure:?}");
    failure
}

fn other(said: Said) -> String {
    let Said::Other(words) = said else {
        panic!("{said:?}")
    };
    words
}

fn words(failure: &Failure) -> String {
    other(error_words(failure))
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let (address, served) = says("").await;
    let request = get(&format!("http://{address}/x"));
    let sent = tokio::spawn(async move { through(None).send(request).await });
    let _open = served.await;
    let from = Instant::now();
    let failure = timed_out(sent).await;
    assert!(!failure.is_connect() && words(&failure).contains("no answer in time"));
    assert!(from.elapsed() < TIMEOUT + CONNECT, "{:?}", from.elapsed());
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_not_waited_for() {
    let (address, served) = says("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await;
    let asked = get(&format!("http://{address}/x"));
    let answer = through(None).send(asked).await.unwrap();
    let _open = served.await;
    assert_eq!(answer.status, StatusCode::OK);
    tokio::time::pause();
    let Err(Unread::BrokeOff(why)) = read_answer(answer, 1000).await else {
        panic!("it has no end")
    };
    assert_eq!(other(why), "no answer in time (timeout)");
}

/// A proxy that does not open its tunnel is no connection.
#[tokio::test]
async fn a_connection_that_does_not_come_is_not_waited_for() {
    let (address, served) = says("").await;
    let transport = through(Some(format!("http://{address}")));
    let sent = tokio::spawn(async move { transport.send(get("https://api.example/x")).await });
    let _open = served.await;
    let from = Instant::now();
    let failure = timed_out(sent).await;
    assert!(failure.is_connect() && words(&failure).contains("no connection in time"));
    // Not as long as an answer would be waited for.
    assert!(from.elapsed() < TIMEOUT, "{:?}", from.elapsed());
}

/// The words are of each cause, once, without the library's own "client error".
#[tokio::test]
async fn a_refused_connection_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let asked = get(&format!("http://{address}/x"));
    let failure = through(None).send(asked).await.unwrap_err();
    let words = words(&failure);
    assert!(failure.is_connect() && !failure.is_timeout());
    assert!(words.contains("Connection refused"), "{words}");
    assert!(!words.contains("client error"), "{words}");
}

/// The system gives a connection up by itself, while it waits for an answer too.
#[test]
fn a_cause_of_an_error_may_be_that_time_ran_out() {
    #[derive(Debug, thiserror::Error)]
    #[error("outside")]
    struct Outside(#[source] Box<dyn std::error::Error>);

    let io = |kind: std::io::ErrorKind| Box::new(std::io::Error::from(kind));
    let cases: [(Box<dyn std::error::Error>, bool); 4] = [
        (Box::new(ConnectTimeout), true),
        (io(std::io::ErrorKind::TimedOut), true),
        (io(std::io::ErrorKind::ConnectionReset), false),
        (Box::new(Outside("no".into())), false),
    ];
    for (error, expected) in cases {
        assert_eq!(took_too_long(&*error), expected, "{error:?}");
        let inside = Outside(Box::new(Outside(error)));
        assert_eq!(took_too_long(&inside), expected, "{inside:?}");
    }
}
