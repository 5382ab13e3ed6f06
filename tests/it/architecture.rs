use std::collections::BTreeSet;
use std::path::Path;

use crate::support::repository;

/// Who may import whom. A room that is not named here may import nothing of ours.
const MAY: &[(&str, &[&str])] = &[
    ("diagnostic", &["secret"]),
    ("secret", &[]),
    ("clock", &[]),
    ("http_client", &[]),
    ("source", &["diagnostic"]),
    ("partner", &["diagnostic", "secret"]),
    ("mapping", &["source", "partner", "diagnostic"]),
    (
        "prepare",
        &["source", "mapping", "partner", "diagnostic", "secret"],
    ),
    ("api", &["partner", "secret", "clock", "http_client"]),
    ("state", &["partner", "clock"]),
    ("delivery", &["partner", "api", "state", "diagnostic"]),
    ("report", &["partner", "diagnostic"]),
    ("config", &["secret"]),
    ("notify", &["secret", "http_client"]),
    ("telemetry", &[]),
    ("sandbox", &["clock"]),
];

fn sources(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Rooms named by `crate::room` in a file, tests included.
fn imports(text: &str) -> BTreeSet<String> {
    text.split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn rooms_import_only_whom_they_may() {
    let house = repository("src");
    let mut files = Vec::new();
    sources(&house, &mut files);
    assert!(files.len() > 50);
    let mut wrong = Vec::new();
    for file in files {
        let inner = file.strip_prefix(&house).unwrap();
        let room = inner
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        if matches!(room.as_str(), "cli" | "lib" | "main") {
            continue;
        }
        let (_, may) = MAY
            .iter()
            .find(|(r, _)| *r == room)
            .unwrap_or_else(|| panic!("{room} is no room of the house"));
        for import in imports(&std::fs::read_to_string(&file).unwrap()) {
            if import != room && !may.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", inner.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_file_prints_and_files_stay_small() {
    let house = repository("src");
    let mut files = Vec::new();
    sources(&house, &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&house).unwrap().display().to_string();
        assert!(
            !text.contains("println!") && !text.contains("eprint!"),
            "{name} prints"
        );
        assert!(
            text.lines().count() <= 600,
            "{name} has {} lines",
            text.lines().count()
        );
    }
}
