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

/// A tag can be moved to another image: no example names one without the digest.
#[test]
fn an_image_without_its_digest_is_refused() {
    let digest = "0123456789abcdef".repeat(4);
    for (file, line, is_right) in [
        ("Dockerfile", "FROM debian:12".to_owned(), false),
        ("Dockerfile", "FROM debian:12@sha256:abc".to_owned(), false),
        (
            "Dockerfile",
            "FROM debian:12@${BASE_DIGEST}".to_owned(),
            false,
        ),
        (
            "Dockerfile",
            "COPY --from=debian:12 /a /b".to_owned(),
            false,
        ),
        (
            "Dockerfile",
            "# syntax=docker/dockerfile:1".to_owned(),
            false,
        ),
        (
            "Dockerfile",
            format!("FROM debian:12@sha256:{digest} AS more"),
            true,
        ),
        ("Dockerfile", "COPY --from=build /a /b".to_owned(), true),
        ("Dockerfile.debug", "FROM debian".to_owned(), false),
        (
            "kubernetes/job.yaml",
            "  - image: registry.example.com/x:1".to_owned(),
            false,
        ),
        (
            "kubernetes/job.yaml",
            format!("    image: \"x@sha256:{digest}\""),
            true,
        ),
    ] {
        let dir = crate::support::Workdir::new();
        let copied = Command::new("cp")
            .arg("-r")
            .arg(repository("deploy"))
            .arg(dir.path("deploy"))
            .status()
            .unwrap();
        assert!(copied.success());
        let path = dir.path("deploy").join(file);
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, format!("{before}{line}\n")).unwrap();
        let output = Command::new("bash")
            .arg(dir.path("deploy/check"))
            .arg(binary())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let is_refused = text.contains(&format!("{file} names an image without its digest"));
        assert_eq!(is_refused, !is_right, "{line}: {text}");
        assert_eq!(
            text.contains("ok    every image"),
            is_right,
            "{line}: {text}"
        );
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
