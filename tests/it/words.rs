//! The words that users read: plain English in the field's standard terms. A word that was replaced must not come back.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Workdir, repository};

/// Words and phrases that nobody says to a colleague, each with what is said instead. Lower case; whole words.
const REPLACED: &[(&str, &str)] = &[
    ("heed", "observe, wait for"),
    ("heeds", "observes, waits for"),
    ("befall", "happen to"),
    ("befalls", "happens to"),
    ("befell", "happened to"),
    ("lest", "so that … not"),
    ("thereof", "of it"),
    ("hitherto", "until now"),
    ("whoever is in between", "anyone in between"),
    ("corridor", "pipeline"),
    ("front desk", "command line"),
    ("across the street", "the sandbox server"),
    ("ledger", "state"),
    ("told", "reported, shown"),
    ("stands twice", "occurs twice"),
    ("but for the", "except the"),
    ("left alone", "retry after"),
    ("to a file without a name", "to an unnamed temporary file"),
    ("none of the field's words", "not accepted by this field"),
    ("how full", "field coverage"),
    ("is no day", "there is no such day"),
    ("said no", "rejected"),
    ("was made by", "was created by"),
    ("makes a partner", "creates a partner"),
    ("make a partner", "create a partner"),
    ("made twice", "created twice"),
    ("not made", "not created"),
    ("spelt otherwise", "spelt differently"),
];

fn is_word(c: char) -> bool {
    c.is_alphanumeric()
}

/// The replaced words that a text holds, with what is said instead.
fn replaced_words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let lower = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for (word, instead) in REPLACED {
        let is_there = lower.match_indices(word).any(|(at, _)| {
            !lower[..at].ends_with(is_word) && !lower[at + word.len()..].starts_with(is_word)
        });
        if is_there {
            found.push(format!("\"{word}\" (say: {instead})"));
        }
    }
    found
}

/// What is between double quotes in a file of the program, without its tests and its comments.
fn literals(code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]").next().unwrap_or("");
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in code.lines() {
        if open.is_none() && line.trim_start().starts_with("//") {
            continue;
        }
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match (&mut open, c) {
                (None, '\'') => {
                    // A character: '"' opens no text.
                    if chars.peek() == Some(&'"') {
                        chars.next();
                    }
                }
                // A comment behind code.
                (None, '/') if chars.peek() == Some(&'/') => break,
                (None, '"') => open = Some(String::new()),
                (Some(text), '\\') => {
                    text.push(' ');
                    chars.next();
                }
                (Some(_), '"') => found.extend(open.take()),
                (Some(text), c) => text.push(c),
                (None, _) => {}
            }
        }
        if let Some(text) = &mut open {
            text.push(' ');
        }
    }
    found
}

/// Files under `folder` with this ending, tests left out.
fn files(folder: &Path, ending: &str, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "tests" | "suite" | "snapshots") {
                files(&path, ending, into);
            }
        } else if name.ends_with(ending)
            && !name.ends_with("tests.rs")
            && !name.ends_with("cases.rs")
        {
            into.push(path);
        }
    }
}

#[test]
fn no_replaced_word_comes_back_in_the_documents() {
    let mut pages: Vec<PathBuf> = [
        "README.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ]
    .iter()
    .map(|name| repository(name))
    .collect();
    files(&repository("docs"), ".md", &mut pages);
    // The help is looked at itself.
    pages.retain(|page| !page.ends_with("docs/cli.md"));
    files(&repository("mappings"), ".toml", &mut pages);
    files(&repository("deploy"), "", &mut pages);
    assert!(pages.len() > 20);
    let mut wrong = Vec::new();
    for page in pages {
        // A sentence may go over the end of a line, and names of files and tests are no words of ours.
        let text = fs::read_to_string(&page).unwrap();
        for found in replaced_words(&without_code(&text)) {
            wrong.push(format!("{}: {found}", page.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A page without what stands between backticks: names of files, tests and commands.
fn without_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .filter(|(number, _)| number % 2 == 0)
        .map(|(_, part)| part)
        .collect::<Vec<_>>()
        .join("x")
}

#[test]
fn no_replaced_word_comes_back_in_what_the_program_says() {
    let mut sources = Vec::new();
    files(&repository("src"), ".rs", &mut sources);
    assert!(sources.len() > 200);
    let (mut wrong, mut looked_at) = (Vec::new(), 0);
    for source in sources {
        let code = fs::read_to_string(&source).unwrap();
        // Queries and single names are no sentences.
        let sentences = literals(&code)
            .into_iter()
            .filter(|text| text.contains(' ') && !text.contains("WHERE"));
        for text in sentences {
            looked_at += 1;
            for found in replaced_words(&without_names(&text)) {
                wrong.push(format!("{}: {found}: {text}", source.display()));
            }
        }
    }
    assert!(looked_at > 1_000, "{looked_at}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_replaced_word_comes_back_in_the_help() {
    let dir = Workdir::new();
    let mut wrong = Vec::new();
    for path in [
        &[][..],
        &["init"],
        &["check"],
        &["import"],
        &["sync"],
        &["status"],
        &["reconcile"],
        &["verify"],
        &["state"],
        &["state", "backup"],
        &["state", "export"],
        &["state", "forget"],
        &["state", "accept"],
        &["state", "resolve"],
        &["partners", "list"],
        &["partners", "get"],
        &["sandbox"],
    ] {
        let arguments = [path, &["--help"][..]].concat();
        let text = dir.run(&arguments).finish().expect_exit(0).stdout;
        assert!(text.contains("Usage:"), "{path:?}: {text}");
        for found in replaced_words(&text) {
            wrong.push(format!("{path:?}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A text without the names of values that are put into it.
fn without_names(text: &str) -> String {
    let parts = text.split('{').enumerate();
    parts
        .map(|(number, part)| match part.split_once('}') {
            Some((_, behind)) if number > 0 => behind,
            _ => part,
        })
        .collect::<Vec<_>>()
        .join("x")
}

#[test]
fn what_is_looked_for_is_found() {
    let code = "let a = \"one \\\n     two\"; // \"three\n// \"four five\"\nlet c = '\"'; let d = \"it's\";";
    let found: Vec<String> = literals(code)
        .iter()
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(found, ["one two", "it's"]);
    assert_eq!(without_names("a {told} b"), "a x b");
    assert_eq!(replaced_words("The rows are\n told.").len(), 1);
    assert_eq!(replaced_words("untold ledgers").len(), 0);
    assert_eq!(without_code("a `told` b"), "a x b");
}
