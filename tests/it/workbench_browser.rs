//! The workbench in a real browser: from an unknown export of 60 columns to a mapping that `check` takes, by clicks and keys alone, with
//! script and without.

use serde_json::json;

use crate::support::Workdir;
use crate::support::browser::{chromium, left_out};
use crate::support::driven::Driven;
use crate::workbench::Workbench;

/// Columns of an account that `init` knows, some that it cannot know, and thirty of no use.
const NAMED: &[&str] = &[
    "Account No.",
    "Account Name",
    "Trading Name",
    "Kickoff Stage",
    "Signed",
    "Bill Street",
    "Bill City",
    "Bill State",
    "Bill Zip",
    "Bill Country",
    "Main Phone",
    "Owner Contact",
    "Pays Commission",
    "Parent Account",
    "Timezone",
    "Currency",
    "Go Live",
    "Industry",
    "Annual Revenue",
    "Employees",
    "Website",
    "Fax",
    "Rating",
    "Lead Source",
    "Created By",
    "Created At",
    "Modified At",
    "Notes",
    "Segment",
    "Tier",
];

/// What axe finds on the page.
pub(crate) const RUN: &str = "axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations.map((v) => [v.impact, v.id, v.nodes.slice(0, 3).map((n) => n.target)])))";

/// An export of 60 columns.
fn export(rows: usize) -> String {
    let mut text = NAMED.join(",");
    for n in 1..=60 - NAMED.len() {
        text += &format!(",Custom {n:02}");
    }
    text.push('\n');
    for row in 0..rows {
        let stage = ["Kickoff", "Not Started", "Completed", "Training"][row % 4];
        let mail = if row % 7 == 3 {
            "no mail".to_owned()
        } else {
            format!("a{row}@example.com")
        };
        let parent = if row % 10 == 9 { "A-1000" } else { "" };
        let (month, day) = (row % 12 + 1, row % 28 + 1);
        text += &format!(
            "A-{},Alder Care {row},Alder,{stage},{month:02}/{day:02}/2025,{row} Main St,San Diego,CA,92101,USA,(619) 555-01{:02},{mail},{},{parent},America/Los_Angeles,USD,2025-{month:02}-15,Health,1000.50,{row},https://a.example,,A,Web,Ann,2024-01-02,2024-01-03,note,S,1",
            1000 + row,
            row % 100,
            if row % 2 == 0 { "Y" } else { "N" },
        );
        for n in 0..60 - NAMED.len() {
            text += if (row + n) % 3 == 0 { ",x" } else { "," };
        }
        text.push('\n');
    }
    text
}

fn column(name: &str) -> String {
    let at = NAMED.iter().position(|n| *n == name).unwrap();
    format!("#column-{at}")
}

/// The column is shown, and the file is checked with the mapping as it is now.
pub(crate) fn settled(page: &mut Driven, title: &str) {
    page.until(&format!(
        "document.getElementById('chosen-title').textContent === {} && document.getElementById('status').dataset.checking === 'false' && !document.body.hasAttribute('aria-busy')",
        json!(title)
    ));
}

pub(crate) fn begin(dir: &Workdir, export: &str) -> Option<(Workbench, Driven)> {
    let Some(chromium) = chromium() else {
        left_out("chromium");
        return None;
    };
    let bench = Workbench::start(dir, &[export, "-m", "m.toml"]);
    Some((bench, Driven::start(&chromium, dir, &[])))
}

/// What was asked for, and what the browser complained of.
pub(crate) fn assert_quiet(page: &Driven, bench: &Workbench) {
    let own = format!("http://{}/", bench.host);
    let elsewhere: Vec<_> = page
        .asked
        .iter()
        .filter(|url| !url.starts_with(&own) && *url != "about:blank")
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert!(page.asked.len() > 2, "{:?}", page.asked);
    assert!(page.console.is_empty(), "{:?}", page.console);
}

/// The mapping that the page made.
fn assert_saved(dir: &Workdir) {
    let saved = dir.read("m.toml");
    for words in [
        "onBoardingStatus = { column = \"Kickoff Stage\", map = { ",
        "\"Kickoff\" = \"Welcome Call\"",
        "\"Training\" = \"Partner Education\"",
        "signOnDate = \"Signed\"",
        "email = \"Owner Contact\"",
        "null = [\"no mail\"]",
    ] {
        assert!(saved.contains(words), "{words}\n{saved}");
    }
    assert!(!saved.contains("decide ="), "{saved}");
    assert!(saved.contains("# "), "the evidence stays: {saved}");
    dir.run(&["check", "accounts.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(0);
}

#[test]
fn sixty_unknown_columns_become_a_mapping_by_clicks_and_keys() {
    let dir = Workdir::new();
    dir.write("accounts.csv", export(400));
    let Some((bench, mut page)) = begin(&dir, "accounts.csv") else {
        return;
    };
    page.look(1400, 950, false);
    page.open(&bench.address());
    page.until("document.getElementById('status') && document.getElementById('status').dataset.checking === 'false'");
    // Each question is answered with the button that the page shows first.
    while page.eval("document.querySelectorAll('.column.ask').length") != 0 {
        page.click(".column.ask");
        page.until("document.querySelector('#chosen .question button') && !document.body.hasAttribute('aria-busy')");
        let left = page.eval("document.querySelectorAll('.column.ask').length");
        page.click("#chosen .question button");
        page.until(&format!(
            "document.querySelectorAll('.column.ask').length < {left}"
        ));
    }
    // A field by the mouse: typed to be found, then clicked.
    page.click(&column("Kickoff Stage"));
    settled(&mut page, "Kickoff Stage");
    page.click("#find");
    page.type_text("onboarding status");
    page.until("document.getElementById('field').value === 'organization.onBoardingStatus'");
    page.click("#give");
    page.until("document.querySelector('#words-1 tr.wrong')");
    settled(&mut page, "Kickoff Stage");
    // Words by the keyboard: the first letter of what each means.
    for (word, letter, meaning) in [
        ("Kickoff", "W", "Welcome Call"),
        ("Training", "P", "Partner Education"),
    ] {
        let select = format!("document.querySelector('select[aria-label=\"{word} means\"]')");
        page.eval(&format!("{select}.focus()"));
        page.press(letter);
        page.until(&format!(
            "{select}.value === '{meaning}' && !document.body.hasAttribute('aria-busy')"
        ));
        settled(&mut page, "Kickoff Stage");
    }
    // The next column, and its field, by keys alone.
    page.eval("document.activeElement.blur()");
    page.press("n");
    settled(&mut page, "Signed");
    page.press("/");
    page.until("document.activeElement.id === 'find'");
    page.type_text("sign-on");
    page.press("ArrowDown");
    page.press("Enter");
    page.until("document.querySelector('#chosen .rule h3') && document.querySelector('#chosen .rule h3').textContent.includes('Sign-on date')");
    // A value that is none.
    page.click(&column("Owner Contact"));
    settled(&mut page, "Owner Contact");
    if page.eval("document.querySelector('#chosen .rule') === null") == true {
        page.click("#find");
        page.type_text("vendor e-mail");
        page.click("#give");
    }
    page.until("document.querySelector('#problems form button[aria-label^=\"no mail\"]')");
    settled(&mut page, "Owner Contact");
    page.click("#problems form button[aria-label^=\"no mail\"]");
    page.until(
        "document.getElementById('status-words').textContent.includes('All 400 rows can be sent')",
    );
    assert!(
        !dir.path("m.toml").exists(),
        "nothing is written before it is saved"
    );
    page.click("#save");
    page.until("document.querySelector('#foot .bar').textContent.includes('saved') && document.getElementById('save').disabled");
    assert_saved(&dir);
    assert_quiet(&page, &bench);
}

#[test]
fn the_same_without_script() {
    let dir = Workdir::new();
    dir.write("accounts.csv", export(400));
    let Some((bench, mut page)) = begin(&dir, "accounts.csv") else {
        return;
    };
    page.without_script();
    page.open(&bench.address());
    page.until("document.getElementById('save') && document.readyState === 'complete'");
    assert_eq!(
        page.eval(
            "Array.from(document.querySelectorAll('.scripted')).every((node) => node.hidden)"
        ),
        true
    );
    while page.eval("document.querySelectorAll('.column.ask').length") != 0 {
        let left = page.eval("document.querySelectorAll('.column.ask').length");
        page.click(".column.ask");
        page.until("document.querySelector('#chosen .question button')");
        page.click("#chosen .question button");
        page.until(&format!("document.readyState === 'complete' && document.querySelectorAll('.column.ask').length < {left}"));
    }
    for (name, field) in [
        ("Kickoff Stage", "organization.onBoardingStatus"),
        ("Signed", "organization.signOnDate"),
        ("Owner Contact", "vendorAccount.email"),
    ] {
        page.click(&column(name));
        page.until(&format!("document.readyState === 'complete' && document.getElementById('chosen-title').textContent === {}", json!(name)));
        if page.eval("document.querySelector('#chosen .rule') === null") == true {
            page.eval(&format!(
                "document.getElementById('field').value = '{field}'"
            ));
            page.click("#give");
            page.until(
                "document.readyState === 'complete' && document.querySelector('#chosen .rule')",
            );
        }
    }
    page.click(&column("Kickoff Stage"));
    page.until("document.readyState === 'complete' && document.querySelector('#words-1 tr.wrong')");
    for (word, meaning) in [
        ("Kickoff", "Welcome Call"),
        ("Training", "Partner Education"),
    ] {
        page.eval(&format!(
            "document.querySelector('select[aria-label=\"{word} means\"]').value = '{meaning}'"
        ));
    }
    page.click("#words-1 noscript button");
    page.until("document.readyState === 'complete' && document.getElementById('words-1') && !document.querySelector('#words-1 tr.wrong')");
    page.click("#problems form button[aria-label^=\"no mail\"]");
    page.until("document.readyState === 'complete' && document.getElementById('status-words').textContent.includes('All 400 rows can be sent')");
    page.click("#save");
    page.until("document.readyState === 'complete' && document.getElementById('save').disabled");
    assert_saved(&dir);
    assert_quiet(&page, &bench);
}

#[test]
fn hostile_cells_headers_and_file_names_are_text() {
    let dir = Workdir::new();
    let hostile = "<img src=x onerror=alert(1)>";
    let name = "it's <svg onload=alert(2)>.csv";
    dir.write(
        name,
        format!("Id,Name,<script>alert(3)</script>,{hostile},a\"b\nA-1,\"\"\"><script>alert(4)</script>\",{hostile},</textarea><script>alert(5)</script>,javascript:alert(6)\n"),
    );
    let Some((bench, mut page)) = begin(&dir, name) else {
        return;
    };
    page.open(&bench.address());
    page.until("document.getElementById('status') && document.getElementById('status').dataset.checking === 'false'");
    for at in 0..5 {
        page.click(&format!("#column-{at}"));
        page.until(&format!("document.querySelector('#column-{at}[aria-current]') && !document.body.hasAttribute('aria-busy')"));
    }
    page.click("#column-2");
    page.until("document.querySelector('#column-2[aria-current]') && !document.body.hasAttribute('aria-busy')");
    page.eval("document.getElementById('field').value = 'organization.displayName'");
    page.click("#give");
    page.until("document.querySelector('#chosen .rule h3')");
    page.click("#mapping > summary");
    let made = "document.querySelectorAll('main img, main svg[onload], main script, #foot script, #foot img').length";
    assert_eq!(page.eval(made), 0);
    let shown = page.eval("document.body.innerText");
    for words in [hostile, "<script>alert(3)</script>", name] {
        assert!(shown.as_str().unwrap().contains(words), "{words}");
    }
    assert_quiet(&page, &bench);
    // A page in which a script does run is noticed.
    page.eval("console.log('seen')");
    assert!(!page.console.is_empty());
}

#[test]
fn axe_finds_nothing_light_dark_and_narrow() {
    let Some(axe) = crate::accessibility::axe() else {
        left_out("axe-core");
        return;
    };
    let dir = Workdir::new();
    dir.write("accounts.csv", export(60));
    let Some((bench, mut page)) = begin(&dir, "accounts.csv") else {
        return;
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    page.open(&bench.address());
    page.until("document.getElementById('status') && document.getElementById('status').dataset.checking === 'false'");
    page.eval(&format!("{axe}; true"));
    for name in [
        "Kickoff Stage",
        "Signed",
        "Account No.",
        "Go Live",
        "Owner Contact",
    ] {
        page.click(&column(name));
        settled(&mut page, name);
        page.eval("for (const node of document.querySelectorAll('details')) node.open = true");
        for (width, height, is_dark) in [
            (1400, 950, false),
            (1400, 950, true),
            (390, 844, false),
            (390, 844, true),
        ] {
            page.look(width, height, is_dark);
            assert_eq!(page.eval(RUN), "[]", "{name}, {width}, dark: {is_dark}");
            // Nothing is cut off at the side.
            assert_eq!(
                page.eval("document.documentElement.scrollWidth <= innerWidth"),
                true,
                "{name}, {width}"
            );
        }
        page.look(1400, 950, false);
    }
    // And what is wrong is found.
    page.eval("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"x\">')");
    assert_ne!(page.eval(RUN), "[]");
}

/// An open page holds a connection: when that ends, the workbench knows that the page is closed.
#[test]
fn a_page_holds_its_connection() {
    let dir = Workdir::new();
    dir.write("accounts.csv", export(20));
    let Some((bench, mut page)) = begin(&dir, "accounts.csv") else {
        return;
    };
    page.open(&bench.address());
    let events = format!("http://{}{}events", bench.host, bench.folder);
    page.until("document.querySelector('.scripted:not([hidden])')");
    crate::support::wait_until("the page holds its connection", || {
        page.eval("1");
        page.asked.contains(&events)
    });
}

/// The pictures of README and docs/workbench.md are made by this test: `UPDATE_PICTURES=1 cargo nextest run -E 'test(pictures)'`.
#[test]
fn the_pictures_of_the_documents_are_of_this_page() {
    const PICTURES: [(&str, bool, bool); 3] = [
        ("docs/workbench.png", false, false),
        ("docs/workbench-dark.png", true, false),
        ("docs/workbench-narrow.png", false, true),
    ];
    let dir = Workdir::new();
    let sample = crate::support::repository("samples/apptivo-customers.csv");
    dir.write("customers.csv", std::fs::read(sample).unwrap());
    let Some((bench, mut page)) = begin(&dir, "customers.csv") else {
        return;
    };
    page.look(1400, 900, false);
    page.open(&bench.address());
    page.until("document.getElementById('status') && document.getElementById('status').dataset.checking === 'false'");
    page.click("#column-4");
    settled(&mut page, "Stage");
    for (path, is_dark, is_narrow) in PICTURES {
        page.look(
            if is_narrow { 390 } else { 1400 },
            if is_narrow { 844 } else { 900 },
            is_dark,
        );
        page.eval("document.querySelector('#columns').scrollTop = 0; document.querySelector('#chosen').scrollTop = 0; scrollTo(0, 0)");
        let picture = page.picture();
        assert!(
            picture.starts_with(b"\x89PNG") && picture.len() > 20_000,
            "{path}"
        );
        let kept = crate::support::repository(path);
        if std::env::var_os("UPDATE_PICTURES").is_some() {
            std::fs::write(&kept, picture).unwrap();
        }
        assert!(
            kept.is_file(),
            "{path} is missing: run this test with UPDATE_PICTURES=1"
        );
    }
    // What the pictures show is on the page.
    let shown = page.eval("document.body.innerText");
    for words in [
        "Onboarding status",
        "Kick-off",
        "53 of 60 rows can be sent, 7 cannot",
    ] {
        assert!(shown.as_str().unwrap().contains(words), "{words}");
    }
}
