//! The records of a piece of a text table: where each cell lies.
//!
//! The common way walks only over the bytes that mean something (delimiters, quotes, line ends), found sixty-four at a
//! time, and leaves all cells where they are; only cells with doubled quotes are written anew, behind the piece. Whatever
//! is out of the ordinary (a quote that never closes, text behind a closing quote) goes the long way, through the csv
//! crate's own parser, which also defines what the short way must give: a property compares the two.

use std::ops::Range;

use wide::u8x64;

use super::cutter::PIECE_ROWS;

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
    /// Its cells hold printable ASCII, and neither quotes nor backslashes.
    pub(super) plain: bool,
}

impl Record {
    /// The record of the cells from `first` on, under a header of `width` columns.
    fn new(first: usize, cells: &[Span], width: usize) -> Self {
        let mut end = cells.len();
        while width > 0 && end - first > width && cells[end - 1].is_empty() {
            end -= 1;
        }
        Self {
            cells: first..end,
            found: cells.len() - first,
            blank_lines: 0,
            breaks: 0,
            plain: false,
        }
    }
}

/// The records of a piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// What the spans are ranges of.
    pub(super) bytes: Vec<u8>,
    pub(super) cells: Vec<Span>,
    pub(super) records: Vec<Record>,
    /// Whether cells stand where the delimiters around them stand too: no character can reach from one into the next.
    pub(super) in_place: bool,
}

impl Parsed {
    /// Finds the records of `bytes`, which begin and end between two records.
    pub(super) fn of(bytes: Vec<u8>, delimiter: u8, width: usize) -> Self {
        let Some(found) = Walk::new(&bytes, delimiter, width).and_then(Walk::walk) else {
            return Self::by_library(&bytes, delimiter, width);
        };
        let mut bytes = bytes;
        bytes.extend_from_slice(&found.behind);
        Self {
            bytes,
            cells: found.cells,
            records: found.records,
            in_place: true,
        }
    }

    /// The same by the csv crate's parser.
    fn by_library(input: &[u8], delimiter: u8, width: usize) -> Self {
        let mut parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        // Cells without their quotes and delimiters are no longer than with them.
        let mut bytes = vec![0; input.len() + 1];
        let mut written = 0;
        let mut cells: Vec<Span> = Vec::new();
        let mut ends = vec![0; 64];
        let mut records = Vec::new();
        let mut from = 0;
        loop {
            let (blank_lines, _) = leading_blank_lines(&input[from..]);
            let first = written;
            let mut found = 0;
            let result = loop {
                let (result, read, wrote, ended) =
                    parser.read_record(&input[from..], &mut bytes[written..], &mut ends[found..]);
                from += read;
                written += wrote;
                found += ended;
                match result {
                    // At the end of the input, the empty rest says so to the parser.
                    csv_core::ReadRecordResult::InputEmpty => {}
                    csv_core::ReadRecordResult::OutputFull => bytes.resize(bytes.len() * 2, 0),
                    csv_core::ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
                    done => break done,
                }
            };
            if result == csv_core::ReadRecordResult::End {
                break;
            }
            // The parser stops behind a carriage return and takes its line feed with the next record.
            if from > 0 && input[from - 1] == b'\r' && input.get(from) == Some(&b'\n') {
                from += 1;
            }
            let begin = cells.len();
            let mut start = first;
            for end in &ends[..found] {
                cells.push(Span::new(start, first + end));
                start = first + end;
            }
            let texts = &bytes[first..written];
            records.push(Record {
                blank_lines,
                breaks: memchr::memchr_iter(b'\n', texts).count() as u64,
                plain: texts.iter().all(|b| is_plain(*b)),
                ..Record::new(begin, &cells, width)
            });
        }
        bytes.truncate(written);
        Self {
            bytes,
            cells,
            records,
            in_place: false,
        }
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

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')
}

/// Places of bytes that mean something, in order, and whether others than plain ones were passed.
struct Marks<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    /// Where the block under the mask begins, and the next one.
    block: usize,
    next: usize,
    mask: u64,
    /// Bytes of the block that are neither plain nor marks, and not accounted for yet.
    odd: u64,
    /// Such bytes were in blocks before, since the last record ended.
    passed_odd: bool,
}

impl<'b> Marks<'b> {
    fn new(bytes: &'b [u8], delimiter: u8) -> Self {
        Self {
            bytes,
            delimiter,
            block: 0,
            next: 0,
            mask: 0,
            odd: 0,
            passed_odd: false,
        }
    }

    /// Loads the next block; false where there is none.
    #[inline]
    fn load(&mut self) -> bool {
        let Some(rest) = self.bytes.get(self.next..).filter(|rest| !rest.is_empty()) else {
            return false;
        };
        self.block = self.next;
        self.next += 64;
        self.passed_odd |= self.odd != 0;
        (self.mask, self.odd) = match rest.first_chunk::<64>() {
            Some(block) => self.look(*block),
            None => {
                let mut block = [b' '; 64];
                block[..rest.len()].copy_from_slice(rest);
                let (mask, odd) = self.look(block);
                // A blank may be the delimiter.
                (mask & ((1 << rest.len()) - 1), odd)
            }
        };
        true
    }

    /// Whether an odd byte stood since this was asked last, up to `end`, which lies in the block.
    #[inline]
    fn take_odd(&mut self, end: usize) -> bool {
        let before = match end - self.block {
            within @ 0..64 => (1_u64 << within) - 1,
            _ => u64::MAX,
        };
        let odd = self.passed_odd || self.odd & before != 0;
        self.passed_odd = false;
        self.odd &= !before;
        odd
    }

    #[inline]
    fn look(&self, block: [u8; 64]) -> (u64, u64) {
        let block = u8x64::new(block);
        let is = |byte| block.simd_eq(u8x64::splat(byte));
        let marks = is(self.delimiter) | is(b'"') | is(b'\n') | is(b'\r');
        let (least, most) = (u8x64::splat(b' '), u8x64::splat(b'~'));
        // Within the range, a byte is its own maximum and minimum.
        let plain = block.max(least).min(most).simd_eq(block);
        let odd = (!plain | is(b'\\')) & !marks;
        (marks.to_bitmask(), odd.to_bitmask())
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            if !self.load() {
                return None;
            }
        }
        let at = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(at)
    }
}

/// What the short way finds.
struct Found {
    cells: Vec<Span>,
    records: Vec<Record>,
    /// Texts of cells with doubled quotes, to stand behind the bytes.
    behind: Vec<u8>,
}

/// The short way.
struct Walk<'b> {
    bytes: &'b [u8],
    marks: Marks<'b>,
    found: Found,
    width: usize,
    /// The first cell of the record under way.
    first: usize,
    blank_lines: u64,
    breaks: u64,
    /// Something in the record under way is not plain.
    is_odd: bool,
}

impl<'b> Walk<'b> {
    fn new(bytes: &'b [u8], delimiter: u8, width: usize) -> Option<Self> {
        let records = usize::try_from(PIECE_ROWS).unwrap_or(0);
        (!matches!(delimiter, b'"' | b'\n' | b'\r' | 0)).then(|| Self {
            bytes,
            marks: Marks::new(bytes, delimiter),
            found: Found {
                // Most pieces hold as many bytes as there can be, and rows of a third of a kilobyte.
                cells: Vec::with_capacity(width.max(2) * records / 2),
                records: Vec::with_capacity(records / 2),
                behind: Vec::new(),
            },
            width,
            first: 0,
            blank_lines: 0,
            breaks: 0,
            is_odd: false,
        })
    }

    /// Walks to the end; none where something is out of the ordinary.
    fn walk(mut self) -> Option<Found> {
        let mut start = 0;
        // A quoted cell whose end was seen; the mark behind it ends it.
        let mut quoted: Option<Span> = None;
        while let Some(at) = self.marks.next() {
            match self.bytes[at] {
                b'"' => {
                    // Only at its beginning does a quote open a cell.
                    if at == start {
                        quoted = Some(self.quoted(at + 1)?);
                    } else {
                        self.is_odd = true;
                    }
                }
                line_end @ (b'\n' | b'\r') => {
                    let is_blank =
                        at == start && quoted.is_none() && self.found.cells.len() == self.first;
                    if is_blank {
                        self.blank_lines += 1;
                    } else {
                        self.found
                            .cells
                            .push(quoted.take().unwrap_or(Span::new(start, at)));
                        self.end_record(at);
                    }
                    start = at + 1;
                    if line_end == b'\r' && self.bytes.get(start) == Some(&b'\n') {
                        self.marks.next();
                        start += 1;
                    }
                }
                _ => {
                    self.found
                        .cells
                        .push(quoted.take().unwrap_or(Span::new(start, at)));
                    start = at + 1;
                }
            }
        }
        // The last record may have no line end.
        if start < self.bytes.len() || self.found.cells.len() > self.first {
            self.found
                .cells
                .push(quoted.unwrap_or(Span::new(start, self.bytes.len())));
            self.end_record(self.bytes.len());
        }
        Some(self.found)
    }

    /// A quoted cell, from behind its quote on.
    fn quoted(&mut self, start: usize) -> Option<Span> {
        let mut doubled = false;
        loop {
            let at = self.marks.next()?;
            match self.bytes[at] {
                b'"' if self.bytes.get(at + 1) == Some(&b'"') => {
                    doubled = true;
                    self.is_odd = true;
                    self.marks.next();
                }
                b'"' => {
                    let behind = self.bytes.get(at + 1);
                    // Marks that are no quote end a cell; whatever else stands there belongs to it.
                    let is_end = behind.is_none_or(|b| self.ends_cell(*b));
                    return is_end.then(|| {
                        if doubled {
                            self.unquoted(start, at)
                        } else {
                            Span::new(start, at)
                        }
                    });
                }
                b'\n' => {
                    self.breaks += 1;
                    self.is_odd = true;
                }
                other => self.is_odd |= !is_plain(other),
            }
        }
    }

    fn ends_cell(&self, byte: u8) -> bool {
        matches!(byte, b'\n' | b'\r') || byte == self.marks.delimiter
    }

    /// A cell with doubled quotes, written anew.
    fn unquoted(&mut self, start: usize, end: usize) -> Span {
        let from = self.bytes.len() + self.found.behind.len();
        let mut rest = &self.bytes[start..end];
        while let Some(quote) = memchr::memchr(b'"', rest) {
            self.found.behind.extend_from_slice(&rest[..=quote]);
            rest = &rest[quote + 2..];
        }
        self.found.behind.extend_from_slice(rest);
        Span::new(from, self.bytes.len() + self.found.behind.len())
    }

    /// Ends the record at its line end, or at the end of all.
    fn end_record(&mut self, at: usize) {
        let is_odd = self.marks.take_odd(at) | std::mem::take(&mut self.is_odd);
        self.found.records.push(Record {
            blank_lines: std::mem::take(&mut self.blank_lines),
            breaks: std::mem::take(&mut self.breaks),
            plain: !is_odd,
            ..Record::new(self.first, &self.found.cells, self.width)
        });
        self.first = self.found.cells.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All that is found, in words.
    fn seen(parsed: &Parsed) -> Vec<String> {
        let text = |span: &Span| {
            parsed.bytes[span.start as usize..span.end as usize]
                .escape_ascii()
                .to_string()
        };
        let all = parsed.records.iter();
        all.map(|r| {
            let cells: Vec<String> = parsed.cells[r.cells.clone()].iter().map(text).collect();
            format!(
                "{} {} {} {} {cells:?}",
                r.blank_lines, r.breaks, r.found, r.plain
            )
        })
        .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn the_short_way_gives_what_the_csv_crate_gives(
            text in "([ab\u{e9}\u{1f600}]{0,5}|[,;]|\"|\"\"|\",\"|[ab]{60}|[ ~\t\x01\x7f\\\\]|\r\n|\n|\r|\"a\"\"b\"|\"a,\nb\"){0,40}",
            delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'a')],
        ) {
            let bytes = text.into_bytes();
            let library = Parsed::by_library(&bytes, delimiter, 3);
            let found = Parsed::of(bytes, delimiter, 3);
            prop_assert_eq!(seen(&found), seen(&library));
        }
    }

    /// Wherever an odd byte stands in its block, and wherever the record ends.
    #[test]
    fn an_odd_byte_is_seen_at_every_place() {
        for length in 1..200 {
            for at in [0, length / 2, length - 1] {
                for end in ["", "\n", "\r\n", "\nb,c"] {
                    let mut text = "a".repeat(length);
                    text.replace_range(at..=at, "\u{7f}");
                    let parsed = Parsed::of(format!("a\n{text}{end}").into_bytes(), b',', 1);
                    let plain: Vec<bool> = parsed.records.iter().map(|r| r.plain).collect();
                    let rest = if end.len() > 2 { &[true][..] } else { &[] };
                    assert_eq!(
                        plain,
                        [&[true, false], rest].concat(),
                        "{length} {at} {end:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_usual_goes_the_short_way() {
        for text in [
            "a,b\n1,2\n",
            "a,\"b, \"\"c\"\"\nd\",e\r\n\r\n,,\r\"\"\n5\" pipe,x",
            "",
            "\n\n",
            "a,",
        ] {
            let parsed = Parsed::of(text.as_bytes().to_vec(), b',', 2);
            assert!(parsed.in_place, "{text}");
            let library = Parsed::by_library(text.as_bytes(), b',', 2);
            assert_eq!(seen(&parsed), seen(&library), "{text}");
        }
        for text in ["a,\"b", "a,\"b\"c\n", "\"a\" ,b\n"] {
            assert!(!Parsed::of(text.as_bytes().to_vec(), b',', 2).in_place);
        }
    }
}
