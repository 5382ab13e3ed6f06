//! Workbooks made byte for byte, for the tests.
#![expect(clippy::format_collect, reason = "a few rows, made once a test")]

use std::io::{Cursor, Write as _};

/// A zip archive of named parts.
pub(super) fn zip_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An XLSX workbook with one sheet of raw rows.
pub(super) struct Xlsx {
    /// What stands in `<sheetData>`.
    pub(super) rows: String,
    /// What stands behind it.
    pub(super) behind: &'static str,
    /// Number formats with ids from 164; cell style 1 is the first, and so on.
    pub(super) formats: &'static [&'static str],
    /// Whether days count from 1904.
    pub(super) from_1904: bool,
    /// Names and states of the sheets; the rows are the last one's.
    pub(super) sheets: &'static [(&'static str, &'static str)],
    /// The shared strings part.
    pub(super) shared: Option<String>,
    /// The rows of all sheets but the last.
    pub(super) other_rows: String,
    /// Number formats under numbers of the test's own, for cell styles behind those of `formats`.
    pub(super) own_formats: &'static [(u32, &'static str)],
    /// Further parts of the archive.
    pub(super) parts: &'static [(&'static str, &'static str)],
}

impl Default for Xlsx {
    fn default() -> Self {
        Self {
            rows: String::new(),
            behind: "",
            formats: &[],
            from_1904: false,
            sheets: &[("Sheet1", "visible")],
            shared: None,
            other_rows: String::new(),
            own_formats: &[],
            parts: &[],
        }
    }
}

const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

impl Xlsx {
    /// The part of the cell styles.
    fn styles(&self) -> String {
        let formats: Vec<(u32, &str)> = (164..)
            .zip(self.formats.iter().copied())
            .chain(self.own_formats.iter().copied())
            .collect();
        let styles: String = formats
            .iter()
            .map(|(id, _)| format!(r#"<xf numFmtId="{id}" applyNumberFormat="1"/>"#))
            .collect();
        let formats: String = formats
            .iter()
            .filter(|(_, code)| !code.is_empty())
            .map(|(id, code)| {
                format!(
                    r#"<numFmt numFmtId="{id}" formatCode="{}"/>"#,
                    code.replace('"', "&quot;")
                )
            })
            .collect();
        format!(
            r#"<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>"#
        )
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let sheets: String = self
            .sheets
            .iter()
            .enumerate()
            .map(|(i, (name, state))| {
                format!(
                    r#"<sheet name="{name}" sheetId="{0}" state="{state}" r:id="rId{0}"/>"#,
                    i + 1
                )
            })
            .collect();
        let epoch = if self.from_1904 {
            r#"<workbookPr date1904="1"/>"#
        } else {
            ""
        };
        let workbook = format!(
            r#"<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{epoch}<sheets>{sheets}</sheets></workbook>"#
        );
        let targets: String = (1..=self.sheets.len())
            .map(|i| format!(r#"<Relationship Id="rId{i}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{i}.xml"/>"#))
            .collect();
        let relations = format!(r#"<Relationships xmlns="{PACKAGE}">{targets}</Relationships>"#);
        let styles = self.styles();
        let sheet = |rows: &str, behind: &str| {
            format!(
                r#"<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{behind}</worksheet>"#
            )
        };
        let main_relations = format!(
            r#"<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        );
        let last = self.sheets.len();
        let parts: Vec<(String, String)> = (1..=last)
            .map(|i| {
                let text = if i == last {
                    sheet(&self.rows, self.behind)
                } else {
                    sheet(&self.other_rows, "")
                };
                (format!("xl/worksheets/sheet{i}.xml"), text)
            })
            .chain(
                self.shared
                    .iter()
                    .map(|s| ("xl/sharedStrings.xml".to_owned(), s.clone())),
            )
            .chain((self.parts.iter()).map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))
            .chain([
                ("[Content_Types].xml".to_owned(), "<Types/>".to_owned()),
                ("_rels/.rels".to_owned(), main_relations),
                ("xl/workbook.xml".to_owned(), workbook),
                ("xl/_rels/workbook.xml.rels".to_owned(), relations),
                ("xl/styles.xml".to_owned(), styles),
            ])
            .collect();
        let parts: Vec<(&str, &[u8])> = parts
            .iter()
            .map(|(n, t)| (n.as_str(), t.as_bytes()))
            .collect();
        zip_of(&parts)
    }
}

/// A text cell.
pub(super) fn text(place: &str, value: &str) -> String {
    format!(r#"<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>"#)
}

/// A row of text cells from column A.
pub(super) fn text_row(number: usize, values: &[&str]) -> String {
    let cells: String = ('A'..)
        .zip(values)
        .map(|(c, v)| text(&format!("{c}{number}"), v))
        .collect();
    format!(r#"<row r="{number}">{cells}</row>"#)
}

/// An ODS workbook with one table of raw rows.
pub(super) fn ods(rows: &str) -> Vec<u8> {
    let content = format!(
        r#"<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet><table:table table:name="Sheet1">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"#
    );
    zip_of(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("META-INF/manifest.xml", b"<manifest:manifest/>"),
        ("content.xml", content.as_bytes()),
    ])
}

/// An OLE document with one stream.
pub(super) fn ole_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let version = cfb::Version::V3;
    let mut document =
        cfb::CompoundFile::create_with_version(version, Cursor::new(Vec::new())).unwrap();
    document
        .create_stream(name)
        .unwrap()
        .write_all(bytes)
        .unwrap();
    // A short stream makes the root hold the short sectors, as every program's documents have them.
    document
        .create_stream("/Summary")
        .unwrap()
        .write_all(b"x")
        .unwrap();
    document.flush().unwrap();
    document.into_inner().into_inner()
}

fn record(out: &mut Vec<u8>, kind: u16, data: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
    out.extend(data);
}

/// A cell of an old workbook.
pub(super) enum Old {
    Text(u16, u16, &'static str),
    /// Row, column, style (1 is a date), value.
    Number(u16, u16, u16, f64),
    Boolean(u16, u16, bool),
    /// An error by its code: 0x2A is #N/A.
    Error(u16, u16, u8),
}

/// Number formats, and a cell style for each of them behind General and m/d/yy.
fn add_styles(globals: &mut Vec<u8>, formats: &[(u16, &str)]) {
    for (id, code) in formats.iter().filter(|(_, code)| !code.is_empty()) {
        let mut format = id.to_le_bytes().to_vec();
        format.extend(u16::try_from(code.len()).unwrap().to_le_bytes());
        format.push(0);
        format.extend(code.bytes());
        record(globals, 0x041E, &format);
    }
    // Style 0 is General, style 1 is m/d/yy (builtin format 14).
    for format in [0_u16, 14]
        .into_iter()
        .chain(formats.iter().map(|(id, _)| *id))
    {
        let mut xf = vec![0; 20];
        xf[2..4].copy_from_slice(&format.to_le_bytes());
        record(globals, 0x00E0, &xf);
    }
}

/// The workbook stream of an XLS file with one sheet. Source: [MS-XLS].
pub(super) fn xls_stream(cells: &[Old], from_1904: bool) -> Vec<u8> {
    xls_stream_with(cells, &[], from_1904)
}

/// The same with number formats, for cell styles from 2 on.
fn xls_stream_with(cells: &[Old], formats: &[(u16, &str)], from_1904: bool) -> Vec<u8> {
    let mut globals = Vec::new();
    let begin = |kind: u16| {
        let mut data = vec![0x00, 0x06];
        data.extend(kind.to_le_bytes());
        data.extend([0; 12]);
        data
    };
    record(&mut globals, 0x0809, &begin(0x0005));
    record(&mut globals, 0x0042, &1200_u16.to_le_bytes());
    record(&mut globals, 0x0022, &u16::from(from_1904).to_le_bytes());
    add_styles(&mut globals, formats);
    let texts: Vec<&str> = cells
        .iter()
        .filter_map(|c| match c {
            Old::Text(_, _, text) => Some(*text),
            _ => None,
        })
        .collect();
    let count = u32::try_from(texts.len()).unwrap();
    let mut sst = [count.to_le_bytes(), count.to_le_bytes()].concat();
    for text in &texts {
        let units: Vec<u16> = text.encode_utf16().collect();
        sst.extend(u16::try_from(units.len()).unwrap().to_le_bytes());
        sst.push(1);
        sst.extend(units.into_iter().flat_map(u16::to_le_bytes));
    }
    let mut tail = Vec::new();
    record(&mut tail, 0x00FC, &sst);
    record(&mut tail, 0x000A, &[]);
    // The record of the sheet's name is 4 + 6 + 2 + 6 bytes long.
    let at = u32::try_from(globals.len() + 4 + 14 + tail.len()).unwrap();
    let mut sheet = at.to_le_bytes().to_vec();
    sheet.extend([0, 0, 6, 0]);
    sheet.extend(b"Sheet1");
    record(&mut globals, 0x0085, &sheet);
    globals.extend(tail);
    record(&mut globals, 0x0809, &begin(0x0010));
    let place = |row: u16, column: u16, style: u16| {
        [row.to_le_bytes(), column.to_le_bytes(), style.to_le_bytes()].concat()
    };
    let mut next_text = 0_u32;
    for cell in cells {
        match cell {
            Old::Text(row, column, _) => {
                let mut data = place(*row, *column, 0);
                data.extend(next_text.to_le_bytes());
                next_text += 1;
                record(&mut globals, 0x00FD, &data);
            }
            Old::Number(row, column, style, n) => {
                let mut data = place(*row, *column, *style);
                data.extend(n.to_le_bytes());
                record(&mut globals, 0x0203, &data);
            }
            Old::Boolean(row, column, b) => {
                let mut data = place(*row, *column, 0);
                data.extend([u8::from(*b), 0]);
                record(&mut globals, 0x0205, &data);
            }
            Old::Error(row, column, code) => {
                let mut data = place(*row, *column, 0);
                data.extend([*code, 1]);
                record(&mut globals, 0x0205, &data);
            }
        }
    }
    record(&mut globals, 0x000A, &[]);
    globals
}

/// An XLS workbook with one sheet.
pub(super) fn xls(cells: &[Old], from_1904: bool) -> Vec<u8> {
    xls_with(cells, &[], from_1904)
}

/// The same with number formats, for cell styles from 2 on.
pub(super) fn xls_with(cells: &[Old], formats: &[(u16, &str)], from_1904: bool) -> Vec<u8> {
    let mut stream = xls_stream_with(cells, formats, from_1904);
    // Streams below 4,096 bytes live elsewhere in the document; workbooks are larger.
    stream.resize(stream.len().max(4096), 0);
    ole_of("/Workbook", &stream)
}

/// A record of an XLSB part. Source: [MS-XLSB] 2.1.4.
fn binary(out: &mut Vec<u8>, kind: u16, data: &[u8]) {
    let low = u8::try_from(kind & 0x7f).unwrap();
    let high = u8::try_from(kind >> 7).unwrap();
    if high == 0 {
        out.push(low);
    } else {
        out.extend([low | 0x80, high]);
    }
    let mut length = data.len();
    loop {
        let byte = u8::try_from(length & 0x7f).unwrap();
        length >>= 7;
        out.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    out.extend(data);
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut out = u32::try_from(units.len()).unwrap().to_le_bytes().to_vec();
    out.extend(units.into_iter().flat_map(u16::to_le_bytes));
    out
}

/// An XLSB workbook with one sheet: texts (an empty one is a blank cell), and numbers with a style (1 is a date).
pub(super) fn xlsb(rows: &[&[Result<&str, (f64, u8)>]]) -> Vec<u8> {
    xlsb_with(rows, &[], false)
}

/// The same with number formats, for cell styles from 2 on; one without a code is Excel's own.
pub(super) fn xlsb_with(
    rows: &[&[Result<&str, (f64, u8)>]],
    formats: &[(u16, &str)],
    from_1904: bool,
) -> Vec<u8> {
    let mut workbook = Vec::new();
    binary(
        &mut workbook,
        0x0099,
        &[u8::from(from_1904), 0, 0, 0, 0, 0, 0, 0],
    );
    let mut sheet = [0_u32.to_le_bytes(), 1_u32.to_le_bytes()].concat();
    sheet.extend(wide("rId1"));
    sheet.extend(wide("Sheet1"));
    binary(&mut workbook, 0x009C, &sheet);
    binary(&mut workbook, 0x0090, &[]);
    binary(&mut workbook, 0x009D, &[0; 8]);
    let mut styles = Vec::new();
    let own = formats.iter().filter(|(_, code)| !code.is_empty());
    let count = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    binary(&mut styles, 0x0267, &count(own.clone().count()));
    for (id, code) in own {
        binary(
            &mut styles,
            0x002C,
            &[&id.to_le_bytes()[..], &wide(code)].concat(),
        );
    }
    binary(&mut styles, 0x0268, &[]);
    // Styles of styles come before those of cells.
    binary(&mut styles, 0x002F, &[0; 16]);
    binary(&mut styles, 0x0269, &count(2 + formats.len()));
    for format in [0_u16, 14].into_iter().chain(formats.iter().map(|f| f.0)) {
        let mut xf = vec![0; 16];
        xf[2..4].copy_from_slice(&format.to_le_bytes());
        binary(&mut styles, 0x002F, &xf);
    }
    let mut data = Vec::new();
    binary(&mut data, 0x0094, &[0; 16]);
    binary(&mut data, 0x0091, &[]);
    for (row, cells) in (0_u32..).zip(rows) {
        let mut head = row.to_le_bytes().to_vec();
        head.extend([0; 13]);
        binary(&mut data, 0x0000, &head);
        for (column, cell) in (0_u32..).zip(*cells) {
            let mut bytes = column.to_le_bytes().to_vec();
            match cell {
                Ok("") => {
                    bytes.extend([0; 4]);
                    binary(&mut data, 0x0001, &bytes);
                }
                Ok(text) => {
                    bytes.extend([0; 4]);
                    bytes.extend(wide(text));
                    binary(&mut data, 0x0006, &bytes);
                }
                Err((n, style)) => {
                    bytes.extend([*style, 0, 0, 0]);
                    bytes.extend(n.to_le_bytes());
                    binary(&mut data, 0x0005, &bytes);
                }
            }
        }
    }
    binary(&mut data, 0x0092, &[]);
    let relations = format!(
        r#"<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>"#
    );
    zip_of(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.bin", &workbook),
        ("xl/_rels/workbook.bin.rels", relations.as_bytes()),
        ("xl/styles.bin", &styles),
        ("xl/worksheets/sheet1.bin", &data),
    ])
}
