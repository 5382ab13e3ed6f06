//! The table of cases of "was it sent?", each against a server that does just that.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use partner_sync::api::{
    Auth, BodyWords, CreateRequest, HttpApi, HttpSettings, ListFilter, PartnersApi as _,
    TokenSource,
};
use partner_sync::clock::Clock;
use partner_sync::partner::{CreateOutcome, ExternalId, NotCreated, Query, SensitiveValues};
use partner_sync::secret::Secret;

fn api(base: &str) -> HttpApi {
    let never = tokio::sync::watch::channel(false).1;
    let auth = Auth::new(TokenSource::Given(Secret::new("t")), Clock::System, never).unwrap();
    let settings = HttpSettings {
        base: base.parse().unwrap(),
        timeout: Duration::from_millis(400),
        connections: 4,
        tls: partner_sync::http_client::Tls::default(),
        body_words: BodyWords::Shown,
        gate: partner_sync::api::Gate::default(),
    };
    HttpApi::new(&settings, auth, Clock::System).unwrap()
}

fn request() -> CreateRequest {
    CreateRequest {
        body: Bytes::from_static(b"{\"organization\":{}}"),
        query: Query::default(),
        legacy_identifier: ExternalId::new("K"),
        sensitive: SensitiveValues::default(),
    }
}

fn verdict(outcome: &CreateOutcome) -> &'static str {
    match outcome {
        CreateOutcome::Created(_) => "created",
        CreateOutcome::Rejected { .. } => "rejected",
        CreateOutcome::NotCreated(NotCreated::NotSent(_)) => "not sent",
        CreateOutcome::NotCreated(_) => "not made",
        CreateOutcome::InDoubt { .. } => "in doubt",
    }
}

/// Answers every connection with `serve` on a thread of its own, for as long as the test process lives.
fn server(serve: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    url
}

/// Reads a whole request: head and as many bytes of body as it says.
fn read_request(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    let mut byte = [0; 1];
    while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        seen.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&seen).to_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|l| l.split("\r\n").next())
        .and_then(|l| l.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    let _ = stream.read_exact(&mut body);
}

fn respond(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes());
}

const CREATED: &str =
    "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n";

#[test]
fn the_table_of_cases() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let hang_in_tls = server(|stream| {
        std::thread::sleep(Duration::from_secs(5));
        drop(stream);
    });
    let cases: Vec<(&str, String, &str)> = vec![
        ("refused", nobody, "not sent"),
        (
            "no such host",
            "http://nowhere.invalid".to_owned(),
            "not sent",
        ),
        (
            "the TLS handshake hangs",
            hang_in_tls.replace("http://127.0.0.1", "https://localhost"),
            "not sent",
        ),
        (
            "TLS against a server that speaks none",
            server(|mut s| respond(&mut s, "nonsense\r\n")).replace("http", "https"),
            "not sent",
        ),
        (
            "reads, then closes",
            server(|mut s| read_request(&mut s)),
            "in doubt",
        ),
        (
            "reads, then hangs",
            server(|mut s| {
                read_request(&mut s);
                std::thread::sleep(Duration::from_secs(5));
            }),
            "in doubt",
        ),
        (
            "reads, then answers garbage",
            server(|mut s| {
                read_request(&mut s);
                respond(&mut s, "\x01\x02 nonsense\r\n\r\n");
            }),
            "in doubt",
        ),
        (
            "201 with a body cut off",
            server(|mut s| {
                read_request(&mut s);
                respond(&mut s, &format!("{CREATED}{{\"id\""));
            }),
            "in doubt",
        ),
        (
            "201 without an id",
            server(|mut s| {
                read_request(&mut s);
                respond(&mut s, &format!("{CREATED}{{\"ok\":\"y\"}}"));
            }),
            "in doubt",
        ),
        (
            "201 with an id",
            server(|mut s| {
                read_request(&mut s);
                respond(&mut s, &format!("{CREATED}{{\"id\":\"a\"}}"));
            }),
            "created",
        ),
        (
            "201 with an id in its Location alone",
            server(|mut s| {
                read_request(&mut s);
                respond(
                    &mut s,
                    "HTTP/1.1 201 Created\r\nlocation: /api/v2/partners/a\r\ncontent-length: 0\r\n\r\n",
                );
            }),
            "created",
        ),
        (
            "201 of another row",
            server(|mut s| {
                read_request(&mut s);
                let body = "{\"id\":\"a\",\"party\":{\"legacyIdentifier\":\"L\"}}";
                let head = "HTTP/1.1 201 Created\r\ncontent-length:";
                respond(&mut s, &format!("{head} {}\r\n\r\n{body}", body.len()));
            }),
            "in doubt",
        ),
        (
            "201 with a body that drips for ever",
            server(|mut s| {
                read_request(&mut s);
                respond(&mut s, "HTTP/1.1 201 Created\r\n\r\n{");
                // A client that waits for the next byte alone would wait for ever.
                while s.write_all(b" ").is_ok() {
                    std::thread::sleep(Duration::from_millis(50));
                }
            }),
            "in doubt",
        ),
        (
            "201 in chunks without an end",
            server(|mut s| {
                read_request(&mut s);
                respond(
                    &mut s,
                    "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n",
                );
                let chunk = [b"2000\r\n".as_slice(), &[b' '; 0x2000], b"\r\n"].concat();
                while s.write_all(&chunk).is_ok() {}
            }),
            "in doubt",
        ),
        (
            "201 packed, which nobody asked for",
            server(|mut s| {
                read_request(&mut s);
                let packed = "\x1f nothing is unpacked";
                let head = "HTTP/1.1 201 Created\r\ncontent-encoding: gzip\r\ncontent-length:";
                respond(&mut s, &format!("{head} {}\r\n\r\n{packed}", packed.len()));
            }),
            "in doubt",
        ),
        (
            "408",
            server(|mut s| {
                read_request(&mut s);
                respond(
                    &mut s,
                    "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n",
                );
            }),
            "in doubt",
        ),
        (
            "a redirect is not followed",
            server(|mut s| {
                read_request(&mut s);
                respond(
                    &mut s,
                    "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
                );
            }),
            "in doubt",
        ),
        (
            "400",
            server(|mut s| {
                read_request(&mut s);
                respond(
                    &mut s,
                    "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno",
                );
            }),
            "rejected",
        ),
        (
            "403",
            server(|mut s| {
                read_request(&mut s);
                respond(
                    &mut s,
                    "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno",
                );
            }),
            "not made",
        ),
        (
            "429",
            server(|mut s| {
                read_request(&mut s);
                respond(
                    &mut s,
                    "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
                );
            }),
            "not made",
        ),
        (
            "503",
            server(|mut s| {
                read_request(&mut s);
                respond(
                    &mut s,
                    "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
                );
            }),
            "in doubt",
        ),
    ];
    for (name, url, expected) in cases {
        let outcome = runtime.block_on(api(&url).create(request()));
        assert_eq!(verdict(&outcome), expected, "{name}: {outcome:?}");
    }
}

/// Nor does a page of the list that drips, or has no end, hold a question for longer than its time.
#[test]
fn a_page_without_an_end_is_no_page() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let drips = server(|mut s| {
        read_request(&mut s);
        respond(&mut s, "HTTP/1.1 200 OK\r\n\r\n[");
        while s.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let floods = server(|mut s| {
        read_request(&mut s);
        respond(&mut s, "HTTP/1.1 200 OK\r\n\r\n[");
        while s.write_all(&vec![b' '; 0x10000]).is_ok() {}
    });
    for url in [drips, floods] {
        let page = runtime.block_on(api(&url).list(&ListFilter::default(), 0, 1));
        assert!(page.is_err(), "{page:?}");
    }
}

#[test]
fn an_idle_connection_that_the_server_closed_is_no_silent_second_post() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    // One answer on each connection, then it is closed without a word.
    let url = server(|mut s| {
        read_request(&mut s);
        respond(&mut s, &format!("{CREATED}{{\"id\":\"a\"}}"));
        std::thread::sleep(Duration::from_millis(20));
    });
    let api = api(&url);
    for _ in 0..5 {
        let outcome = runtime.block_on(api.create(request()));
        // Made, or unknown: never a proof that it was not sent once the body was asked for.
        assert!(
            matches!(verdict(&outcome), "created" | "in doubt" | "not sent"),
            "{outcome:?}"
        );
        std::thread::sleep(Duration::from_millis(15));
    }
}
