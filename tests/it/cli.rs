use partner_sync::mapping::{Feed, Mapping};

use crate::support::{Workdir, repository};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["init"],
    &["check"],
    &["import"],
    &["sync"],
    &["status"],
    &["reconcile"],
    &["verify"],
    &["state", "backup"],
    &["state", "export"],
    &["state", "forget"],
    &["state", "resolve"],
    &["state", "accept"],
    &["partners", "list"],
    &["partners", "get"],
    &["doctor"],
    &["config", "show"],
    &["sandbox"],
    &["completions"],
    &["man"],
    &["version"],
];

/// `docs/cli.md`: the help of every command, word for word.
fn reference() -> String {
    let dir = Workdir::new();
    let mut out = String::from(
        "# Commands\n\nGenerated from `--help` by a test (`UPDATE_DOCS=1 cargo test`); do not edit it by hand.\n",
    );
    for command in COMMANDS {
        let run = dir.run(command).args(&["--help"]).finish().expect_exit(0);
        out.push_str(&format!(
            "\n## `partner-sync{}`\n\n```text\n{}```\n",
            [&[""], *command].concat().join(" "),
            run.stdout
        ));
    }
    out
}

#[test]
fn every_help_ends_with_examples() {
    let dir = Workdir::new();
    for command in COMMANDS {
        let help = dir
            .run(command)
            .args(&["--help"])
            .finish()
            .expect_exit(0)
            .stdout;
        assert!(help.contains("Example"), "{command:?}");
    }
}

#[test]
fn the_command_reference_is_current() {
    crate::support::assert_current("docs/cli.md", &reference());
}

#[test]
fn the_diagnostics_reference_is_current() {
    crate::support::assert_current(
        "docs/diagnostics.md",
        &partner_sync::diagnostic::reference(),
    );
}

#[test]
fn the_field_reference_is_current() {
    crate::support::assert_current(
        "docs/fields.md",
        &partner_sync::partner::catalogue::reference(),
    );
}

#[test]
fn completions_and_manual_are_made() {
    let dir = Workdir::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(
            dir.run(&["completions", shell])
                .finish()
                .expect_exit(0)
                .stdout
                .contains("partner-sync"),
            "{shell}"
        );
    }
    assert!(
        dir.run(&["man"])
            .finish()
            .expect_exit(0)
            .stdout
            .contains(".TH partner-sync")
    );
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let dir = Workdir::new();
    let mut child = dir.run(&["man"]).start();
    drop(child.stdout.take());
    let run = crate::support::Finished::of(child.wait_with_output().unwrap());
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

/// Each mapping in the docs, on a file that has its columns: checked as a user would.
#[test]
fn every_mapping_in_the_docs_runs() {
    let text = std::fs::read_to_string(repository("docs/mapping.md")).unwrap();
    let mut examples = 0;
    for block in text.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let mapping = match Mapping::parse("docs/mapping.md", block) {
            Ok(mapping) => mapping,
            Err(error) => panic!("{error}\n{block}"),
        };
        let mut columns: Vec<String> = mapping.key.0.iter().map(|k| k.text.clone()).collect();
        for rule in &mapping.rules {
            match &rule.rule.feed {
                Feed::Column(c) | Feed::Partner(c) => columns.push(c.text.clone()),
                Feed::Columns(all) => columns.extend(all.iter().map(|c| c.text.clone())),
                Feed::Value(_) | Feed::Template(_) => {}
            }
        }
        columns.sort();
        columns.dedup();
        let dir = Workdir::new();
        let delimiter = char::from(mapping.source.delimiter.unwrap_or(b',')).to_string();
        let cells: Vec<&str> = columns.iter().map(|_| "").collect();
        let header = columns.join(&delimiter);
        dir.write("e.csv", format!("{header}\n{}x\n", cells.join(&delimiter)));
        dir.write("m.toml", block);
        dir.write("types.csv", "Name,Id\nx,1\n");
        if !mapping.tests.is_empty() {
            dir.run(&["test", "m.toml"]).finish().expect_exit(0);
        }
        let run = dir.run(&["check", "e.csv", "-m", "m.toml"]).finish();
        assert!(matches!(run.exit, 0 | 1), "{}\n{block}", run.stderr);
        examples += 1;
    }
    assert!(examples > 3);
}
