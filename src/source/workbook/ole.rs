//! Old workbooks (XLS) and encrypted new ones, both OLE documents, looked at before a parser takes them in.

use std::collections::HashSet;
use std::io::{Read, Seek};

use super::damage::{DAMAGED, broken, too_large};
use super::guard::guarded;
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

/// Refuses what is encrypted, what is no workbook, and what would not fit in memory.
pub(super) fn examine(input: &Input) -> Result<(), SourceError> {
    let path = input.path();
    let stream = input.open();
    let looked = guarded(|| look(stream)).unwrap_or(Err(Trouble::Broken(DAMAGED)));
    looked.map_err(|trouble| match trouble {
        Trouble::Encrypted => SourceError::Encrypted {
            path: path.to_owned(),
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
    Broken(&'static str),
    TooLarge,
}

fn look(stream: impl Read + Seek) -> Result<(), Trouble> {
    let mut document = cfb::CompoundFile::open(stream).map_err(|_| Trouble::Broken(DAMAGED))?;
    if document.exists("/EncryptedPackage") {
        return Err(Trouble::Encrypted);
    }
    let name = ["/Workbook", "/Book"]
        .into_iter()
        .find(|n| document.is_stream(n))
        .ok_or(Trouble::Broken("it holds no workbook"))?;
    let mut bytes = Vec::new();
    document
        .open_stream(name)
        .and_then(|mut s| s.read_to_end(&mut bytes))
        .map_err(|_| Trouble::Broken(DAMAGED))?;
    let mut total = 0_u64;
    let mut sheet: Option<Bounds> = None;
    // Sheets that share their records would be loaded once each.
    let (mut begins, mut sheets) = (HashSet::new(), Vec::new());
    let mut at = 0_usize;
    while let Some(head) = bytes.get(at..at + 4) {
        let kind = u16::from_le_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let data = bytes.get(at + 4..at + 4 + length).unwrap_or(&[]);
        if kind == BEGIN {
            begins.insert(at);
        }
        at += 4 + length;
        if kind == SHEET && data.len() >= 4 {
            sheets.push(u32::from_le_bytes([data[0], data[1], data[2], data[3]]) as usize);
        } else if kind == BEGIN {
            total += sheet.take().map_or(0, Bounds::cells);
        } else if kind == DIMENSIONS && data.len() >= 12 {
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
        } else if (CELLS.contains(&kind) || kind == BOOLEAN_OR_ERROR) && data.len() >= 4 {
            let row = u16::from_le_bytes([data[0], data[1]]);
            let column = u16::from_le_bytes([data[2], data[3]]);
            if column >= MOST_COLUMNS {
                return Err(Trouble::TooLarge);
            }
            sheet
                .get_or_insert(Bounds::at(row, column))
                .grow(row, column);
        }
    }
    total += sheet.map_or(0, Bounds::cells);
    if total > MOST_CELLS {
        return Err(Trouble::TooLarge);
    }
    let mut seen = HashSet::new();
    if !sheets.iter().all(|s| begins.contains(s) && seen.insert(*s)) {
        return Err(Trouble::Broken("its list of sheets is damaged"));
    }
    Ok(())
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
