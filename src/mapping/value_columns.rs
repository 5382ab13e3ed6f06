//! The columns of a file that somebody may choose as a lookup file: which may have the words, and which what they become.

use std::collections::HashSet;
use std::path::Path;

use super::coerce::{coerce, trim};
use super::value_file::{refuse_many, table};
use crate::partner::FieldKind;
use crate::source::{Cell, Flow};

/// Values of a column that are tried on a field.
const TRIED: usize = 200;

/// A column of such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// How many of the words that were asked for it has, without regard to case.
    pub words: usize,
    /// Rows in which it is filled.
    pub filled: usize,
    /// How many of its first different values the field takes, and how many were tried.
    pub fits: (usize, usize),
}

/// The names of a lookup file's columns.
///
/// # Errors
/// Why the file cannot be one, in words.
pub fn table_header(path: &Path) -> Result<Vec<String>, String> {
    let source = table(path).map_err(|unusable| unusable.message)?;
    Ok(source
        .header()
        .names()
        .iter()
        .map(ToString::to_string)
        .collect())
}

/// The columns of a file, with what each has of these words, and of what the field takes. It is read with the limits that
/// lookup files have.
///
/// # Errors
/// Why the file cannot be one, in words.
pub fn table_columns(
    path: &Path,
    words: &[&str],
    kind: FieldKind,
) -> Result<Vec<TableColumn>, String> {
    let source = table(path).map_err(|unusable| unusable.message)?;
    let wanted: HashSet<String> = words.iter().map(|w| w.to_lowercase()).collect();
    let names = source.header().names();
    let mut columns: Vec<Seen> = names.iter().map(|_| Seen::default()).collect();
    let (mut rows, mut bytes) = (0, 0);
    let read = source.read(&mut |batch| {
        for row in batch.rows().filter(|r| r.fault().is_none()) {
            rows += 1;
            for (at, seen) in columns.iter_mut().enumerate() {
                let cell = row.cell(at);
                if !cell.is_blank() && !matches!(cell, Cell::Error(_) | Cell::NoValue) {
                    let text = cell.to_text();
                    bytes += text.len();
                    seen.see(trim(&text).0, &wanted);
                }
            }
        }
        match refuse_many(path, rows, bytes) {
            Ok(()) => Flow::More,
            Err(_) => Flow::Enough,
        }
    });
    read.map_err(|e| e.to_string())?;
    refuse_many(path, rows, bytes).map_err(|unusable| unusable.message)?;
    let of = |(name, seen): (&std::sync::Arc<str>, Seen)| TableColumn {
        name: name.to_string(),
        words: seen.words.len(),
        filled: seen.filled,
        fits: (
            seen.tried
                .iter()
                .filter(|t| coerce(kind, t).is_ok())
                .count(),
            seen.tried.len(),
        ),
    };
    Ok(names.iter().zip(columns).map(of).collect())
}

/// What is known of a column.
#[derive(Default)]
struct Seen {
    words: HashSet<String>,
    filled: usize,
    tried: HashSet<String>,
}

impl Seen {
    fn see(&mut self, text: &str, wanted: &HashSet<String>) {
        self.filled += 1;
        if self.tried.len() < TRIED {
            self.tried.insert(text.to_owned());
        }
        let folded = text.to_lowercase();
        if wanted.contains(&folded) {
            self.words.insert(folded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_words_and_of_values_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("types.csv");
        std::fs::write(
            &path,
            "No;Kind;Stage\n1;Retail;Completed\n2;wholesale;Not Started\n3;;later\n",
        )
        .unwrap();
        let kind = crate::partner::catalogue::find("organization.onBoardingStatus");
        let kind = kind.unwrap().1.kind;
        let found = table_columns(&path, &["RETAIL", "Wholesale", "Other"], kind).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|c| (c.name.as_str(), c.words, c.filled, c.fits))
            .collect();
        let expected = [
            ("No", 0, 3, (3, 3)),
            ("Kind", 2, 2, (0, 2)),
            ("Stage", 0, 3, (2, 3)),
        ];
        assert_eq!(found, expected);
        assert_eq!(table_header(&path).unwrap(), ["No", "Kind", "Stage"]);
        let missing = table_header(&dir.path().join("none.csv")).unwrap_err();
        assert!(missing.contains("none.csv"), "{missing}");
        assert!(
            table_header(dir.path())
                .unwrap_err()
                .contains("is not a file")
        );
    }
}
