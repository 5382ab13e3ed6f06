//! The delimiter of a text table, judged from a sample (pure).

/// How a text table separates its cells. Quotes are `"`, doubled inside a quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The byte between two cells; ASCII, neither a quote nor a line end.
    pub delimiter: u8,
    /// Whether a first line `sep=;` names it.
    pub sep_line: bool,
}

/// The delimiters that exports use, most usual first: a tie goes to the earlier one.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Records looked at for each candidate.
const SAMPLE_RECORDS: usize = 100;

impl Dialect {
    /// The delimiter as a person calls it: `comma`, `tab`, or the character itself in quotes.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.delimiter {
            b',' => "comma".to_owned(),
            b';' => "semicolon".to_owned(),
            b'\t' => "tab".to_owned(),
            b'|' => "bar".to_owned(),
            other => format!("\"{}\"", char::from(other)),
        }
    }

    /// Judges a sample: the candidate by which the largest share of records has the same number of cells.
    #[must_use]
    pub fn judge(sample: &[u8], wanted: Option<u8>) -> Self {
        if let Some(delimiter) = sep_line(sample) {
            return Self {
                delimiter: wanted.unwrap_or(delimiter),
                sep_line: true,
            };
        }
        if let Some(delimiter) = wanted {
            return Self {
                delimiter,
                sep_line: false,
            };
        }
        let mut best = (0.0, b',');
        for candidate in CANDIDATES {
            let score = agreement(&widths(sample, candidate));
            if score > best.0 {
                best = (score, candidate);
            }
        }
        Self {
            delimiter: best.1,
            sep_line: false,
        }
    }
}

/// The share of records that have the commonest width, two or more; of equal shares the wider wins.
///
/// The share and not the number: by a wrong delimiter quotes lose their meaning, a cell of many lines falls
/// apart into many records, and those may well agree among themselves.
#[expect(clippy::cast_precision_loss, reason = "at most a hundred records")]
fn agreement(widths: &[usize]) -> f64 {
    let mut counted: Vec<(usize, usize)> = Vec::new();
    for width in widths.iter().copied().filter(|w| *w > 1) {
        match counted.iter_mut().find(|(w, _)| *w == width) {
            Some((_, n)) => *n += 1,
            None => counted.push((width, 1)),
        }
    }
    counted
        .into_iter()
        .map(|(width, records)| records as f64 / widths.len() as f64 * (1.0 - 1.0 / width as f64))
        .fold(0.0, f64::max)
}

fn sep_line(sample: &[u8]) -> Option<u8> {
    let rest = sample
        .strip_prefix(b"sep=")
        .or_else(|| sample.strip_prefix(b"\"sep="))?;
    rest.first()
        .copied()
        .filter(|b| !matches!(b, b'\r' | b'\n'))
}

fn widths(sample: &[u8], delimiter: u8) -> Vec<usize> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(sample);
    let mut record = csv::ByteRecord::new();
    let mut widths = Vec::new();
    while widths.len() < SAMPLE_RECORDS && reader.read_byte_record(&mut record).unwrap_or(false) {
        widths.push(record.len());
    }
    // The sample may end inside a record.
    if widths.len() > 1 && widths.len() < SAMPLE_RECORDS && !sample.ends_with(b"\n") {
        widths.pop();
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn delimiters_are_judged_by_agreement() {
        for (sample, delimiter, sep) in [
            ("a,b,c\n1,2,3\n", b',', false),
            ("a;b;c\n1,5;2,5;3,5\n2,5;1,5;0,5\n", b';', false),
            ("a\tb\n1\t2\n", b'\t', false),
            ("a|b\n1|2\n", b'|', false),
            ("sep=;\na,b;c\n", b';', true),
            ("Name\nMüller, Hans\nSchmidt\n", b',', false),
            ("a,b\n\"x;y;z\",\"1;2;3\"\n", b',', false),
            ("Name\nAlpha\n", b',', false),
            // By semicolons this falls into five lines, four of which agree.
            ("a,b\n1,\"x;y\nz;u\nv;w\ns;t\"\n", b',', false),
        ] {
            let dialect = Dialect::judge(sample.as_bytes(), None);
            assert_eq!(
                (dialect.delimiter, dialect.sep_line),
                (delimiter, sep),
                "{sample:?}"
            );
        }
    }

    #[test]
    fn of_equal_shares_the_wider_wins_and_a_record_cut_off_does_not_count() {
        let judged = |sample: &str| Dialect::judge(sample.as_bytes(), None).delimiter;
        assert_eq!(judged("a,b;c;d\n1,2;3;4\n"), b';');
        assert_eq!(judged("a;b\n1,2,3,4,5,6"), b';');
        assert_eq!(judged("a;b\n1,2,3,4,5,6\n"), b',');
    }

    #[test]
    fn what_the_mapping_says_stands_above_the_sep_line() {
        for (sample, wanted, delimiter, sep_line) in [
            ("\"sep=;\"\na;b\n", None, b';', true),
            ("sep=;\na|b\n", Some(b'|'), b'|', true),
            ("sep=\na,b\n", None, b',', false),
            ("a;b\n", Some(b','), b',', false),
        ] {
            let judged = Dialect::judge(sample.as_bytes(), wanted);
            let expected = Dialect {
                delimiter,
                sep_line,
            };
            assert_eq!(judged, expected, "{sample:?}");
        }
    }
}
