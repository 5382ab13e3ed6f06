//! Files that are no table, by their first bytes: said what they are, so that nobody looks for the mistake in the mapping.

use std::io::Read;

use super::error::SourceError;
use super::input::Input;

/// Bytes that are looked at.
const LOOKED_AT: u64 = 16 * 1024;

const IN_EXCEL: &str = "Open it in Excel and save it as XLSX";
const UNPACK: &str = "Unpack it and name the table in it";
const EXPORT_TABLE: &str = "Export the table as CSV or XLSX";

/// Beginnings that no text has, what the file is, and what to do. Source: each format's own specification; the list of
/// file signatures of the Library of Congress, "Sustainability of Digital Formats".
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (b"%PDF-", "a PDF document", EXPORT_TABLE),
    (b"{\\rtf", "a document in rich text (RTF)", EXPORT_TABLE),
    (b"SQLite format 3\0", "an SQLite database", EXPORT_TABLE),
    (b"PAR1\x15", "a Parquet file", EXPORT_TABLE),
    (b"ARROW1", "an Arrow file", EXPORT_TABLE),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", UNPACK),
    (b"\x89PNG\r\n", "a picture (PNG)", EXPORT_TABLE),
    (b"\xff\xd8\xff", "a picture (JPEG)", EXPORT_TABLE),
    (b"GIF8", "a picture (GIF)", EXPORT_TABLE),
    // [MS-XLS] is the fifth and eighth form; the others begin without an OLE document around them.
    (b"\x09\x00\x04\x00", "a workbook of Excel 2", IN_EXCEL),
    (b"\x09\x02\x06\x00", "a workbook of Excel 3", IN_EXCEL),
    (b"\x09\x04\x06\x00", "a workbook of Excel 4", IN_EXCEL),
    (
        b"\x09\x08\x08\x00",
        "a workbook of Excel 5 without its document",
        IN_EXCEL,
    ),
    (
        b"\x09\x08\x10\x00",
        "a workbook of Excel 97 without its document",
        IN_EXCEL,
    ),
    (b"\0\0\x02\0", "a Lotus 1-2-3 worksheet", IN_EXCEL),
];

/// Refuses a file that is no table, by what it is.
///
/// # Errors
/// [`SourceError::OtherFormat`], and those of reading.
pub(super) fn refuse(input: &Input) -> Result<(), SourceError> {
    let path = input.path();
    let mut bytes = Vec::new();
    let read = input.open().take(LOOKED_AT).read_to_end(&mut bytes);
    read.map_err(|e| SourceError::read(path, e))?;
    match what(&bytes) {
        Some((what, advice)) => Err(SourceError::OtherFormat {
            path: path.to_owned(),
            what: what.to_owned(),
            advice: advice.to_owned(),
        }),
        None => Ok(()),
    }
}

/// What a file is by its first bytes, and what to do about it; none where it may be a table.
fn what(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    for (signature, what, advice) in SIGNATURES {
        if bytes.starts_with(signature) {
            return Some((what, advice));
        }
    }
    let text = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, mark)) => encoding.decode_without_bom_handling(&bytes[mark..]).0,
        None => String::from_utf8_lossy(bytes),
    };
    let text = text.trim_start();
    markup(text).or_else(|| json(text)).or_else(|| sylk(text))
}

/// What a page of HTML may begin with.
const TAGS: [&str; 14] = [
    "<!doctype html",
    "<html",
    "<head",
    "<body",
    "<table",
    "<meta",
    "<style",
    "<script",
    "<div",
    "<title",
    "<center",
    "<font",
    "<h1",
    "<p>",
];

/// HTML, XML and what is wrapped in it.
fn markup(text: &str) -> Option<(&'static str, &'static str)> {
    let start: String = text
        .chars()
        .take(4096)
        .collect::<String>()
        .to_ascii_lowercase();
    if start.starts_with("mime-version:") {
        return Some(("a web archive (MHTML)", IN_EXCEL));
    }
    if !start.starts_with('<') {
        return None;
    }
    if start.contains("urn:schemas-microsoft-com:office:spreadsheet")
        || start.contains("progid=\"excel.sheet\"")
    {
        // A page of HTML may declare the same names.
        if start.starts_with("<?xml") && !start.contains("<html") {
            return Some(("an XML Spreadsheet 2003", IN_EXCEL));
        }
    }
    let is_html = TAGS.iter().any(|tag| start.starts_with(tag))
        || (start.starts_with("<!--") || start.starts_with("<?xml")) && start.contains("<html");
    if is_html {
        let has_table = text.to_ascii_lowercase().contains("<table");
        return Some(if has_table {
            ("an HTML page with a table", IN_EXCEL)
        } else {
            (
                "an HTML page without a table, perhaps of a login or an error",
                "Download the export again",
            )
        });
    }
    if start.contains("urn:oasis:names:tc:opendocument") {
        let advice = "Open it in LibreOffice and save it as XLSX";
        return Some(("an OpenDocument file in one XML (FODS)", advice));
    }
    let is_xml =
        start.starts_with("<?xml") || start.starts_with("<!--") || start.starts_with("<!doctype");
    is_xml.then_some(("an XML file", EXPORT_TABLE))
}

/// JSON: one value, or one on each line.
fn json(text: &str) -> Option<(&'static str, &'static str)> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    let is_json = match values.next()? {
        Ok(value) => {
            value.is_object()
                || value
                    .as_array()
                    .is_some_and(|all| all.iter().any(|v| v.is_object() || v.is_array()))
        }
        // What is cut off where looking ended is read so far.
        Err(error) => error.is_eof() && text.len() > 2,
    };
    is_json.then_some(("a JSON file", EXPORT_TABLE))
}

/// SYLK, which begins as a table with a column ID may.
fn sylk(text: &str) -> Option<(&'static str, &'static str)> {
    let mut lines = text.lines();
    if !lines.next()?.starts_with("ID;P") {
        return None;
    }
    let mut records = lines.take(5).filter(|line| !line.is_empty()).peekable();
    records.peek()?;
    let is_record = |line: &str| {
        matches!(
            line.as_bytes(),
            [
                b'B' | b'C' | b'F' | b'O' | b'P' | b'N',
                b';',
                b'A'..=b'Z',
                ..
            ]
        ) || line == "E"
    };
    records.all(is_record).then_some(("a SYLK file", IN_EXCEL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_what_they_are() {
        for (bytes, says) in [
            (&b"<html><body><table><tr><td>Id</td></tr></table></body></html>"[..], "an HTML page with a table"),
            (b"\xef\xbb\xbf\r\n<TABLE border=1><tr><td>Id", "an HTML page with a table"),
            (b"<!DOCTYPE html><title>Log in</title>", "an HTML page without a table"),
            (
                b"<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\" xmlns:s=\"urn:schemas-microsoft-com:office:spreadsheet\"><table>",
                "an HTML page with a table",
            ),
            (b"\xff\xfe<\0h\0t\0m\0l\0>\0<\0t\0a\0b\0l\0e\0>\0", "an HTML page with a table"),
            (b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n", "a web archive"),
            (
                b"<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                "an XML Spreadsheet 2003",
            ),
            (
                b"<?xml version=\"1.0\"?><office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\">",
                "an OpenDocument file in one XML",
            ),
            (b"<?xml version=\"1.0\"?><accounts/>", "an XML file"),
            (b"[{\"Id\": 1, \"Name\": \"Alpha\"}, {\"Id\"", "a JSON file"),
            (b"{\"records\": [\n", "a JSON file"),
            (b"{\"Id\": 1}\n{\"Id\": 2}\n", "a JSON file"),
            (b"[[\"Id\",\"Name\"],[1,\"Alpha\"]]", "a JSON file"),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"ID;PWXL;N;E\r\nP;PGeneral\r\nC;Y1;X1;K\"Id\"\r\nE\r\n", "a SYLK file"),
            (b"{\\rtf1\\ansi", "a document in rich text"),
            (b"SQLite format 3\0", "an SQLite database"),
            (b"\x09\x08\x10\x00\x00\x06", "a workbook of Excel 97"),
        ] {
            let found = what(bytes).map(|(what, _)| what);
            let shown = bytes.escape_ascii();
            assert!(found.is_some_and(|found| found.starts_with(says)), "{shown}: {found:?}");
        }
    }

    #[test]
    fn tables_are_tables_whatever_they_begin_with() {
        for text in [
            "Id,Name\n1,Alpha\n",
            "ID;PLZ;Ort\n1;10115;Berlin\n",
            "ID;PLZ\n",
            "[Id],[Name]\n1,Alpha\n",
            "[\"Id\",\"Name\"]\n[\"1\",\"Alpha\"]\n",
            "{Id},{Name}\n",
            "<Id>,<Name>\n1,Alpha\n",
            "<10,Name\n",
            "BZ;Name\n",
            "%Id,Name\n",
            "Mime type,Name\n",
            "sep=;\nId;Name\n",
            "",
        ] {
            assert_eq!(what(text.as_bytes()), None, "{text:?}");
        }
    }
}
