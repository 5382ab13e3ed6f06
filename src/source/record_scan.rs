//! Where records end, in bytes that come chunk by chunk, by the rules by which they are parsed.
//!
//! A record whose quoting does not fit must not take the records behind it along: a quote that is not closed, or not doubled
//! inside a cell, would. Such a record ends with its own line where the lines behind it are records by themselves, else
//! where the trouble showed; and the record behind it has to be beyond doubt to be taken for one.

use std::ops::Range;

use super::grammar::{Behind, Ending, Grammar, Seen};
use super::line::next_line;

/// How far a table was counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Position {
    /// Rows seen, as a spreadsheet counts them.
    pub(super) row: u64,
    /// Line breaks inside cells so far: what an editor counts on top.
    pub(super) embedded: u64,
}

/// Follows records to the end of a piece.
pub(super) struct RecordScan {
    grammar: Grammar,
    /// Cells of most records; 0 where that is not known.
    width: usize,
    /// Records that a piece has at most.
    most: u64,
    /// Where the piece begins.
    begin: usize,
    at: usize,
    pub(super) in_quotes: bool,
    /// Where the quoting of the record under way was seen not to fit.
    unfit: Option<usize>,
    /// The record before was unfit.
    pub(super) wary: bool,
    /// Line breaks inside cells so far.
    embedded: u64,
    /// Offset behind the last line end outside quotes.
    pub(super) last_end: Option<usize>,
    /// Line ends up to there, and line breaks inside cells.
    pub(super) ends: Position,
    /// Records whose quoting does not fit.
    pub(super) unfit_records: Vec<Range<usize>>,
}

impl RecordScan {
    pub(super) fn new(grammar: Grammar, width: usize, most: u64, begin: usize) -> Self {
        Self {
            grammar,
            width,
            most,
            begin,
            at: begin,
            in_quotes: false,
            unfit: None,
            wary: false,
            embedded: 0,
            last_end: None,
            ends: Position::default(),
            unfit_records: Vec::new(),
        }
    }

    /// The bytes before the piece were dropped.
    pub(super) fn moved_down(&mut self, by: usize) {
        self.begin -= by;
        self.at -= by;
        self.last_end = self.last_end.map(|end| end - by);
        self.unfit = self.unfit.map(|at| at - by);
        for record in &mut self.unfit_records {
            *record = record.start - by..record.end - by;
        }
    }

    /// Goes on to the end of `bytes`, or to the end of the last record of a piece.
    pub(super) fn advance(&mut self, bytes: &[u8], ended: bool) {
        while self.at < bytes.len() && self.ends.row < self.most {
            let goes_on = match self.unfit {
                Some(at) => self.settle(bytes, at, ended),
                None if !self.grammar.is_usual() => self.step_by_grammar(bytes, ended),
                None if self.in_quotes => self.step_quoted(bytes, ended),
                None => self.step(bytes, ended),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// At the end of the file, or of what may be held of it: whether there is more to do, because the quoted cell that
    /// does not end was let go.
    pub(super) fn let_go(&mut self, bytes: &[u8]) -> bool {
        let start = self.record_start();
        if !self.is_open(bytes, start) {
            return false;
        }
        let Some(line) = next_line(bytes, start, true).filter(|line| *line < bytes.len()) else {
            return false;
        };
        // The file may end inside its last line.
        let last = memchr::memrchr2(b'\n', b'\r', &bytes[line..]);
        let whole = last.map_or(bytes.len(), |i| line + i + 1);
        if !self.grammar.are_records(&bytes[line..whole], self.width) {
            return false;
        }
        self.push_unfit(bytes, start, line);
        true
    }

    /// The last record of the file has no line end.
    pub(super) fn end_last(&mut self, bytes: &[u8]) {
        let start = self.record_start();
        let is_known = (self.unfit_records.last()).is_some_and(|record| record.end == bytes.len());
        if self.wary && !self.in_quotes && !is_known && start < bytes.len() {
            self.judge(bytes, start, bytes.len());
        }
    }

    /// Whether the record under way is inside a quoted cell.
    fn is_open(&self, bytes: &[u8], start: usize) -> bool {
        if self.grammar.is_usual() || start >= bytes.len() {
            return self.in_quotes;
        }
        let (mut cells, mut seen) = (0_usize, Seen::default());
        let ending = self
            .grammar
            .record(bytes, start, true, &mut cells, &mut seen);
        ending == Ending::Open
    }

    /// Where the record under way begins.
    fn record_start(&self) -> usize {
        self.last_end.unwrap_or(self.begin)
    }

    fn step_quoted(&mut self, bytes: &[u8], ended: bool) -> bool {
        let quote = self.grammar.quote.unwrap_or(b'"');
        let Some(found) = memchr::memchr(quote, &bytes[self.at..]) else {
            self.pass_quoted(bytes, bytes.len());
            return false;
        };
        let at = self.at + found;
        self.pass_quoted(bytes, at);
        match self.grammar.behind(bytes, at, ended) {
            Behind::Quote => self.at = at + 2,
            Behind::End(end) => {
                self.in_quotes = false;
                self.at = end;
            }
            Behind::Text => self.unfit = Some(at),
            // What stands behind the quote is not here yet.
            Behind::Unknown => return false,
        }
        true
    }

    fn pass_quoted(&mut self, bytes: &[u8], to: usize) {
        self.embedded += memchr::memchr_iter(b'\n', &bytes[self.at..to]).count() as u64;
        self.at = to;
    }

    fn step(&mut self, bytes: &[u8], ended: bool) -> bool {
        let rest = &bytes[self.at..];
        let found = match self.grammar.quote {
            Some(quote) => memchr::memchr3(quote, b'\n', b'\r', rest),
            None => memchr::memchr2(b'\n', b'\r', rest),
        };
        let Some(found) = found else {
            self.at = bytes.len();
            return false;
        };
        let at = self.at + found;
        let next = bytes.get(at + 1);
        if bytes[at] == b'\r' && next.is_none() && !ended {
            // Whether a line feed belongs to it is not known yet.
            self.at = at;
            return false;
        }
        self.at = at + 1;
        if !matches!(bytes[at], b'\n' | b'\r') {
            self.in_quotes = at == self.begin
                || bytes[at - 1] == self.grammar.delimiter
                || matches!(bytes[at - 1], b'\n' | b'\r');
        } else if bytes[at] == b'\n' || next != Some(&b'\n') {
            self.end_record(bytes, at + 1);
        }
        true
    }

    /// A whole record by the grammar itself, for dialects that are rare.
    fn step_by_grammar(&mut self, bytes: &[u8], ended: bool) -> bool {
        let start = self.record_start();
        let (mut cells, mut seen) = (0_usize, Seen::default());
        match self
            .grammar
            .record(bytes, start, ended, &mut cells, &mut seen)
        {
            Ending::Whole(end) => {
                let has_line_end = matches!(bytes[end - 1], b'\n' | b'\r');
                let breaks = memchr::memchr_iter(b'\n', &bytes[start..end]).count() as u64;
                self.embedded += breaks - u64::from(bytes[end - 1] == b'\n');
                if has_line_end {
                    self.end_record(bytes, end);
                }
                self.at = end;
                has_line_end
            }
            Ending::Unfit(at) => {
                self.unfit = Some(at);
                true
            }
            ending => {
                self.in_quotes = ending == Ending::Open;
                self.at = bytes.len();
                false
            }
        }
    }

    fn end_record(&mut self, bytes: &[u8], end: usize) {
        if self.wary {
            self.judge(bytes, self.record_start(), end);
        }
        self.ends.row += 1;
        self.ends.embedded = self.embedded;
        self.last_end = Some(end);
    }

    /// The record behind an unfit one: nothing about it may be odd.
    fn judge(&mut self, bytes: &[u8], start: usize, end: usize) {
        let record = &bytes[start..end];
        if record.iter().all(|b| matches!(b, b'\n' | b'\r')) {
            return;
        }
        let width = self.grammar.tidy_width(record);
        if width.is_some_and(|width| self.width == 0 || width == self.width) {
            self.wary = false;
        } else {
            self.unfit_records.push(start..end);
        }
    }

    /// The quoting of the record under way does not fit at `at`: where does it end? False where more bytes are needed.
    fn settle(&mut self, bytes: &[u8], at: usize, ended: bool) -> bool {
        let Some(end) = next_line(bytes, at, ended) else {
            return false;
        };
        let start = self.record_start();
        let line = next_line(bytes, start, true).unwrap_or(end);
        let is_one = line >= end || self.grammar.are_records(&bytes[line..end], self.width);
        self.push_unfit(bytes, start, if is_one { line.min(end) } else { end });
        true
    }

    fn push_unfit(&mut self, bytes: &[u8], start: usize, end: usize) {
        self.unfit = None;
        self.in_quotes = false;
        self.wary = true;
        self.at = end;
        self.unfit_records.push(start..end);
        let breaks = memchr::memchr_iter(b'\n', &bytes[start..end]).count() as u64;
        self.embedded = self.ends.embedded + breaks - u64::from(bytes[..end].ends_with(b"\n"));
        if matches!(bytes[end - 1], b'\n' | b'\r') {
            self.ends.row += 1;
            self.ends.embedded = self.embedded;
            self.last_end = Some(end);
        }
    }
}

#[cfg(test)]
#[path = "record_scan_tests.rs"]
mod tests;
