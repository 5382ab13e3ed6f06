//! What every implementation of the state keeps, as cases that run against any of them.
//!
//! A case gets a state of its own from `make`. It works through [`Store`] alone, so that it says nothing of files or SQL.

mod rows;
mod runs;
mod store;

use store::Case;
pub(super) use store::{Begun, Store};

/// Runs every case, each against a new state. The name of the case is printed before it runs.
pub(super) fn run(make: &dyn Fn() -> Box<dyn Store>) {
    let cases: Vec<Case> = [rows::CASES, runs::CASES].concat();
    for (name, case) in cases {
        println!("case: {name}");
        case(make().as_ref());
    }
}
