//! From the bytes of a piece to its records and their cells: by the csv crate's parser, unless they are simple, or by the
//! grammar itself where the dialect is none that this parser knows.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::grammar::{Cells, Ending, Grammar, Seen};
use super::odd_cells::OddCells;

/// A cell's text as a range of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        // A piece is not longer than the longest record, which is far below.
        let short = |n| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            start: short(start),
            end: short(end),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A record of a piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Its cells by their numbers, without empty ones beyond the header, which come from trailing delimiters.
    pub(super) cells: Range<usize>,
    /// How many cells it has with them.
    pub(super) found: usize,
    /// Blank lines before it.
    pub(super) blank_lines: u64,
    /// Line feeds in its cells.
    pub(super) breaks: u64,
    /// The cells that are not plain.
    pub(super) odd: OddCells,
    /// Its quoting does not fit.
    pub(super) unfit: bool,
}

/// What finds the records of a table, for all its pieces. To make the csv crate's parser costs as much as some dozens of
/// records do, so one that is through with a piece is kept for another. (A clone of it does not work.)
#[derive(Debug)]
pub(super) struct RecordParser {
    grammar: Grammar,
    idle: Mutex<Vec<csv_core::Reader>>,
}

impl RecordParser {
    pub(super) fn new(grammar: Grammar) -> Self {
        Self {
            grammar,
            idle: Mutex::default(),
        }
    }

    /// A parser at the beginning of a piece, for a usual grammar.
    fn take(&self) -> csv_core::Reader {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut parser = match idle {
            Some(mut parser) => {
                parser.reset();
                parser
            }
            None => csv_core::ReaderBuilder::new()
                .delimiter(self.grammar.delimiter)
                .quote(self.grammar.quote.unwrap_or(b'"'))
                .quoting(self.grammar.quote.is_some())
                .build(),
        };
        // The parser takes a byte order mark off what it reads first. The file's own mark is gone by now, and another
        // one is text; so the parser first reads nothing.
        parser.read_record(&[], &mut [], &mut []);
        parser
    }

    fn give_back(&self, parser: csv_core::Reader) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(parser);
    }
}

/// The records of a piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// The texts of all cells, one behind the other: what the spans are ranges of.
    pub(super) bytes: Vec<u8>,
    pub(super) cells: Vec<Span>,
    pub(super) records: Vec<Record>,
}

impl Parsed {
    /// Finds the records of `input`, which begins and ends between two records, under a header of `width` columns. Those
    /// at `unfit`, in their order, are taken as they stand.
    pub(super) fn of(
        input: &[u8],
        parser: &RecordParser,
        width: usize,
        unfit: &[Range<usize>],
    ) -> Self {
        let mut parsed = Self {
            // Cells without their quotes and delimiters are no longer than with them.
            bytes: vec![0; input.len() + 1],
            cells: Vec::new(),
            records: Vec::new(),
        };
        let (mut from, mut written, mut blank_lines) = (0, 0, 0);
        for record in unfit {
            let fit = &input[from..record.start];
            (written, blank_lines) = parsed.add(fit, parser, width, written, blank_lines);
            let record_bytes = &input[record.clone()];
            written = parsed.add_unfit(record_bytes, parser.grammar, blank_lines, written);
            blank_lines = 0;
            from = record.end;
        }
        (written, _) = parsed.add(&input[from..], parser, width, written, blank_lines);
        parsed.bytes.truncate(written);
        parsed
    }

    /// Adds records whose quoting fits, behind some blank lines. Returns where their texts end, and how many blank lines
    /// follow them.
    fn add(
        &mut self,
        input: &[u8],
        parser: &RecordParser,
        width: usize,
        written: usize,
        blank_lines: u64,
    ) -> (usize, u64) {
        if input.is_empty() {
            (written, blank_lines)
        } else if parser.grammar.is_usual() {
            let mut usual = parser.take();
            let grammar = parser.grammar;
            let end = self.add_usual(input, grammar, &mut usual, width, written, blank_lines);
            parser.give_back(usual);
            end
        } else {
            self.add_unusual(input, parser.grammar, width, written, blank_lines)
        }
    }

    fn add_usual(
        &mut self,
        input: &[u8],
        grammar: Grammar,
        parser: &mut csv_core::Reader,
        width: usize,
        mut written: usize,
        mut blank_lines: u64,
    ) -> (usize, u64) {
        let mut ends = vec![0; 64];
        let mut simple_ends = Vec::new();
        let mut from = 0;
        loop {
            let (lines, blank_bytes) = leading_blank_lines(&input[from..]);
            blank_lines += lines;
            from += blank_bytes;
            let start = written;
            let texts = &mut self.bytes[start..];
            if let Some(end) = simple_record(&input[from..], grammar, texts, &mut simple_ends) {
                from += end;
                written += simple_ends.last().copied().unwrap_or(0);
                self.push(start..written, &simple_ends, blank_lines, width);
                blank_lines = 0;
                continue;
            }
            let mut found = 0;
            let result = loop {
                let (result, read, wrote, ended) = parser.read_record(
                    &input[from..],
                    &mut self.bytes[written..],
                    &mut ends[found..],
                );
                from += read;
                written += wrote;
                found += ended;
                match result {
                    // At the end of the input, the empty rest says so to the parser.
                    csv_core::ReadRecordResult::InputEmpty => {}
                    csv_core::ReadRecordResult::OutputFull => self.bytes.push(0),
                    csv_core::ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
                    done => break done,
                }
            };
            if result == csv_core::ReadRecordResult::End {
                return (written, blank_lines);
            }
            // The parser stops behind a carriage return and takes its line feed with the next record.
            if from > 0 && input[from - 1] == b'\r' && input.get(from) == Some(&b'\n') {
                from += 1;
            }
            self.push(start..written, &ends[..found], blank_lines, width);
            blank_lines = 0;
        }
    }

    fn add_unusual(
        &mut self,
        input: &[u8],
        grammar: Grammar,
        width: usize,
        mut written: usize,
        mut blank_lines: u64,
    ) -> (usize, u64) {
        let mut from = 0;
        loop {
            let (lines, blank_bytes) = leading_blank_lines(&input[from..]);
            blank_lines += lines;
            from += blank_bytes;
            if from >= input.len() {
                return (written, blank_lines);
            }
            let start = written;
            let mut texts = Texts {
                bytes: &mut self.bytes[start..],
                used: 0,
                ends: Vec::new(),
            };
            let ending = grammar.record(input, from, true, &mut texts, &mut Seen::default());
            from = match ending {
                Ending::Whole(end) => end,
                // A piece has such a record at its end only, where the file ends too.
                _ => {
                    texts.end();
                    input.len()
                }
            };
            let Texts { used, ends, .. } = texts;
            written += used;
            self.push(start..written, &ends, blank_lines, width);
            blank_lines = 0;
        }
    }

    /// Adds a record whose quoting does not fit: what stands between its delimiters, quotes and all.
    fn add_unfit(
        &mut self,
        record: &[u8],
        grammar: Grammar,
        blank_lines: u64,
        written: usize,
    ) -> usize {
        let mut line = record;
        while let Some((b'\n' | b'\r', rest)) = line.split_last() {
            line = rest;
        }
        let end = written + line.len();
        self.bytes[written..end].copy_from_slice(line);
        let first = self.cells.len();
        let mut start = written;
        for text in line.split(|b| *b == grammar.delimiter) {
            self.cells.push(Span::new(start, start + text.len()));
            start += text.len() + 1;
        }
        let cells = first..self.cells.len();
        self.records.push(Record {
            found: cells.len(),
            cells,
            blank_lines,
            breaks: memchr::memchr_iter(b'\n', line).count() as u64,
            odd: OddCells::ALL,
            unfit: true,
        });
        end
    }

    /// Adds a record: where its texts lie, and where in them its cells end.
    fn push(&mut self, texts: Range<usize>, ends: &[usize], blank_lines: u64, width: usize) {
        let first = self.cells.len();
        let mut start = texts.start;
        self.cells.extend(ends.iter().map(|end| {
            let end = texts.start + end;
            Span::new(std::mem::replace(&mut start, end), end)
        }));
        let mut end = self.cells.len();
        while width > 0 && end - first > width && self.cells[end - 1].is_empty() {
            end -= 1;
        }
        let texts = &self.bytes[texts];
        let odd = OddCells::of(texts, ends);
        // A line feed is odd.
        let breaks = if odd.is_none() {
            0
        } else {
            memchr::memchr_iter(b'\n', texts).count() as u64
        };
        self.records.push(Record {
            cells: first..end,
            found: ends.len(),
            blank_lines,
            breaks,
            odd,
            unfit: false,
        });
    }
}

/// The record at the beginning of `input`, where each of its cells is written without quotes, or between two and with none
/// inside: its texts are copied to `texts`, one behind the other. Nearly all records are such, and to copy them word by
/// word takes a fraction of the time in which the csv crate's parser looks at each byte. Returns where the next record
/// begins; none, and that parser has to read it, where a quote is doubled or has text behind it, where a cell holds a
/// control character, and where the input ends within a word.
fn simple_record(
    input: &[u8],
    grammar: Grammar,
    texts: &mut [u8],
    ends: &mut Vec<usize>,
) -> Option<usize> {
    let Grammar {
        delimiter, quote, ..
    } = grammar;
    ends.clear();
    let (mut at, mut written) = (0, 0);
    loop {
        let first = *input.get(at)?;
        let out = texts.get_mut(written..)?;
        let end = if quote == Some(first) {
            at += 1;
            let length = copy_until(&input[at..], out, |word| equals(word, first))?;
            written += length;
            at + length + 1
        } else {
            let stops = |word| equals(word, delimiter) | is_below(word, b'\r' + 1);
            let length = copy_until(&input[at..], out, stops)?;
            written += length;
            at + length
        };
        ends.push(written);
        match *input.get(end)? {
            behind if behind == delimiter => at = end + 1,
            b'\n' => return Some(end + 1),
            // The line feed behind it belongs to the same line end.
            b'\r' => return Some(end + 1 + usize::from(input.get(end + 1) == Some(&b'\n'))),
            _ => return None,
        }
    }
}

/// Copies what stands before the first byte that `stops` marks, eight bytes at a time, and returns its length; what is
/// behind it in `out` is of no account. None where the input or the output has no eight bytes more.
#[inline]
fn copy_until(input: &[u8], out: &mut [u8], stops: impl Fn(u64) -> u64) -> Option<usize> {
    let mut at = 0;
    loop {
        let word: [u8; 8] = *input.get(at..)?.first_chunk()?;
        *out.get_mut(at..)?.first_chunk_mut()? = word;
        let marked = stops(u64::from_le_bytes(word));
        if marked != 0 {
            return Some(at + marked.trailing_zeros() as usize / 8);
        }
        at += word.len();
    }
}

/// A word of eight bytes 1, and one of their highest bits.
const ONES: u64 = u64::MAX / 255;
const HIGHEST: u64 = ONES << 7;

/// Marks the bytes of a word that equal `byte` by their highest bits. The lowest mark is always right; one above it may be
/// none. Source: Bit Twiddling Hacks, "Determine if a word has a zero byte".
fn equals(word: u64, byte: u8) -> u64 {
    let other = word ^ (ONES * u64::from(byte));
    other.wrapping_sub(ONES) & !other & HIGHEST
}

/// The same for bytes below `byte`, which is at most 128.
fn is_below(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(byte)) & !word & HIGHEST
}

/// The texts of a record's cells, one behind the other, and where each ends.
struct Texts<'b> {
    bytes: &'b mut [u8],
    used: usize,
    ends: Vec<usize>,
}

impl Cells for Texts<'_> {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.used) {
            *place = byte;
            self.used += 1;
        }
    }

    fn end(&mut self) {
        self.ends.push(self.used);
    }
}

/// Line ends at the start of `bytes`: how many lines, and how many bytes.
fn leading_blank_lines(bytes: &[u8]) -> (u64, usize) {
    let mut lines = 0;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'\r' if bytes.get(i + 1) == Some(&b'\n') => i += 2,
            b'\r' | b'\n' => i += 1,
            _ => break,
        }
        lines += 1;
    }
    (lines, i)
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
