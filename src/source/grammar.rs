//! The rules by which the text of a record falls into cells, taken strictly: what does not fit them is no record.
//!
//! A quote opens a cell only where the cell begins, and behind the quote that closes it comes a delimiter or the end of the
//! line; blanks in between do no harm. A quote in the middle of a cell that is not quoted is text (`5" pipe`).

use super::line::next_line;

/// How cells are set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grammar {
    pub(super) delimiter: u8,
    /// What cells are quoted with; doubled, it is text.
    pub(super) quote: Option<u8>,
    /// A backslash makes a quote, a delimiter, a line break or another backslash behind it text, and is no text itself.
    /// Before anything else it is text.
    pub(super) backslash: bool,
    /// Blanks before a quote that opens a cell are no text.
    pub(super) blanks: bool,
}

/// How a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As it should, before the offset.
    Whole(usize),
    /// It does not: behind the closing quote at the offset stands text.
    Unfit(usize),
    /// The text ends inside a quoted cell.
    Open,
    /// More bytes are needed to tell.
    Unknown,
}

/// What comes behind a quote inside a quoted cell.
pub(super) enum Behind {
    /// Another one: it is text.
    Quote,
    /// The end of the cell, at the offset.
    End(usize),
    /// Neither.
    Text,
    /// More bytes are needed to tell.
    Unknown,
}

/// What a record is made of, beside its cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Quoted cells,
    pub(super) quoted: usize,
    /// those with a blank before the quote,
    pub(super) after_blanks: usize,
    /// and those that hold a delimiter or a line break.
    pub(super) needed: usize,
    /// Backslashes before a quote or a delimiter.
    pub(super) escapes: usize,
    /// Quotes in cells that are not quoted.
    pub(super) strays: usize,
    /// Backslashes in such cells that make nothing text, apart from `\N` for no value.
    pub(super) idle: usize,
}

/// Where the texts of cells go.
pub(super) trait Cells {
    /// A byte of the cell's text.
    fn push(&mut self, byte: u8);
    /// The end of a cell.
    fn end(&mut self);
}

/// Counts cells.
impl Cells for usize {
    fn push(&mut self, _: u8) {}
    fn end(&mut self) {
        *self += 1;
    }
}

impl Grammar {
    /// Whether the parser of the csv crate reads by these rules.
    pub(super) fn is_usual(self) -> bool {
        !self.backslash && !self.blanks
    }

    fn is_blank(self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t') && byte != self.delimiter
    }

    /// What comes behind the quote at `at`.
    pub(super) fn behind(self, bytes: &[u8], at: usize, ended: bool) -> Behind {
        if bytes.get(at + 1).copied() == self.quote && self.quote.is_some() {
            return Behind::Quote;
        }
        let mut end = at + 1;
        loop {
            match bytes.get(end) {
                Some(b) if self.is_blank(*b) => end += 1,
                Some(b) if *b == self.delimiter || is_line_end(*b) => return Behind::End(end),
                Some(_) => return Behind::Text,
                None if ended => return Behind::End(end),
                None => return Behind::Unknown,
            }
        }
    }

    /// Whether a backslash before this byte makes it text.
    fn escapes(self, byte: u8) -> bool {
        Some(byte) == self.quote || byte == self.delimiter || byte == b'\\' || is_line_end(byte)
    }

    /// Reads the record that begins at `from`; `ended` says that nothing comes behind `bytes`.
    pub(super) fn record(
        self,
        bytes: &[u8],
        from: usize,
        ended: bool,
        cells: &mut impl Cells,
        seen: &mut Seen,
    ) -> Ending {
        let mut at = from;
        loop {
            let begin = self.cell_begin(bytes, at);
            let quoted = self.quote.is_some() && bytes.get(begin).copied() == self.quote;
            let ending = if quoted {
                seen.quoted += 1;
                seen.after_blanks += usize::from(begin > at);
                self.quoted(bytes, begin + 1, ended, cells, seen)
            } else {
                self.unquoted(bytes, at, ended, cells, seen)
            };
            let Ending::Whole(end) = ending else {
                return ending;
            };
            cells.end();
            match bytes.get(end) {
                Some(b) if *b == self.delimiter => at = end + 1,
                Some(b'\r') if end + 1 == bytes.len() && !ended => return Ending::Unknown,
                Some(_) => {
                    return next_line(bytes, end, ended).map_or(Ending::Unknown, Ending::Whole);
                }
                None if ended => return Ending::Whole(end),
                None => return Ending::Unknown,
            }
        }
    }

    /// Where the cell at `at` begins: behind blanks, where these are no text before a quote.
    fn cell_begin(self, bytes: &[u8], at: usize) -> usize {
        if !self.blanks {
            return at;
        }
        let blanks = bytes[at..].iter().take_while(|b| self.is_blank(**b));
        let begin = at + blanks.count();
        if bytes.get(begin).copied() == self.quote {
            begin
        } else {
            at
        }
    }

    /// The text of a quoted cell from behind its quote, to where the cell ends.
    fn quoted(
        self,
        bytes: &[u8],
        mut at: usize,
        ended: bool,
        cells: &mut impl Cells,
        seen: &mut Seen,
    ) -> Ending {
        let mut needed = false;
        while let Some(byte) = bytes.get(at).copied() {
            if Some(byte) == self.quote {
                match self.behind(bytes, at, ended) {
                    Behind::Quote => at += 1,
                    Behind::End(end) => {
                        seen.needed += usize::from(needed);
                        return Ending::Whole(end);
                    }
                    Behind::Text => return Ending::Unfit(at),
                    Behind::Unknown => return Ending::Unknown,
                }
            } else if self.backslash
                && byte == b'\\'
                && let Some(next) = bytes.get(at + 1).copied().filter(|b| self.escapes(*b))
            {
                seen.escapes += usize::from(Some(next) == self.quote);
                at += 1;
            } else {
                needed |= byte == self.delimiter || is_line_end(byte);
            }
            cells.push(bytes[at]);
            at += 1;
        }
        if ended { Ending::Open } else { Ending::Unknown }
    }

    /// The text of a cell without quotes, to where it ends.
    fn unquoted(
        self,
        bytes: &[u8],
        mut at: usize,
        ended: bool,
        cells: &mut impl Cells,
        seen: &mut Seen,
    ) -> Ending {
        while let Some(byte) = bytes.get(at).copied() {
            if byte == self.delimiter || is_line_end(byte) {
                return Ending::Whole(at);
            }
            seen.strays += usize::from(Some(byte) == self.quote);
            if self.backslash && byte == b'\\' {
                match bytes.get(at + 1).copied() {
                    Some(next) if self.escapes(next) => {
                        seen.escapes += usize::from(next == self.delimiter);
                        at += 1;
                    }
                    None if !ended => return Ending::Unknown,
                    next => seen.idle += usize::from(next != Some(b'N')),
                }
            }
            cells.push(bytes[at]);
            at += 1;
        }
        if ended {
            Ending::Whole(at)
        } else {
            Ending::Unknown
        }
    }

    /// How many cells a line has that is a record by itself, and nothing odd about it; none for any other.
    pub(super) fn tidy_width(self, line: &[u8]) -> Option<usize> {
        let (mut width, mut seen) = (0, Seen::default());
        match self.record(line, 0, true, &mut width, &mut seen) {
            Ending::Whole(end) if end == line.len() && seen.strays == 0 => Some(width),
            _ => None,
        }
    }

    /// Whether lines are records of `width` cells each, and not the inside of a cell. The last may be the first line of a
    /// longer record.
    pub(super) fn are_records(self, lines: &[u8], width: usize) -> bool {
        let mut at = 0;
        let mut records = 0;
        while let Some(next) = next_line(lines, at, true).filter(|_| at < lines.len()) {
            let line = &lines[at..next];
            at = next;
            if line.iter().all(|b| is_line_end(*b)) {
                continue;
            }
            if self.tidy_width(line) != Some(width) {
                let (mut begun, mut seen) = (0, Seen::default());
                let ending = self.record(line, 0, true, &mut begun, &mut seen);
                let is_begun = ending == Ending::Open && begun < width && begun > 0;
                if next < lines.len() || !is_begun || seen.strays > 0 {
                    return false;
                }
            }
            records += 1;
        }
        records > 0
    }
}

/// Whether a byte is part of a line end.
fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
#[path = "grammar_tests.rs"]
mod tests;
