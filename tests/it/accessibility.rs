//! axe-core on each kind of page, light, dark and narrow. `AXE_CORE` names its `axe.min.js` (npm, `axe-core`).

use std::path::{Path, PathBuf};

use crate::nights::{house, night, plain};
use crate::support::browser::{browse, chromium, left_out};
use crate::support::{Server, Workdir};

pub(crate) fn axe() -> Option<PathBuf> {
    std::env::var_os("AXE_CORE")
        .map(PathBuf::from)
        .filter(|path| path.is_file())
}

/// What axe finds on a page, as JSON: impact, rule, elements.
fn found(chromium: &Path, axe: &Path, dir: &Workdir, page: &str, how: &[&str]) -> String {
    const RUN: &str = "<script>axe.run(document, { resultTypes: ['violations'] }).then((found) => {
      const list = document.createElement('pre'); list.id = 'axe';
      list.textContent = JSON.stringify(found.violations.map((v) => [v.impact, v.id, v.nodes.slice(0, 3).map((n) => n.target)]));
      document.body.append(list); });</script></body>";
    let text = dir.read(page);
    // The page's own policy lets no other script run: it is taken off, and nothing else.
    let open = text.replacen("Content-Security-Policy", "X-Nothing", 1);
    assert_ne!(text, open);
    let script = format!("<script src=\"file://{}\"></script>{RUN}", axe.display());
    dir.write("looked-at.html", open.replacen("</body>", &script, 1));
    let document = browse(chromium, dir, "looked-at.html", "", how).document;
    let list = document.split("<pre id=\"axe\">").nth(1);
    let list = list.unwrap_or_else(|| panic!("axe did not run on {page}"));
    list.split("</pre>").next().unwrap().to_owned()
}

const WAYS: &[(&str, &[&str])] = &[
    ("light", &["--window-size=1100,900"]),
    (
        "dark",
        &[
            "--window-size=1100,900",
            "--blink-settings=preferredColorScheme=0",
        ],
    ),
    ("narrow", &["--window-size=500,900"]),
];

#[test]
fn axe_finds_nothing_on_any_page() {
    let (Some(chromium), Some(axe)) = (chromium(), axe()) else {
        left_out("chromium or axe-core");
        return;
    };
    let dir = house("");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(20));
    night(&dir, &server).finish().expect_exit(0);
    dir.write(
        "exports/a-2.csv",
        plain(25) + "K-77,Bad & Sons,Kick-off,31/31/2026\nK-78,,Completed,\n",
    );
    night(&dir, &server).finish().expect_exit(1);
    let check = [
        "check",
        "exports/a-2.csv",
        "-m",
        "m.toml",
        "--report",
        "out",
    ];
    dir.run(&check).finish().expect_exit(1);
    let verify = [
        "verify",
        "exports/a-2.csv",
        "-m",
        "m.toml",
        "--report",
        "compared",
    ];
    dir.run(&verify).at(&server).finish().expect_exit(1);
    let pages = [
        "out/report.html",
        "compared/report.html",
        "reports/accounts/index.html",
        "reports/index.html",
    ];
    for page in pages {
        for (way, how) in WAYS {
            let found = found(&chromium, &axe, &dir, page, how);
            assert_eq!(found, "[]", "{page}, {way}");
        }
    }
    // And what is wrong is found: grey on grey.
    let page = dir.read("out/report.html");
    dir.write(
        "wrong.html",
        page.replacen("<h1>", "<h1><img src=\"x\">", 1),
    );
    let found = found(&chromium, &axe, &dir, "wrong.html", &[]);
    assert!(found.contains("image-alt"), "{found}");
}
