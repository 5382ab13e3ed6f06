//! Answers that are not the API's own: a firewall's, a proxy's, a redirect's.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Finished, Run, Server, StateIn, Workdir, over_both_states};

over_both_states! {
    one_row_that_is_refused_is_set_aside,
    five_refusals_in_a_row_stop_the_run,
    a_page_now_and_then_stops_nothing,
    a_redirected_create_stops_the_run,
}

fn import(dir: &Workdir, more: &[&str]) -> Run {
    let mut words = vec!["import", "e.csv", "-m", "m.toml", "--json"];
    for (name, value) in [("--rate", "unlimited"), ("--settle", "300ms")] {
        if !more.contains(&name) {
            words.extend([name, value]);
        }
    }
    dir.run(&words).args(more)
}

fn stopped(run: &Finished) -> String {
    let summary = run.summary();
    summary.value()["stopped"].as_str().unwrap().to_owned()
}

/// A firewall does not like one row: the others pass, the row is reported, and a rerun sends it again.
fn one_row_that_is_refused_is_set_aside(at: StateIn) {
    for flags in [&[][..], &["--create-apptivo-account"]] {
        let dir = at.workdir();
        let server = Server::start(&dir, &["--block-name", "Company 3"]);
        dir.simple_export(60);
        let run = import(&dir, flags)
            .args(&["--report", "out"])
            .at(&server)
            .finish()
            .expect_exit(1);
        let summary = run.summary();
        assert_eq!((summary.get("created"), summary.get("deferred")), (59, 1));
        assert!(summary.value()["stopped"].is_null(), "{run:?}");
        let problems = dir.read("out/problems.csv");
        let told: Vec<&str> = problems
            .lines()
            .filter(|l| l.contains("api.forbidden"))
            .collect();
        assert_eq!(told.len(), 1, "{problems}");
        assert!(told[0].contains("403 Forbidden") && told[0].contains("firewall"));
        let refused = server.requests();
        let refused = refused.iter().filter(|r| r["status"] == 403).count();
        assert_eq!(refused, 1, "it is sent once a run");
        assert_eq!(server.by_key().get("K-3"), None);
        // As long as it is refused it is reported again.
        import(&dir, flags).at(&server).finish().expect_exit(1);
        let url = server.url.clone();
        let port = url.rsplit(':').next().unwrap();
        drop(server);
        let server = Server::start(&dir, &["--port", port]);
        let run = import(&dir, flags).at(&server).finish().expect_exit(0);
        assert_eq!(run.summary().get("created"), 1);
        assert_eq!(server.by_key().len(), 60);
        assert!(server.by_key().values().all(|n| *n == 1));
    }
}

/// Five in a row are of no row: the run stops, and those rows are unsent.
fn five_refusals_in_a_row_stop_the_run(at: StateIn) {
    for (fault, words) in [
        ("403=1", ["Missing partners.create", "firewall"]),
        ("403-page=1", ["403 Forbidden", "firewall"]),
        ("200-page=1", ["answered by a web page", "200 OK"]),
    ] {
        let dir = at.workdir();
        let server = Server::start(&dir, &["--fault", fault]);
        dir.simple_export(300);
        let run = import(&dir, &["--settle", "1h"])
            .at(&server)
            .finish()
            .expect_exit(3);
        let said = stopped(&run);
        assert!(words.iter().all(|w| said.contains(w)), "{fault}: {said}");
        let posts = server.count("POST");
        assert!((5..=24).contains(&posts), "{fault}: {posts}");
        assert!(server.partners().is_empty());
        let summary = run.summary();
        let open = summary.get("deferred") + summary.get("in_doubt");
        assert_eq!(open, 300);
        if fault != "200-page=1" {
            assert_eq!(summary.get("in_doubt"), 0);
        }
    }
}

/// A page instead of an answer, now and then: its row is looked up, and sent again.
fn a_page_now_and_then_stops_nothing(at: StateIn) {
    let dir = at.workdir();
    let server = Server::start(&dir, &["--fault", "200-page=0.03", "--seed", "3"]);
    dir.simple_export(150);
    let mut run = import(&dir, &[]).at(&server).finish();
    assert!(run.summary().value()["stopped"].is_null(), "{run:?}");
    if run.exit == 1 {
        // In the order in which they came, one row drew the page three times: it is the next run's.
        run = import(&dir, &[]).at(&server).finish();
    }
    run.expect_exit(0);
    let pages = server.requests();
    let pages = pages.iter().filter(|r| r["fault"] == "200-page").count();
    assert!(pages > 0);
    assert_eq!(server.by_key().len(), 150);
    assert!(server.by_key().values().all(|n| *n == 1));
}

/// A redirect is never followed: the first one ends whatever asked, and says where it points to and what to set.
#[test]
fn a_redirect_names_the_address_to_set() {
    let dir = Workdir::new();
    dir.simple_export(20);
    let good = Server::start(&dir, &[]);
    import(&dir, &[]).at(&good).finish().expect_exit(0);
    let url = good.url.clone();
    let port = url.rsplit(':').next().unwrap();
    drop(good);
    let server = Server::start(&dir, &["--fault", "redirect=1", "--port", port]);
    for words in [
        &["import", "e.csv", "-m", "m.toml", "--state", "new.db"][..],
        &["verify", "e.csv", "-m", "m.toml"],
        &["reconcile", "--adopt", "e.csv", "-m", "m.toml"],
        &["partners", "list"],
        &["partners", "get", "7f4c2f5e-9a43-4b7e-8f6e-0d5f3c1b2a90"],
    ] {
        let run = dir.run(words).at(&server).finish().expect_exit(2);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(
            said.contains("http://127.0.0.1:9/moved") && said.contains("--api-url"),
            "{words:?}: {said}"
        );
        assert!(!said.contains("s3cr3t"), "{words:?}: {said}");
    }
    assert_eq!(server.count("POST"), 0);
}

/// Reads the head of a request and its body.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut seen = Vec::new();
    let mut byte = [0; 1];
    while !seen.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        seen.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&seen).to_string();
    let length = head
        .to_ascii_lowercase()
        .split("content-length: ")
        .nth(1)
        .and_then(|l| l.split("\r\n").next())
        .and_then(|l| l.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(head)
}

/// Answers each request by its head, for as long as the test process lives; counts those whose head begins with `counted`.
fn server(counted: &'static str, answer: fn(&str) -> String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let count = Arc::clone(&counting);
            std::thread::spawn(move || {
                while let Some(head) = read_request(&mut stream) {
                    if head.starts_with(counted) {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    if stream.write_all(answer(&head).as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, count)
}

/// Where creates alone are redirected, those that were under way are in doubt, and no other leaves.
fn a_redirected_create_stops_the_run(at: StateIn) {
    for status in [301, 302, 303, 307, 308] {
        let dir = at.workdir();
        dir.simple_export(50);
        let answer: fn(&str) -> String = match status {
            301 => |head| redirected(head, 301),
            302 => |head| redirected(head, 302),
            303 => |head| redirected(head, 303),
            307 => |head| redirected(head, 307),
            _ => |head| redirected(head, 308),
        };
        let (url, posts) = server("POST", answer);
        // Its list cannot be read, so nothing could be created after a look at it.
        let run = import(&dir, &["--workers", "1", "--adopt=never"])
            .at_url(&url)
            .finish()
            .expect_exit(2);
        let said = stopped(&run);
        assert!(
            said.contains(&status.to_string())
                && said.contains("--api-url https://new.example")
                && !said.contains("s3cr3t"),
            "{said}"
        );
        assert_eq!(posts.load(Ordering::SeqCst), 1);
        let summary = run.summary();
        assert_eq!((summary.get("in_doubt"), summary.get("deferred")), (1, 49));
        assert_eq!(summary.get("exit"), 2);
    }
}

fn redirected(head: &str, status: u16) -> String {
    if head.starts_with("POST") {
        let location = "https://new.example/api/v2/partners?key=s3cr3t";
        format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
    } else {
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_owned()
    }
}

/// Without a name and password no request gets past the proxy, of whatever kind; there is nothing to wait for.
#[test]
fn a_proxy_that_wants_a_name_stops_at_once() {
    let (proxy, asked) = server("", |_| {
        "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n".to_owned()
    });
    for api in ["https://partners.invalid", "http://partners.invalid"] {
        let dir = Workdir::new();
        dir.simple_export(20);
        asked.store(0, Ordering::SeqCst);
        let through = |run: Run| {
            let run = run.env("HTTPS_PROXY", &proxy).env("HTTP_PROXY", &proxy);
            let run = run.env("PARTNER_SYNC_INSECURE_HTTP", "true");
            run.at_url(api).finish().expect_exit(3)
        };
        let run = through(import(&dir, &["--yes"]));
        let said = stopped(&run);
        assert!(
            said.contains("407") && said.contains("HTTP_PROXY or HTTPS_PROXY"),
            "{api}: {said}"
        );
        assert_eq!(run.summary().get("deferred"), 20);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{api}");
        let run = through(dir.run(&["partners", "list"]));
        assert!(run.stderr.contains("HTTPS_PROXY"), "{api}: {run:?}");
    }
}
/// A health check may be out of order while partners are created: a question that is answered counts for more.
#[test]
fn an_api_whose_health_check_alone_fails_is_used() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let dir = Workdir::new();
    dir.simple_export(5);
    let (url, posts) = server("POST", |head| {
        let (status, body) = if head.starts_with("POST") {
            let id = MADE.fetch_add(1, Ordering::SeqCst);
            ("201 Created", format!("{{\"id\":\"p{id}\"}}"))
        } else if head.starts_with("GET /healthcheck") {
            ("503 Service Unavailable", "{}".to_owned())
        } else {
            ("200 OK", "{\"items\":[],\"totalRecords\":0}".to_owned())
        };
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")
    });
    let run = import(&dir, &[]).at_url(&url).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 5);
    assert_eq!(posts.load(Ordering::SeqCst), 5);
}
