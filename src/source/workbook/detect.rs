//! Opening a workbook: its kind, the sheet that is read, and what that holds beside its values.

use std::path::Path;
use std::sync::Arc;

use calamine::{SheetType, SheetVisible};

use super::book::Book;
use super::damage::{DAMAGED, broken};
use super::facts::Facts;
use super::kind::Kind;
use super::ole;
use super::package::Package;
use super::parsing::{Parsing, Sheet};
use super::read_barrier::ReadBarrier;
use super::tables::totals_rows;
use super::unpacked::ShownSheets;
use crate::source::detected::Detected;
use crate::source::error::SourceError;
use crate::source::format::Format;
use crate::source::input::{Input, Outside};
use crate::source::options::{SheetChoice, SourceOptions};
use crate::source::stamp::Stamp;

/// The sheet that is read.
struct Chosen {
    name: Arc<str>,
    notes: Vec<String>,
    /// The other visible ones, where it was not asked for.
    others: Vec<Arc<str>>,
}

impl Chosen {
    fn asked_for(sheet: &calamine::Sheet) -> Self {
        Self {
            name: sheet.name.as_str().into(),
            notes: Vec::new(),
            others: Vec::new(),
        }
    }
}

/// The asked-for sheet, else the first visible worksheet.
fn choose_sheet(
    path: &Path,
    book: &Book,
    wanted: Option<&SheetChoice>,
) -> Result<Chosen, SourceError> {
    let sheets = book.sheets();
    let present = || {
        sheets
            .iter()
            .map(|s| format!("\"{}\"", s.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let missing = |wanted: String| SourceError::NoSheet {
        path: path.to_owned(),
        wanted,
        present: present(),
    };
    let visible =
        |s: &&calamine::Sheet| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible;
    match wanted {
        Some(SheetChoice::Name(name)) => sheets
            .iter()
            .find(|s| s.name == *name)
            .or_else(|| {
                sheets
                    .iter()
                    .find(|s| s.name.trim().eq_ignore_ascii_case(name.trim()))
            })
            .map(Chosen::asked_for)
            .ok_or_else(|| missing(format!("\"{name}\""))),
        Some(SheetChoice::Number(n)) => n
            .checked_sub(1)
            .and_then(|i| sheets.get(i))
            .map(Chosen::asked_for)
            .ok_or_else(|| missing(format!("number {n}"))),
        None => {
            let chosen = sheets
                .iter()
                .find(visible)
                .ok_or_else(|| missing("that is visible".to_owned()))?;
            let others: Vec<_> = sheets
                .iter()
                .filter(|s| s.name != chosen.name)
                .map(|s| format!("\"{}\"", s.name))
                .collect();
            let notes = if others.is_empty() {
                Vec::new()
            } else {
                vec![format!(
                    "sheet \"{}\" is read, the first visible one; not read: {}; [source] sheet settles it",
                    chosen.name,
                    others.join(", ")
                )]
            };
            let visible_others = sheets
                .iter()
                .filter(visible)
                .filter(|s| s.name != chosen.name);
            Ok(Chosen {
                others: visible_others.map(|s| s.name.as_str().into()).collect(),
                notes,
                ..Chosen::asked_for(chosen)
            })
        }
    }
}

/// Detects sheet and header, and begins to parse the rows. That the file is still the one of the stamp is seen when
/// the last row was parsed.
pub(in crate::source) fn detect(
    input: &Input,
    outside: Outside,
    options: &SourceOptions,
    stamp: Option<&Stamp>,
) -> Result<Detected, SourceError> {
    let path = input.path();
    let barrier = Arc::new(ReadBarrier::default());
    let mut examined = None;
    let (mut package, kind) = if outside == Outside::OleDocument {
        examined = Some(ole::examine(input)?);
        (None, Kind::Xls)
    } else {
        let (package, kind) = Package::open(input, &barrier)?;
        (Some(package), kind)
    };
    // ODS is loaded whole when it is opened, so it is measured before.
    if kind == Kind::Ods
        && let Some(package) = &mut package
    {
        package.ods_facts(None)?;
    }
    let shown = match &package {
        Some(package) => package.sheets().clone(),
        None => ShownSheets::default(),
    };
    let book = Book::open(input, kind, &barrier, &shown)?;
    let chosen = choose_sheet(path, &book, options.sheet.as_ref())?;
    let (name, mut notes) = (chosen.name, chosen.notes);
    let mut facts = match (&mut package, kind) {
        (Some(package), Kind::Ods) => package.ods_facts(Some(&name))?,
        _ => Facts::default(),
    };
    if let Book::Whole(whole) = &book
        && let calamine::Sheets::Xls(xls) = &**whole
    {
        for merged in xls.merge_cells_by_sheet_name(&name).unwrap_or_default() {
            facts.merge(range_name(merged.start, merged.end));
        }
    }
    if let Some(examined) = examined {
        let number = book.sheets().iter().position(|s| *s.name == *name);
        facts.looks = examined.looks_of(number.unwrap_or(usize::MAX));
    }
    if let (Some(package), Kind::Xlsb) = (&mut package, kind) {
        facts.binary = package.binary_looks(&name);
    }
    let tables = match (&mut package, kind) {
        (Some(package), Kind::Xlsx) => package.tables_with_totals(&name),
        _ => Vec::new(),
    };
    let sheet = Sheet::new(path, book, name.clone());
    let begun = match (&mut package, kind) {
        (Some(package), Kind::Xlsx) => look_over_and_parse(package, sheet, options, stamp),
        _ => {
            let facts = Arc::new(facts);
            Parsing::begin(sheet, &facts, options, stamp.cloned()).map(|parsing| (parsing, facts))
        }
    };
    let (parsing, facts) = begun.map_err(|error| match error {
        // A cover sheet: the table is on another.
        SourceError::NoHeader { path } if !chosen.others.is_empty() => SourceError::EmptySheet {
            path,
            sheet: name.to_string(),
            others: chosen.others.iter().map(ToString::to_string).collect(),
        },
        error => error,
    })?;
    notes.extend(parsing.notes);
    notes.extend(facts.notes());
    Ok(Detected {
        format: Format::Workbook { kind, sheet: name },
        header: parsing.header,
        short: std::sync::Arc::default(),
        header_row: parsing.header_row,
        spool: Some(parsing.spool),
        totals: totals_rows(&tables, parsing.header_row),
        others: chosen.others,
        notes,
    })
}

/// Looks the sheet of an XLSX workbook over, and begins to parse it behind that.
fn look_over_and_parse(
    package: &mut Package,
    sheet: Sheet,
    options: &SourceOptions,
    stamp: Option<&Stamp>,
) -> Result<(Parsing, Arc<Facts>), SourceError> {
    let begin = |sheet, facts: &Arc<Facts>| Parsing::begin(sheet, facts, options, stamp.cloned());
    let Some(part) = package.hold_back_sheet(sheet.name()) else {
        // Where the sheet's part is not found by name, there is nothing to go behind.
        let facts = Arc::new(package.sheet_facts(None)?);
        return Ok((begin(sheet, &facts)?, facts));
    };
    let path = sheet.path().to_owned();
    let (looked_over, parsing) = std::thread::scope(|scope| {
        let looking = scope.spawn(|| package.sheet_facts(Some(part)));
        let facts = Arc::new(Facts::to_come());
        let parsing = begin(sheet, &facts);
        (looking.join(), parsing)
    });
    let looked_over = looked_over.unwrap_or_else(|_| Err(broken(&path, DAMAGED)));
    let facts = Arc::new(looked_over?);
    let mut parsing = parsing?;
    if facts.are_needed() {
        // To the parser these cells are empty, or none; it has to begin again with the facts.
        parsing = begin(parsing.give_up()?, &facts)?;
    }
    Ok((parsing, facts))
}

/// `A5:B7` of places from 0.
fn range_name(start: (u32, u32), end: (u32, u32)) -> String {
    let letters = |column: u32| crate::diagnostic::column_letter(column as usize);
    format!(
        "{}{}:{}{}",
        letters(start.1),
        start.0 + 1,
        letters(end.1),
        end.0 + 1
    )
}
