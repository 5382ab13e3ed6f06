//! What a writer wrote in any dialect that is said to be read comes back; a spoilt byte changes no other row.

use proptest::prelude::*;

use super::super::{Escape, Flow, Quote, Source, SourceOptions};

/// How a file is written.
#[derive(Debug, Clone, Copy)]
struct Style {
    delimiter: char,
    quote: Quote,
    escape: Escape,
    blanks: bool,
    line_end: &'static str,
}

fn written(cell: &str, style: Style) -> String {
    let backslash = style.escape == Escape::Backslash;
    let mut text = if backslash {
        cell.replace('\\', "\\\\")
    } else {
        cell.to_owned()
    };
    let blanks = if style.blanks { " " } else { "" };
    let Some(quote) = style.quote.byte().map(char::from) else {
        return text;
    };
    let escaped = if backslash {
        format!("\\{quote}")
    } else {
        quote.to_string().repeat(2)
    };
    text = text.replace(quote, &escaped);
    format!("{blanks}{quote}{text}{quote}")
}

fn file(rows: &[Vec<String>], style: Style) -> String {
    let line = |cells: Vec<String>| cells.join(&style.delimiter.to_string()) + style.line_end;
    let rows = rows
        .iter()
        .map(|cells| line(cells.iter().map(|c| written(c, style)).collect()));
    let header = ["Id", "Name", "City"]
        .map(|name| written(name, style))
        .to_vec();
    std::iter::once(line(header)).chain(rows).collect()
}

/// The rows of a file with their cells; none for a row with a fault.
fn read(bytes: &[u8], options: &SourceOptions) -> Vec<(u64, Option<Vec<String>>)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f.csv");
    std::fs::write(&path, bytes).unwrap();
    let source = Source::open(&path, options).unwrap();
    let mut rows = Vec::new();
    source
        .read(&mut |batch| {
            rows.extend(
                batch
                    .rows()
                    .map(|row| (row.row(), row.fault().is_none().then(|| row.texts()))),
            );
            Flow::More
        })
        .unwrap();
    rows
}

fn style() -> impl Strategy<Value = Style> {
    (
        prop_oneof![Just(','), Just(';'), Just('\t'), Just('|'), Just('\u{1f}')],
        prop_oneof![Just(Quote::Double), Just(Quote::Single), Just(Quote::None)],
        prop_oneof![Just(Escape::Double), Just(Escape::Backslash)],
        any::<bool>(),
        prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
    )
        .prop_map(|(delimiter, quote, escape, blanks, line_end)| Style {
            delimiter,
            quote,
            escape,
            // Blanks are no text before quotes only.
            blanks: blanks && quote != Quote::None,
            line_end,
        })
}

fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    let cell = "[a-zé€😀\"'\\\\ ,;|.=0-9-]{0,12}|a\nb|say \"hi, there\"";
    prop::collection::vec((cell, cell), 1..12).prop_map(|cells| {
        let row = |(number, (name, city)): (usize, (String, String))| {
            vec![format!("K{number}"), name, city]
        };
        cells.into_iter().enumerate().map(row).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_in_any_dialect_comes_back(mut rows in rows(), style in style()) {
        if style.quote == Quote::None {
            for cell in rows.iter_mut().flatten() {
                *cell = cell.replace([style.delimiter, '\n'], "");
            }
        }
        let options = SourceOptions {
            delimiter: Some(style.delimiter as u8),
            quote: Some(style.quote),
            escape: Some(style.escape),
            ..SourceOptions::default()
        };
        let found: Vec<_> = read(file(&rows, style).as_bytes(), &options).into_iter().map(|(_, cells)| cells).collect();
        let expected: Vec<_> = rows.into_iter().map(Some).collect();
        prop_assert_eq!(found, expected);
    }

    /// Detected without any setting: the usual quoting with every delimiter.
    #[test]
    fn what_a_csv_writer_wrote_needs_no_setting(rows in rows(), delimiter in prop_oneof![Just(','), Just(';'), Just('\t'), Just('|')]) {
        let style = Style { delimiter, quote: Quote::Double, escape: Escape::Double, blanks: false, line_end: "\r\n" };
        let found: Vec<_> = read(file(&rows, style).as_bytes(), &SourceOptions::default()).into_iter().map(|(_, cells)| cells).collect();
        let expected: Vec<_> = rows.into_iter().map(Some).collect();
        prop_assert_eq!(found, expected);
    }

    /// No other row is changed, dropped or added, whatever byte stands in the place of another one, line ends apart.
    #[test]
    fn a_spoilt_byte_changes_no_other_row(
        at in any::<prop::sample::Index>(),
        byte in prop_oneof![Just(b'"'), Just(0xe9), Just(0xff), Just(0xc3), Just(0), Just(b'\\'), Just(b'\''), Just(b'x')],
        quoted in any::<bool>(),
    ) {
        let quote = if quoted { "\"" } else { "" };
        let line = |i: usize| format!("{quote}K{i}{quote},{quote}Müller & Söhne {i}{quote},{quote}Köln{quote}\n");
        let mut bytes = b"Id,Name,City\n".to_vec();
        let starts: Vec<usize> = (0..20).map(|i| {
            let start = bytes.len();
            bytes.extend(line(i).bytes());
            start
        }).collect();
        let whole = read(&bytes, &SourceOptions::default());
        let at = starts[0] + at.index(bytes.len() - starts[0]);
        prop_assume!(bytes[at] != b'\n');
        bytes[at] = byte;
        let spoilt = starts.iter().filter(|start| **start <= at).count() - 1;
        let found = read(&bytes, &SourceOptions::default());
        prop_assert_eq!(found.len(), whole.len());
        for (number, (found, whole)) in found.iter().zip(&whole).enumerate() {
            prop_assert!(number == spoilt || found == whole, "{} {:?} {:?}", number, found, whole);
        }
    }
}
