use std::path::Path;

use crate::support::Workdir;
use crate::support::browser::{browse, chromium, left_out};

/// A report of `rows` problems; the first ten cells hold markup.
fn report_of(rows: usize) -> Workdir {
    let dir = Workdir::new();
    let mut text = String::from("Id,Name,Signed\n");
    for i in 0..rows {
        let signed = if i < 10 {
            "<script>alert(1)</script>"
        } else {
            "31/31/2026"
        };
        text.extend([
            "K-",
            &i.to_string(),
            ",Company ",
            &i.to_string(),
            ",",
            signed,
            "\n",
        ]);
    }
    dir.write("e.csv", text);
    dir.write(
        "m.toml",
        "name = \"page\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nsignOnDate = \"Signed\"\n",
    );
    dir.run(&["check", "e.csv", "-m", "m.toml", "--report", "out", "-q"])
        .finish()
        .expect_exit(1);
    dir
}

#[test]
fn the_page_needs_nothing_and_lets_nothing_run() {
    let dir = report_of(60);
    let page = dir.read("out/report.html");
    assert!(page.contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'nonce-"));
    assert!(page.contains("<html lang=\"en\">") && page.contains("<main>"));
    for forbidden in ["http://", "https://", "<script>alert", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("None of the 60 rows can be sent as they are."));
}

/// Opens our page at a fragment, sees that it asks nobody and complains of nothing, and returns its document.
fn open(chromium: &Path, dir: &Workdir, fragment: &str) -> String {
    let opened = browse(chromium, dir, "out/report.html", fragment, &[]);
    assert_eq!(opened.asked, Vec::<String>::new());
    assert_eq!(opened.console, Vec::<String>::new());
    opened.document
}

/// A page that does ask the network is seen to ask, so that the check of ours means something; and the policy that
/// our page carries keeps a browser from asking.
#[test]
fn a_page_that_asks_the_network_is_caught() {
    let Some(chromium) = chromium() else {
        left_out("chromium");
        return;
    };
    let dir = report_of(3);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/picture.png", listener.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let mut line = String::new();
        let (stream, _) = listener.accept().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stream), &mut line).unwrap();
        line
    });
    let page = dir.read("out/report.html");
    let asking = page.replacen("<main>", &format!("<main><img src=\"{url}\">"), 1);
    assert_ne!(page, asking);
    dir.write("out/asking.html", &asking);
    let kept_back = browse(&chromium, &dir, "out/asking.html", "", &[]);
    assert_eq!(kept_back.asked, Vec::<String>::new());
    assert!(
        kept_back
            .console
            .iter()
            .any(|line| line.contains("Content Security Policy")),
        "{:?}",
        kept_back.console
    );
    let without_policy = asking.replacen("Content-Security-Policy", "X-Nothing", 1);
    assert_ne!(asking, without_policy);
    dir.write("out/asking.html", without_policy);
    let free = browse(&chromium, &dir, "out/asking.html", "", &[]);
    assert!(free.asked.contains(&url), "{:?}", free.asked);
    assert_eq!(heard.join().unwrap(), "GET /picture.png HTTP/1.1\r\n");
}

/// A hundred thousand problems in a real browser: the page stays small, and a filter changes every count on it.
#[test]
fn a_browser_opens_a_hundred_thousand_problems() {
    let Some(chromium) = chromium() else {
        left_out("chromium");
        return;
    };
    let dir = report_of(100_000);
    let size = std::fs::metadata(dir.path("out/report.html"))
        .unwrap()
        .len();
    assert!(size < 200_000, "{size} bytes");
    let all = open(&chromium, &dir, "");
    for words in [
        ">Problems: <span id=\"shown\">100,000 errors</span><",
        ">100,000 problems of 1 kind<",
        "× 99,990<",
        ">all (100,000)</option>",
        ">and 99,987 more rows<",
    ] {
        assert!(all.contains(words), "{words}");
    }
    let some = open(&chromium, &dir, "#text=alert");
    for words in [
        "<span id=\"shown\">10 errors</span>",
        ">10 problems of 1 kind shown<",
        "<span class=\"count\">10</span>",
        ">all (10)</option>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ] {
        assert!(some.contains(words), "{words}");
    }
    // A row is found by its key, and only the rows that the page names can be.
    let one = open(&chromium, &dir, "#text=k-11");
    assert!(one.contains("<span id=\"shown\">1 error</span>"));
    let none = open(&chromium, &dir, "#level=warning");
    assert!(none.contains("<span id=\"shown\">none</span>"));
    assert!(none.contains(">0 problems of 0 kinds shown<"));
}
