//! How a text table separates and quotes its cells, judged from a sample (pure).

use super::dialect_vote::{Measure, Settled, choose_quoting};
use super::grammar::Grammar;
use super::line::next_line;

/// What cells are quoted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// `"`.
    Double,
    /// `'`.
    Single,
    /// Nothing: quotes are text.
    None,
}

/// How a quote is written inside a quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// Twice: `""`.
    Double,
    /// Behind a backslash: `\"`. So are backslashes, and delimiters and line breaks where these are text.
    Backslash,
}

/// How a text table separates its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The byte between two cells; ASCII, neither a quote nor a line end.
    pub delimiter: u8,
    /// Whether a first line `sep=;` names it.
    pub sep_line: bool,
    /// What cells are quoted with.
    pub quote: Quote,
    /// How a quote is written inside a quoted cell.
    pub escape: Escape,
    /// Blanks before a quote that opens a cell are no text.
    pub(super) blanks: bool,
    /// Cells of most records of the sample.
    pub(super) width: usize,
    /// Bytes before the first record: byte order marks, and the line that names the delimiter.
    pub(super) head: u64,
    /// Byte order marks among them.
    pub(super) marks: usize,
}

/// What a mapping says of a table's dialect; what it does not say is detected.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) delimiter: Option<u8>,
    pub(super) quote: Option<Quote>,
    pub(super) escape: Option<Escape>,
}

/// The delimiters that exports use, most usual first: a tie goes to the earlier one.
const CANDIDATES: [u8; 5] = [b',', b';', b'\t', b'|', UNIT_SEPARATOR];
/// Delimiters of a few systems, most usual first (U+0001 is Hive's and some banks'). They stand in texts as well, so that one of them
/// is taken only where nothing speaks against it.
const RARE: [u8; 5] = [b'^', b'~', START_OF_HEADING, b':', b'#'];
const START_OF_HEADING: u8 = 0x01;
/// The delimiter that ASCII has for this.
pub(super) const UNIT_SEPARATOR: u8 = 0x1f;
/// Bytes of the sample by which delimiters are compared.
const VOTE_BYTES: usize = 32 * 1024;
/// A byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Quote {
    /// The quote itself.
    #[must_use]
    pub fn byte(self) -> Option<u8> {
        match self {
            Quote::Double => Some(b'"'),
            Quote::Single => Some(b'\''),
            Quote::None => None,
        }
    }
}

impl Dialect {
    /// The delimiter as a person calls it: `comma`, `tab`, or the character itself in quotes.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.delimiter {
            b',' => "comma".to_owned(),
            b';' => "semicolon".to_owned(),
            b'\t' => "tab".to_owned(),
            b'|' => "bar".to_owned(),
            UNIT_SEPARATOR => "unit separator (U+001F)".to_owned(),
            START_OF_HEADING => "start of heading (U+0001)".to_owned(),
            other => format!("\"{}\"", char::from(other).escape_default()),
        }
    }

    /// How cells are quoted, in words; none where it is as usual: `"`, doubled inside a cell.
    #[must_use]
    pub fn describe_quoting(&self) -> Option<String> {
        let mut said = match self.quote {
            Quote::Double => "double quotes".to_owned(),
            Quote::Single => "single quotes (apostrophes)".to_owned(),
            Quote::None => "none: quotes are text".to_owned(),
        };
        if self.escape == Escape::Backslash {
            said.push_str(", escaped by a backslash");
        }
        if self.blanks {
            said.push_str(", also behind blanks");
        }
        let is_usual = self.quote == Quote::Double && self.grammar().is_usual();
        (!is_usual).then_some(said)
    }

    /// What was passed over before the first record, for people.
    pub(super) fn describe_marks(&self) -> Option<String> {
        let place = if self.sep_line {
            "beside the line that names the delimiter"
        } else {
            "at the beginning"
        };
        (self.marks > 0).then(|| format!("another byte order mark {place} was skipped"))
    }

    pub(super) fn grammar(&self) -> Grammar {
        Grammar {
            delimiter: self.delimiter,
            quote: self.quote.byte(),
            backslash: self.escape == Escape::Backslash,
            blanks: self.blanks,
        }
    }

    /// Judges a sample, which is the whole table where `is_whole`: the delimiter by which the largest share of records has
    /// the same number of cells, and the quoting that fits the sample.
    pub(super) fn judge(sample: &[u8], is_whole: bool, wanted: Wanted) -> Self {
        let head = Head::of(sample);
        let table = &sample[head.bytes..];
        let delimiter = (wanted.delimiter.or(head.delimiter))
            .unwrap_or_else(|| best_delimiter(table, is_whole, wanted));
        let best = Vote::of(table, is_whole, delimiter, wanted);
        Self {
            delimiter: best.grammar.delimiter,
            sep_line: head.delimiter.is_some(),
            quote: match best.grammar.quote {
                Some(b'\'') => Quote::Single,
                Some(_) => Quote::Double,
                None => Quote::None,
            },
            escape: if best.grammar.backslash {
                Escape::Backslash
            } else {
                Escape::Double
            },
            blanks: best.grammar.blanks,
            width: best.width,
            head: head.bytes as u64,
            marks: head.marks,
        }
    }
}

/// The delimiter by which the beginning of a table agrees best, or a rare one where the header has none of the usual ones.
fn best_delimiter(table: &[u8], is_whole: bool, wanted: Wanted) -> u8 {
    let voted = &table[..table.len().min(VOTE_BYTES)];
    let is_whole = is_whole && voted.len() == table.len();
    let header = &voted[..next_line(voted, 0, true).unwrap_or(voted.len())];
    if !header.iter().any(|byte| CANDIDATES.contains(byte)) {
        let rare = RARE.into_iter().filter(|byte| header.contains(byte));
        let is_sure = |byte: &u8| {
            let grammar = Vote::of(voted, is_whole, *byte, wanted).grammar;
            Measure::of(voted, is_whole, grammar).is_beyond_doubt()
        };
        if let Some(rare) = rare.into_iter().find(is_sure) {
            return rare;
        }
    }
    let mut best = (CANDIDATES[0], 0.0);
    for delimiter in CANDIDATES {
        let vote = Vote::of(voted, is_whole, delimiter, wanted);
        if vote.score > best.1 {
            best = (delimiter, vote.score);
        }
    }
    best.0
}

/// How well a delimiter fits, with the quoting that fits it best.
struct Vote {
    grammar: Grammar,
    score: f64,
    width: usize,
}

impl Vote {
    fn of(table: &[u8], is_whole: bool, delimiter: u8, wanted: Wanted) -> Self {
        let usual = Grammar {
            delimiter,
            quote: wanted.quote.unwrap_or(Quote::Double).byte(),
            backslash: wanted.escape == Some(Escape::Backslash),
            blanks: false,
        };
        let settled = Settled {
            quote: wanted.quote.is_some(),
            escape: wanted.escape.is_some(),
        };
        let grammar = choose_quoting(table, is_whole, usual, settled);
        let measure = Measure::of(table, is_whole, grammar);
        Self {
            grammar,
            score: measure.agreement(),
            width: measure.usual_width(),
        }
    }
}

/// What stands before the first record.
struct Head {
    bytes: usize,
    marks: usize,
    delimiter: Option<u8>,
}

impl Head {
    fn of(sample: &[u8]) -> Self {
        let mut head = Self {
            bytes: 0,
            marks: 0,
            delimiter: None,
        };
        head.pass_marks(sample);
        let rest = &sample[head.bytes..];
        head.delimiter = sep_line(rest);
        if head.delimiter.is_some() {
            head.bytes += next_line(rest, 5, true).unwrap_or(rest.len());
            head.pass_marks(sample);
        }
        head
    }

    fn pass_marks(&mut self, sample: &[u8]) {
        while sample[self.bytes..].starts_with(MARK) {
            self.bytes += MARK.len();
            self.marks += 1;
        }
    }
}

fn sep_line(sample: &[u8]) -> Option<u8> {
    let rest = sample
        .strip_prefix(b"sep=")
        .or_else(|| sample.strip_prefix(b"\"sep="))?;
    rest.first().copied().filter(|b| {
        b.is_ascii() && !b.is_ascii_alphanumeric() && !matches!(b, b'\r' | b'\n' | b'"')
    })
}

#[cfg(test)]
#[path = "dialect_tests.rs"]
mod tests;
