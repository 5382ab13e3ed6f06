//! From the bytes of records to text, cell by cell where some of them are no text.

use encoding_rs::Encoding;

use super::mojibake::is_surely_utf8;
use super::record::{Parsed, Span};
use super::weigh::{ends_inside_a_character, paired};

/// Why a cell is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// Its bytes are none of the encoding.
    Bytes,
    /// It ends inside a character.
    CutOff,
    /// It is text, but in UTF-8, and the table is not.
    OtherEncoding,
}

/// How the bytes came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    /// Through a code page, which shows broken bytes as U+FFFD before the parser sees them.
    pub(super) decoded: bool,
    /// Through this one, in which a text that can only be UTF-8 is none.
    pub(super) apart: Option<&'static Encoding>,
}

/// The bytes of records as text, and the numbers of the cells that are no text.
pub(super) fn decode(parsed: &mut Parsed, origin: Origin) -> (String, Vec<(usize, Broken)>) {
    // One check for all cells; only where some are broken are they looked at one by one.
    let bytes = match String::from_utf8(std::mem::take(&mut parsed.bytes)) {
        Ok(text) => {
            // The broken end of one cell and the broken start of the next may be a character together.
            let is_whole = (parsed.cells.iter())
                .all(|cell| text.is_char_boundary(cell.end as usize))
                && !(origin.decoded && text.contains('\u{fffd}'));
            if is_whole {
                let broken = (origin.apart).map_or_else(Vec::new, |e| foreign(parsed, &text, e));
                return (text, broken);
            }
            text.into_bytes()
        }
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    let mut broken = Vec::new();
    for (number, cell) in parsed.cells.iter_mut().enumerate() {
        let start = text.len();
        let bytes = &bytes[cell.start as usize..cell.end as usize];
        match std::str::from_utf8(bytes) {
            Ok(valid) => {
                if origin.decoded && valid.contains('\u{fffd}') {
                    let is_cut = valid.find('\u{fffd}') == Some(valid.len() - 3);
                    broken.push((
                        number,
                        if is_cut {
                            Broken::CutOff
                        } else {
                            Broken::Bytes
                        },
                    ));
                } else if origin.apart.is_some_and(|e| is_foreign(valid, e)) {
                    broken.push((number, Broken::OtherEncoding));
                }
                text.push_str(valid);
            }
            Err(_) => {
                if let Some(meant) = paired(bytes) {
                    text.push_str(&meant);
                } else {
                    let is_cut = ends_inside_a_character(bytes);
                    broken.push((
                        number,
                        if is_cut {
                            Broken::CutOff
                        } else {
                            Broken::Bytes
                        },
                    ));
                    text.push_str(&String::from_utf8_lossy(bytes));
                }
            }
        }
        *cell = Span::new(start, text.len());
    }
    (text, broken)
}

/// The cells of a piece that can only be UTF-8, though it was decoded by another encoding.
fn foreign(parsed: &Parsed, text: &str, encoding: &'static Encoding) -> Vec<(usize, Broken)> {
    let odd = parsed.records.iter().filter(|record| !record.plain);
    odd.flat_map(|record| record.cells.clone())
        .filter(|number| {
            let cell = parsed.cells[*number];
            let text = text.get(cell.start as usize..cell.end as usize);
            text.is_some_and(|text| is_foreign(text, encoding))
        })
        .map(|number| (number, Broken::OtherEncoding))
        .collect()
}

fn is_foreign(text: &str, encoding: &'static Encoding) -> bool {
    // Two characters beyond ASCII beside each other are at least four bytes in a row.
    let may_be = text
        .as_bytes()
        .chunk_by(|a, b| a.is_ascii() == b.is_ascii());
    let may_be = may_be
        .filter(|run| !run[0].is_ascii())
        .any(|run| run.len() > 3);
    may_be && is_surely_utf8(&encoding.encode(text).0)
}
