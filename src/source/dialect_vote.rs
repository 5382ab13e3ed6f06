//! What speaks for a way of quoting, in a sample of a table.
//!
//! The usual way is the one of RFC 4180. Another one is taken only where it is proved: it fits where the usual one does not,
//! and every cell that it takes for quoted is quoted at both ends.

use std::cmp::Ordering;

use super::grammar::{Cells, Ending, Grammar, Seen};
use super::line::next_line;

/// Records of which a delimiter's agreement is made.
const SAMPLE_RECORDS: usize = 100;

/// What a sample looks like by a grammar.
#[derive(Debug, Default)]
pub(super) struct Measure {
    /// Cells of each record that fits.
    widths: Vec<usize>,
    /// Records that do not.
    unfit: usize,
    seen: Seen,
    /// Cells with letters, below the first record: quoted ones and all.
    words: [usize; 2],
    /// All filled cells of the first record are quoted.
    header_is_quoted: bool,
    /// No cell of the first record is empty.
    header_is_filled: bool,
    /// A cell begins with a double quote as if it was quoted: it ends with one too, or is never closed.
    wrapped: bool,
}

/// Looks at the cells of a record.
#[derive(Default)]
struct Look {
    cells: usize,
    filled: usize,
    with_letters: usize,
    wrapped: bool,
    first: u8,
    last: u8,
    quotes: usize,
    length: usize,
    has_letter: bool,
}

impl Cells for Look {
    fn push(&mut self, byte: u8) {
        if self.length == 0 {
            self.first = byte;
        }
        self.last = byte;
        self.quotes += usize::from(byte == b'"');
        self.length += 1;
        self.has_letter |= byte.is_ascii_alphabetic() || !byte.is_ascii();
    }

    fn end(&mut self) {
        self.cells += 1;
        self.filled += usize::from(self.length > 0);
        self.with_letters += usize::from(self.has_letter);
        self.wrapped |= self.length > 0
            && self.first == b'"'
            && (self.last == b'"' || !self.quotes.is_multiple_of(2));
        self.quotes = 0;
        self.length = 0;
        self.has_letter = false;
    }
}

impl Measure {
    /// Reads the sample, which may end inside a record unless it is the whole table.
    pub(super) fn of(table: &[u8], is_whole: bool, grammar: Grammar) -> Self {
        let mut all = Self::default();
        let mut at = 0;
        while at < table.len() {
            let mut look = Look::default();
            let mut seen = Seen::default();
            let ending = grammar.record(table, at, true, &mut look, &mut seen);
            let line = next_line(table, at, true).unwrap_or(table.len());
            match ending {
                // The sample may have been cut there.
                Ending::Whole(end) if end == table.len() && !is_whole && !all.widths.is_empty() => {
                    break;
                }
                Ending::Whole(end) => {
                    if look.filled > 0 || look.cells > 1 {
                        all.add(&look, seen);
                    }
                    at = end;
                }
                // Nor is anything known of a cell that is longer than what is left of the sample.
                Ending::Open
                    if !is_whole && (line == table.len() || table.len() - at < table.len() / 2) =>
                {
                    break;
                }
                Ending::Open | Ending::Unfit(_) | Ending::Unknown => {
                    all.unfit += 1;
                    at = line;
                }
            }
        }
        all
    }

    fn add(&mut self, look: &Look, seen: Seen) {
        if self.widths.is_empty() && self.unfit == 0 {
            self.header_is_quoted = look.filled > 0 && seen.quoted >= look.filled;
            self.header_is_filled = look.filled == look.cells;
        } else {
            self.words[0] += seen.quoted.min(look.with_letters);
            self.words[1] += look.with_letters;
        }
        self.widths.push(look.cells);
        self.wrapped |= look.wrapped;
        self.seen.quoted += seen.quoted;
        self.seen.after_blanks += seen.after_blanks;
        self.seen.needed += seen.needed;
        self.seen.escapes += seen.escapes;
        self.seen.idle += seen.idle;
    }

    /// The commonest number of cells, and how many records have it.
    fn commonest(widths: &[usize]) -> (usize, usize) {
        let mut counted: Vec<(usize, usize)> = Vec::new();
        for width in widths.iter().copied() {
            match counted.iter_mut().find(|(w, _)| *w == width) {
                Some((_, n)) => *n += 1,
                None => counted.push((width, 1)),
            }
        }
        let most = counted.into_iter().max_by_key(|(width, n)| (*n, *width));
        most.unwrap_or((0, 0))
    }

    pub(super) fn usual_width(&self) -> usize {
        Self::commonest(&self.widths).0
    }

    /// Whether a delimiter that nobody would expect is one without doubt: each record has the same number of cells, three at
    /// least, and each column a name.
    pub(super) fn is_beyond_doubt(&self) -> bool {
        let width = self.usual_width();
        let is_table = width >= 3 && self.widths.len() >= 2;
        is_table
            && self.unfit == 0
            && self.header_is_filled
            && self.widths.iter().all(|w| *w == width)
    }

    /// Records of the sample that have the usual number of cells, of two or more.
    fn agreeing(&self) -> usize {
        let (width, records) = Self::commonest(&self.widths);
        if width > 1 { records } else { 0 }
    }

    /// Which share of records has the usual number of cells, against that of another grammar: cells of several lines make
    /// different numbers of records.
    fn compare(&self, other: &Self) -> Ordering {
        let all = |measure: &Self| measure.widths.len() + measure.unfit;
        (self.agreeing() * all(other)).cmp(&(other.agreeing() * all(self)))
    }

    /// The share of records that have the commonest width, two or more; of equal shares the wider wins.
    ///
    /// The share and not the number: by a wrong delimiter quotes lose their meaning, a cell of many lines falls
    /// apart into many records, and those may well agree among themselves.
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred records")]
    pub(super) fn agreement(&self) -> f64 {
        let widths = &self.widths[..self.widths.len().min(SAMPLE_RECORDS)];
        let all = widths.len() + self.unfit.min(SAMPLE_RECORDS - widths.len());
        let mut best = 0.0_f64;
        for width in widths.iter().copied().filter(|w| *w > 1) {
            let records = widths.iter().filter(|w| **w == width).count();
            best = best.max(records as f64 / all as f64 * (1.0 - 1.0 / width as f64));
        }
        best
    }
}

/// What of the quoting is settled by the mapping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settled {
    pub(super) quote: bool,
    pub(super) escape: bool,
}

/// The quoting that fits a sample: `usual`, apart from what is not `settled` and is proved to be otherwise.
pub(super) fn choose_quoting(
    table: &[u8],
    is_whole: bool,
    usual: Grammar,
    settled: Settled,
) -> Grammar {
    let of = |grammar| Measure::of(table, is_whole, grammar);
    let has = |byte| memchr::memchr(byte, table).is_some();
    let mut best = (usual, of(usual));
    // Apostrophes, where no cell is quoted otherwise.
    if !settled.quote && best.1.seen.quoted == 0 && has(b'\'') {
        for backslash in [usual.backslash, true] {
            let grammar = Grammar {
                quote: Some(b'\''),
                backslash,
                ..usual
            };
            let single = of(grammar);
            if single.are_quotes() && single.compare(&best.1).is_ge() {
                best = (grammar, single);
                break;
            }
        }
    }
    if !settled.escape && !best.0.backslash && has(b'\\') {
        let grammar = Grammar {
            backslash: true,
            ..best.0
        };
        let escaped = of(grammar);
        let fits_better = escaped.unfit < best.1.unfit
            || (escaped.unfit == best.1.unfit
                && escaped.seen.idle == 0
                && escaped.compare(&best.1).is_gt());
        if escaped.seen.escapes > 0 && fits_better && escaped.compare(&best.1).is_ge() {
            best = (grammar, escaped);
        }
    }
    if let Some(quote) = best.0.quote
        && has(quote)
    {
        let grammar = Grammar {
            blanks: true,
            ..best.0
        };
        let behind = of(grammar);
        if behind.seen.after_blanks > 0
            && behind.unfit <= best.1.unfit
            && behind.compare(&best.1).is_ge()
        {
            best = (grammar, behind);
        }
    }
    // Quotes that are text: they do not fit as anything else, and no cell is quoted.
    if !settled.quote && best.1.unfit > 0 && best.1.seen.quoted == 0 {
        let grammar = Grammar {
            quote: None,
            ..usual
        };
        let bare = of(grammar);
        let (_, most) = Measure::commonest(&bare.widths);
        if !bare.wrapped && bare.agreeing() == bare.widths.len() && most > 1 {
            best = (grammar, bare);
        }
    }
    best.0
}

impl Measure {
    /// Whether apostrophes are quotes here, beyond doubt: all cells that begin with one end with one, and either the header
    /// is quoted, or a cell holds a delimiter, or all cells with letters are quoted.
    fn are_quotes(&self) -> bool {
        let [quoted, all] = self.words;
        let is_quoted_throughout = all >= 4 && quoted == all;
        self.unfit == 0
            && self.seen.quoted >= 2
            && (self.header_is_quoted || self.seen.needed > 0 || is_quoted_throughout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_compared_and_not_numbers() {
        let of = |widths: &[usize], unfit| Measure {
            widths: widths.to_vec(),
            unfit,
            ..Measure::default()
        };
        for (a, b, order) in [
            (of(&[2, 2, 2], 1), of(&[2, 2], 0), Ordering::Less),
            (of(&[2, 2], 0), of(&[2, 2, 2], 1), Ordering::Greater),
            (of(&[2, 2], 2), of(&[3], 1), Ordering::Equal),
            (of(&[1, 1], 0), of(&[2, 3], 0), Ordering::Less),
        ] {
            assert_eq!(a.compare(&b), order, "{a:?} {b:?}");
        }
    }
}
