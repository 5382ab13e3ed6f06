//! The workbench in a browser, step by step: a row becomes a test, a change makes it fail, words come from a file beside the
//! mapping, and a word is repaired beside its problem; with script and without, and for axe-core.

use serde_json::json;

use crate::support::Workdir;
use crate::support::browser::left_out;
use crate::workbench_browser::{RUN, assert_quiet, begin, settled};

const MAPPING: &str = "# ours\nname = \"m\"\nkey = \"Id\"\n\n[organization]\nbusinessName = \"Name\"   # legal\nonBoardingStatus = \"Stage\"\nhcoXrefId = \"Kind\"\n\n[vendorAccount]\naccountNumber = \"Account\"\n";

fn dir() -> Workdir {
    let dir = Workdir::new();
    let rows = (1..=40).map(|n| {
        let kind = ["Retail", "Wholesale", "Clinic", "Kiosk"][n % 4];
        let stage = ["Completed", "Kickoff"][n % 2];
        format!("A-{n},Name {n},{stage},{kind},0001234567{n:02}\n")
    });
    let rows: String = rows.collect();
    dir.write("export.csv", format!("Id,Name,Stage,Kind,Account\n{rows}"));
    dir.write(
        "types.csv",
        "Kind,Code\nRetail,R-1\nWholesale,W-2\nClinic,C-3\n",
    );
    dir.write("m.toml", MAPPING);
    dir
}

/// What the page says of its last change.
fn notice(words: &str) -> String {
    format!(
        "document.getElementById('notice').textContent.includes({}) && !document.body.hasAttribute('aria-busy')",
        json!(words)
    )
}

const TESTS: &str = "(document.getElementById('tests-title') || { textContent: '' }).textContent";

#[test]
fn a_row_is_kept_a_file_is_chosen_and_a_word_repaired() {
    let dir = dir();
    let Some((bench, mut page)) = begin(&dir, "export.csv") else {
        return;
    };
    page.look(1400, 950, false);
    page.open(&bench.address());
    // Complete: before its script has run, a choice sends nothing.
    page.until("document.readyState === 'complete' && document.getElementById('status').dataset.checking === 'false'");
    // A word, beside its problem, by the keyboard.
    let select = "document.querySelector('#problems select[aria-label=\"Kickoff means\"]')";
    page.until(select);
    page.eval(&format!("{select}.focus()"));
    page.press("W");
    page.until(&notice("“Kickoff” now means Welcome Call"));
    page.until(
        "document.getElementById('status-words').textContent.includes('All 40 rows can be sent')",
    );
    // A row becomes a test, by the keyboard.
    page.click("#column-1");
    settled(&mut page, "Name");
    page.eval("document.getElementById('test-1-1').focus()");
    page.press("Enter");
    page.until(&notice("A test of row 2 is added to the mapping"));
    page.until(&format!("{TESTS}.includes('1 test, none fails')"));
    assert_eq!(
        page.eval("document.activeElement.id"),
        "test-1-1",
        "the focus stays"
    );
    page.click("#mapping > summary");
    let new = "Array.from(document.querySelectorAll('.mapping .new'), (line) => line.textContent).join('')";
    let new = page.eval(new);
    let new = new.as_str().unwrap();
    assert!(new.contains("[[test]]") && new.contains("Name 1"), "{new}");
    assert!(!new.contains("00012345"), "{new}");
    // A change that it does not expect, and the way to its field.
    page.click("#column-3");
    settled(&mut page, "Kind");
    page.click("#lookup-1 > summary");
    page.eval("document.getElementById('lookup-file-1').value = 'types.csv'");
    page.click("#lookup-set-1");
    page.until(&notice("are looked up in “Kind” of types.csv"));
    page.until(&format!("{TESTS}.includes('1 of 1 test fails')"));
    page.until("document.getElementById('lookup-found-1').textContent.includes('3 of 4 different words are in it')");
    page.click("#column-0");
    settled(&mut page, "Id");
    page.click("#fails-0-1");
    settled(&mut page, "Kind");
    page.click("#again-0");
    page.until(&notice("The test now expects"));
    page.until(&format!("{TESTS}.includes('1 test, none fails')"));
    // What is not in the file.
    page.click("#column-3");
    settled(&mut page, "Kind");
    page.eval("document.getElementById('missing-1').value = 'leave_out'");
    page.click("#missing-set-1");
    page.until("document.getElementById('status-words').textContent.includes('All 40 rows can be sent, 10 warnings')");
    page.click("#save");
    page.until(
        "document.getElementById('save').disabled && !document.body.hasAttribute('aria-busy')",
    );
    assert_eq!(
        page.eval("document.activeElement.tagName"),
        "SUMMARY",
        "a button that is disabled now passes the focus on"
    );
    assert_quiet(&page, &bench);
    let saved = dir.read("m.toml");
    assert!(
        saved.contains("# ours\n") && saved.contains("   # legal\n"),
        "{saved}"
    );
    assert!(!saved.contains("00012345"), "{saved}");
    dir.run(&["check", "export.csv", "-m", "m.toml"])
        .finish()
        .expect_exit(0);
    dir.run(&["test", "m.toml"]).finish().expect_exit(0);
}

/// A practice that is over before the page that says it has begun is there: its end is said once, and is not lost.
#[test]
fn what_ends_while_its_page_is_on_the_way_is_seen() {
    let dir = dir();
    let Some((bench, mut page)) = begin(&dir, "export.csv") else {
        return;
    };
    page.open(&bench.address());
    page.until("document.readyState === 'complete' && document.getElementById('status').dataset.checking === 'false'");
    // The answer to the click comes to the page's script when the end was said; it is the one of the first moment.
    page.eval(
        "window.ended = new Promise((done) => { new EventSource('events').onmessage = (event) => { if (JSON.parse(event.data).practice === 'over') done(); }; });
         const ask = window.fetch;
         window.fetch = async (request) => { window.fetch = ask; const answer = await ask(request); await window.ended; return answer; };
         true",
    );
    page.click("#practise");
    page.eval("window.ended.then(() => true)");
    let seen = "new Promise((done) => { const until = Date.now() + 8000; (function look() { const seen = document.getElementById('foot').textContent.includes('Practice: '); if (seen || Date.now() > until) done(seen); else setTimeout(look, 50); })(); })";
    assert_eq!(page.eval(seen), true);
}

#[test]
fn the_same_steps_without_script() {
    let dir = dir();
    let Some((bench, mut page)) = begin(&dir, "export.csv") else {
        return;
    };
    page.without_script();
    page.open(&bench.address());
    let done = "document.readyState === 'complete' && document.getElementById('status').dataset.checking === 'false'";
    page.until(done);
    page.eval(
        "document.querySelector('#problems select[aria-label=\"Kickoff means\"]').value = 'Welcome Call'",
    );
    page.click(".means noscript button");
    page.until(&format!(
        "{done} && document.getElementById('status-words').textContent.includes('All 40 rows')"
    ));
    page.click("#column-3");
    page.until(&format!("{done} && document.getElementById('test-1-1')"));
    page.click("#test-1-1");
    page.until(&format!("{done} && {TESTS}.includes('1 test, none fails')"));
    page.eval("document.getElementById('lookup-1').open = true");
    page.eval("document.getElementById('lookup-file-1').value = 'types.csv'");
    page.click("#lookup-set-1");
    page.until(&format!("{done} && {TESTS}.includes('1 of 1 test fails')"));
    page.click("#undo");
    page.until(&format!("{done} && {TESTS}.includes('none fails')"));
    page.click("#undo");
    page.until(&format!("{done} && {TESTS} === ''"));
    assert_quiet(&page, &bench);
}

#[test]
fn axe_finds_nothing_in_these_steps() {
    let Some(axe) = crate::accessibility::axe() else {
        left_out("axe-core");
        return;
    };
    let dir = dir();
    let test = "\n[[test]]\nname = \"fails\"\nrow = { Id = \"1\", Name = \"Acme\" }\nsends = { organization = { businessName = \"Other\", hcoXrefId = \"X\" } }\n\n[[test]]\nname = \"passes\"\nrow = { Id = \"1\", Name = \"Acme\" }\nproblems = []\n";
    let mapped = MAPPING.replace(
        "hcoXrefId = \"Kind\"",
        "hcoXrefId = { column = \"Kind\", lookup = { file = \"types.csv\", from = \"Kind\", to = \"Code\" } }",
    );
    dir.write("m.toml", mapped + test);
    let Some((bench, mut page)) = begin(&dir, "export.csv") else {
        return;
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    page.open(&bench.address());
    page.until("document.getElementById('status') && document.getElementById('status').dataset.checking === 'false'");
    page.eval(&format!("{axe}; true"));
    page.click("#column-3");
    settled(&mut page, "Kind");
    page.eval("for (const node of document.querySelectorAll('details')) node.open = true");
    for (width, is_dark) in [(1400, false), (1400, true), (390, false), (390, true)] {
        page.look(width, 900, is_dark);
        assert_eq!(page.eval(RUN), "[]", "{width}, dark: {is_dark}");
        assert_eq!(
            page.eval("document.documentElement.scrollWidth <= innerWidth"),
            true,
            "{width}"
        );
    }
    assert_eq!(
        page.eval(&format!("{TESTS}.trim()")),
        "Tests 1 of 2 tests fails"
    );
    // And what is wrong is found.
    page.eval("document.getElementById('lookup-file-1').labels[0].remove()");
    assert_ne!(page.eval(RUN), "[]");
}
