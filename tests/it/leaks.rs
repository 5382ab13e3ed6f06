//! Looks through everything that runs leave behind.

use std::io::{Cursor, Read as _};
use std::path::Path;

use crate::support::Finished;

/// What was looked through, by name.
#[derive(Default)]
pub(crate) struct Looked(Vec<(String, Vec<u8>)>);

impl Looked {
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.0.push((name.to_owned(), text.as_bytes().to_vec()));
    }

    /// What a run printed; the times of log lines are left out, since any number can be in them.
    pub(crate) fn run(&mut self, name: &str, run: &Finished) {
        let without_time = |line: &str| match line.split_once("Z\",") {
            Some((time, rest)) if time.starts_with("{\"timestamp\"") => rest.to_owned(),
            _ => match line.split_once("Z ") {
                Some((time, rest)) if time.len() < 40 => rest.to_owned(),
                _ => line.to_owned(),
            },
        };
        let errors: Vec<String> = run.stderr.lines().map(without_time).collect();
        self.text(&format!("{name}: standard output"), &run.stdout);
        self.text(&format!("{name}: standard error"), &errors.join("\n"));
    }

    /// Every file under a folder that is wanted: its bytes, what is packed in it, and each value where it is a database.
    pub(crate) fn folder(&mut self, folder: &Path, wanted: &dyn Fn(&Path) -> bool) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.folder(&path, wanted);
            } else if wanted(&path) {
                let name = path.display().to_string();
                let bytes = std::fs::read(&path).unwrap();
                if bytes.starts_with(b"SQLite format 3\0") {
                    self.0.extend(values_of(&path));
                }
                self.0.extend(unpacked(&name, bytes));
            }
        }
    }

    /// Whether something of this name was looked through.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n.contains(name))
    }

    /// Whether something of this name holds a text.
    pub(crate) fn holds(&self, name: &str, text: &str) -> bool {
        let of_name = self.0.iter().filter(|(n, _)| n.contains(name));
        of_name.into_iter().any(|(_, bytes)| holds(bytes, text))
    }

    /// Looks for needles of small letters and digits, whatever stands between them. In bytes that are no text they are looked
    /// for as they are: random ones would hold any short number.
    pub(crate) fn holds_none_of(&self, needles: &[String], when: &str) {
        for (name, bytes) in &self.0 {
            let text = std::str::from_utf8(bytes).ok().map(squeezed);
            for needle in needles {
                let found = holds(text.as_deref().unwrap_or(bytes), needle);
                let shown = || {
                    String::from_utf8_lossy(bytes)
                        .chars()
                        .take(20_000)
                        .collect::<String>()
                };
                assert!(!found, "{when}: {name} holds {needle}:\n{}", shown());
            }
        }
    }
}

/// The letters and digits of a text, in small letters, with encoded blanks as blanks.
fn squeezed(text: &str) -> Vec<u8> {
    let text = text.replace("%20", " ").replace("\\u00a0", " ");
    let letters = text.bytes().filter(u8::is_ascii_alphanumeric);
    letters.map(|b| b.to_ascii_lowercase()).collect()
}

/// What a needle may hide in, by name: the bytes themselves, and each part of a zip archive.
pub(crate) fn unpacked(name: &str, bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    if let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(&bytes)) {
        for index in 0..archive.len() {
            let mut part = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            part.read_to_end(&mut content).unwrap();
            all.push((format!("{name}: part {index}"), content));
        }
    }
    all.push((name.to_owned(), bytes));
    all
}

/// The values of every table of a database, with what is compressed unpacked.
pub(crate) fn values_of(database: &Path) -> Vec<(String, Vec<u8>)> {
    use rusqlite::types::ValueRef;
    let connection = rusqlite::Connection::open(database).unwrap();
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .unwrap();
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut all = Vec::new();
    for table in tables {
        let mut query = connection
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let bytes = match row.get_ref(column).unwrap() {
                    ValueRef::Null => continue,
                    ValueRef::Integer(n) => n.to_string().into_bytes(),
                    ValueRef::Real(n) => n.to_string().into_bytes(),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
                };
                let mut content = Vec::new();
                let mut decoder = flate2::read::ZlibDecoder::new(&*bytes);
                if decoder.read_to_end(&mut content).is_ok() && !content.is_empty() {
                    all.push((format!("{table}, unpacked"), content));
                }
                all.push((table.clone(), bytes));
            }
        }
    }
    all
}

pub(crate) fn holds(bytes: &[u8], needle: &str) -> bool {
    memchr::memmem::find(bytes, needle.as_bytes()).is_some()
}
