//! The records of a piece of a text table: where each cell lies.
//!
//! The common way is [`Walk`]. Whatever is out of the ordinary (a quote that never closes, text behind a closing quote)
//! goes the long way, through the csv crate's own parser, which also defines what the short way must give: a property
//! compares the two.

use super::cell_walk::Walk;
use super::record::{Record, Span, is_plain};

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
