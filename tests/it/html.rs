use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::{Workdir, text};

/// Debian's Chromium, where there is one.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromium"))
        .find(|file| file.is_file())
}

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
    assert!(page.contains("60 of 60 rows cannot be sent as they are."));
}

/// What a browser did with a page.
struct Opened {
    /// The document as the browser ended up with it.
    document: String,
    /// What the page wrote, or made the browser write, to the console.
    console: Vec<String>,
    /// The addresses that the page asked for.
    asked: Vec<String>,
}

/// Opens a page, with a fragment after its name, in a browser that reaches loopback and nothing else.
fn browse(chromium: &PathBuf, dir: &Workdir, page: &str, fragment: &str) -> Opened {
    let netlog = dir.path("net.json");
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", dir.path("profile").display()))
        .arg(format!("--log-net-log={}", netlog.display()))
        .arg(format!("file://{}{fragment}", dir.path(page).display()))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    Opened {
        document: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: log
            .lines()
            .filter(|line| line.contains("CONSOLE"))
            .map(str::to_owned)
            .collect(),
        asked: asked_by_the_page(&std::fs::read_to_string(&netlog).unwrap()),
    }
}

/// The addresses in a net log that a page from a file asked for. The browser asks for things of its own; what a
/// page asks for is kept under the page's own site.
fn asked_by_the_page(netlog: &str) -> Vec<String> {
    netlog
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.trim_end_matches(',')).ok())
        .filter(|event| text(event, "/params/site_for_cookies").contains("site=file://"))
        .map(|event| text(&event, "/params/url"))
        .filter(|url| !url.is_empty() && !url.starts_with("file:") && !url.starts_with("data:"))
        .collect()
}

/// Opens our page at a fragment, sees that it asks nobody and complains of nothing, and returns its document.
fn open(chromium: &PathBuf, dir: &Workdir, fragment: &str) -> String {
    let opened = browse(chromium, dir, "out/report.html", fragment);
    assert_eq!(opened.asked, Vec::<String>::new());
    assert_eq!(opened.console, Vec::<String>::new());
    opened.document
}

/// A page that does ask the network is seen to ask, so that the check of ours means something; and the policy that
/// our page carries keeps a browser from asking.
#[test]
fn a_page_that_asks_the_network_is_caught() {
    let Some(chromium) = chromium() else {
        left_out();
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
    let kept_back = browse(&chromium, &dir, "out/asking.html", "");
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
    let free = browse(&chromium, &dir, "out/asking.html", "");
    assert!(free.asked.contains(&url), "{:?}", free.asked);
    assert_eq!(heard.join().unwrap(), "GET /picture.png HTTP/1.1\r\n");
}

/// Says so, so that nobody takes this for a pass of the browser's part.
fn left_out() {
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        b"left out: there is no chromium on this machine\n",
    );
}

/// A hundred thousand problems in a real browser: it opens, filters, and shows a group page by page.
#[test]
fn a_browser_opens_a_hundred_thousand_problems() {
    let Some(chromium) = chromium() else {
        left_out();
        return;
    };
    let dir = report_of(100_000);
    let all = open(&chromium, &dir, "#open=0");
    assert!(
        all.contains(">100,000 problems in 1 group<"),
        "{}",
        &all[..2000]
    );
    assert!(all.contains(">1 to 50 of 100,000<"));
    let some = open(&chromium, &dir, "#text=alert&open=0");
    assert!(some.contains(">10 problems in 1 group<"));
    assert!(some.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let none = open(&chromium, &dir, "#severity=warning");
    assert!(none.contains(">0 problems in 0 groups<"));
}
