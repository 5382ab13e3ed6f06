//! From the bytes of a piece to its records and their cells, by the csv crate's parser.

use std::ops::Range;

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

/// The records of a piece.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// The texts of all cells, one behind the other: what the spans are ranges of.
    pub(super) bytes: Vec<u8>,
    pub(super) cells: Vec<Span>,
    pub(super) records: Vec<Record>,
}

impl Parsed {
    /// Finds the records of `input`, which begins and ends between two records, under a header of `width` columns.
    pub(super) fn of(input: &[u8], delimiter: u8, width: usize) -> Self {
        let mut parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        // The parser takes a byte order mark off what it reads first. The file's own mark is gone by now, and another
        // one is text; so the parser first reads nothing.
        parser.read_record(&[], &mut [], &mut []);
        let mut parsed = Self {
            // Cells without their quotes and delimiters are no longer than with them.
            bytes: vec![0; input.len() + 1],
            cells: Vec::new(),
            records: Vec::new(),
        };
        let mut ends = vec![0; 64];
        let (mut from, mut written) = (0, 0);
        loop {
            let (blank_lines, blank_bytes) = leading_blank_lines(&input[from..]);
            from += blank_bytes;
            let start = written;
            let mut found = 0;
            let result = loop {
                let (result, read, wrote, ended) = parser.read_record(
                    &input[from..],
                    &mut parsed.bytes[written..],
                    &mut ends[found..],
                );
                from += read;
                written += wrote;
                found += ended;
                match result {
                    // At the end of the input, the empty rest says so to the parser.
                    csv_core::ReadRecordResult::InputEmpty => {}
                    csv_core::ReadRecordResult::OutputFull => parsed.bytes.push(0),
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
            parsed.push(start..written, &ends[..found], blank_lines, width);
        }
        parsed.bytes.truncate(written);
        parsed
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
        // No early end: that lets the compiler look at many bytes at once.
        let plain = texts
            .iter()
            .fold(true, |plain, byte| plain & is_plain(*byte));
        self.records.push(Record {
            cells: first..end,
            found: ends.len(),
            blank_lines,
            breaks: memchr::memchr_iter(b'\n', texts).count() as u64,
            plain,
        });
    }
}

/// Whether a byte is printable ASCII, and neither a quote nor a backslash nor an ampersand.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'&')
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A record in full: blank lines before it, its breaks, its width with trailing empty cells, whether it is plain,
    /// and its cells.
    type Seen = (u64, u64, usize, bool, Vec<String>);

    fn seen(text: &str, delimiter: u8, width: usize) -> Vec<Seen> {
        let parsed = Parsed::of(text.as_bytes(), delimiter, width);
        let cell = |span: &Span| {
            parsed.bytes[span.start as usize..span.end as usize]
                .escape_ascii()
                .to_string()
        };
        let cells = |r: &Record| parsed.cells[r.cells.clone()].iter().map(cell).collect();
        let all = parsed.records.iter();
        all.map(|r| (r.blank_lines, r.breaks, r.found, r.plain, cells(r)))
            .collect()
    }

    /// The same by the csv crate's reader, from the cells and positions that it tells.
    fn seen_by_the_csv_crate(text: &str, delimiter: u8, width: usize) -> Vec<Seen> {
        // The reader takes one byte order mark off a file.
        let file = format!("\u{feff}{text}");
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(256)
            .from_reader(file.as_bytes());
        let mut all = Vec::new();
        for record in reader.byte_records() {
            let record = record.unwrap();
            let at = record.position().unwrap().byte();
            // A record is told to begin where the one before it ended, which may be between \r and \n.
            let (before, behind) = file.split_at(usize::try_from(at).unwrap().max(3));
            let behind = match behind.strip_prefix('\n') {
                Some(rest) if before.ends_with('\r') => rest,
                _ => behind,
            };
            let lines = behind.replace("\r\n", "\n").replace('\r', "\n");
            let blank_lines = lines.bytes().take_while(|b| *b == b'\n').count() as u64;
            let mut cells: Vec<&[u8]> = record.iter().collect();
            while cells.len() > width && cells.ends_with(&[b""]) {
                cells.pop();
            }
            let breaks = record.iter().flatten().filter(|b| **b == b'\n').count() as u64;
            let is_plain = |byte: &u8| {
                byte.is_ascii() && !byte.is_ascii_control() && !br#""\&"#.contains(byte)
            };
            let plain = record.iter().flatten().all(is_plain);
            let cells = cells.iter().map(|c| c.escape_ascii().to_string());
            all.push((blank_lines, breaks, record.len(), plain, cells.collect()));
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn records_are_those_of_the_csv_crate(
            text in "([ab\u{e9}\u{1f600}]{0,5}|[,;]|\"|\"\"|\",\"|[ab]{60}|,{70}|[ ~&\t\x00\x01\x7f\\\\\u{feff}]|\r\n|\n|\r|\"a\"\"b\"|\"a,\nb\"){0,40}",
            delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'a'), Just(b'\0')],
        ) {
            let expected = seen_by_the_csv_crate(&text, delimiter, 3);
            prop_assert_eq!(seen(&text, delimiter, 3), expected);
        }
    }

    /// What the parser makes of quotes that are out of the ordinary; nothing of it may change unnoticed.
    #[test]
    fn quotes_count_only_where_a_cell_begins() {
        for (text, cells) in [
            ("a,\"b, \"\"c\"\"\nd\",e", &["a", r#"b, \"c\"\nd"#, "e"][..]),
            ("5\" pipe,x", &[r#"5\" pipe"#, "x"]),
            ("a,\"b", &["a", "b"]),
            ("a,\"b\"c", &["a", "bc"]),
            ("\"a\" ,b", &["a ", "b"]),
            ("\"\"", &[""]),
            ("a,", &["a", ""]),
            // A mark that is not the file's own is text.
            ("\u{feff}\"a\",b", &[r#"\xef\xbb\xbf\"a\""#, "b"]),
        ] {
            for end in ["", "\n", "\r", "\r\n"] {
                let all = seen(&format!("{text}{end}"), b',', 3);
                let found: Vec<_> = all.iter().map(|r| r.4.as_slice()).collect();
                // An open quote takes the line end too.
                if text == "a,\"b" && !end.is_empty() {
                    assert_eq!(found[0][1], format!("b{}", end.escape_debug()));
                } else {
                    assert_eq!(found, [cells], "{text:?} {end:?}");
                }
            }
        }
    }

    /// Wherever an odd byte stands, and wherever the record ends.
    #[test]
    fn an_odd_byte_is_seen_at_every_place() {
        for length in 1..200 {
            for at in [0, length / 2, length - 1] {
                for end in ["", "\n", "\r\n", "\nb,c"] {
                    let mut text = "a".repeat(length);
                    text.replace_range(at..=at, "\u{7f}");
                    let records = seen(&format!("a\n{text}{end}"), b',', 1);
                    let plain: Vec<bool> = records.iter().map(|r| r.3).collect();
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
}
