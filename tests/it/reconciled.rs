//! What `reconcile` reports: rows that have their partner after all, and those that are still in doubt, by their keys.

use crate::support::{Server, Workdir};

const BLIND: [&str; 6] = [
    "--lie",
    "search-blind",
    "--lie",
    "list-blind",
    "--fault",
    "reset-after=1",
];

#[test]
fn rows_that_stay_in_doubt_are_counted_and_named() {
    let dir = Workdir::new();
    dir.simple_export(3);
    let lost = ["--fault-name", "Company 2"];
    let server = Server::start(&dir, &[&BLIND[..], &lost].concat());
    let reconcile = |server: &Server, more: &[&str]| {
        let run = dir.run(&["reconcile", "--settle", "300ms", "--report", "out"]);
        run.args(more).at(server).finish()
    };
    let import = dir.run(&["import", "e.csv", "-m", "m.toml", "--settle", "300ms"]);
    let import = import.args(&["--json", "--rate", "unlimited"]).at(&server);
    let import = import.finish().expect_exit(1).summary();
    assert_eq!((import.get("created"), import.get("in_doubt")), (2, 1));

    let text = reconcile(&server, &[]).expect_exit(1).stdout;
    assert!(
        text.contains("1 row at") && text.contains("is still in doubt"),
        "{text}"
    );
    assert!(text.contains("state resolve KEY --created ID"), "{text}");
    assert!(
        text.contains("Next: run `partner-sync reconcile` again"),
        "{text}"
    );
    let page = dir.read("out/report.html");
    assert!(page.contains("1 row is still in doubt."), "{page}");
    assert!(
        page.contains("<b>K-2</b>") && page.contains("<code>partner-sync state resolve"),
        "{page}"
    );
    let json = reconcile(&server, &["--json"]).expect_exit(1).summary();
    assert_eq!((json.get("rows"), json.get("in_doubt")), (1, 1));

    let server = server.restart(&dir, &[]);
    let settled = reconcile(&server, &["--json"]).expect_exit(0).summary();
    assert_eq!((settled.get("adopted"), settled.get("in_doubt")), (1, 0));
    let page = dir.read("out/report.html");
    assert!(
        page.contains("1 row has its partner; no row is in doubt any more."),
        "{page}"
    );
    let nothing = reconcile(&server, &[]).expect_exit(0);
    assert!(
        nothing.stderr.contains("simple: no row is in doubt"),
        "{}",
        nothing.stderr
    );
    assert!(
        nothing.stdout.contains("is in doubt any more"),
        "{}",
        nothing.stdout
    );
}

/// The seven columns of a mapping that the file has not are one problem, not seven.
#[test]
fn another_export_is_named_as_that() {
    let dir = Workdir::new();
    dir.write(
        "m.toml",
        "name = \"m\"\nkey = \"Customer\"\n[organization]\nbusinessName = \"Firm\"\nsignOnDate = \"Begin\"\n",
    );
    for (text, says) in [
        ("a\tb\nx\ty\n", "its columns: a, b."),
        ("xy\nz\n", "no delimiter was found"),
    ] {
        dir.write("e.csv", text);
        let run = dir.run(&["check", "e.csv", "-m", "m.toml"]).finish();
        let run = run.expect_exit(2);
        assert!(
            run.stderr.contains("none of the 3 columns"),
            "{}",
            run.stderr
        );
        // The lines of a box are cut at 100 characters.
        let words = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(says), "{words}");
    }
    // One that is there shows that it is the right one.
    dir.write("e.csv", "Customer,x,y\n1,2,3\n");
    let run = dir.run(&["check", "e.csv", "-m", "m.toml"]).finish();
    assert!(run.stderr.contains("2 problems"), "{}", run.stderr);
}
