//! A run's problems on their way into the state and back: places, codes and levels, without anything that
//! stood in a cell. Parts are compressed one by one, so that what was kept of a run that died can be read.

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{Read as _, Write as _};

use crate::diagnostic::{Code, ColumnAt, Diagnostic, Location, Severity};

/// Stores the compressed parts of a run's problems; they have to be read back in the order in which they were given.
pub type StoreProblems = Box<dyn FnMut(Vec<u8>) + Send>;

/// Bytes of a part before it is compressed.
const PART: usize = 256 * 1024;

/// Problems on their way into the state.
pub(super) struct ProblemStore {
    lines: Vec<u8>,
    keep: StoreProblems,
}

impl ProblemStore {
    pub(super) fn new(keep: StoreProblems) -> Self {
        Self {
            lines: Vec::new(),
            keep,
        }
    }

    pub(super) fn add(&mut self, d: &Diagnostic) {
        let line = serde_json::json!([
            d.at.file.as_deref(),
            d.at.sheet.as_deref(),
            d.at.row,
            d.at.line,
            d.at.column.as_ref().map(|c| c.index),
            d.at.column.as_ref().map(|c| &*c.name),
            d.at.field.as_deref(),
            d.code.as_str(),
            d.is_error(),
        ]);
        // Writing to memory cannot fail.
        let _ = writeln!(self.lines, "{line}");
        if self.lines.len() >= PART {
            self.flush();
        }
    }

    pub(super) fn flush(&mut self) {
        if self.lines.is_empty() {
            return;
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        if encoder.write_all(&self.lines).is_ok()
            && let Ok(part) = encoder.finish()
        {
            (self.keep)(part);
        }
        self.lines.clear();
    }
}

/// Reads a part; lines that are not understood are left out.
#[must_use]
pub fn read_problems(part: &[u8]) -> Vec<Diagnostic> {
    let mut text = String::new();
    if ZlibDecoder::new(part).read_to_string(&mut text).is_err() {
        return Vec::new();
    }
    text.lines().filter_map(problem).collect()
}

fn problem(line: &str) -> Option<Diagnostic> {
    type Line = (
        Option<String>,
        Option<String>,
        Option<u64>,
        Option<u64>,
        Option<usize>,
        Option<String>,
        Option<String>,
        String,
        bool,
    );
    let (file, sheet, row, line, index, name, field, code, error): Line =
        serde_json::from_str(line).ok()?;
    let at = Location {
        file: file.map(Into::into),
        sheet: sheet.map(Into::into),
        row,
        line,
        column: index.zip(name).map(|(index, name)| ColumnAt {
            index,
            name: name.into(),
        }),
        field: field.map(Into::into),
    };
    let code = Code::from_name(&code)?;
    let mut diagnostic = Diagnostic::new(code, at, code.meaning());
    diagnostic.severity = if error {
        Severity::Error
    } else {
        Severity::Warning
    };
    Some(diagnostic)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn problems_come_back_without_their_values() {
        let parts: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let kept = Arc::clone(&parts);
        let mut store = ProblemStore::new(Box::new(move |part| kept.lock().unwrap().push(part)));
        let at = Location {
            file: Some("a.csv".into()),
            row: Some(17),
            column: Some(ColumnAt {
                index: 2,
                name: "Signed \"On\"".into(),
            }),
            ..Location::default()
        };
        let kept_problem =
            Diagnostic::new(Code::DateInvalid, at, "\"x\" is no date").with_value("x", false);
        store.add(&kept_problem);
        store.flush();
        let back = read_problems(&parts.lock().unwrap()[0]);
        assert_eq!(back, vec![kept_problem.without_values()]);
        assert!(read_problems(b"no part").is_empty());
    }
}
