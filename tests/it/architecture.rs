use std::collections::BTreeSet;
use std::path::Path;

use crate::support::repository;

/// Who may import whom. A module that is not named here may import nothing of ours. `cli` and `workbench` are the fronts: they alone
/// import `ops`, and nobody imports `cli`.
const MAY: &[(&str, &[&str])] = &[
    ("diagnostic", &["secret"]),
    ("secret", &[]),
    ("clock", &[]),
    ("http_client", &[]),
    ("blocking", &[]),
    ("subprocess", &["secret"]),
    ("pause", &[]),
    ("source", &["diagnostic"]),
    ("partner", &["diagnostic", "secret"]),
    ("mapping", &["source", "partner", "diagnostic"]),
    (
        "prepare",
        &["source", "mapping", "partner", "diagnostic", "secret"],
    ),
    (
        "api",
        &[
            "partner",
            "secret",
            "clock",
            "http_client",
            "blocking",
            "subprocess",
            "pause",
        ],
    ),
    ("state", &["partner", "clock", "secret"]),
    (
        "delivery",
        &["partner", "api", "state", "diagnostic", "clock", "pause"],
    ),
    ("html", &[]),
    ("report", &["partner", "diagnostic", "html"]),
    ("config", &["secret", "state", "pause"]),
    ("notify", &["secret", "http_client"]),
    ("objects", &["secret", "http_client"]),
    ("telemetry", &[]),
    ("sandbox", &["clock"]),
    (
        "ops",
        &[
            "prepare",
            "delivery",
            "report",
            "state",
            "api",
            "source",
            "mapping",
            "partner",
            "config",
            "notify",
            "objects",
            "sandbox",
            "diagnostic",
            "secret",
            "clock",
            "blocking",
            "subprocess",
            "pause",
        ],
    ),
    (
        "workbench",
        &[
            "ops",
            "mapping",
            "partner",
            "report",
            "config",
            "delivery",
            "source",
            "diagnostic",
            "secret",
            "clock",
            "html",
        ],
    ),
    (
        "cli",
        &[
            "ops",
            "workbench",
            "config",
            "report",
            "state",
            "api",
            "partner",
            "mapping",
            "sandbox",
            "delivery",
            "diagnostic",
            "clock",
            "blocking",
            "telemetry",
        ],
    ),
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

/// Modules named by `crate::module` in a file, tests included.
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
fn modules_import_only_whom_they_may() {
    let root = repository("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 50);
    let mut wrong = Vec::new();
    for file in files {
        let inner = file.strip_prefix(&root).unwrap();
        let module = inner
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let (_, may) = MAY
            .iter()
            .find(|(r, _)| *r == module)
            .unwrap_or_else(|| panic!("{module} is no module that is named here"));
        for import in imports(&std::fs::read_to_string(&file).unwrap()) {
            if import != module && !may.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", inner.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Files that are one table.
const TABLES: [&str; 2] = ["mapping/starter/synonyms.rs", "partner/catalogue.rs"];

#[test]
fn one_file_prints_and_files_stay_small() {
    let root = repository("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        assert!(
            !text.contains("println!") && !text.contains("eprint!"),
            "{name} prints"
        );
        // A table is read line by line, however long it is.
        if !TABLES.contains(&name.as_str()) {
            let lines = text.lines().count();
            assert!(lines <= 450, "{name} has {lines} lines");
        }
    }
}

/// The command line stays thin: what the program does is in `ops`.
#[test]
fn the_command_line_stays_thin() {
    let root = repository("src/cli");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let lines: usize = files
        .iter()
        .filter(|f| !f.starts_with(root.join("args")))
        .map(|f| std::fs::read_to_string(f).unwrap().lines().count())
        .sum();
    assert!(lines < 1_500, "{lines} lines");
}

/// What a state lies in is known to its own room alone: no other module names the library or its files.
#[test]
fn only_its_room_knows_what_a_state_lies_in() {
    let root = repository("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let rooms = [
        ("state/sqlite", "rusqlite"),
        ("state/postgres", "postgres::"),
    ];
    let mut wrong = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        let text = std::fs::read_to_string(&file).unwrap();
        for (room, library) in rooms {
            let names = text.lines().any(|line| {
                let code = line.split("//").next().unwrap_or_default();
                code.contains(&format!("use {library}")) || code.contains(&format!(" {library}"))
            });
            if names
                && !name.starts_with(room)
                && !(name.starts_with("state/") && library != "rusqlite")
            {
                wrong.push(format!("{name} names {library}"));
            }
        }
        if !name.starts_with("state/") {
            for handled in [
                "settings.state.exists",
                "settings.state.join",
                "sqlite::",
                "StateAddress::File",
            ] {
                if text.contains(handled) {
                    wrong.push(format!("{name} has {handled}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
