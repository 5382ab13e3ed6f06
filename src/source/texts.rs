//! From the bytes of records to text, cell by cell where some of them are no text.

use encoding_rs::Encoding;

use super::mojibake::{is_hardly_of, is_surely_utf8};
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
    /// Through this one, by a guess.
    pub(super) guessed: Option<&'static Encoding>,
    /// By a guess that so many lines speak against that nothing but ASCII is to be trusted.
    pub(super) doubtful: bool,
}

/// The bytes of records as text, and the numbers of the cells that are no text.
pub(super) fn decode(parsed: &mut Parsed, origin: Origin) -> (String, Vec<(usize, Broken)>) {
    // One check for all cells; only where some are broken are they looked at one by one.
    let bytes = match String::from_utf8(std::mem::take(&mut parsed.bytes)) {
        Ok(text) => {
            // The broken end of one cell and the broken start of the next may be a character together.
            // Of records that are ASCII this is known.
            let odd = parsed.records.iter().filter(|r| !r.odd.is_none());
            let is_whole = odd
                .flat_map(|record| &parsed.cells[record.cells.clone()])
                .all(|cell| text.is_char_boundary(cell.end as usize))
                && !(origin.decoded && text.contains('\u{fffd}'));
            if is_whole {
                let broken = if origin.apart.is_some() || origin.guessed.is_some() {
                    misread(parsed, &text, origin)
                } else {
                    Vec::new()
                };
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
                } else {
                    broken.extend(origin.misread(valid).map(|how| (number, how)));
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

/// The cells of a piece that were decoded by another encoding than theirs.
fn misread(parsed: &Parsed, text: &str, origin: Origin) -> Vec<(usize, Broken)> {
    let odd = parsed.records.iter().filter(|record| !record.odd.is_none());
    odd.flat_map(|record| record.cells.clone())
        .filter_map(|number| {
            let cell = parsed.cells[number];
            let text = text.get(cell.start as usize..cell.end as usize)?;
            origin.misread(text).map(|how| (number, how))
        })
        .collect()
}

impl Origin {
    /// Whether a decoded text is in another encoding.
    fn misread(self, text: &str) -> Option<Broken> {
        if text.is_ascii() {
            None
        } else if self
            .apart
            .is_some_and(|encoding| is_foreign(text, encoding))
        {
            Some(Broken::OtherEncoding)
        } else if self.doubtful
            || self
                .guessed
                .is_some_and(|encoding| is_hardly_of(text, encoding))
        {
            Some(Broken::Bytes)
        } else {
            None
        }
    }
}

fn is_foreign(text: &str, encoding: &'static Encoding) -> bool {
    // Two characters beyond ASCII beside each other are at least four bytes in a row.
    let mut runs = text
        .as_bytes()
        .chunk_by(|a, b| a.is_ascii() == b.is_ascii());
    runs.any(|run| run.len() > 3 && !run[0].is_ascii()) && is_surely_utf8(&encoding.encode(text).0)
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1252;

    use super::*;
    use crate::source::odd_cells::OddCells;
    use crate::source::record::Record;

    /// A record of these cells, decoded: its texts, and what is wrong with which.
    fn of(cells: &[&[u8]], origin: Origin) -> (Vec<String>, Vec<(usize, Broken)>) {
        let mut at = 0;
        let spans = cells.iter().map(|cell| {
            let span = Span::new(at, at + cell.len());
            at += cell.len();
            span
        });
        let mut parsed = Parsed {
            cells: spans.collect(),
            bytes: cells.concat(),
            records: vec![Record {
                cells: 0..cells.len(),
                found: cells.len(),
                blank_lines: 0,
                breaks: 0,
                odd: OddCells::ALL,
                unfit: false,
            }],
        };
        let (text, broken) = decode(&mut parsed, origin);
        let texts = (parsed.cells.iter())
            .map(|cell| text[cell.start as usize..cell.end as usize].to_owned())
            .collect();
        (texts, broken)
    }

    const AS_IT_IS: Origin = Origin {
        decoded: false,
        apart: None,
        guessed: None,
        doubtful: false,
    };

    #[test]
    fn a_cell_is_broken_by_its_own_bytes() {
        use Broken::{Bytes, CutOff};
        for (cells, texts, broken) in [
            (["é".as_bytes(), b"B"], ["é", "B"], vec![]),
            ([b"A\xe9C", b"B"], ["A\u{fffd}C", "B"], vec![(0, Bytes)]),
            ([b"A", b"B\xc3"], ["A", "B\u{fffd}"], vec![(1, CutOff)]),
            // Together they would be a letter.
            (
                [b"A\xc3", b"\xa9B"],
                ["A\u{fffd}", "\u{fffd}B"],
                vec![(0, CutOff), (1, Bytes)],
            ),
            ([b"\xed\xa0\xbd\xed\xb8\x80", b"B"], ["😀", "B"], vec![]),
            // A replacement character that somebody wrote is a character.
            (
                ["\u{fffd}".as_bytes(), b"\xe9B"],
                ["\u{fffd}", "\u{fffd}B"],
                vec![(1, Bytes)],
            ),
        ] {
            let found = of(&cells, AS_IT_IS);
            assert_eq!(
                found,
                (texts.map(str::to_owned).to_vec(), broken),
                "{cells:?}"
            );
        }
    }

    /// Behind a code page broken bytes are replacement characters already.
    #[test]
    fn what_a_decoder_replaced_is_broken() {
        use Broken::{Bytes, CutOff};
        let decoded = Origin {
            decoded: true,
            ..AS_IT_IS
        };
        for (cell, broken) in [
            ("Café", None),
            ("Caf\u{fffd}", Some(CutOff)),
            ("C\u{fffd}fé", Some(Bytes)),
            ("C\u{fffd}f\u{fffd}", Some(Bytes)),
            ("\u{fffd}", Some(CutOff)),
        ] {
            let (texts, found) = of(&[b"A", cell.as_bytes()], decoded);
            assert_eq!(texts, ["A", cell]);
            assert_eq!(
                found,
                broken.map(|b| (1, b)).into_iter().collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn a_cell_of_another_encoding_is_told() {
        let apart = Origin {
            decoded: true,
            apart: Some(WINDOWS_1252),
            guessed: None,
            doubtful: false,
        };
        let western = Origin {
            decoded: true,
            apart: None,
            guessed: Some(WINDOWS_1252),
            doubtful: false,
        };
        let doubtful = Origin {
            doubtful: true,
            ..western
        };
        for (cell, origin, broken) in [
            ("CafÃ©", apart, Some(Broken::OtherEncoding)),
            ("Café", apart, None),
            ("Cafe", apart, None),
            // Two letters beside each other that are no UTF-8 together; one that stands alone.
            ("Müßäö", apart, None),
            ("É®", apart, None),
            ("K”ln", western, Some(Broken::Bytes)),
            ("Köln", western, None),
            ("Koln", western, None),
            ("™sterreich", western, Some(Broken::Bytes)),
            ("šbung", western, None),
            ("šbung", doubtful, Some(Broken::Bytes)),
            ("Koln", doubtful, None),
            ("K”ln", apart, None),
            ("CafÃ©", AS_IT_IS, None),
        ] {
            // With a whole neighbour, and with one that is broken.
            let told = broken.map(|b| (0, b));
            let (_, found) = of(&[cell.as_bytes(), b"B"], origin);
            assert_eq!(found, told.into_iter().collect::<Vec<_>>(), "{cell}");
            let (_, found) = of(&[cell.as_bytes(), "\u{fffd}".as_bytes()], origin);
            assert_eq!(found.first().copied().filter(|f| f.0 == 0), told, "{cell}");
        }
    }
}
