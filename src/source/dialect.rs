//! The delimiter of a text table, judged from a sample (pure).

/// How a text table separates its cells. Quotes are `"`, doubled inside a quoted cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The delimiter.
    pub delimiter: u8,
    /// Whether a first line `sep=;` names it.
    pub sep_line: bool,
}

/// The delimiters that exports use, most usual first: a tie goes to the earlier one.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Records looked at for each candidate.
const SAMPLE_RECORDS: usize = 100;

impl Dialect {
    /// The delimiter in words.
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

    /// Judges a sample: the candidate that splits most records into the same number of cells, two or more.
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
        let mut best = (0, 0, b',');
        for candidate in CANDIDATES {
            let widths = widths(sample, candidate);
            let mut counted: Vec<(usize, usize)> = Vec::new();
            for width in widths.into_iter().filter(|w| *w > 1) {
                match counted.iter_mut().find(|(w, _)| *w == width) {
                    Some((_, n)) => *n += 1,
                    None => counted.push((width, 1)),
                }
            }
            if let Some((width, records)) = counted.into_iter().max_by_key(|(w, n)| (*n, *w))
                && (records, width) > (best.0, best.1)
            {
                best = (records, width, candidate);
            }
        }
        Self {
            delimiter: best.2,
            sep_line: false,
        }
    }
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
        ] {
            let dialect = Dialect::judge(sample.as_bytes(), None);
            assert_eq!(
                (dialect.delimiter, dialect.sep_line),
                (delimiter, sep),
                "{sample:?}"
            );
        }
    }
}
