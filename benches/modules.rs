//! Each module by itself, with seeded input and its result checked: read, date, map, serialize, hash, claim, record.
//!
//! `cargo bench --bench modules` measures; `-- --test` runs each once.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a measurement: what goes wrong may stop it"
)]

mod support;

use std::path::PathBuf;
use std::sync::LazyLock;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use partner_sync::mapping::date;
use partner_sync::partner::{Fingerprinter, HashScheme, Query};
use support::pipeline::Pipeline;
use support::state::State;

/// Rows of the export that the modules are given.
const ROWS: u64 = 2_000;
/// Rows of a commit.
const COMMIT: u64 = 500;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn main() {
    divan::main();
    let _ = std::fs::remove_dir_all(FOLDER.path());
}

static EXPORT: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = FOLDER.path().join("export.csv");
    support::export(&path, ROWS, 0);
    std::fs::write(FOLDER.path().join("m.toml"), support::MAPPING).unwrap();
    path
});

fn pipeline() -> Pipeline {
    Pipeline::open(&EXPORT, &FOLDER.path().join("m.toml"))
}

#[divan::bench]
fn bare_records(bencher: Bencher) {
    let path = EXPORT.clone();
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench(|| assert_eq!(support::bare(&path), ROWS));
}

#[divan::bench]
fn read(bencher: Bencher) {
    let pipeline = pipeline();
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench(|| assert_eq!(pipeline.read(), ROWS));
}

#[divan::bench(args = ["3/14/2026", "2026-03-14", "14 March 2026", "14.03.2026"])]
fn date_text(bencher: Bencher, text: &str) {
    bencher.bench(|| {
        let reading = date::read_text(black_box(text), &date::Hints::default());
        assert!(reading.is_ok());
    });
}

#[divan::bench]
fn map_by_hand(bencher: Bencher) {
    let path = EXPORT.clone();
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench(|| assert_eq!(support::reference::run(&path, |_| ()).0, ROWS));
}

#[divan::bench]
fn map(bencher: Bencher) {
    let pipeline = pipeline();
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench(|| assert_eq!(pipeline.map(), ROWS));
}

#[divan::bench]
fn map_and_serialize(bencher: Bencher) {
    let pipeline = pipeline();
    let by_hand = support::reference::run(&EXPORT, |_| ());
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench(|| assert_eq!(pipeline.serialize(|_| ()), by_hand));
}

#[divan::bench]
fn hash(bencher: Bencher) {
    let mut body = Vec::new();
    support::reference::run(&EXPORT, |bytes| body = bytes.to_vec());
    let hasher = Fingerprinter::new([7; 32], HashScheme::Folded);
    let expected = hasher.of(&body, &[], Query::default());
    bencher.bench(|| {
        assert_eq!(hasher.of(black_box(&body), &[], Query::default()), expected);
    });
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn bare_upserts(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(COMMIT))
        .with_inputs(support::upserts::Table::new)
        .bench_refs(|table| table.claim(0, COMMIT));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn claim(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(COMMIT))
        .with_inputs(State::new)
        .bench_refs(|state| state.claim(0, COMMIT));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn record(bencher: Bencher) {
    bencher
        .counter(ItemsCount::new(COMMIT))
        .with_inputs(|| {
            let state = State::new();
            state.claim(0, COMMIT);
            state
        })
        .bench_refs(|state| state.settle(0, COMMIT));
}
