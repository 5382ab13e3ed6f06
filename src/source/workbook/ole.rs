//! Old workbooks (XLS) and encrypted new ones, both OLE documents, looked at before a parser takes them in.

use std::collections::HashSet;
use std::io::{Read, Seek};

use super::damage::{DAMAGED, broken, too_large};
use super::guard::guarded;
use super::look::{Looks, SheetLooks};
use crate::source::error::SourceError;
use crate::source::input::Input;

/// Cells of all sheets by their outermost places: the parser keeps a slot for each.
const MOST_CELLS: u64 = 17_000_000;
/// Columns of a sheet. Source: [MS-XLS] 2.2.1; one more would be a broken file.
const MOST_COLUMNS: u16 = 256;

/// Records that hold a cell, with row and column in their first four bytes. Source: [MS-XLS] 2.3.2.
const CELLS: [u16; 9] = [
    0x0006, 0x00BD, 0x00BE, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x027E,
];
const BOOLEAN_OR_ERROR: u16 = 0x0205;
const DIMENSIONS: u16 = 0x0200;
const BEGIN: u16 = 0x0809;
const SHEET: u16 = 0x0085;

/// Records of numbers, whose style stands behind row and column; and several of them in a row.
const NUMBERS: [u16; 3] = [0x0006, 0x0203, 0x027E];
const NUMBERS_IN_A_ROW: u16 = 0x00BD;
const FORMAT: u16 = 0x041E;
const STYLE: u16 = 0x00E0;
const DATE_MODE: u16 = 0x0022;
const FILE_PASS: u16 = 0x002F;

/// What an old workbook holds that its parser does not report.
#[derive(Default)]
pub(super) struct Examined {
    looks: Looks,
    /// Where each sheet begins in the stream, in the workbook's order.
    sheets: Vec<usize>,
}

impl Examined {
    /// The looks of a sheet's cells, by its number from 0.
    pub(super) fn looks_of(self, sheet: usize) -> SheetLooks {
        match self.sheets.get(sheet) {
            Some(begin) => self.looks.of_sheet(*begin),
            None => SheetLooks::default(),
        }
    }
}

/// Refuses what is encrypted, what is no workbook, and what would not fit in memory.
pub(super) fn examine(input: &Input) -> Result<Examined, SourceError> {
    let path = input.path();
    let stream = input.open();
    let looked = guarded(|| look(stream)).unwrap_or(Err(Trouble::Broken(DAMAGED)));
    looked.map_err(|trouble| match trouble {
        Trouble::Encrypted => SourceError::Encrypted {
            path: path.to_owned(),
        },
        Trouble::Other(what, advice) => SourceError::OtherFormat {
            path: path.to_owned(),
            what: what.to_owned(),
            advice: advice.to_owned(),
        },
        Trouble::Broken(reason) => broken(path, reason),
        Trouble::TooLarge => too_large(
            path,
            "its cells are spread over more places than an old workbook has",
        ),
    })
}

enum Trouble {
    Encrypted,
    /// It is a document of another kind: what it is, and what to do.
    Other(&'static str, &'static str),
    Broken(&'static str),
    TooLarge,
}

/// Documents of other programs, by a stream that each of them has.
const OTHERS: [(&str, &str, &str); 3] = [
    (
        "/WordDocument",
        "a Word document",
        "Copy its table into a workbook and save that as XLSX",
    ),
    (
        "/PowerPoint Document",
        "a PowerPoint presentation",
        "Name the export instead",
    ),
    (
        "/__properties_version1.0",
        "an Outlook message",
        "Save the export that is attached to it, and name that",
    ),
];

fn look(stream: impl Read + Seek) -> Result<Examined, Trouble> {
    let mut document = cfb::CompoundFile::open(stream).map_err(|_| Trouble::Broken(DAMAGED))?;
    if document.exists("/EncryptedPackage") {
        return Err(Trouble::Encrypted);
    }
    let name = ["/Workbook", "/Book"]
        .into_iter()
        .find(|n| document.is_stream(n))
        .ok_or_else(|| {
            let other = OTHERS.iter().find(|(name, ..)| document.is_stream(name));
            other.map_or(
                Trouble::Broken("it contains no workbook"),
                |(_, what, advice)| Trouble::Other(what, advice),
            )
        })?;
    let mut bytes = Vec::new();
    document
        .open_stream(name)
        .and_then(|mut s| s.read_to_end(&mut bytes))
        .map_err(|_| Trouble::Broken(DAMAGED))?;
    let mut walk = Walk::default();
    let mut at = 0_usize;
    while let Some(head) = bytes.get(at..at + 4) {
        let kind = u16::from_le_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let data = bytes.get(at + 4..at + 4 + length).unwrap_or(&[]);
        walk.record(kind, at, data)?;
        at += 4 + length;
    }
    walk.finish()
}

/// A walk over the records of a workbook's stream.
#[derive(Default)]
struct Walk {
    total: u64,
    sheet: Option<Bounds>,
    /// Where the parts of the stream begin. Sheets that share their records would be loaded once each.
    begins: HashSet<usize>,
    begin: usize,
    /// Texts have sixteen bits a character.
    is_wide: bool,
    found: Examined,
}

impl Walk {
    fn record(&mut self, kind: u16, at: usize, data: &[u8]) -> Result<(), Trouble> {
        let word = |at: usize| Some(u16::from_le_bytes([*data.get(at)?, *data.get(at + 1)?]));
        match kind {
            // What comes behind it is encrypted.
            FILE_PASS if self.begins.len() == 1 && !data.is_empty() => {
                return Err(Trouble::Encrypted);
            }
            BEGIN => {
                self.begins.insert(at);
                self.begin = at;
                self.is_wide = word(0).is_some_and(|version| version >= 0x0600);
                self.total += self.sheet.take().map_or(0, Bounds::cells);
            }
            SHEET => {
                if let Some(place) = data.first_chunk() {
                    self.found.sheets.push(u32::from_le_bytes(*place) as usize);
                }
            }
            DIMENSIONS if data.len() >= 12 => {
                let row = |i: usize| {
                    u64::from(u32::from_le_bytes([
                        data[i],
                        data[i + 1],
                        data[i + 2],
                        data[i + 3],
                    ]))
                };
                let column = |i: usize| u64::from(u16::from_le_bytes([data[i], data[i + 1]]));
                let rows = row(4).saturating_sub(row(0)) + 1;
                let columns = column(10).saturating_sub(column(8)) + 1;
                if rows.saturating_mul(columns) > MOST_CELLS {
                    return Err(Trouble::TooLarge);
                }
            }
            FORMAT => {
                let code = data.get(2..).and_then(|rest| self.text(rest));
                if let (Some(id), Some(code)) = (word(0), code) {
                    self.found.looks.add_format(id, code);
                }
            }
            STYLE => self.found.looks.add_style(word(2).unwrap_or(0)),
            DATE_MODE if word(0) == Some(1) => self.found.looks.count_from_1904(),
            _ => {}
        }
        if CELLS.contains(&kind) || kind == BOOLEAN_OR_ERROR {
            self.cell(kind, data)?;
        }
        Ok(())
    }

    fn cell(&mut self, kind: u16, data: &[u8]) -> Result<(), Trouble> {
        let word = |at: usize| Some(u16::from_le_bytes([*data.get(at)?, *data.get(at + 1)?]));
        let (Some(row), Some(column)) = (word(0), word(2)) else {
            return Ok(());
        };
        if column >= MOST_COLUMNS {
            return Err(Trouble::TooLarge);
        }
        self.sheet
            .get_or_insert(Bounds::at(row, column))
            .grow(row, column);
        let looks = &mut self.found.looks;
        if NUMBERS.contains(&kind) {
            if let Some(style) = word(4) {
                looks.add_cell(self.begin, row, column, style);
            }
        } else if kind == NUMBERS_IN_A_ROW {
            // Style and number of each, six bytes; the last column stands behind them.
            let numbers = data.get(4..data.len().saturating_sub(2)).unwrap_or(&[]);
            for (column, number) in (column..MOST_COLUMNS).zip(numbers.as_chunks::<6>().0) {
                let style = u16::from_le_bytes([number[0], number[1]]);
                looks.add_cell(self.begin, row, column, style);
            }
        }
        Ok(())
    }

    /// The text of a format's code: of sixteen bits a character, or of eight.
    fn text(&self, data: &[u8]) -> Option<String> {
        if !self.is_wide {
            let length = usize::from(*data.first()?);
            let bytes = data.get(1..1 + length)?;
            return Some(bytes.iter().copied().map(char::from).collect());
        }
        let length = usize::from(u16::from_le_bytes([*data.first()?, *data.get(1)?]));
        let bytes = data.get(3..)?;
        if data.get(2)? & 1 == 0 {
            let bytes = bytes.get(..length)?;
            return Some(bytes.iter().copied().map(char::from).collect());
        }
        let units = bytes.get(..length * 2)?.as_chunks::<2>().0;
        let units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
        Some(String::from_utf16_lossy(&units))
    }

    fn finish(mut self) -> Result<Examined, Trouble> {
        self.total += self.sheet.take().map_or(0, Bounds::cells);
        if self.total > MOST_CELLS {
            return Err(Trouble::TooLarge);
        }
        let mut seen = HashSet::new();
        let sheets = &self.found.sheets;
        if !(sheets.iter()).all(|s| self.begins.contains(s) && seen.insert(*s)) {
            return Err(Trouble::Broken("its list of sheets is damaged"));
        }
        Ok(self.found)
    }
}

/// The outermost cells of a sheet.
struct Bounds {
    top: u16,
    bottom: u16,
    left: u16,
    right: u16,
}

impl Bounds {
    fn at(row: u16, column: u16) -> Self {
        Self {
            top: row,
            bottom: row,
            left: column,
            right: column,
        }
    }

    fn grow(&mut self, row: u16, column: u16) {
        self.top = self.top.min(row);
        self.bottom = self.bottom.max(row);
        self.left = self.left.min(column);
        self.right = self.right.max(column);
    }

    fn cells(self) -> u64 {
        (u64::from(self.bottom - self.top) + 1) * (u64::from(self.right - self.left) + 1)
    }
}
