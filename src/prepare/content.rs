//! A hash of a row's cells, by which rows are found that differ in their keys only.

use std::hash::Hasher as _;

use rustc_hash::FxHasher;

use crate::mapping::Plan;
use crate::source::SourceRow;

/// Hashes rows; one for each thread.
#[derive(Debug, Default)]
pub(super) struct ContentHash {
    /// Texts that do not lie beside each other, put beside each other.
    texts: Vec<u8>,
}

impl ContentHash {
    /// The hash of all mapped cells that are no part of the row's identity: of their texts without blanks around them.
    pub(super) fn of(&mut self, plan: &Plan, row: SourceRow<'_>) -> u64 {
        self.of_columns(plan.content_columns(), row)
    }

    /// The lengths of all texts, and all texts at once: where they lie beside each other, as cells of a text file do,
    /// that is a fraction of the work.
    fn of_columns(&mut self, columns: &[usize], row: SourceRow<'_>) -> u64 {
        let mut hasher = FxHasher::default();
        let mut runs = columns.chunk_by(|a, b| *a + 1 == *b);
        if let (Some(run), None) = (runs.next(), runs.next())
            && let Some(texts) = beside_each_other(run, row, &mut hasher)
        {
            hasher.write(texts);
            return hasher.finish();
        }
        let mut hasher = FxHasher::default();
        self.texts.clear();
        for column in columns {
            let before = self.texts.len();
            match plain_text(row, *column) {
                Some(text) => self.texts.extend_from_slice(text),
                None => {
                    let text = row.cell(*column).to_text();
                    self.texts.extend_from_slice(text.trim().as_bytes());
                }
            }
            hasher.write_usize(self.texts.len() - before);
        }
        hasher.write(&self.texts);
        hasher.finish()
    }
}

/// The texts of columns beside each other, their lengths hashed; none where any of them may have something to trim or a guard.
fn beside_each_other<'r>(
    columns: &[usize],
    row: SourceRow<'r>,
    hasher: &mut FxHasher,
) -> Option<&'r [u8]> {
    let (texts, all) = row.raw_texts(*columns.first()?, *columns.last()?)?;
    let mut length = 0;
    for text in texts {
        let is_plain = match text {
            [] => true,
            [first, .., last] | [first @ last] => {
                first.is_ascii_graphic()
                    && !matches!(first, b'=' | b'\'')
                    && last.is_ascii_graphic()
            }
        };
        if !is_plain {
            return None;
        }
        hasher.write_usize(text.len());
        length += text.len();
    }
    // Where anything else lies between them, they are shorter together.
    (all.len() == length).then_some(all)
}

/// A text that begins and ends with a letter, digit or sign: it has nothing to trim.
fn plain_text(row: SourceRow<'_>, column: usize) -> Option<&[u8]> {
    let text = row.text_bytes(column)?;
    let is_plain = text.first().is_none_or(u8::is_ascii_graphic)
        && text.last().is_none_or(u8::is_ascii_graphic);
    is_plain.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Flow, Source, SourceOptions};

    #[test]
    fn contents_are_alike_without_the_blanks_around_their_cells() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f.csv");
        let text = "A,B,C\nx,y,z\n x,y ,z\nxy,,z\nx,yz,\nx,y,z\n'1,2,\"=\"\"3\"\"\"\n1,2,3\n";
        std::fs::write(&path, text).unwrap();
        let source = Source::open(&path, &SourceOptions::default()).unwrap();
        for columns in [[0, 1, 2].as_slice(), &[0, 2], &[1], &[1, 2]] {
            let mut seen = Vec::new();
            let mut hash = ContentHash::default();
            source
                .read(&mut |batch| {
                    seen.extend(batch.rows().map(|row| hash.of_columns(columns, row)));
                    Flow::More
                })
                .unwrap();
            assert_eq!(seen[0], seen[1]);
            assert_eq!(seen[0], seen[4]);
            assert_ne!(seen[0], seen[2]);
            assert_ne!(seen[2], seen[3]);
            // Guards are no part of a text.
            assert_eq!(seen[5], seen[6]);
        }
    }

    /// A column that is not mapped may stand between two that are.
    #[test]
    fn contents_are_alike_wherever_their_columns_stand() {
        let dir = tempfile::tempdir().unwrap();
        let hash_of = |text: &str, columns: &[usize]| {
            let path = dir.path().join("f.csv");
            std::fs::write(&path, text).unwrap();
            let source = Source::open(&path, &SourceOptions::default()).unwrap();
            let mut seen = None;
            source
                .read(&mut |batch| {
                    let row = batch.row(0).unwrap();
                    seen = Some(ContentHash::default().of_columns(columns, row));
                    Flow::Enough
                })
                .unwrap();
            seen.unwrap()
        };
        let together = hash_of("Id,A,B\n1,xy,z\n", &[1, 2]);
        assert_eq!(hash_of("Id,A,Note,B\n1,xy,q,z\n", &[1, 3]), together);
        assert_ne!(hash_of("Id,A,B\n1,x,yz\n", &[1, 2]), together);
    }
}
