//! A headless browser, where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Workdir, text};

/// Debian's Chromium, where there is one.
pub(crate) fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromium"))
        .find(|file| file.is_file())
}

/// Says so, so that nobody takes this for a pass of the browser's part.
pub(crate) fn left_out(what: &str) {
    let words = format!("left out: there is no {what} on this machine\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes());
}

/// What a browser did with a page.
pub(crate) struct Opened {
    /// The document as the browser ended up with it.
    pub(crate) document: String,
    /// What the page wrote, or made the browser write, to the console.
    pub(crate) console: Vec<String>,
    /// The addresses that the page asked for.
    pub(crate) asked: Vec<String>,
}

/// Opens a page, with a fragment after its name, in a browser that reaches loopback and nothing else.
pub(crate) fn browse(
    chromium: &Path,
    dir: &Workdir,
    page: &str,
    fragment: &str,
    more: &[&str],
) -> Opened {
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
        .args(more)
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
