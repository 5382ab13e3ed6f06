use std::path::PathBuf;
use std::process::Command;

use crate::support::Workdir;

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

/// Opens the page at a fragment and returns its document as the browser ends up with it.
fn open(chromium: &PathBuf, dir: &Workdir, fragment: &str) -> String {
    let page = format!("file://{}{fragment}", dir.path("out/report.html").display());
    let netlog = dir.path("net.json");
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", dir.path("profile").display()))
        .arg(format!("--log-net-log={}", netlog.display()))
        .arg(page)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!log.contains("CONSOLE"), "{log}");
    let requests = std::fs::read_to_string(&netlog).unwrap_or_default();
    // The browser asks for things of its own; what the page asks for has the page as its initiator.
    let asked = requests
        .lines()
        .find(|l| l.contains("\"url\":\"http") && l.contains("\"initiator\":\"file"));
    assert_eq!(asked, None, "the page asked the network");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A hundred thousand problems in a real browser: it opens, filters, and shows a group page by page.
#[test]
fn a_browser_opens_a_hundred_thousand_problems() {
    let Some(chromium) = chromium() else {
        // Told, so that nobody takes this for a pass of the browser's part.
        let _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"left out: there is no chromium on this machine\n",
        );
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
