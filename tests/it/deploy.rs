use std::process::Command;

use crate::support::{binary, repository};

/// The examples under `deploy/` are what their tools take; what has no tool here is left out, and told.
#[test]
fn the_examples_hold() {
    let output = Command::new("bash")
        .arg(repository("deploy/check"))
        .arg(binary())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("ok    a night against the sandbox"), "{text}");
    for line in text.lines().filter(|l| l.starts_with("left out")) {
        let _ =
            std::io::Write::write_all(&mut std::io::stderr(), (line.to_owned() + "\n").as_bytes());
    }
}

/// The table of metrics in the docs is the program's own.
#[test]
fn the_metrics_are_documented() {
    let path = "docs/nightly.md";
    let text = std::fs::read_to_string(repository(path)).unwrap();
    let mark = "<!-- metrics: generated, see tests/it/deploy.rs -->\n";
    let (head, tail) = text.split_once(mark).unwrap();
    let end = "<!-- end of metrics -->";
    let (_, after) = tail.split_once(end).unwrap();
    let mut table = String::from("| metric | unit and meaning |\n|---|---|\n");
    for (name, _, help) in partner_sync::report::METRICS {
        table.push_str(&format!("| `{name}` | {help} |\n"));
    }
    let current = [head, mark, &table, end, after].concat();
    crate::support::assert_current(path, &current);
}
