//! Workbooks of every kind: any bytes behind a workbook's first ones are read or refused.

#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use partner_sync::source::{Flow, Source, SourceOptions};

fuzz_target!(|bytes: &[u8]| {
    let magic: &[u8] = match bytes.first() {
        Some(b'P' | 0xd0) | None => b"",
        Some(n) if n % 2 == 0 => b"PK\x03\x04",
        Some(_) => b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    };
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(magic).expect("a written file");
    file.write_all(bytes).expect("a written file");
    if let Ok(source) = Source::open(file.path(), &SourceOptions::default()) {
        let _ = source.read(&mut |batch| {
            for row in batch.rows() {
                let _ = row.texts();
            }
            Flow::More
        });
    }
});
