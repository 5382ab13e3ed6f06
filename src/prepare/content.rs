//! A hash of a row's cells, by which rows are found that differ in their keys only.

use std::hash::Hasher as _;

use rustc_hash::FxHasher;

use crate::mapping::Plan;
use crate::source::SourceRow;

/// The hash of all mapped cells that are no part of the row's identity: of their texts without blanks around them.
pub(super) fn content(plan: &Plan, row: SourceRow<'_>) -> u64 {
    content_of(plan.content_columns(), row)
}

fn content_of(columns: &[usize], row: SourceRow<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    for column in columns {
        // A hash of each text, its length included, goes into the hash of all.
        match row.text_bytes(*column) {
            // What begins and ends with a letter, digit or sign has nothing to trim.
            Some(text)
                if text.first().is_none_or(u8::is_ascii_graphic)
                    && text.last().is_none_or(u8::is_ascii_graphic) =>
            {
                hasher.write(text);
            }
            _ => hasher.write(row.cell(*column).to_text().trim().as_bytes()),
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Flow, Source, SourceOptions};

    #[test]
    fn contents_are_alike_without_the_blanks_around_their_cells() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.csv");
        let text = "A,B,C\nx,y,z\n x,y ,z\nxy,,z\nx,yz,\nx,y,z\n";
        std::fs::write(&path, text).unwrap();
        let source = Source::open(&path, &SourceOptions::default()).unwrap();
        for columns in [[0, 1, 2].as_slice(), &[0, 2], &[1]] {
            let mut seen = Vec::new();
            source
                .read(&mut |batch| {
                    seen.extend(batch.rows().map(|row| content_of(columns, row)));
                    Flow::More
                })
                .unwrap();
            assert_eq!(seen[0], seen[1]);
            assert_eq!(seen[0], seen[4]);
            assert_ne!(seen[0], seen[2]);
            assert_ne!(seen[2], seen[3]);
        }
    }
}
