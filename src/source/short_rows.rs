//! Rows with fewer cells than the header: which of them only lack empty cells at their end?
//!
//! Excel leaves out the delimiters behind the last used column, for blocks of sixteen rows; other programs end each row
//! with its last filled cell. But a row is also short because a delimiter is lost, which moves its cells, or because a line
//! break stands in a cell without quotes, which makes two rows of one. Such a row must not become half a partner. So a short
//! row is filled only where the rows around it, or the table's beginning, show that this table is written that way; and it
//! is never filled where two short rows together have the cells of one that was broken.

use super::record::{Record, Span};

/// Short rows of one width, one behind the other, that show a block.
const BLOCK: usize = 3;
/// Full rows from which the kinds of a column's texts are learned, and filled cells of the column among them.
const FEWEST_ROWS: usize = 5;
const FEWEST_CELLS: usize = 3;

/// The records of a piece with their texts.
#[derive(Clone, Copy)]
pub(super) struct Rows<'r> {
    /// Without the header and what stands above it.
    pub(super) records: &'r [Record],
    pub(super) cells: &'r [Span],
    pub(super) texts: &'r [u8],
    /// Other rows stand before them
    pub(super) goes_on_before: bool,
    /// and behind them, in other pieces.
    pub(super) goes_on_behind: bool,
    /// The last one has no line end.
    pub(super) is_cut: bool,
}

impl Rows<'_> {
    fn text(&self, cell: usize) -> &[u8] {
        let span = self.cells[cell];
        self.texts
            .get(span.start as usize..span.end as usize)
            .unwrap_or(b"")
    }

    fn kinds(&self, record: &Record) -> impl Iterator<Item = u8> {
        record.cells.clone().map(|cell| kind(self.text(cell)))
    }

    fn ends_filled(&self, record: &Record) -> bool {
        let last = record.cells.clone().last();
        last.is_some_and(|cell| !self.text(cell).trim_ascii().is_empty())
    }

    fn first_kind(&self, record: &Record) -> u8 {
        self.kinds(record).next().unwrap_or(0)
    }
}

/// What the beginning of a table shows about short rows.
#[derive(Debug, Clone, Default)]
pub(super) struct ShortRows {
    width: usize,
    /// Each row ends with its last filled cell.
    trims: bool,
    /// Short rows come in blocks, or all rows are short.
    blocks: bool,
    /// The kinds of texts of each column, as far as they were learned; 0 fits all.
    kinds: Vec<u8>,
}

impl ShortRows {
    /// Learns from the first rows under a header of `width` columns.
    pub(super) fn learn(rows: Rows<'_>, width: usize) -> Self {
        let (mut full, mut short, mut ends_empty) = (0, 0, false);
        let mut seen = vec![(0_usize, 0_u8); width];
        for record in rows.records.iter().filter(|r| !r.unfit) {
            if record.found < width {
                // A key alone shows nothing of how rows end.
                short += usize::from(record.found > 1);
            } else {
                full += 1;
                for (column, kind) in seen.iter_mut().zip(rows.kinds(record)) {
                    column.0 += usize::from(kind != 0);
                    column.1 |= kind;
                }
            }
            ends_empty |= !rows.ends_filled(record);
        }
        let has_block = groups(rows.records)
            .any(|group| group.len() >= BLOCK && group[0].found < width && group[0].found > 1);
        let learned = |&(cells, kinds): &(usize, u8)| if cells < FEWEST_CELLS { 0 } else { kinds };
        Self {
            width,
            trims: !ends_empty && short >= BLOCK && short * 50 >= full,
            blocks: has_block || (full == 0 && short > 0),
            kinds: if full < FEWEST_ROWS {
                vec![0; width]
            } else {
                seen.iter().map(learned).collect()
            },
        }
    }

    /// Which of the records of a piece lack nothing but empty cells at their end.
    pub(super) fn filled(&self, rows: Rows<'_>) -> Vec<bool> {
        let mut filled = Vec::with_capacity(rows.records.len());
        for group in groups(rows.records) {
            let from = filled.len();
            let is_short = group[0].found < self.width && group[0].found > 1;
            let may_be = is_short && !self.is_broken_group(rows, group);
            let is_block = may_be && self.is_block(rows, from, group);
            for (at, record) in (from..).zip(group) {
                let is_cut = at + 1 == rows.records.len() && rows.is_cut;
                let fits = || {
                    (is_block && self.fits(rows, record, group.len() < BLOCK))
                        || self.is_trimmed(rows, record)
                };
                filled.push(may_be && !is_cut && !self.is_broken(rows, at) && fits());
            }
        }
        filled
    }

    /// Whether records of one width, which begin at `from`, are a block or a part of one.
    fn is_block(&self, rows: Rows<'_>, from: usize, group: &[Record]) -> bool {
        let to = from + group.len();
        let goes_on =
            (from == 0 && rows.goes_on_before) || (to == rows.records.len() && rows.goes_on_behind);
        let ends_the_table = to == rows.records.len() && self.blocks;
        group.len() >= BLOCK || goes_on || ends_the_table
    }

    /// Whether a row ends with its last filled cell, as all of this table do.
    fn is_trimmed(&self, rows: Rows<'_>, record: &Record) -> bool {
        self.trims && rows.ends_filled(record) && self.fits(rows, record, true)
    }

    /// Whether each two records of one width have the cells of one: all are broken at the same place. They look like a
    /// block, but every other one begins with the rest of the one before.
    fn is_broken_group(&self, rows: Rows<'_>, group: &[Record]) -> bool {
        let kind = rows.first_kind(&group[0]);
        group[0].found * 2 == self.width + 1 && group.iter().any(|r| rows.first_kind(r) != kind)
    }

    /// Whether a record and a short one of another width beside it have the cells of one, and do not begin alike.
    fn is_broken(&self, rows: Rows<'_>, at: usize) -> bool {
        let record = &rows.records[at];
        let before = at.checked_sub(1).and_then(|at| rows.records.get(at));
        let mut beside = before.into_iter().chain(rows.records.get(at + 1));
        beside.any(|other| {
            other.found < self.width
                && other.found != record.found
                && other.found + record.found == self.width + 1
                && rows.first_kind(other) != rows.first_kind(record)
        })
    }

    /// Whether the texts of a record are of kinds that their columns have in full rows. Not `strictly`, letters may have
    /// digits among them where others have none, and the other way round.
    fn fits(&self, rows: Rows<'_>, record: &Record, strictly: bool) -> bool {
        let mut kinds = rows.kinds(record).zip(&self.kinds);
        kinds.all(|(kind, known)| {
            let known = if strictly { *known } else { wider(*known) };
            kind == 0 || known == 0 || kind & known != 0
        })
    }
}

const DIGITS: u8 = 1;
const DIGITS_AND_SIGNS: u8 = 2;
const LETTERS: u8 = 4;
const LETTERS_AND_DIGITS: u8 = 8;
const MAIL: u8 = 16;

/// Kinds, and those that differ from them by a digit or a letter here and there.
fn wider(kinds: u8) -> u8 {
    let mut wider = kinds;
    if kinds & (DIGITS | DIGITS_AND_SIGNS) != 0 {
        wider |= DIGITS | DIGITS_AND_SIGNS | LETTERS_AND_DIGITS;
    }
    if kinds & LETTERS != 0 {
        wider |= LETTERS_AND_DIGITS;
    }
    if kinds & LETTERS_AND_DIGITS != 0 {
        wider |= DIGITS | DIGITS_AND_SIGNS | LETTERS;
    }
    wider
}

/// Records of one width, one behind the other.
fn groups(records: &[Record]) -> impl Iterator<Item = &[Record]> {
    records.chunk_by(|a, b| a.found == b.found && !a.unfit && !b.unfit)
}

/// What a text is made of, as one bit; none where it is empty.
fn kind(text: &[u8]) -> u8 {
    let mut digits = false;
    let mut letters = false;
    let mut others = false;
    for byte in text {
        match byte {
            b'0'..=b'9' => digits = true,
            b'@' => return MAIL,
            b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => letters = true,
            _ => others = true,
        }
    }
    match (letters, digits, others) {
        (true, true, _) => LETTERS_AND_DIGITS,
        (true, false, _) => LETTERS,
        (false, true, true) => DIGITS_AND_SIGNS,
        (false, true, false) => DIGITS,
        (false, false, _) => 0,
    }
}

#[cfg(test)]
#[path = "short_rows_tests.rs"]
mod tests;
