//! What every implementation of the state keeps, as cases that run against any of them.
//!
//! A case gets a state of its own from `make`. It works through [`Store`] alone, so that it says nothing of files or SQL.

use std::panic::{AssertUnwindSafe, catch_unwind};

mod rows;
mod runs;
mod store;
mod views;

use store::Case;
pub(super) use store::Store;

/// Runs every case, each against a new state, and names those that failed.
pub(super) fn run(make: &dyn Fn() -> Box<dyn Store>) {
    let cases: Vec<Case> = [rows::CASES, runs::CASES, views::CASES].concat();
    let fails = |case: fn(&dyn Store)| {
        let run = AssertUnwindSafe(|| case(make().as_ref()));
        catch_unwind(run).is_err()
    };
    let failed: Vec<&str> = cases
        .into_iter()
        .filter_map(|(name, case)| fails(case).then_some(name))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
