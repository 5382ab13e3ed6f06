//! A state whose key is gone: who is informed, and how.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::error::OpError;
use super::observer::{Note, Observer};
use crate::diagnostic::{Code, Diagnostic, Location, thousands};
use crate::report::Collector;
use crate::state::{LostKey, StateReader};

/// Tells the person and the report of rows of which it is not known whether they changed.
pub(super) fn report(
    lost: Option<&LostKey>,
    observer: &dyn Observer,
    collector: &Mutex<Collector>,
) {
    let Some(lost) = lost else { return };
    let words = words(lost);
    observer.note(&Note::KeyLost(&words));
    let told = Diagnostic::new(Code::KeyLost, Location::default(), words);
    let mut collector = collector.lock().unwrap_or_else(PoisonError::into_inner);
    collector.add_diagnostics(u32::MAX, vec![told]);
}

/// The same of a state that is only read; none is there where nothing was imported yet.
pub(super) fn report_of(
    reader: Option<&StateReader>,
    observer: &dyn Observer,
    collector: &Mutex<Collector>,
) -> Result<(), OpError> {
    let lost = reader.map(|r| r.lost_key()).transpose()?.flatten();
    report(lost.as_ref(), observer, collector);
    Ok(())
}

fn words(lost: &LostKey) -> String {
    let name = |path: &Path| {
        path.file_name()
            .map_or_else(String::new, |n| n.display().to_string())
    };
    let key = name(&lost.path);
    let begin = match &lost.aside {
        Some(aside) => format!(
            "The file {key} beside the state was not its key; it is now {}",
            name(aside)
        ),
        None => format!("The key file {key} beside the state is missing or is not its key"),
    };
    let rows = match lost.rows {
        1 => "1 row that was sent before has".to_owned(),
        rows => format!("{} rows that were sent before have", thousands(rows)),
    };
    format!(
        "{begin}, so it is not known whether {rows} changed since. They count as unchanged and are not sent again."
    )
}
