//! Servers that answer honestly, but otherwise than the documentation's example: each is a small API that says what its test
//! has it say.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Run, Server, StateIn, Workdir, over_both_states};

over_both_states! {
    a_byte_order_mark_is_passed_over,
    an_empty_list_may_be_null,
    a_server_that_refuses_long_pages_is_asked_for_shorter_ones,
    an_identifier_that_comes_back_otherwise_makes_no_second_partner,
    identifiers_that_are_alike_hinder_no_row,
    a_lost_state_and_identifiers_that_come_back_otherwise_make_no_second_partner,
}

/// What is answered: a status and a body, or nothing, and the connection is closed.
type Said = Option<(u16, String)>;

/// An API with partners: legacyIdentifiers and names, by which their ids are numbered.
#[derive(Default)]
struct Api {
    partners: Vec<(String, String)>,
    posts: usize,
}

impl Api {
    fn shown(&self, at: usize, show: fn(&str) -> Value) -> Value {
        let (legacy, name) = &self.partners[at];
        json!({"id": format!("p-{at}"), "businessName": name, "party": {"legacyIdentifier": show(legacy)}})
    }

    /// Creates the partner of a request body; its place.
    fn create(&mut self, body: &Value) -> usize {
        let text = |name: &str| body["organization"][name].as_str().unwrap().to_owned();
        self.partners
            .push((text("legacyIdentifier"), text("businessName")));
        self.partners.len() - 1
    }

    /// A page of the list, as it is documented.
    fn list(&self, target: &str, show: fn(&str) -> Value) -> Value {
        let term = parameter(target, "searchTerm").map(|t| t.to_lowercase());
        let number = |name| parameter(target, name).and_then(|n| n.parse::<usize>().ok());
        let (skip, take) = (number("skip").unwrap_or(0), number("take").unwrap_or(10));
        let hits: Vec<usize> = (0..self.partners.len())
            .filter(|at| {
                let name = self.partners[*at].1.to_lowercase();
                term.as_ref().is_none_or(|term| name.contains(term))
            })
            .collect();
        let items: Vec<Value> = hits
            .iter()
            .skip(skip * take)
            .take(take)
            .map(|at| self.shown(*at, show))
            .collect();
        json!({"items": items, "currentPageNumber": skip + 1, "totalRecords": hits.len(), "totalPages": hits.len().div_ceil(take)})
    }
}

/// A parameter of a target; of an encoded one no more than a word.
fn parameter(target: &str, name: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(n, _)| *n == name)?;
    Some(value.replace('+', " "))
}

/// A question or a create: method, target, body.
type Asked<'a> = (&'a str, &'a str, &'a Value);

/// Serves an API for as long as the test process lives.
fn serve(
    answer: impl Fn(&mut Api, Asked<'_>) -> Said + Send + Sync + 'static,
) -> (String, Arc<Mutex<Api>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (api, answer) = (Arc::new(Mutex::new(Api::default())), Arc::new(answer));
    let served = Arc::clone(&api);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (api, answer) = (Arc::clone(&served), Arc::clone(&answer));
            std::thread::spawn(move || {
                while let Some((method, target, body)) = read_request(&mut stream) {
                    let said = answer(&mut api.lock().unwrap(), (&method, &target, &body));
                    let Some((status, text)) = said else { return };
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
                        text.len()
                    );
                    if stream.write_all((head + &text).as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, api)
}

fn read_request(stream: &mut TcpStream) -> Option<(String, String, Value)> {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let mut words = head.split(' ').map(str::to_owned);
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Some((words.next()?, words.next()?, body))
}

fn as_sent(legacy: &str) -> Value {
    json!(legacy)
}

/// As an honest API answers.
fn honest(api: &mut Api, asked: Asked<'_>, show: fn(&str) -> Value) -> (u16, Value) {
    match asked {
        ("POST", _, body) => {
            let at = api.create(body);
            (201, api.shown(at, show))
        }
        (_, "/healthcheck", _) => (200, json!({"status": "ok"})),
        (_, target, _) => (200, api.list(target, show)),
    }
}

fn text((status, body): (u16, Value)) -> (u16, String) {
    (status, body.to_string())
}

fn import(dir: &Workdir, url: &str) -> Run {
    let words = ["import", "e.csv", "-m", "m.toml", "--json", "--yes"];
    let run = dir
        .run(&words)
        .args(&["--rate", "unlimited", "--settle", "300ms"]);
    run.at_url(url)
}

/// A row of each key; the names are words that no two of them share.
fn rows(dir: &Workdir, keys: &[&str]) {
    dir.simple_export(0);
    let row = |(n, key): (usize, &&str)| format!("{key},Company{n}\n");
    let rows: String = keys.iter().enumerate().map(row).collect();
    dir.write("e.csv", format!("Id,Name\n{rows}"));
}

/// Whether the create of this request loses its answer: the first one of each key that is asked for.
fn loses(api: &Api, asked: Asked<'_>, keys: &[&str]) -> bool {
    let key = asked.2["organization"]["legacyIdentifier"].as_str();
    let is_first = |key: &str| api.partners.iter().all(|(k, _)| k != key);
    key.is_some_and(|key| keys.contains(&key) && is_first(key))
}

/// .NET writes one where its encoding is not told otherwise.
fn a_byte_order_mark_is_passed_over(at: StateIn) {
    let dir = at.workdir();
    rows(&dir, &["K-1", "K-2", "K-3"]);
    let (url, api) = serve(|api, asked| {
        let lost = loses(api, asked, &["K-2"]);
        let (status, body) = honest(api, asked, as_sent);
        (!lost).then(|| (status, format!("\u{feff}{body}")))
    });
    let run = import(&dir, &url).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 3);
    assert_eq!(api.lock().unwrap().partners.len(), 3);
}

fn an_empty_list_may_be_null(at: StateIn) {
    let dir = at.workdir();
    rows(&dir, &["K-1", "K-2"]);
    let (url, _) = serve(|api, asked| {
        let (status, mut body) = honest(api, asked, as_sent);
        if body["items"] == json!([]) {
            body["items"] = Value::Null;
        }
        Some(text((status, body)))
    });
    let run = import(&dir, &url).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 2);
}

/// The documentation names no longest page. A look-up that asked for too much would never be answered.
fn a_server_that_refuses_long_pages_is_asked_for_shorter_ones(at: StateIn) {
    let dir = at.workdir();
    rows(&dir, &["K-1", "K-2", "K-3", "K-4"]);
    let (url, api) = serve(|api, asked| {
        let take = parameter(asked.1, "take").and_then(|take| take.parse::<u64>().ok());
        if take.is_some_and(|take| take > 25) {
            return Some(text((
                400,
                json!({"message": ["take must not be greater than 25"]}),
            )));
        }
        let lost = loses(api, asked, &["K-2", "K-3"]);
        let answer = honest(api, asked, as_sent);
        (!lost).then(|| text(answer))
    });
    import(&dir, &url).finish().expect_exit(0);
    assert_eq!(api.lock().unwrap().partners.len(), 4);
    // A state that is lost is found again, too.
    let again = Workdir::new();
    rows(&again, &["K-1", "K-2", "K-3", "K-4", "K-5"]);
    let run = import(&again, &url).finish().expect_exit(0);
    assert_eq!(run.summary().get("adopted"), 4);
    assert_eq!(api.lock().unwrap().partners.len(), 5);
}

/// A number, where the identifier is one: `007` becomes 7, and `12` stays what it was, so that the list is believed.
fn an_identifier_that_comes_back_otherwise_makes_no_second_partner(at: StateIn) {
    fn as_number(legacy: &str) -> Value {
        legacy
            .parse::<u64>()
            .map_or_else(|_| json!(legacy), Value::from)
    }
    let keys = ["12", "13", "007", "14", "0015"];
    let dir = at.workdir();
    rows(&dir, &keys);
    let (url, api) = serve(move |api, asked| {
        let lost = loses(api, asked, &keys[2..]);
        let answer = honest(api, asked, as_number);
        (!lost).then(|| text(answer))
    });
    for _ in 0..3 {
        let run = import(&dir, &url).args(&["--report", "out"]).finish();
        let run = run.expect_exit(1);
        assert_eq!(run.summary().get("in_doubt"), 2, "{run:?}");
        assert_eq!(api.lock().unwrap().partners.len(), 5);
        let problems = dir.read("out/problems.csv");
        for says in ["may be this row's, written otherwise", "state resolve KEY"] {
            assert!(problems.contains(says), "{problems}");
        }
    }
}

/// What the first state knew is lost with it: which rows the API wrote otherwise is found out by a walk over its list.
fn a_lost_state_and_identifiers_that_come_back_otherwise_make_no_second_partner(at: StateIn) {
    let keys = ["12", "13", "007", "14", "0015"];
    let first = at.workdir();
    rows(&first, &keys);
    let (url, api) = serve(move |api, asked| {
        let (status, body) = honest(api, asked, |legacy| json!(legacy.trim_start_matches('0')));
        // The answer to a create echoes what was sent; only the list shows what became of it.
        let sent = &asked.2["organization"]["legacyIdentifier"];
        let mut body = body;
        if asked.0 == "POST" {
            body["party"]["legacyIdentifier"] = sent.clone();
        }
        Some(text((status, body)))
    });
    import(&first, &url).finish().expect_exit(0);
    let id_of = |key: &str| {
        let partners = &api.lock().unwrap().partners;
        let at = partners.iter().position(|(legacy, _)| legacy == key);
        format!("p-{}", at.unwrap())
    };
    let (its, other) = (id_of("007"), id_of("0015"));
    let again = at.workdir();
    rows(&again, &["12", "13", "007", "14", "0015", "16"]);
    let dry = import(&again, &url).args(&["--dry-run"]).finish();
    let dry = dry.expect_exit(1).summary();
    assert_eq!(
        ["in_doubt", "adopted", "created"].map(|n| dry.get(n)),
        [2, 3, 1]
    );
    for (adopted, created, skipped) in [(3, 1, 0), (0, 0, 4)] {
        let run = import(&again, &url).args(&["--report", "out"]).finish();
        let summary = run.expect_exit(1).summary();
        let counts = ["in_doubt", "adopted", "created", "skipped"].map(|name| summary.get(name));
        assert_eq!(counts, [2, adopted, created, skipped]);
        assert_eq!(api.lock().unwrap().partners.len(), 6);
        let problems = again.read("out/problems.csv");
        for says in [its.as_str(), &other, "state resolve KEY"] {
            assert!(problems.contains(says), "{problems}");
        }
    }
    // A person decides: one of them is the row's, the other one is somebody else's.
    for decision in [&["007", "--created", &its][..], &["0015", "--absent"]] {
        let words = [&["state", "resolve"], decision, &["--yes"]].concat();
        again.run(&words).finish().expect_exit(0);
    }
    let run = import(&again, &url).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 1);
    // Another export of the same source follows the lost state as well, although the API has no partner more than before.
    let third = at.workdir();
    rows(&third, &["12", "13"]);
    import(&third, &url).finish().expect_exit(0);
    rows(&third, &["12", "13", "007"]);
    let run = import(&third, &url).finish().expect_exit(1).summary();
    assert_eq!((run.get("skipped"), run.get("in_doubt")), (2, 1));
    assert_eq!(api.lock().unwrap().partners.len(), 7);
}

/// Keys may differ in no more than that: a partner that another row has is not this row's.
fn identifiers_that_are_alike_hinder_no_row(at: StateIn) {
    let keys = ["7", "007", "K-1", "k1", "K1"];
    let dir = at.workdir();
    rows(&dir, &keys);
    let (url, api) = serve(|api, asked| {
        // The first posts of these two are lost on their way, when the others are there.
        let key = asked.2["organization"]["legacyIdentifier"].as_str();
        if matches!(key, Some("007" | "k1")) {
            api.posts += 1;
            if api.posts <= 2 {
                return None;
            }
        }
        Some(text(honest(api, asked, as_sent)))
    });
    let run = import(&dir, &url).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 5);
    assert_eq!(api.lock().unwrap().partners.len(), 5);
}

/// What follows an address would stand before each path.
#[test]
fn an_address_ends_with_its_path() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.simple_export(1);
    for behind in ["?tenant=1", "#top", "/orgs?x"] {
        let run = import(&dir, &format!("{}{behind}", server.url)).finish();
        let run = run.expect_exit(2);
        assert!(
            run.stderr.contains("must end with its path"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("tenant"), "{}", run.stderr);
    }
    assert!(server.requests().is_empty());
}

/// The proxy is what cannot be reached, and who set it may not know of it.
#[test]
fn a_proxy_that_fails_is_named() {
    let dir = Workdir::new();
    dir.simple_export(1);
    for (proxy, says) in [
        (
            "http://name:s3cr3t@127.0.0.1:9",
            "through the proxy http://127.0.0.1:9 (HTTPS_PROXY",
        ),
        ("socks5://127.0.0.1:9", "has to be one of http or https"),
    ] {
        for api in ["http://partners.invalid", "https://partners.invalid"] {
            let run = import(&dir, api).args(&["--outage", "0s", "--insecure-http"]);
            let run = run.env("ALL_PROXY", proxy).finish().expect_exit(3);
            let stopped = run.summary().value()["stopped"].to_string();
            assert!(stopped.contains(says), "{api}: {stopped}");
            assert!(!stopped.contains("s3cr3t"), "{stopped}");
        }
    }
}
