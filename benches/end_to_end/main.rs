//! The real binary on generated exports, each kind of work beside what bounds it: the csv crate's bare loop, wrk,
//! calamine's bare cells, bare upserts. Ratios of medians; the two of a ratio take turns, so that a noisy machine is
//! noisy for both.
//!
//! `cargo bench --bench end_to_end` prints the table; `-- --rows 1000000 --turns 5` are its defaults, and small
//! numbers only show that it runs. What each run did is checked, so that nothing is measured that did not do its
//! work. Rows against wrk are left out where wrk is not installed, and those of Postgres where that is not.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    missing_docs,
    unreachable_pub,
    reason = "a measurement: what goes wrong may stop it"
)]

mod database;
mod machines;
#[expect(dead_code, reason = "the tests' own, of which a bench needs little")]
#[path = "../../tests/it/support/postgres.rs"]
mod postgres;
mod program;
mod stub;
#[path = "../support/mod.rs"]
mod support;
mod works;

use std::io::Write as _;

use works::{Size, Works};

fn main() {
    let all: Vec<String> = std::env::args().collect();
    if all.iter().any(|a| a == stub::STUB) {
        return stub::serve();
    }
    let number = |name: &str, default: u64| {
        let at = all.iter().position(|a| a == name);
        at.and_then(|i| all.get(i + 1))
            .map_or(default, |n| n.parse().unwrap())
    };
    let only = all.iter().position(|a| a == "--only");
    let only = only.and_then(|i| all.get(i + 1)).map(String::as_str);
    let size = Size {
        rows: number("--rows", 1_000_000),
        turns: number("--turns", 5),
    };
    let dir = tempfile::tempdir().unwrap();
    let works = Works::new(dir.path(), size);
    let mut out = std::io::stdout().lock();
    writeln!(out, "| work | measured | beside it | ratio | must | |").unwrap();
    writeln!(out, "|---|---|---|---|---|---|").unwrap();
    for (name, work) in works::ALL {
        if only.is_none_or(|o| o == *name) {
            for line in work(&works) {
                writeln!(out, "{line}").unwrap();
                out.flush().unwrap();
            }
        }
    }
}
