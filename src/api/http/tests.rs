use super::super::scripted::request;
use super::super::token::TokenSource;
use super::*;
use crate::http_client::is_loopback;
use crate::partner::DoubtCause;
use crate::secret::Secret;
use hyper_util::client::proxy::matcher::Matcher;

/// Requests that a server got: method and target, and the body.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// The API at an address.
fn at(base: &str) -> HttpApi {
    let settings = HttpSettings {
        base: Url::parse(base).unwrap(),
        timeout: Duration::from_secs(10),
        connections: 1,
        tls: Tls::default(),
        body_words: BodyWords::Shown,
        gate: Gate::default(),
    };
    let token = TokenSource::Given(Secret::new("token"));
    let never = tokio::sync::watch::channel(false).1;
    let auth = Auth::new(token, Clock::System, never).unwrap();
    HttpApi::new(&settings, auth, Clock::System).unwrap()
}

/// A server that answers everything with this status, these headers and this body, and what it was asked.
async fn with_headers(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &str,
) -> (HttpApi, Asked) {
    let body = body.to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let answer = move |method: Method, target: http::Uri, sent: String| async move {
        let asked = (format!("{method} {target}"), sent);
        seen.lock().unwrap().push(asked);
        (
            status,
            axum::response::AppendHeaders(headers.to_vec()),
            body,
        )
    };
    let app = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    (at(&base), asked)
}

/// A server that answers everything with this status and body.
async fn that_answers(status: u16, body: &str) -> HttpApi {
    with_headers(status, &[], body).await.0
}

/// What was asked, without the bodies.
fn targets(asked: &Asked) -> Vec<String> {
    let asked = asked.lock().unwrap();
    asked.iter().map(|(target, _)| target.clone()).collect()
}

#[tokio::test]
async fn a_server_without_a_health_check_is_well() {
    for (status, well) in [
        (200, true),
        (404, true),
        (405, true),
        (401, false),
        (500, false),
        (503, false),
    ] {
        let health = that_answers(status, "{}").await.health().await;
        assert_eq!(health.is_ok(), well, "{status}: {health:?}");
    }
}

/// One answer may not fill the memory: a partner is small, a page has a hundred of them.
#[tokio::test]
async fn an_answer_is_read_up_to_its_limit() {
    let filled = |start: &str, bytes: usize| {
        let padding = bytes - start.len() - "\"}".len();
        format!("{start}{}\"}}", "x".repeat(padding))
    };
    for (more, created) in [(0, true), (1, false)] {
        let body = filled("{\"id\":\"a\",\"x\":\"", 1024 * 1024 + more);
        let outcome = that_answers(201, &body).await.create(request()).await;
        assert_eq!(
            matches!(outcome, CreateOutcome::Created(_)),
            created,
            "{more}"
        );
        let page = filled("{\"items\":[],\"x\":\"", 8 * 1024 * 1024 + more);
        let api = that_answers(200, &page).await;
        let page = api.list(&ListFilter::default(), 0, 1).await;
        match page {
            Ok(_) => assert!(created),
            // Asking again would bring the same.
            Err(error) => assert!(!created && !error.is_transient(), "{error}"),
        }
    }
}

#[test]
fn loopback_is_known() {
    for (url, loopback) in [
        ("http://127.0.0.1:80", true),
        ("http://[::1]:80", true),
        ("http://localhost", true),
        ("http://LocalHost.:80", true),
        ("http://127.1.2.3", true),
        ("http://2130706433", true),
        ("http://[::ffff:127.0.0.1]", true),
        ("http://localhost.example", false),
        ("http://127.0.0.1.example", false),
        ("http://localhost@example.com", false),
        ("http://0.0.0.0", false),
        ("http://[::]", false),
        ("http://192.168.0.1", false),
        ("https://orgs.ecg-api.com", false),
    ] {
        assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback);
    }
}

/// What the server is asked, letter by letter: the flags only where one is on, the body as it is, the id as one segment.
#[tokio::test]
async fn requests_are_the_documented_ones() {
    for (apptivo, bill, query) in [
        (false, false, ""),
        (
            true,
            false,
            "?createApptivoAccount=true&createBillDotComProfile=false",
        ),
        (
            false,
            true,
            "?createApptivoAccount=false&createBillDotComProfile=true",
        ),
    ] {
        let (api, asked) = with_headers(201, &[], r#"{"id":"a"}"#).await;
        let request = CreateRequest {
            body: "{\"x\":1}".into(),
            query: Query {
                create_apptivo_account: apptivo,
                create_bill_com_profile: bill,
            },
            ..request()
        };
        let made = CreateOutcome::Created(PartnerId::new("a"));
        assert_eq!(api.create(request).await, made);
        let expected = (
            format!("POST /api/v2/partners{query}"),
            "{\"x\":1}".to_owned(),
        );
        assert_eq!(*asked.lock().unwrap(), [expected]);
    }
    let (api, asked) = with_headers(200, &[], r#"{"id":"a/b"}"#).await;
    let include = ["x", "y"].map(str::to_owned);
    let got = api.get(&PartnerId::new("a/b"), &include).await.unwrap();
    assert_eq!(got.unwrap().id, PartnerId::new("a/b"));
    let expected = ["GET /api/v2/partners/a%2Fb?include=x&include=y"];
    assert_eq!(targets(&asked), expected);
}

#[tokio::test]
async fn a_partner_that_is_got_by_id_is_there_or_not() {
    let id = PartnerId::new("a");
    let get = async |status, body| that_answers(status, body).await.get(&id, &[]).await;
    assert_eq!(get(404, "{}").await, Ok(None));
    let found = get(200, r#"{"id":"a"}"#).await;
    assert_eq!(found.unwrap().unwrap().id, id);
    assert!(matches!(get(200, "{}").await, Err(ApiError::Unreadable(_))));
    assert!(matches!(
        get(410, "{}").await,
        Err(ApiError::Status { status: 410, .. })
    ));
}

/// The time that a refusal asks for is kept with it; a spent quota of a good answer is a pause of everything, once.
#[tokio::test]
async fn a_server_says_for_how_long_it_is_left_alone() {
    let refused: &[(&str, &str)] = &[("retry-after", "7"), ("ratelimit", "r=0;t=5")];
    let quota: &[(&str, &str)] = &[("ratelimit", "r=0;t=5")];
    let seconds = |n| Some(Duration::from_secs(n));
    for (status, headers, asked, backpressure) in [
        (429, refused, seconds(7), None),
        (503, quota, seconds(5), None),
        (429, &[], None, None),
        (200, quota, None, seconds(5)),
        (200, refused, None, seconds(5)),
        (200, &[], None, None),
    ] {
        let (api, _) = with_headers(status, headers, "{\"items\":[]}").await;
        let listed = api.list(&ListFilter::default(), 0, 1).await;
        match listed {
            Ok(_) => assert_eq!(status, 200),
            Err(error) => assert_eq!(error.retry_after(), asked, "{status} {headers:?}"),
        }
        assert_eq!(api.take_backpressure(), backpressure, "{status}");
        assert_eq!(api.take_backpressure(), None);
        let created = api.create(request()).await;
        if status == 429 {
            let throttled = NotCreated::Throttled { retry_after: asked };
            assert_eq!(created, CreateOutcome::NotCreated(throttled));
        }
    }
    // A time of day is counted from the clock of the run.
    let (api, _) = with_headers(429, &[("retry-after", "Thu, 01 Jan 1970 00:01:40 GMT")], "").await;
    let clock = Clock::Manual(Arc::new(std::sync::atomic::AtomicI64::new(60_000)));
    let api = HttpApi { clock, ..api };
    let refused = api.list(&ListFilter::default(), 0, 1).await.unwrap_err();
    assert_eq!(refused.retry_after(), seconds(40));
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let elsewhere: &[(&str, &str)] = &[("location", "/elsewhere")];
    let (api, asked) = with_headers(307, elsewhere, "").await;
    let listed = api.list(&ListFilter::default(), 0, 1).await;
    let Err(ApiError::Redirected(words)) = listed else {
        panic!("{listed:?}")
    };
    assert!(words.as_str().contains("/elsewhere"), "{words}");
    let created = api.create(request()).await;
    assert!(
        matches!(
            created,
            CreateOutcome::InDoubt {
                cause: DoubtCause::Redirected,
                status: Some(307),
                ..
            }
        ),
        "{created:?}"
    );
    assert_eq!(asked.lock().unwrap().len(), 2);
}

/// A request that nobody took was not sent; one whose body was taken may have made a partner.
#[tokio::test]
async fn only_a_body_that_was_asked_for_can_have_made_a_partner() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let refused = at(&base).create(request()).await;
    let CreateOutcome::NotCreated(NotCreated::NotSent(words)) = refused else {
        panic!("{refused:?}")
    };
    // What the libraries add to it says nothing to a person.
    assert_eq!(words.as_str().to_ascii_lowercase(), "connection refused");

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::AsyncReadExt as _;
        // Takes the whole request and hangs up.
        while let Ok((mut taken, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"the end") && taken.read_buf(&mut request).await.is_ok() {}
        }
    });
    let request = CreateRequest {
        body: "the end".into(),
        ..request()
    };
    let lost = at(&base).create(request).await;
    assert!(
        matches!(
            lost,
            CreateOutcome::InDoubt {
                cause: DoubtCause::Unproved,
                status: None,
                ..
            }
        ),
        "{lost:?}"
    );
}

/// A proxy that wants a name opens no way to the API: nothing was sent, and it is the proxy that needs the name.
#[tokio::test]
async fn a_proxy_that_wants_a_name_is_told_from_an_api_that_is_away() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut taken, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") && taken.read_buf(&mut request).await.is_ok() {}
            let answer = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
            let _ = taken.write_all(answer.as_bytes()).await;
        }
    });
    let proxies = Matcher::builder().all(proxy).build();
    let tls = Tls::default().config().unwrap();
    let api = HttpApi {
        transport: Transport::with_proxies(
            Some(Arc::new(proxies)),
            tls,
            Duration::from_secs(10),
            1,
        ),
        ..at("https://api.example")
    };
    let created = api.create(request()).await;
    assert!(
        matches!(
            created,
            CreateOutcome::NotCreated(NotCreated::ProxyAuthentication(_))
        ),
        "{created:?}"
    );
    let asked = api.health().await;
    assert!(
        matches!(asked, Err(ApiError::ProxyAuthentication(_))),
        "{asked:?}"
    );
}
