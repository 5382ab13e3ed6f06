//! `init`: what it proposes for an export.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use partner_sync::mapping::{Feed, Mapping};

use crate::mapping::{mapping_path, shipped};
use crate::support::{Workdir, repository};

/// Fields and the columns that feed them; constants, templates and free-form keys are nobody's to guess.
fn assignments(mapping: &Mapping) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    found.insert(
        "key".to_owned(),
        mapping.key.0.iter().map(|k| k.text.clone()).collect(),
    );
    for rule in &mapping.rules {
        if rule.field.path == "organization.integrationMetadata" {
            continue;
        }
        let columns: Vec<String> = match &rule.rule.feed {
            Feed::Column(c) | Feed::Partner(c) => vec![c.text.clone()],
            Feed::Columns(all) => all.iter().map(|c| c.text.clone()).collect(),
            Feed::Value(_) | Feed::Template(_) => continue,
        };
        found.insert(partner_sync::partner::display_path(&rule.path), columns);
    }
    found
}

/// `init` finds at least 90 % of the shipped mapping's assignments in each sample, and what it proposes passes
/// `check` on the file or says what is left to decide.
#[test]
fn init_finds_the_shipped_assignments() {
    let mut told = String::new();
    for (mapping, sample) in shipped() {
        let dir = Workdir::new();
        let file = repository(&format!("samples/{sample}"));
        let file = file.to_str().unwrap();
        dir.run(&["init", file, "-o", "m.toml"])
            .finish()
            .expect_exit(0);
        let text = dir.read("m.toml");
        let proposed = Mapping::parse("m.toml", &text).unwrap_or_else(|e| panic!("{sample}: {e}"));
        let proposed = assignments(&proposed);
        let right = assignments(&Mapping::read(&mapping_path(mapping)).unwrap());
        let mut missed = Vec::new();
        for (field, columns) in &right {
            if !proposed.get(field).is_some_and(|p| columns.contains(&p[0])) {
                missed.push(format!(
                    "{field} = {columns:?}, not {:?}",
                    proposed.get(field)
                ));
            }
        }
        let found = right.len() - missed.len();
        let _ = writeln!(
            told,
            "{sample}: {found} of {}; missed {missed:?}",
            right.len()
        );
        assert!(found * 10 >= right.len() * 9, "{told}");
        let wrong: Vec<_> = proposed
            .iter()
            .filter(|(field, columns)| right.get(*field).is_some_and(|r| !r.contains(&columns[0])))
            .collect();
        assert!(wrong.len() * 20 <= right.len(), "{sample}: {wrong:?}");

        let check = dir.run(&["check", file, "-m", "m.toml"]).finish();
        assert!(
            check.exit == 0 || text.contains("decide") || text.contains("#   "),
            "{sample}\n{text}\n{}",
            check.stdout
        );
    }
    println_told(&told);
}

fn println_told(told: &str) {
    // Shown by `cargo test -- --nocapture`: the measured shares.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), told.as_bytes());
}

#[test]
fn a_proposal_is_never_written_over_a_mapping() {
    let dir = Workdir::new();
    dir.simple_export(2);
    let run = dir
        .run(&["init", "e.csv", "-o", "m.toml"])
        .finish()
        .expect_exit(2);
    assert!(run.stderr.contains("cannot write m.toml"), "{}", run.stderr);
    assert_eq!(dir.read("m.toml"), crate::support::SIMPLE_MAPPING);
}
