//! The rows of a sheet as XML, packed as they come: nothing of them stays in memory or lies unpacked on the disk.
//!
//! All else of a workbook is the library's work ([`super::skeleton`]); rows are most of its bytes, and the library, which
//! packs only when all are there, took longer for them than everything else of a report together.
//! Source: ECMA-376 Part 1, 18.3.1.4 (cells), 18.3.1.73 (rows), 22.9.2.19 (`_xHHHH_`).

use std::fs::File;
use std::io::{self, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::styles::{Mark, Styles};
use crate::diagnostic::column_letter;
use crate::partner::SourceValue;

/// Bytes of XML that are packed in one go.
const CHUNK: usize = 128 * 1024;
/// The fastest level: rows of a table pack well at any.
const LEVEL: i64 = 1;
/// Bytes of XML that a part may have without the extension for large archives, which not every program reads.
const MOST_BYTES: u64 = 4_000_000_000;

/// A sheet's part under way.
pub(super) struct SheetRows {
    zip: ZipWriter<File>,
    xml: Vec<u8>,
    written: u64,
    letters: Vec<String>,
    styles: Styles,
    row: Vec<u8>,
}

impl SheetRows {
    /// Begins the part `name` with all that stands before its rows.
    pub(super) fn begin(
        name: &str,
        before: &[u8],
        columns: usize,
        styles: Styles,
    ) -> io::Result<Self> {
        let mut zip = ZipWriter::new(tempfile::tempfile()?);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(LEVEL));
        zip.start_file(name, options)?;
        Ok(Self {
            zip,
            xml: before.to_vec(),
            written: before.len() as u64,
            letters: (0..columns).map(column_letter).collect(),
            styles,
            row: Vec::new(),
        })
    }

    /// The numbers of its formats.
    pub(super) fn styles(&self) -> Styles {
        self.styles
    }

    /// Whether the part takes more rows.
    pub(super) fn has_room(&self) -> bool {
        self.written < MOST_BYTES
    }

    /// Begins the row of this number, from 1. Its cells follow, column by column.
    pub(super) fn begin_row(&mut self, number: u32) {
        self.row.clear();
        push_number(number, &mut self.row);
        self.xml.extend_from_slice(b"<row r=\"");
        self.xml.extend_from_slice(&self.row);
        self.xml.extend_from_slice(b"\">");
    }

    /// Adds a cell of the row; an empty one without a mark leaves nothing.
    pub(super) fn cell(&mut self, column: usize, value: SourceValue<'_>, mark: Mark) {
        match value {
            SourceValue::Empty if mark == Mark::None => {}
            SourceValue::Empty => {
                self.open(column, self.styles.text(mark));
                self.xml.extend_from_slice(b"/>");
            }
            SourceValue::Text(text) => {
                self.open(column, self.styles.text(mark));
                self.xml.extend_from_slice(b" t=\"inlineStr\"><is><t");
                // Blanks at its ends would be taken off.
                if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
                    self.xml.extend_from_slice(b" xml:space=\"preserve\"");
                }
                self.xml.push(b'>');
                push_text(text, &mut self.xml);
                self.xml.extend_from_slice(b"</t></is></c>");
            }
            SourceValue::Number(n) => self.number(column, n, self.styles.plain(mark)),
            SourceValue::Days(days) => self.number(column, days, self.styles.date(mark)),
            SourceValue::Boolean(b) => {
                self.open(column, self.styles.plain(mark));
                let (yes, no): (&[u8], &[u8]) =
                    (b" t=\"b\"><v>1</v></c>", b" t=\"b\"><v>0</v></c>");
                self.xml.extend_from_slice(if b { yes } else { no });
            }
        }
    }

    fn number(&mut self, column: usize, n: f64, style: u32) {
        self.open(column, style);
        self.xml.extend_from_slice(b"><v>");
        // Writing to memory cannot fail.
        let _ = write!(self.xml, "{n}");
        self.xml.extend_from_slice(b"</v></c>");
    }

    /// `<c r="B5" s="2"`.
    fn open(&mut self, column: usize, style: u32) {
        self.xml.extend_from_slice(b"<c r=\"");
        let letters = self.letters.get(column).map_or("", String::as_str);
        self.xml.extend_from_slice(letters.as_bytes());
        self.xml.extend_from_slice(&self.row);
        self.xml.push(b'"');
        if style > 0 {
            self.xml.extend_from_slice(b" s=\"");
            push_number(style, &mut self.xml);
            self.xml.push(b'"');
        }
    }

    /// Ends the row.
    pub(super) fn end_row(&mut self) -> io::Result<()> {
        self.xml.extend_from_slice(b"</row>");
        if self.xml.len() >= CHUNK {
            self.pack()?;
        }
        Ok(())
    }

    fn pack(&mut self) -> io::Result<()> {
        self.written += self.xml.len() as u64;
        self.zip.write_all(&self.xml)?;
        self.xml.clear();
        Ok(())
    }

    /// Ends the part with all that stands behind its rows: an archive that holds it alone.
    pub(super) fn finish(mut self, behind: &[u8]) -> io::Result<ZipArchive<File>> {
        self.xml.extend_from_slice(behind);
        self.pack()?;
        Ok(self.zip.finish_into_readable()?)
    }
}

/// The digits of a number, one by one: each cell has the number of a style.
fn push_number(mut n: u32, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 10];
    let mut from = digits.len() - 1;
    while n > 9 {
        digits[from] += u8::try_from(n % 10).unwrap_or(0);
        n /= 10;
        from -= 1;
    }
    digits[from] += u8::try_from(n).unwrap_or(0);
    out.extend_from_slice(&digits[from..]);
}

/// A text between two tags.
fn push_text(text: &str, out: &mut Vec<u8>) {
    // Not cut short, so that many bytes are looked at at once. The last two byte values begin U+FFFE and what must be
    // looked at for an escape of its own.
    let odd = text.bytes().fold(0, |odd, b| {
        let is = |other| u8::from(b == other);
        odd | u8::from(b < b' ') | is(b'&') | is(b'<') | is(b'>') | is(b'_') | is(0xef)
    });
    if odd == 0 {
        return out.extend_from_slice(text.as_bytes());
    }
    for (at, c) in text.char_indices() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '\t' | '\n' => out.push(if c == '\t' { b'\t' } else { b'\n' }),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "_x{:04X}_", u32::from(c));
            }
            // What reads like an escape is none.
            '_' if is_escape(&text[at..]) => out.extend_from_slice(b"_x005F_"),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// `_xHHHH_`.
fn is_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 7
        && bytes[1] == b'x'
        && bytes[6] == b'_'
        && bytes[2..6].iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_escaped_as_spreadsheets_expect() {
        for (text, xml) in [
            ("plain, text", "plain, text"),
            ("a < b & \"c\" > d", "a &lt; b &amp; \"c\" &gt; d"),
            ("two\nlines\r\n", "two\nlines_x000D_\n"),
            ("bell\u{7}", "bell_x0007_"),
            ("_x0041_ and _x_ and _x12", "_x005F_x0041_ and _x_ and _x12"),
            ("日本 \u{fffe}", "日本 _xFFFE_"),
        ] {
            let mut out = Vec::new();
            push_text(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), xml);
        }
    }

    #[test]
    fn numbers_are_written_digit_by_digit() {
        for n in [0, 1, 9, 10, 12, 99, 100, 1_048_576, u32::MAX] {
            let mut out = b"s=".to_vec();
            push_number(n, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("s={n}"));
        }
    }

    proptest! {
        /// The library writes the same text into a sheet of its own.
        #[test]
        fn texts_are_those_of_the_library(text in "([ -~]|[\u{1}-\u{1f}]|_x0041_|[äß日\u{fffe}\u{ffff}]){1,20}") {
            let mut book = rust_xlsxwriter::Workbook::new();
            let sheet = book.add_worksheet_with_constant_memory().unwrap();
            sheet.write_string(0, 0, &text).unwrap();
            let bytes = book.save_to_buffer().unwrap();
            let mut zip = ZipArchive::new(io::Cursor::new(bytes)).unwrap();
            let xml = io::read_to_string(zip.by_name("xl/worksheets/sheet1.xml").unwrap()).unwrap();
            let mut ours = Vec::new();
            push_text(&text, &mut ours);
            let ours = format!(">{}</t>", String::from_utf8(ours).unwrap());
            prop_assert!(xml.contains(&ours), "{xml} {ours}");
        }
    }
}
